"""A diff line says exactly what differs, however hostile or large the values are."""

import time
from decimal import Decimal

import pytest

from driftsentry.drifts.lines import (
    SHORT_CHARACTERS,
    SHORT_PARTS,
    differences_since,
    lines_of,
    path_text,
    value_text,
)
from driftsentry.ingest import Change


def change(before=None, after=None, *, path=("name",), kind="changed", **other):
    flags = {"is_sensitive": False, "is_member": False, "in_json": False, "noise": "", "forces_replacement": False}
    return Change(path=path, kind=kind, before=before, after=after, **(flags | other))


def line(before=None, after=None, **other):
    return lines_of([change(before, after, **other)])[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("tags", "Owner"), "tags.Owner"),
        (("ingress", 0, "from_port"), "ingress[0].from_port"),
        (("tags", "app.kubernetes.io/name"), 'tags["app.kubernetes.io/name"]'),
        (("tags", "a b"), 'tags["a b"]'),
        (("tags", 'say "x"'), 'tags["say \\"x\\""]'),
        (("tags", ""), 'tags[""]'),
        (("tags", "0"), 'tags["0"]'),
        (("a.b",), '["a.b"]'),
        ((), "(everything)"),
    ],
)
def test_a_path_can_be_read_in_one_way_only(path, text):
    assert path_text(path) == text


def test_paths_that_differ_never_look_alike():
    paths = [("a", "b"), ("a.b",), ("a", 0), ("a", "0"), ("a[0]",), ("a", "b]"), ('a"]["b',)]
    assert len({path_text(path) for path in paths}) == len(paths)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("true", "true"),
        ("", ""),
        (9007199254740993, "9007199254740993"),
        (Decimal("1.10"), "1.10"),
        (Decimal("9007199254740993.000000001"), "9007199254740993.000000001"),
        ({"a": [1, None]}, '{\n  "a": [\n    1,\n    null\n  ]\n}'),
        ([], "[]"),
    ],
)
def test_a_value_is_shown_with_every_digit(value, text):
    assert value_text(value) == text


def test_what_is_not_there_is_none_and_null_is_null():
    added = line(None, "x", kind="added")
    assert added.before is None
    assert added.after.text == "x"
    removed = line("x", None, kind="removed")
    assert removed.before.text == "x"
    assert removed.after is None
    assert line(None, "x", kind="changed").before.text == "null"


def test_a_sensitive_line_holds_no_value():
    shown = line(is_sensitive=True, path=("password",))
    assert shown.is_sensitive
    assert shown.before is None
    assert shown.after is None
    assert shown.parts == ()


def test_what_differs_in_a_short_text_is_marked():
    shown = line("t3.medium", "t3.large")
    assert (shown.before.head, shown.before.marked, shown.before.tail) == ("t3.", "medium", "")
    assert (shown.after.head, shown.after.marked, shown.after.tail) == ("t3.", "large", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "x"),
        ("a", "ab"),
        ("ab", "a"),
        ("aXb", "ab"),
        ("x y z", "x q z"),
        ("same tail", "other tail"),
        ("é" * 9, "e"),
    ],
)
def test_head_mark_and_tail_are_the_whole_text(before, after):
    shown = line(before, after)
    assert shown.before.short == before
    assert shown.after.short == after


def test_both_sides_are_marked_or_none():
    shown = line("t3.medium", "t3.a-much-longer-name-that-shares-little")
    assert bool(shown.before.marked) == bool(shown.after.marked)


def test_a_huge_value_cannot_hide_the_change():
    shown = line("A" * 5000 + "open" + "B" * 5000, "A" * 5000 + "shut" + "B" * 5000)
    for side, word in ((shown.before, "open"), (shown.after, "shut")):
        assert side.is_long
        assert len(side.short) <= SHORT_CHARACTERS
        assert word in side.marked
        assert side.skipped + len(side.short) + side.left == side.length == 10004
    assert shown.is_long


