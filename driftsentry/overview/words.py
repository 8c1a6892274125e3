"""What the charts say in words: a sentence each, and what stands at a column."""

from collections.abc import Sequence
from datetime import date, timedelta

from driftsentry.overview.model import SEVERITIES, Day, Flow, Level, Week
from driftsentry.templating import plural

UNKNOWN = "\N{EN DASH}"


def day_text(day: date) -> str:
    """For people: 3 Nov."""
    return f"{day.day} {day:%b}"


def span_text(wait: timedelta) -> str:
    """In the unit to which waits are kept: 25 min, 31 h, 3 days."""
    seconds = int(wait.total_seconds())
    if seconds < 60:
        return "under 1 min"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 48 * 3600 else plural(seconds // 86400, "day")


def level_text(level: Level | None) -> str:
    if level is None:
        return "not known"
    named = [f"{amount:,} {name}" for name, amount in zip(SEVERITIES, level.amounts, strict=True) if amount]
    return ", ".join(named) or "none"


def flow_text(flow: Flow | None) -> str:
    return "not known" if flow is None else f"{flow.detected:,} new, {flow.resolved:,} resolved"


def week_text(week: Week) -> str:
    if week.median is None:
        return "no decision"
    return f"median {span_text(week.median)}, {plural(week.amount, 'decision')}"


def of_levels(days: Sequence[Day]) -> str:
    """How many wait now, beside how many did when the chart begins."""
    known = [day for day in days if day.level is not None]
    if not known or known[-1].level is None or known[0].level is None:
        return "Nothing is kept yet: the first report begins this chart."
    now, then = known[-1].level.total, known[0].level.total
    waits = "Nothing waits" if not now else f"{now:,} {'waits' if now == 1 else 'wait'}"
    if known[0].day != days[0].day:
        return f"{waits} for a decision now. How it was before {day_text(known[0].day)} is not known."
    if now == then:
        return f"{waits} for a decision now, as {len(days)} days ago."
    than = f"{now - then:,} more" if now > then else f"{then - now:,} fewer"
    return f"{waits} for a decision now, {than} than {len(days)} days ago."


def of_flows(days: Sequence[Day]) -> str:
    flows = [day.flow for day in days if day.flow is not None]
    came, went = sum(flow.detected for flow in flows), sum(flow.resolved for flow in flows)
    first = next((day.day for day in days if day.flow is not None), None)
    since = f"in {plural(len(days), 'day')}" if first in (None, days[0].day) else f"since {day_text(first)}"
    if not came and not went:
        return f"Nothing came and nothing was resolved {since}."
    return f"{came:,} came and {went:,} {'was' if went == 1 else 'were'} resolved {since}."


def of_weeks(weeks: Sequence[Week]) -> str:
    """How long it takes now, beside the last week before in which somebody decided."""
    *past, now = weeks
    before = next((week for week in reversed(past) if week.median is not None), None)
    then = f"{span_text(before.median)} in the week of {day_text(before.monday)}" if before and before.median else ""
    if now.median is not None:
        is_now = f"The median is {span_text(now.median)} this week, over {plural(now.amount, 'decision')}"
        return f"{is_now}; {then}." if then else f"{is_now}."
    if then:
        return f"Nobody has decided this week. The median was {then}."
    return f"Nobody has decided anything in {len(weeks)} weeks."
