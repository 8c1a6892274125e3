"""A diff line says exactly what differs, however hostile or large the values are."""

from decimal import Decimal

import pytest

from driftsentry.drifts.lines import MOST_CHARACTERS, SHOWN_LINES, groups_of, lines_of, shown_groups
from driftsentry.drifts.sides import SHORT_CHARACTERS, SHORT_DIGEST
from driftsentry.drifts.written import path_text, value_text
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
        ({"a": [1, None], "b": {}}, '{\n  "a": [1, null],\n  "b": {}\n}'),
        ([{"a": "b"}], '[\n  {\n    "a": "b"\n  }\n]'),
        (["x" * 60, "y" * 60], '[\n  "' + "x" * 60 + '",\n  "' + "y" * 60 + '"\n]'),
        ([], "[]"),
        ({'say "\u202e"': 1}, '{\n  "say \\"\u202e\\"": 1\n}'),
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
    assert shown.pieces == ()


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


def test_a_long_new_value_is_cut_and_says_how_long_it_is():
    shown = line(None, "x " * 5_000, kind="added").after
    assert len(shown.short) == SHORT_CHARACTERS
    assert shown.left == 10_000 - SHORT_CHARACTERS
    assert shown.marked == ""


def test_a_few_characters_too_many_are_not_cut():
    assert not line(None, "x " * (SHORT_CHARACTERS // 2 + 10), kind="added").after.is_long


def test_many_lines_are_cut_after_twelve():
    shown = line(None, "\n".join(str(number) for number in range(40)), kind="added").after
    assert shown.short.count("\n") == 11
    assert shown.is_long


def test_noise_is_told_in_words():
    assert line(None, {}, kind="added", noise="empty").noise == "empty against null"
    assert line("a", "b", path=("tags_all", "Owner"), noise="mirror").noise == "mirrors tags"
    assert line("a", "b", noise="mirror").noise == "repeats what another line says"
    assert line("a", "b", noise="computed").is_noise
    assert not line("a", "b").is_noise


def test_a_digest_is_cut_to_what_people_compare():
    shown = line("A1b2" * 50, "Z9y8" * 50)
    assert len(shown.before.short) == SHORT_DIGEST
    assert (shown.before.left, shown.before.length) == (200 - SHORT_DIGEST, 200)
    assert not line("word " * 40, "other " * 30).before.is_long


POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"]}]}'


def test_json_in_a_text_is_laid_out():
    shown = line(POLICY, None, kind="removed", path=("policy",))
    assert shown.is_json
    assert '      "Action": ["s3:Get*", "s3:List*"]\n' in shown.before.text
    both = line(POLICY, POLICY.replace("Allow", "Deny"))
    assert both.is_json
    assert [len(piece.before) for piece in both.pieces if piece.kind == "other"] == [1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (POLICY, "no JSON any more"),
        ('{"a": 1, "a": 2}', None),
        ('{"a": NaN}', None),
        ("{}", None),
        ("{not json}", None),
        ("[" * 5000, None),
        ("[" * 900 + "]" * 900, None),
        ("${jsonencode({})}", None),
    ],
)
def test_what_laying_out_would_falsify_stays_as_it_is(before, after):
    shown = line(before, after, kind="changed" if after else "removed")
    assert not shown.is_json
    assert shown.before.text == before


def test_the_same_json_in_another_way_is_shown_as_it_is_written():
    shown = line('{"a": 1}', '{"a":1}', noise="same_json")
    assert not shown.is_json
    assert (shown.before.text, shown.after.text) == ('{"a": 1}', '{"a":1}')


def test_numbers_inside_json_keep_every_digit():
    assert "9007199254740993.10" in line('{"a": 9007199254740993.10}', None, kind="removed").before.text


def test_beyond_what_a_page_holds_lines_are_named_and_their_values_left_out():
    changes = [change("x" * 15_000, "y" * 15_000, path=(f"p{number}",)) for number in range(9)]
    lines = lines_of(changes, may_hide=True)
    shown = MOST_CHARACTERS // 30_000
    assert [each.left_out for each in lines] == [0] * shown + [30_000] * (9 - shown)
    assert all(each.before is None and each.after is None for each in lines[shown:])
    assert [each.path for each in lines] == [f"p{number}" for number in range(9)]
    later = lines_of(changes, start=shown)
    assert [bool(each.left_out) for each in later] == [place < shown or place >= 2 * shown for place in range(9)]
    assert [each.place for each in later] == list(range(9))


def test_only_lines_that_count_can_be_ignored():
    changes = [change("a", "b"), change("a", "b", noise="computed"), change("a", "b", forces_replacement=True)]
    assert [each.can_be_ignored for each in lines_of(changes, may_hide=True)] == [True, False, False]
    assert not any(each.can_be_ignored for each in lines_of(changes))


def test_members_of_one_set_stand_together():
    def member(path, kind):
        sides = (None, "x") if kind == "added" else ("x", None)
        return change(*sides, path=(path,), kind=kind, is_member=True)

    lines = lines_of([member("a", "removed"), member("a", "added"), member("b", "added"), change("1", "2")])
    assert [[each.path for each in group] for group in groups_of(lines)] == [["a", "a"], ["b"], ["name"]]
    assert groups_of(()) == []


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ([], 0),
        ([1] * SHOWN_LINES, SHOWN_LINES),
        ([1] * (SHOWN_LINES + 5), SHOWN_LINES + 5),
        ([1] * (SHOWN_LINES + 6), SHOWN_LINES),
        ([500], 1),
        ([500, 1, 1], 3),
        ([1] * 49 + [500, 500], 50),
    ],
)
def test_about_fifty_lines_are_shown_at_once_and_no_click_for_a_few_more(sizes, shown):
    groups = [lines_of([change("1", "2")]) * size for size in sizes]
    assert shown_groups(groups) == shown
