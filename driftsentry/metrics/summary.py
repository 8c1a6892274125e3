"""What a team wants to know of its drifts in numbers."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftsentry import alerts, stacks
from driftsentry.db import Tx
from driftsentry.metrics import queries
from driftsentry.metrics.queries import Count

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Oldest:
    """The drift that has waited for a decision the longest."""

    drift_id: int
    address: str
    stack: str
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """`by_severity` and `by_stack`: of the drifts that wait for a decision. Times in seconds, None without any."""

    total: int
    snoozed: int
    by_status: dict[str, int]
    by_severity: dict[str, int]
    by_cause: dict[str, int]
    by_stack: dict[str, int]
    alerts: int
    unread: int
    oldest: Oldest | None
    median_to_decision: float | None
    median_to_resolution: float | None
    reports: int
    reports_today: int
    by_freshness: dict[str, int]


async def summarise(tx: Tx, user_id: str | None, now: datetime) -> Summary:
    """`user_id`: whose unread alerts are counted; for None nobody has read any."""
    counts = await queries.select_counts(tx)
    waiting = [count for count in counts if count.is_waiting]
    oldest = await queries.select_oldest_open(tx)
    total_alerts = await queries.count_all(tx, "alerts")
    return Summary(
        total=sum(count.amount for count in counts),
        snoozed=sum(count.amount for count in counts if count.is_snoozed and count.status == "detected"),
        by_status=_by("status", counts, ("detected", "approved", "rejected", "resolved")),
        by_severity=_by("severity", waiting, ("critical", "high", "medium", "low")),
        by_cause=_by("cause", counts, ("out_of_band", "informational")),
        by_stack=_by("stack", waiting, ()),
        alerts=total_alerts,
        unread=await alerts.count_unread(tx, user_id) if user_id else total_alerts,
        oldest=Oldest(*oldest) if oldest else None,
        median_to_decision=_median(await queries.select_times_to_decision(tx)),
        median_to_resolution=_median(await queries.select_times_to_resolution(tx)),
        reports=await queries.count_all(tx, "reports"),
        reports_today=await queries.count_reports_since(tx, now - _DAY),
        by_freshness=_freshness(await stacks.select_stacks(tx), now),
    )


def _by(field: str, counts: Sequence[Count], always: Sequence[str]) -> dict[str, int]:
    """Amounts by a field; those named in `always` are there also when they are 0."""
    found = Counter(dict.fromkeys(always, 0))
    for count in counts:
        found[getattr(count, field)] += count.amount
    return dict(found)


def _freshness(listed: Sequence[stacks.Stack], now: datetime) -> dict[str, int]:
    found = Counter({state.value: 0 for state in stacks.Freshness})
    found.update(stack.freshness(now).value for stack in listed)
    return dict(found)


def _median(times: Sequence[timedelta]) -> float | None:
    return round(statistics.median(time.total_seconds() for time in times), 1) if times else None
