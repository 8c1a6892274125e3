"""Texts of several lines are compared line by line: what stays is folded, what differs is marked, and none is lost."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftsentry.drifts.lines import lines_of
from driftsentry.drifts.texts import pieces_of
from driftsentry.ingest import Change


def text_of(pieces, side):
    """A whole side again, from its pieces."""
    marked = [
        line
        for piece in pieces
        for line in (piece.after if side == "after" and piece.kind == "other" else piece.before)
    ]
    return "\n".join(line.head + line.marked + line.tail for line in marked)


def test_far_lines_are_folded_and_near_ones_stay():
    text = "\n".join(f"echo {number}" for number in range(30))
    pieces = pieces_of(text, text.replace("echo 15", "rm -rf /"))
    assert [(piece.kind, len(piece.before), len(piece.after)) for piece in pieces] == [
        ("folded", 12, 0),
        ("same", 3, 0),
        ("other", 1, 1),
        ("same", 3, 0),
        ("folded", 11, 0),
    ]
    assert pieces[0].text.startswith("echo 0\necho 1\n")
    assert pieces[2].after[0].head == "rm -rf /"


def test_what_differs_in_a_line_is_marked():
    pieces = pieces_of("a\nport = 443\nb", "a\nport = 8080\nb")
    [other] = [piece for piece in pieces if piece.kind == "other"]
    assert (other.before[0].head, other.before[0].marked) == ("port = ", "443")
    assert (other.after[0].head, other.after[0].marked) == ("port = ", "8080")


def test_a_single_line_is_not_folded_away():
    lines = [str(number) for number in range(9)]
    pieces = pieces_of("\n".join(["x", *lines[:7], "x"]), "\n".join(["y", *lines[:7], "y"]))
    assert [piece.kind for piece in pieces] == ["other", "same", "other"]


@pytest.mark.parametrize(
    ("before", "after"), [(None, "a\nb"), ("a\nb", None), ("a", "b"), ("x\n" + "A" * 6000, "x\n" + "B" * 6000)]
)
def test_what_line_by_line_does_not_help_has_no_pieces(before, after):
    assert pieces_of(before, after) == ()


@settings(max_examples=60, deadline=None)
@given(*[st.lists(st.sampled_from(["a", "b", "c", "", "dd"]), max_size=40).map("\n".join)] * 2)
def test_no_line_is_lost_or_made_up(before, after):
    pieces = pieces_of(before, after)
    if pieces:
        assert text_of(pieces, "before") == before
        assert text_of(pieces, "after") == after


def test_containers_are_compared_line_by_line():
    change = Change(("x",), "changed", {"Action": "s3:Get", "Effect": "Allow"}, {"Action": "s3:*", "Effect": "Allow"})
    [line] = lines_of([change])
    assert text_of(line.pieces, "after") == '{\n  "Action": "s3:*",\n  "Effect": "Allow"\n}'
    assert line.before is None


def test_many_pieces_keep_their_rest_apart():
    before = "\n".join(f"{'a' if number % 8 else 'x'}{number}" for number in range(300))
    [line] = lines_of([Change(("x",), "changed", before, before.replace("x", "y"))])
    assert 0 < len(line.short_pieces) < len(line.pieces)
    assert line.short_pieces + line.more_pieces == line.pieces


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n" * 60_000, "x" + "\n" * 59_000 + "y"),
        ("a\nb\n" * 15_000, "b\na\nc\n" * 10_000),
        ("a\n" * 90 + "b\n" * 90, "b\n" * 90 + "a\n" * 90),
        ("A" * 60_000, "A" * 30_000 + "B" + "A" * 29_999),
        ("\n".join(map(str, range(799))), "\n".join(str(n) if n % 9 else f"-{n}" for n in range(799))),
    ],
)
def test_repetition_costs_no_time(before, after):
    start = time.process_time()
    lines_of([Change(("x",), "changed", before, after)])
    assert time.process_time() - start < 0.5
