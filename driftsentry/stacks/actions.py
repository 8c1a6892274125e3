"""What reports do to a stack, inside the transaction of the report; and what it means when none come."""

from dataclasses import replace
from datetime import datetime

from driftsentry import clock, events, ids
from driftsentry.db import Database, Tx
from driftsentry.events import SYSTEM
from driftsentry.stacks import queries
from driftsentry.stacks.model import DEFAULT_INTERVAL, Freshness, Stack, environment_of


async def ensure(tx: Tx, slug: str, at: datetime) -> Stack:
    """The stack of that name; its first report makes it."""
    if found := await queries.select_stack(tx, slug):
        return found
    made = Stack(ids.new(), slug, environment_of(slug), DEFAULT_INTERVAL, at, None, None, None, None, "", False)
    await queries.insert_stack(tx, made)
    return made


async def note_report(
    tx: Tx, stack: Stack, report_id: str, *, received_at: datetime, scanned_at: datetime, reason: str, is_errored: bool
) -> None:
    """The stack's newest report has arrived. `reason`: why it was incomplete, '' when it was complete."""
    await queries.update_stack_reported(
        tx,
        replace(
            stack,
            newest_scan_at=scanned_at,
            last_report_id=report_id,
            last_report_at=received_at,
            last_complete_at=stack.last_complete_at if reason else received_at,
            incomplete_reason=reason,
            is_errored=is_errored,
        ),
    )


async def note_stale(db: Database) -> int:
    """Record `stack.stale` once for each silence, whatever many processes look; how many stacks fell silent."""
    now = clock.now()
    async with db.read() as tx:
        silent = [stack for stack in await queries.select_unnoted(tx) if stack.freshness(now) is Freshness.STALE]
    if not silent:
        return 0
    async with db.write() as tx:
        noted = [stack for stack in silent if await queries.update_stale_noted(tx, stack)]
        for stack in noted:
            since = clock.to_text(stack.last_report_at) if stack.last_report_at else None
            report_id = stack.last_report_id
            events.record(
                tx, "stack.stale", SYSTEM, at=now, stack_id=stack.id, report_id=report_id, stack=stack.slug, since=since
            )
    return len(noted)
