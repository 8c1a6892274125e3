"""SQL about amounts and times."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from driftsentry.clock import from_text, to_text
from driftsentry.db import Tx

SAMPLE = 1000  # medians are over so many of the newest: a year ago says nothing about today


@dataclass(frozen=True, slots=True)
class Count:
    """How many drifts of a stack are alike in these ways."""

    stack: str
    status: str
    cause: str
    severity: str
    is_snoozed: bool
    amount: int

    @property
    def is_waiting(self) -> bool:
        """Whether somebody should decide on them now."""
        return (self.status, self.cause, self.is_snoozed) == ("detected", "out_of_band", False)


async def select_counts(tx: Tx) -> list[Count]:
    """From the table that triggers keep."""
    rows = await tx.all(
        "SELECT s.slug, c.status, c.cause, c.severity, c.is_snoozed, c.amount FROM drift_counts c"
        " JOIN stacks s ON s.id = c.stack_id WHERE c.amount > 0 ORDER BY s.slug"
    )
    return [Count(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows]


async def select_oldest_open(tx: Tx) -> tuple[int, str, str, datetime] | None:
    """(id, address, stack, since when) of the drift that has waited for a decision the longest."""
    row = await tx.one(
        "SELECT d.id, d.address, s.slug, d.detected_at FROM drifts d JOIN stacks s ON s.id = d.stack_id"
        " WHERE d.status = 'detected' AND d.cause = 'out_of_band' AND d.is_snoozed = 0"
        " ORDER BY d.detected_at, d.id LIMIT 1"
    )
    return (row[0], row[1], row[2], from_text(row[3])) if row else None


async def select_times_to_decision(tx: Tx) -> list[timedelta]:
    """How long the newest decisions had been waited for."""
    rows = await tx.all(
        "SELECT detected_at, decided_at FROM decisions WHERE detected_at IS NOT NULL ORDER BY id DESC LIMIT :limit",
        limit=SAMPLE,
    )
    return [from_text(end) - from_text(start) for start, end in rows]


async def select_times_to_resolution(tx: Tx) -> list[timedelta]:
    """How long the drifts that were resolved last had been there since they were last detected."""
    rows = await tx.all(
        "SELECT detected_at, resolved_at, cause FROM drifts WHERE resolved_at IS NOT NULL"
        " ORDER BY resolved_at DESC LIMIT :limit",
        limit=SAMPLE,
    )
    return [from_text(end) - from_text(start) for start, end, cause in rows if cause == "out_of_band"]


async def count_reports_since(tx: Tx, since: datetime) -> int:
    return int(await tx.value("SELECT count(*) FROM reports WHERE received_at >= :since", since=to_text(since)))


async def count_all(tx: Tx, table: str) -> int:
    """`table`: reports or alerts."""
    assert table in ("reports", "alerts"), table
    return int(await tx.value(f"SELECT count(*) FROM {table}"))
