"""How often a stack reports: what its first reports say of the next, and how spans are typed and said."""

from datetime import UTC, datetime, timedelta

import pytest

from driftsentry.stacks.model import Freshness, Stack
from driftsentry.stacks.rhythm import DAY, HOUR, MINUTE, Schedule, Source, learned, parts_of, span_of, words_of

START = datetime(2026, 11, 1, 3, 17, tzinfo=UTC)


def at(*hours: float) -> list[datetime]:
    return [START + timedelta(hours=hour) for hour in hours]


@pytest.mark.parametrize(
    ("hours", "interval", "grace"),
    [
        ((0, 24, 48, 72), DAY, 6 * HOUR),
        ((0, 23.9, 48.2, 71.8), DAY, 6 * HOUR),  # cron is never on the second
        ((0, 24, 48, 49, 72, 96), DAY, 6 * HOUR),  # somebody pressed the button once
        ((0, 1, 2, 3), HOUR, 15 * MINUTE),
        ((0, 1 / 60, 2 / 60, 3 / 60), 5 * MINUTE, 5 * MINUTE),
        ((0, 2000, 4000, 6000), 31 * DAY, 7.75 * DAY),
        ((0, 168.2, 335.9, 504.3), 7 * DAY, 42 * HOUR),
        ((0, 2.4, 4.9, 7.3), 2 * HOUR + 30 * MINUTE, 38 * MINUTE),
    ],
)
def test_the_median_gap_is_learned_as_people_would_say_it(
    hours: tuple[float, ...], interval: timedelta, grace: timedelta
) -> None:
    assert learned(at(*hours)) == Schedule(interval, grace, Source.LEARNED)


def test_three_reports_are_too_few_and_several_of_one_run_count_once() -> None:
    assert learned(at(0, 24, 48)) is None
    in_one_run = [moment + timedelta(seconds=20 * n) for moment in at(0, 24, 48) for n in range(3)]
    assert learned(in_one_run) is None
    assert learned([*in_one_run, *at(72)]) == Schedule(DAY, DAY / 4, Source.LEARNED)
    assert learned(at(*(n / 100 for n in range(24)))) is None


def test_only_the_latest_runs_count() -> None:
    assert learned(at(*range(9), *range(32, 24 * 9, 24))) == Schedule(DAY, DAY / 4, Source.LEARNED)


@pytest.mark.parametrize(
    ("span", "words", "parts"),
    [
        (5 * MINUTE, "5 min", ("5", "min")),
        (HOUR, "1 h", ("1", "h")),
        (2.5 * HOUR, "2 h 30 min", ("150", "min")),
        (DAY, "24 h", ("1", "days")),
        (2 * DAY, "2 days", ("2", "days")),
        (timedelta(hours=50), "50 h", ("50", "h")),
        (timedelta(0), "0 min", ("0", "min")),
    ],
)
def test_spans_are_said_and_typed(span: timedelta, words: str, parts: tuple[str, str]) -> None:
    assert words_of(span) == words
    assert parts_of(span) == parts
    assert span_of(*parts) == span


@pytest.mark.parametrize(
    ("number", "unit"),
    [("", "h"), ("x", "h"), ("-1", "h"), ("1.5", "h"), ("1", "weeks"), ("1", ""), ("1" * 7, "min"), ("١", "h")],
)
def test_what_is_no_span_is_none(number: str, unit: str) -> None:
    assert span_of(number, unit) is None


def test_a_stack_is_late_after_its_grace_and_stale_after_three_intervals() -> None:
    stack = Stack("s", "prod/app", "prod", START, Schedule(HOUR, 15 * MINUTE), START, "r", START)
    ages = ((75, Freshness.FRESH), (76, Freshness.LATE), (180, Freshness.LATE), (181, Freshness.STALE))
    assert [stack.freshness(START + age * MINUTE) for age, _is in ages] == [is_ for _age, is_ in ages]
    patient = Schedule(HOUR, 5 * HOUR)
    assert (patient.late_after, patient.stale_after) == (6 * HOUR, 11 * HOUR)
