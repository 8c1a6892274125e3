"""SQL about stacks."""

from datetime import datetime, timedelta

from driftsentry.clock import from_text, maybe_from_text, maybe_to_text, to_text
from driftsentry.db import Row, Tx
from driftsentry.stacks.model import LearnedAttribute, Stack, Tally
from driftsentry.stacks.rhythm import Schedule, Source

# The column that holds the last report when it was noted that no other followed in time.
_NOTED = {"late": "late_noted_for", "stale": "stale_noted_for"}


def _stack(row: Row) -> Stack:
    return Stack(
        id=row["id"],
        slug=row["slug"],
        environment=row["environment"],
        created_at=from_text(row["created_at"]),
        schedule=Schedule(
            timedelta(seconds=row["interval_seconds"]),
            timedelta(seconds=row["grace_seconds"]),
            Source(row["interval_source"]),
        ),
        newest_scan_at=maybe_from_text(row["newest_scan_at"]),
        newest_whole_at=maybe_from_text(row["newest_whole_at"]),
        last_report_id=row["last_report_id"],
        last_report_at=maybe_from_text(row["last_report_at"]),
        last_complete_at=maybe_from_text(row["last_complete_at"]),
        incomplete_reason=row["incomplete_reason"],
        is_errored=bool(row["is_errored"]),
        announced=row["announced_drifts"],
        announced_at=maybe_from_text(row["announced_at"]),
    )


async def select_stack(tx: Tx, slug: str) -> Stack | None:
    row = await tx.one("SELECT * FROM stacks WHERE slug = :slug", slug=slug)
    return _stack(row) if row else None


async def has_stacks(tx: Tx) -> bool:
    return await tx.one("SELECT id FROM stacks LIMIT 1") is not None


async def select_stacks(tx: Tx) -> list[Stack]:
    return [_stack(row) for row in await tx.all("SELECT * FROM stacks ORDER BY slug")]


async def select_stacks_by_id(tx: Tx, stack_ids: set[str]) -> list[Stack]:
    rows = [await tx.one("SELECT * FROM stacks WHERE id = :id", id=stack_id) for stack_id in sorted(stack_ids)]
    return [_stack(row) for row in rows if row]


async def insert_stack(tx: Tx, stack: Stack) -> None:
    await tx.run(
        "INSERT INTO stacks (id, slug, environment, interval_seconds, grace_seconds, created_at)"
        " VALUES (:id, :slug, :environment, :interval, :grace, :created_at)",
        id=stack.id,
        slug=stack.slug,
        environment=stack.environment,
        interval=_seconds(stack.schedule.interval),
        grace=_seconds(stack.schedule.grace),
        created_at=to_text(stack.created_at),
    )


async def update_stack_reported(tx: Tx, stack: Stack) -> None:
    """What is known of its last report. It takes the place of what HCP has counted before."""
    await tx.run(
        "UPDATE stacks SET newest_scan_at = :newest, newest_whole_at = :whole, last_report_id = :report,"
        " last_report_at = :reported, last_complete_at = :complete, incomplete_reason = :reason,"
        " is_errored = :errored, announced_drifts = 0, announced_at = NULL WHERE id = :id",
        id=stack.id,
        newest=maybe_to_text(stack.newest_scan_at),
        whole=maybe_to_text(stack.newest_whole_at),
        report=stack.last_report_id,
        reported=maybe_to_text(stack.last_report_at),
        complete=maybe_to_text(stack.last_complete_at),
        reason=stack.incomplete_reason,
        errored=int(stack.is_errored),
    )


async def update_announced(tx: Tx, stack_id: str, drifts: int, at: datetime) -> None:
    await tx.run(
        "UPDATE stacks SET announced_drifts = :drifts, announced_at = :at WHERE id = :id",
        id=stack_id,
        drifts=drifts,
        at=to_text(at),
    )


async def update_schedule(tx: Tx, stack_id: str, schedule: Schedule) -> None:
    await tx.run(
        "UPDATE stacks SET interval_seconds = :interval, grace_seconds = :grace, interval_source = :source"
        " WHERE id = :id",
        id=stack_id,
        interval=_seconds(schedule.interval),
        grace=_seconds(schedule.grace),
        source=schedule.source.value,
    )


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


async def select_received(tx: Tx, stack_id: str, limit: int) -> list[datetime]:
    """When the last `limit` reports came that were news of the stack, the oldest first."""
    rows = await tx.all(
        "SELECT received_at FROM reports WHERE stack_id = :stack_id AND is_late = 0 AND format <> 'hcp_notification'"
        " ORDER BY received_at DESC LIMIT :limit",
        stack_id=stack_id,
        limit=limit,
    )
    return [from_text(row[0]) for row in reversed(rows)]


async def select_unnoted(tx: Tx, freshness: str) -> list[Stack]:
    """Stacks of whose last report it was not noted yet that none followed: neither this, nor that it is stale."""
    noted = " AND ".join(
        f"({column} IS NULL OR {column} <> last_report_id)" for column in {_NOTED[freshness], _NOTED["stale"]}
    )
    rows = await tx.all(f"SELECT * FROM stacks WHERE last_report_id IS NOT NULL AND {noted} ORDER BY slug")
    return [_stack(row) for row in rows]


async def update_noted(tx: Tx, stack: Stack, freshness: str) -> bool:
    """False when somebody else has noted it, or a report has come meanwhile."""
    column = _NOTED[freshness]
    row = await tx.one(
        f"UPDATE stacks SET {column} = last_report_id WHERE id = :id AND last_report_id = :seen"
        f" AND ({column} IS NULL OR {column} <> last_report_id) RETURNING id",
        id=stack.id,
        seen=stack.last_report_id,
    )
    return row is not None


async def select_learned(tx: Tx, stack_id: str) -> list[LearnedAttribute]:
    rows = await tx.all(
        "SELECT * FROM learned_attributes WHERE stack_id = :stack_id ORDER BY resource_type, path", stack_id=stack_id
    )
    return [LearnedAttribute(row["resource_type"], row["path"], from_text(row["learned_at"])) for row in rows]


async def delete_learned(tx: Tx, stack_id: str, resource_type: str, path: str) -> bool:
    """False when there is no such attribute any more."""
    row = await tx.one(
        "DELETE FROM learned_attributes WHERE stack_id = :stack_id AND resource_type = :type AND path = :path"
        " RETURNING path",
        stack_id=stack_id,
        type=resource_type,
        path=path,
    )
    return row is not None


async def select_tallies(tx: Tx, only: str = "") -> dict[str, Tally]:
    """Open drifts by stack id, of all or of one, from the table that triggers keep."""
    counted: dict[str, dict[str, int]] = {}
    for stack_id, status, cause, severity, is_snoozed, amount in await tx.all(
        "SELECT stack_id, status, cause, severity, is_snoozed, amount FROM drift_counts"
        " WHERE amount > 0 AND status <> 'resolved' AND (CAST(:only AS TEXT) = '' OR stack_id = :only)",
        only=only,
    ):
        kind = "informational" if cause == "informational" else "decided"
        if (status, cause) == ("detected", "out_of_band"):
            kind = "snoozed" if is_snoozed else severity
        of_stack = counted.setdefault(stack_id, {})
        of_stack[kind] = of_stack.get(kind, 0) + amount
    return {stack_id: Tally(**kinds) for stack_id, kinds in counted.items()}