def test_a_long_new_value_is_cut_and_says_how_long_it_is():
    shown = line(None, "x" * 10_000, kind="added").after
    assert len(shown.short) == SHORT_CHARACTERS
    assert shown.left == 10_000 - SHORT_CHARACTERS
    assert shown.marked == ""


def test_a_few_characters_too_many_are_not_cut():
    assert not line(None, "x" * (SHORT_CHARACTERS + 20), kind="added").is_long


def test_many_lines_are_cut_after_twelve():
    shown = line(None, "\n".join(str(number) for number in range(40)), kind="added").after
    assert shown.short.count("\n") == 11
    assert shown.is_long


def test_a_text_of_several_lines_is_compared_line_by_line():
    text = "\n".join(f"echo {number}" for number in range(30))
    shown = line(text, text.replace("echo 15", "rm -rf /"))
    assert ("-", "echo 15") in shown.parts
    assert ("+", "rm -rf /") in shown.parts
    assert shown.parts[0] == ("@", "12 unchanged lines")
    assert shown.parts[-1] == ("@", "11 unchanged lines")
    assert [text for sign, text in shown.parts if sign == " "] == [f"echo {n}" for n in (12, 13, 14, 16, 17, 18)]
    assert shown.before is None


def test_containers_are_compared_line_by_line():
    shown = line({"Action": "s3:Get", "Effect": "Allow"}, {"Action": "s3:*", "Effect": "Allow"}, in_json=True)
    assert ("-", '  "Action": "s3:Get",') in shown.parts
    assert ("+", '  "Action": "s3:*",') in shown.parts
    assert shown.in_json


def test_a_long_line_diff_keeps_its_rest_apart():
    shown = line("\n".join(f"a{n}" for n in range(90)), "\n".join(f"b{n}" for n in range(90)))
    assert len(shown.short_parts) == SHORT_PARTS
    assert len(shown.more_parts) == 180 - SHORT_PARTS
    assert shown.is_long


def test_lines_of_thousands_of_characters_are_cut_around_the_difference():
    shown = line("x\n" + "A" * 6000 + "1", "x\n" + "A" * 6000 + "2")
    assert shown.parts == ()
    assert "1" in shown.before.short
    assert "2" in shown.after.short


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n" * 60_000, "x" + "\n" * 59_000 + "y"),
        ("a\nb\n" * 15_000, "b\na\nc\n" * 10_000),
        ("a\n" * 90 + "b\n" * 90, "b\n" * 90 + "a\n" * 90),
        ("A" * 60_000, "A" * 30_000 + "B" + "A" * 29_999),
    ],
)
def test_repetition_costs_no_time(before, after):
    start = time.perf_counter()
    lines_of([change(before, after)])
    assert time.perf_counter() - start < 0.5


def test_noise_is_told_in_words():
    assert line(None, {}, kind="added", noise="empty").noise == "empty against null"
    assert line("a", "b", path=("tags_all", "Owner"), noise="mirror").noise == "mirrors tags"
    assert line("a", "b", noise="mirror").noise == "repeats what another line says"
    assert line("a", "b", noise="computed").is_noise
    assert not line("a", "b").is_noise


def test_differences_since_are_what_went_and_what_came():
    kept, gone, come = change("a", "b", path=("kept",)), change("1", "2", path=("x",)), change("1", "3", path=("x",))
    since = differences_since((kept, gone), (kept, come))
    assert [(sign, line.after.text) for sign, line in since] == [("-", "2"), ("+", "3")]


def test_differences_since_know_one_from_true_and_from_a_decimal():
    for then, now in ((1, True), (1, Decimal("1.0")), (1, "1"), (None, "null")):
        assert len(differences_since((change("x", then),), (change("x", now),))) == 2


def test_differences_since_leave_noise_out():
    assert differences_since((), (change("a", "b", noise="computed"),)) == ()


def test_a_secret_that_changed_again_is_no_visible_difference():
    secret = change(is_sensitive=True, path=("password",))
    assert differences_since((secret,), (secret,)) == ()
