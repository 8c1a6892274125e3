"""What reports do to a stack, inside the transaction of the report; and what it means when none come."""

from dataclasses import replace
from datetime import datetime

from driftsentry import clock, events, ids
from driftsentry.db import Database, Tx
from driftsentry.events import SYSTEM
from driftsentry.stacks import queries, scheduling
from driftsentry.stacks.model import Freshness, Stack, environment_of


async def ensure(tx: Tx, slug: str, at: datetime) -> Stack:
    """The stack of that name; its first report makes it."""
    if found := await queries.select_stack(tx, slug):
        return found
    made = Stack(ids.new(), slug, environment_of(slug), at)
    await queries.insert_stack(tx, made)
    return made


async def note_report(
    tx: Tx, stack: Stack, report_id: str, *, received_at: datetime, scanned_at: datetime, reason: str, is_errored: bool
) -> None:
    """A report has arrived that is no older than the newest complete one. `reason`: why it was incomplete, '' when it
    was complete. One that is older than an incomplete one says nothing of the stack's last run."""
    if not reason:
        stack = replace(stack, newest_whole_at=scanned_at, last_complete_at=received_at)
    if stack.newest_scan_at is None or scanned_at >= stack.newest_scan_at:
        stack = replace(
            stack,
            newest_scan_at=scanned_at,
            last_report_id=report_id,
            last_report_at=received_at,
            incomplete_reason=reason,
            is_errored=is_errored,
        )
    await queries.update_stack_reported(tx, stack)
    await scheduling.learn(tx, stack, received_at)


async def note_announced(tx: Tx, stack: Stack, drifts: int, at: datetime) -> None:
    """HCP Terraform has counted so many drifts. The next report says which."""
    await queries.update_announced(tx, stack.id, drifts, at)


async def note_silence(db: Database) -> int:
    """Record `stack.late` and `stack.stale` once for each silence, whatever many processes look; how many of both."""
    return await _note(db, Freshness.LATE) + await _note(db, Freshness.STALE)


async def _note(db: Database, freshness: Freshness) -> int:
    now = clock.now()
    async with db.read() as tx:
        unnoted = await queries.select_unnoted(tx, freshness.value)
    silent = [stack for stack in unnoted if stack.freshness(now) is freshness]
    if not silent:
        return 0
    async with db.write() as tx:
        noted = [stack for stack in silent if await queries.update_noted(tx, stack, freshness.value)]
        for stack in noted:
            events.record(
                tx,
                f"stack.{freshness.value}",
                SYSTEM,
                at=now,
                stack_id=stack.id,
                report_id=stack.last_report_id,
                stack=stack.slug,
                since=clock.maybe_to_text(stack.last_report_at),
            )
    return len(noted)
