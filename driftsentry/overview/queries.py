"""SQL of what is kept for the trends."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from driftsentry.db import Row, Tx
from driftsentry.overview.model import SEVERITIES, Day, Flow, Level, Week

_PART = 500
_LEVELS = ", ".join(f"coalesce(sum(CASE WHEN severity = '{name}' THEN amount END), 0)" for name in SEVERITIES)


async def add_to_day(tx: Tx, day: date, flow: Flow) -> None:
    """Add what this transaction did, and note how many wait now: what the last one of a day notes is how it ended."""
    await tx.run(
        "INSERT INTO drift_days (day, detected, resolved, critical, high, medium, low)"
        f" SELECT CAST(:day AS TEXT), CAST(:detected AS INTEGER), CAST(:resolved AS INTEGER), {_LEVELS}"
        " FROM drift_counts WHERE status = 'detected' AND cause = 'out_of_band' AND is_snoozed = 0"
        " ON CONFLICT (day) DO UPDATE SET detected = drift_days.detected + excluded.detected,"
        " resolved = drift_days.resolved + excluded.resolved, critical = excluded.critical, high = excluded.high,"
        " medium = excluded.medium, low = excluded.low",
        day=day.isoformat(),
        detected=flow.detected,
        resolved=flow.resolved,
    )


async def add_to_weeks(tx: Tx, waits: Mapping[tuple[date, int], int]) -> None:
    """How many decisions of a week (its Monday) had been waited for so many seconds."""
    rows = [{"week": week.isoformat(), "waited": waited, "amount": waits[week, waited]} for week, waited in waits]
    await tx.run_many(
        "INSERT INTO decision_weeks (week, waited, amount) VALUES (:week, :waited, :amount)"
        " ON CONFLICT (week, waited) DO UPDATE SET amount = decision_weeks.amount + excluded.amount",
        rows,
    )


async def select_detected(tx: Tx, drift_ids: Collection[int]) -> dict[int, str]:
    """Since when each of them is open, or was when it was decided on."""
    found: dict[int, str] = {}
    listed = sorted(drift_ids)
    for start in range(0, len(listed), _PART):
        part = ", ".join(str(int(drift_id)) for drift_id in listed[start : start + _PART])
        found |= {row[0]: row[1] for row in await tx.all(f"SELECT id, detected_at FROM drifts WHERE id IN ({part})")}
    return found


async def select_waiting(tx: Tx) -> list[tuple[str, str, int]]:
    """(environment, severity, how many wait for a decision); where nobody has to decide now, with why as severity."""
    rows = await tx.all(
        "SELECT s.environment, CASE WHEN c.cause = 'informational' THEN 'informational'"
        " WHEN c.is_snoozed = 1 THEN 'snoozed' ELSE c.severity END AS kind, sum(c.amount)"
        " FROM drift_counts c JOIN stacks s ON s.id = c.stack_id WHERE c.amount > 0 AND c.status <> 'resolved'"
        " AND (c.status = 'detected' OR c.cause = 'informational') GROUP BY s.environment, kind"
    )
    return [(row[0], row[1], int(row[2])) for row in rows]


async def select_days(tx: Tx, since: date) -> list[Day]:
    """The kept days since then, and the last one before them whose end is known: days without a change have no row."""
    rows = await tx.all(
        "SELECT day, detected, resolved, critical, high, medium, low FROM drift_days WHERE day >= coalesce("
        "(SELECT max(day) FROM drift_days WHERE day < :since AND critical IS NOT NULL),"
        " (SELECT max(day) FROM drift_days WHERE day < :since), :since) ORDER BY day",
        since=since.isoformat(),
    )
    return [_day(row) for row in rows]


def _day(row: Row) -> Day:
    level = None if row[3] is None else Level(row[3], row[4], row[5], row[6])
    return Day(date.fromisoformat(row[0]), Flow(row[1], row[2]), level)


async def select_weeks(tx: Tx, since: date) -> list[Week]:
    """The weeks since then in which somebody decided."""
    rows = await tx.all(
        "SELECT week, max(total), min(waited) FROM (SELECT week, waited,"
        " sum(amount) OVER (PARTITION BY week ORDER BY waited) AS up_to, sum(amount) OVER (PARTITION BY week) AS total"
        " FROM decision_weeks WHERE week >= :since) AS counted WHERE up_to * 2 >= total GROUP BY week ORDER BY week",
        since=since.isoformat(),
    )
    return [Week(date.fromisoformat(row[0]), int(row[1]), timedelta(seconds=row[2])) for row in rows]
