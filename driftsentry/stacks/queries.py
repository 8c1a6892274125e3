"""SQL about stacks."""

from datetime import timedelta

from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Row, Tx
from driftsentry.stacks.model import Stack, Tally


def _stack(row: Row) -> Stack:
    return Stack(
        row["id"],
        row["slug"],
        row["environment"],
        timedelta(seconds=row["interval_seconds"]),
        from_text(row["created_at"]),
        maybe_from_text(row["newest_scan_at"]),
        row["last_report_id"],
        maybe_from_text(row["last_report_at"]),
        maybe_from_text(row["last_complete_at"]),
        row["incomplete_reason"],
        bool(row["is_errored"]),
    )


async def select_stack(tx: Tx, slug: str) -> Stack | None:
    row = await tx.one("SELECT * FROM stacks WHERE slug = :slug", slug=slug)
    return _stack(row) if row else None


async def select_stacks(tx: Tx) -> list[Stack]:
    return [_stack(row) for row in await tx.all("SELECT * FROM stacks ORDER BY slug")]


async def select_stacks_by_id(tx: Tx, stack_ids: set[str]) -> list[Stack]:
    rows = [await tx.one("SELECT * FROM stacks WHERE id = :id", id=stack_id) for stack_id in sorted(stack_ids)]
    return [_stack(row) for row in rows if row]


async def insert_stack(tx: Tx, stack: Stack) -> None:
    await tx.run(
        "INSERT INTO stacks (id, slug, environment, interval_seconds, created_at)"
        " VALUES (:id, :slug, :environment, :interval_seconds, :created_at)",
        id=stack.id,
        slug=stack.slug,
        environment=stack.environment,
        interval_seconds=int(stack.interval.total_seconds()),
        created_at=to_text(stack.created_at),
    )


async def update_stack_reported(tx: Tx, stack: Stack) -> None:
    await tx.run(
        "UPDATE stacks SET newest_scan_at = :newest, last_report_id = :report, last_report_at = :reported,"
        " last_complete_at = :complete, incomplete_reason = :reason, is_errored = :errored WHERE id = :id",
        id=stack.id,
        newest=to_text(stack.newest_scan_at) if stack.newest_scan_at else None,
        report=stack.last_report_id,
        reported=to_text(stack.last_report_at) if stack.last_report_at else None,
        complete=to_text(stack.last_complete_at) if stack.last_complete_at else None,
        reason=stack.incomplete_reason,
        errored=int(stack.is_errored),
    )


async def select_unnoted(tx: Tx) -> list[Stack]:
    """Stacks whose last report was not noted to be the last for long."""
    rows = await tx.all(
        "SELECT * FROM stacks WHERE last_report_id IS NOT NULL"
        " AND (stale_noted_for IS NULL OR stale_noted_for <> last_report_id) ORDER BY slug"
    )
    return [_stack(row) for row in rows]


async def update_stale_noted(tx: Tx, stack: Stack) -> bool:
    """False when somebody else has noted it, or a report has come meanwhile."""
    row = await tx.one(
        "UPDATE stacks SET stale_noted_for = last_report_id WHERE id = :id AND last_report_id = :seen"
        " AND (stale_noted_for IS NULL OR stale_noted_for <> last_report_id) RETURNING id",
        id=stack.id,
        seen=stack.last_report_id,
    )
    return row is not None


async def select_tallies(tx: Tx, only: str = "") -> dict[str, Tally]:
    """Open drifts by stack id, of all or of one, from the table that triggers keep."""
    counted: dict[str, dict[str, int]] = {}
    for stack_id, status, cause, severity, amount in await tx.all(
        "SELECT stack_id, status, cause, severity, amount FROM drift_counts WHERE amount > 0 AND status <> 'resolved'"
        " AND (CAST(:only AS TEXT) = '' OR stack_id = :only)",
        only=only,
    ):
        kind = "informational" if cause == "informational" else severity if status == "detected" else "decided"
        of_stack = counted.setdefault(stack_id, {})
        of_stack[kind] = of_stack.get(kind, 0) + amount
    return {stack_id: Tally(**kinds) for stack_id, kinds in counted.items()}
