"""What reports do to a stack, inside the transaction of the report."""

from dataclasses import replace
from datetime import datetime

from driftsentry import ids
from driftsentry.db import Tx
from driftsentry.stacks import queries
from driftsentry.stacks.model import DEFAULT_INTERVAL, Stack, environment_of


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
