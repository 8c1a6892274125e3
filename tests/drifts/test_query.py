"""The language of the search box: what is read out of a text, and what is said where it cannot be understood."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftsentry.drifts.model import Kind
from driftsentry.drifts.query import LENGTH, MOST, Term, parse_query

UNDERSTOOD: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("", []),
    ("  ssh   web ", [("", ("ssh",)), ("", ("web",))]),
    ("is:open", [("is", ("open",))]),
    ("IS:Open Severity:HIGH", [("is", ("open",)), ("severity", ("high",))]),
    ("severity:>=high", [("severity", ("high",), ">=")]),
    ("severity:=high", [("severity", ("high",))]),
    ("-env:dev", [("env", ("dev",), "", True)]),
    ("environment:prod", [("env", ("prod",))]),
    ("env:prod,dev,prod", [("env", ("prod", "dev"))]),
    ("type:aws_s3_*", [("type", ("aws_s3_*",))]),
    ("age:>7d age:<=2W", [("age", ("7d",), ">"), ("age", ("2w",), "<=")]),
    ("detected:<2026-11-01", [("detected", ("2026-11-01",), "<")]),
    ("seen:2026-11-01", [("seen", ("2026-11-01",))]),
    ("seen:>2026-11-01T08:00Z", [("seen", ("2026-11-01T08:00Z",), ">")]),
    ('by:"Ada Lovelace"', [("by", ("Ada Lovelace",))]),
    ('stack:"a b","c,d",e', [("stack", ("a b", "c,d", "e"))]),
    ('address:aws_x.y["a"]', [("address", ('aws_x.y["a"]',))]),
    (r'address:"a[\"b c\"]\\d"', [("address", (r'a["b c"]\d',))]),
    ('"two words" -"not this"', [("", ("two words",)), ("", ("not this",), "", True)]),
    ('"is:open"', [("", ("is:open",))]),
    ("AWS::S3::Bucket https://x", [("", ("AWS::S3::Bucket",)), ("", ("https://x",))]),
    ("seen:20261101 detected:>=2026-W45-7", [("seen", ("20261101",)), ("detected", ("2026-W45-7",), ">=")]),
    ('web "never closed', [("", ("web",)), ("", ("never closed",))]),
    ("web web web", [("", ("web",))]),
    ("web *** x", [("", ("web",)), ("", ("x",))]),
    ('- -!? web "', [("", ("web",))]),
    ("a\x00b\ud800 x", [("", ("ab",)), ("", ("x",))]),
]


@pytest.mark.parametrize(("text", "terms"), UNDERSTOOD)
def test_terms_are_read_and_written_again(text: str, terms: list[tuple[Any, ...]]) -> None:
    query = parse_query(text)
    assert (query.terms, query.problem) == (tuple(Term(*term) for term in terms), None)
    assert parse_query(str(query)) == query


NOT_UNDERSTOOD = [
    ("x sevrity:high y", "There is no key sevrity.", ["x severity:high y"], "x y"),
    ("status:approved", "There is no key status.", ["is:approved"], ""),
    ("-stauts:open", "There is no key stauts.", ["-is:open"], ""),
    ("sevrity:>hihg", "There is no key sevrity.", ["severity:>high"], ""),
    ("zzzzqq:1", "There is no key zzzzqq.", ['"zzzzqq:1"'], ""),
    ("is:opn", "is: knows no opn.", ["is:open"], ""),
    ("-is:aproved web", "is: knows no aproved.", ["-is:approved web"], "web"),
    ("severity:>=hihg", "severity: knows no hihg.", ["severity:>=high"], ""),
    ("cause:x", "cause: knows no x.", ["cause:out_of_band", "cause:informational"], ""),
    ("is:", "Nothing stands behind is:", ["is:open", "is:snoozed", "is:approved"], ""),
    ("env:", "Nothing stands behind env:", [], ""),
    ("env:prod,", "Nothing stands behind env:", [], ""),
    ("env:>prod", "env: knows no more and no less.", ["env:prod"], ""),
    ("severity:>low,high", "More or less than one value", ["severity:>low"], ""),
    ("age:7d", "Say whether older (>) or younger (<).", ["age:>7d", "age:<7d"], ""),
    ("age:>7", "age: takes a number and", ["age:>7d", "age:<2h"], ""),
    ("age:>9999999d", "age: takes a number and", None, ""),
    ("detected:>2026-13-01", "detected: takes a day", ["detected:>2026-11-01", "detected:<2026-11-01"], ""),
    ("seen:0001-01-01T00:00+14:00", "seen: takes a day", None, ""),
    ("---", "There is nothing to search for in ---", [], ""),
    ("- -!?", "There is nothing to search for in -", [], ""),
    ('"\'*%();-- - "', 'There is nothing to search for in "\'*%();-- - "', [], ""),
    ("x" * (LENGTH + 1), f"A search takes {LENGTH} characters at most", [], ""),
    ("env:" + ",".join("abcdefghijklmnopqrstuvwxyzABCDEF"), f"env: takes {MOST} values at most.", [], ""),
]


@pytest.mark.parametrize(("text", "message", "meant", "rest"), NOT_UNDERSTOOD)
def test_what_cannot_be_understood_is_named_with_what_may_have_been_meant(
    text: str, message: str, meant: list[str] | None, rest: str
) -> None:
    query = parse_query(text)
    assert query.problem is not None
    assert query.problem.message.startswith(message)
    assert meant is None or [whole for _label, whole in query.problem.meant] == meant
    assert [parse_query(whole).problem for _label, whole in query.problem.meant] == [None] * len(query.problem.meant)
    assert str(query) == rest


def test_the_place_of_a_problem_is_told() -> None:
    problem = parse_query("web is:opn sevrity:low").problem
    assert problem is not None
    assert (problem.start, problem.end) == (4, 10), "the first one"


def test_too_many_terms_are_cut() -> None:
    query = parse_query(" ".join(f"w{number}" for number in range(MOST + 1)))
    assert query.problem is not None
    assert len(query.terms) == MOST


OPEN, SNOOZED = Kind("detected", "out_of_band", "high"), Kind("detected", "out_of_band", "low", True)
DONE, NOISE = Kind("approved", "out_of_band", "critical"), Kind("detected", "informational", "medium")
HOLDS: list[tuple[str, set[Kind]]] = [
    ("web env:prod is:reopened", {OPEN, SNOOZED, DONE, NOISE}),
    ("is:open", {OPEN}),
    ("is:open is:snoozed", {OPEN, SNOOZED}),
    ("is:open,approved", {OPEN, DONE}),
    ("-is:open,approved", {SNOOZED, NOISE}),
    ("-is:open -is:approved", {SNOOZED, NOISE}),
    ("is:open is:reopened", {OPEN}),
    ("is:open,reopened", {OPEN, SNOOZED, DONE, NOISE}),
    ("severity:low severity:high", {OPEN, SNOOZED}),
    ("severity:>low severity:<critical", {OPEN, NOISE}),
    ("severity:>=medium -severity:high", {DONE, NOISE}),
    ("severity:>critical", set()),
    ("cause:out_of_band severity:<=medium", {SNOOZED}),
]


@pytest.mark.parametrize(("text", "kinds"), HOLDS)
def test_which_kinds_of_drifts_can_match(text: str, kinds: set[Kind]) -> None:
    query = parse_query(text)
    assert query.problem is None
    assert {kind for kind in (OPEN, SNOOZED, DONE, NOISE) if query.holds(kind)} == kinds


def test_a_value_is_chosen_and_taken_off_without_touching_the_rest() -> None:
    query = parse_query("web env:prod -env:dev severity:>low")
    more = query.choosing("env", ("prod", "a b"))
    assert str(more) == 'web -env:dev severity:>low env:prod,"a b"'
    assert (more.chosen("env"), more.only("env"), query.only("env")) == (("prod", "a b"), "", "prod")
    assert str(more.choosing("env", ())) == "web -env:dev severity:>low"
    assert query.choosing("severity", ("low",)).chosen("severity") == ("low",)


TEXT = st.text(st.sampled_from('abc:-"\\,*><= \u202e\x00\ud800é7d') | st.characters(), max_size=80)
TOKEN = st.sampled_from(
    ['is:open', 'sevrity:x', '-env:"a b"', "age:>7d", "seen:<=2026-11-01", "severity:>", '"', "web", "by:me,", "x::y"]
)  # fmt: skip


@given(st.one_of(TEXT, st.lists(TOKEN, max_size=8).map(" ".join)))
def test_any_text_is_read_and_written_again_without_a_loss(text: str) -> None:
    query = parse_query(text)
    again = parse_query(str(query))
    assert (again.terms, again.problem, str(again)) == (query.terms, None, str(query))
    if query.problem:
        assert 0 <= query.problem.start <= query.problem.end
