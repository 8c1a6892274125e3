"""The trends: three charts from what is kept of each day and week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from driftsentry.db import Tx
from driftsentry.overview import charts, queries, words
from driftsentry.overview.charts import Chart, Key, Series
from driftsentry.overview.model import SEVERITIES, Day, Flow, Week, monday_of

SPANS = (30, 90)
WEEKS = 13
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TOPS = (10 * _MINUTE, 20 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 4 * _DAY)


@dataclass(frozen=True, slots=True)
class Trends:
    """`days`: how far back they go. `at`: of when they are."""

    days: int
    at: datetime
    charts: tuple[Chart, ...]


def span_of(text: str) -> int:
    """How many days somebody asks for; the shortest for what is no offer of ours."""
    return next((days for days in SPANS if text == str(days)), SPANS[0])


async def trends(tx: Tx, now: datetime, span: int) -> Trends:
    """Open by severity, new against resolved, and how long decisions took, until now."""
    today = now.astimezone(UTC).date()
    first, first_week = today - timedelta(days=span - 1), monday_of(today) - timedelta(weeks=WEEKS - 1)
    days = every_day(await queries.select_days(tx, first), first, today)
    weeks = every_week(await queries.select_weeks(tx, first_week), first_week)
    return Trends(span, now, (open_chart(days), flow_chart(days), wait_chart(weeks)))


def every_day(kept: Sequence[Day], first: date, last: date) -> list[Day]:
    """From the first to the last: a day without a row had no change, unless it is before all that is known."""
    by_day, before = {day.day: day for day in kept}, [day for day in kept if day.day < first]
    level, is_known = (before[-1].level if before else None), bool(before)
    days = []
    for number in range((last - first).days + 1):
        day = by_day.get(first + timedelta(days=number))
        is_known = is_known or day is not None
        level = day.level if day and day.level is not None else level
        flow = day.flow if day else Flow() if is_known else None
        days.append(Day(first + timedelta(days=number), flow, level))
    return days


def every_week(kept: Sequence[Week], first: date) -> list[Week]:
    by_monday = {week.monday: week for week in kept}
    mondays = [first + timedelta(weeks=number) for number in range(WEEKS)]
    return [by_monday.get(monday, Week(monday)) for monday in mondays]


def open_chart(days: Sequence[Day]) -> Chart:
    levels = [day.level for day in days]
    by_severity = [[level.amounts[rank] if level else None for level in levels] for rank in range(len(SEVERITIES))]
    top = charts.top_of(max((level.total for level in levels if level), default=0))
    series = [Series(name, amounts) for name, amounts in zip(SEVERITIES, by_severity, strict=True)]
    return Chart(
        name="open",
        title="Open by severity",
        sentence=words.of_levels(days),
        keys=tuple(Key(f"sev sev-{one.name}", one.name, _text(one.amounts[-1])) for one in series),
        shapes=charts.stacked(series, top),
        ticks=charts.ticks_of(f"{top:,}", f"{top // 2:,}"),
        spots=charts.spots_of([f"{words.day_text(day.day)}: {words.level_text(day.level)}" for day in days]),
        ends=_ends(days),
        heads=("Day", *(name.capitalize() for name in SEVERITIES)),
        rows=tuple(
            (words.day_text(day.day), *(_text(one.amounts[place]) for one in series)) for place, day in _newest(days)
        ),
    )


def flow_chart(days: Sequence[Day]) -> Chart:
    flows = [day.flow for day in days]
    came = [flow.detected if flow else None for flow in flows]
    went = [flow.resolved if flow else None for flow in flows]
    top, bottom = (charts.top_of(max((amount for amount in amounts if amount), default=0)) for amounts in (came, went))
    line, shapes = charts.apart(Series("new", came), Series("resolved", went), top, bottom)
    return Chart(
        name="flow",
        title="New against resolved",
        sentence=words.of_flows(days),
        keys=(
            Key("flow-new", "new", f"{sum(amount or 0 for amount in came):,}"),
            Key("flow-resolved", "resolved", f"{sum(amount or 0 for amount in went):,}"),
        ),
        shapes=shapes,
        ticks=charts.legible((0, f"{top:,}"), (line, "0"), (charts.HEIGHT, f"{bottom:,}")),
        spots=charts.spots_of([f"{words.day_text(day.day)}: {words.flow_text(day.flow)}" for day in days]),
        ends=_ends(days),
        heads=("Day", "New", "Resolved"),
        rows=tuple((words.day_text(day.day), _text(came[place]), _text(went[place])) for place, day in _newest(days)),
    )


def wait_chart(weeks: Sequence[Week]) -> Chart:
    waits = [None if week.median is None else int(week.median.total_seconds()) for week in weeks]
    top = _top_of_waits(max((wait for wait in waits if wait), default=0))
    # A decision within a minute is a column too.
    shapes = charts.stacked([Series("wait", [None if wait is None else max(wait, 1) for wait in waits])], top)
    return Chart(
        name="wait",
        title="Median time to decision",
        sentence=words.of_weeks(weeks),
        keys=(),
        shapes=shapes,
        ticks=charts.ticks_of(*[words.span_text(timedelta(seconds=seconds)) for seconds in (top, top // 2)]),
        spots=charts.spots_of([f"Week of {words.day_text(week.monday)}: {words.week_text(week)}" for week in weeks]),
        ends=(words.day_text(weeks[0].monday), "this week"),
        heads=("Week of", "Median", "Decisions"),
        rows=tuple(
            (
                words.day_text(week.monday),
                words.UNKNOWN if week.median is None else words.span_text(week.median),
                f"{week.amount:,}",
            )
            for week in reversed(weeks)
        ),
    )


def _top_of_waits(longest: int) -> int:
    """The end of the scale in seconds, in a unit that people think in."""
    return next((top for top in _TOPS if longest <= top), charts.top_of(-(-longest // _DAY)) * _DAY)


def _text(amount: int | None) -> str:
    return words.UNKNOWN if amount is None else f"{amount:,}"


def _newest(days: Sequence[Day]) -> list[tuple[int, Day]]:
    """With their places, the newest first: what tables begin with."""
    return [(place, days[place]) for place in range(len(days) - 1, -1, -1)]


def _ends(days: Sequence[Day]) -> tuple[str, ...]:
    return (words.day_text(days[0].day), words.day_text(days[len(days) // 2].day), "today")
