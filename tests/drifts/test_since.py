"""What changed since a decision is the difference of two differences: where reality went, what is new, what is gone."""

from decimal import Decimal

import pytest

from driftsentry.drifts.since import changed_since
from driftsentry.ingest import Change


def change(before=None, after=None, *, path=("x",), kind="changed", **other):
    return Change(path, kind, before, after, **other)


def told(then, now):
    entries = changed_since(then, now)
    sides = [(entry.line.before, entry.line.after) for entry in entries]
    return [
        (entry.kind, entry.line.path, *(side.text if side else None for side in pair))
        for entry, pair in zip(entries, sides, strict=True)
    ]


def test_where_the_code_says_the_same_reality_has_moved():
    kept = change("a", "b", path=("kept",))
    assert told((kept, change("1", "2")), (kept, change("1", "3"))) == [("moved", "x", "2", "3")]


def test_a_member_that_took_the_place_of_another_is_compared_with_it():
    then = change(None, {"port": 443, "cidr": "10.0.0.0/8"}, kind="added", is_member=True)
    now = change(None, {"port": 1024, "cidr": "10.0.0.0/8"}, kind="added", is_member=True)
    [entry] = changed_since((then,), (now,))
    assert entry.kind == "moved"
    assert [line.marked for piece in entry.line.pieces if piece.kind == "other" for line in piece.before] == ["443"]


def test_what_was_set_or_unset_since():
    unset, other = change("1", None, kind="removed"), change("1", "3")
    assert told((unset,), (other,)) == [("moved", "x", None, "3")]
    assert told((other,), (unset,)) == [("moved", "x", "3", None)]


def test_where_the_code_changed_too_both_facts_are_shown():
    assert told((change("1", "2"),), (change("9", "3"),)) == [("gone", "x", "1", "2"), ("new", "x", "9", "3")]


def test_what_is_new_and_what_is_gone_in_the_order_of_paths():
    gone, new = change("1", "2", path=("b",)), change("1", "2", path=("a",))
    assert told((gone,), (new,)) == [("new", "a", "1", "2"), ("gone", "b", "1", "2")]


def test_several_members_of_one_set_are_not_paired_by_chance():
    members = [change(None, str(number), kind="added", is_member=True) for number in range(4)]
    assert [kind for kind, *_rest in told(members[:2], members[2:])] == ["gone", "gone", "new", "new"]


@pytest.mark.parametrize(("then", "now"), [(1, True), (1, Decimal("1.0")), (1, "1"), (None, "null")])
def test_one_is_neither_true_nor_a_decimal(then, now):
    assert len(changed_since((change("x", then),), (change("x", now),))) == 1


def test_noise_is_left_out():
    assert changed_since((), (change("a", "b", noise="computed"),)) == ()


def test_a_secret_shows_no_value_and_only_that_it_changed_again():
    secret = change(is_sensitive=True, path=("password",), digest="1")
    assert changed_since((secret,), (secret,)) == ()
    [entry] = changed_since((secret,), (change(is_sensitive=True, path=("password",), digest="2"),))
    assert (entry.kind, entry.line.is_sensitive, entry.line.before, entry.line.after) == ("moved", True, None, None)


def test_what_differs_out_of_sight_is_not_told_as_a_move():
    sides = {"before": "x", "after": {"a": "(sensitive)"}}
    assert [kind for kind, *_rest in told((change(**sides, digest="1"),), (change(**sides, digest="2"),))] == [
        "gone",
        "new",
    ]


def test_a_line_of_the_past_can_be_ignored_by_nobody():
    [entry] = changed_since((), (change("1", "2"),))
    assert (entry.line.place, entry.line.can_be_ignored) == (None, False)
