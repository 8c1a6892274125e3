"""Paths of attributes as people type them: the page's own words, read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftsentry.drifts import path_text
from driftsentry.rules.ignore_model import glob_of, parse_path

PARTS = st.one_of(st.none(), st.integers(0, 10**8), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))


@given(st.lists(PARTS, min_size=1, max_size=8))
def test_what_the_page_shows_is_read_back_as_it_was(path: list[str | int | None]) -> None:
    assert parse_path(path_text(tuple(path))) == tuple(path)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tags", ("tags",)), (" tags.Name ", ("tags", "Name")),
        ("ingress[*].cidr_blocks[0]", ("ingress", None, "cidr_blocks", 0)),
        ('tags["a.b"]', ("tags", "a.b")), ('["x"]', ("x",)), ('tags["*"]', ("tags", "*")), ("", ()),
        (".a", None), ("a.", None), ("a b", None), ("a[", None), ("a[-1]", None), ("a[1.5]", None), ("a['x']", None),
        ('a["x]', None), ('a["\\ud800"]', None), ('a["\\x"]', None), ("a[" + "9" * 10 + "]", None),
        ("(everything)", None), ("a" + "[0]" * 700, None), ('a["' + "\\" * 1999, None),
    ],
)  # fmt: skip
def test_other_text_is_no_path(text: str, path: object) -> None:
    assert parse_path(text) == path


def test_a_text_that_is_too_long_for_a_glob_is_cut_into_one() -> None:
    assert glob_of("a" * 500) == "a" * 500
    assert glob_of("a" * 501) == "a" * 499 + "*"
