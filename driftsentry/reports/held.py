"""Reports that lack most of a stack's open drifts: what they lack stays open until an engineer has answered."""

from collections.abc import Sequence
from enum import StrEnum

from driftsentry import clock, drifts, errors, events, stacks
from driftsentry.auth import Role, require_role
from driftsentry.db import Database, Tx
from driftsentry.events import Actor
from driftsentry.reports import queries
from driftsentry.reports.model import Report


class Answer(StrEnum):
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


async def hold(tx: Tx, actor: Actor, report: Report, held: Sequence[tuple[int, str]]) -> None:
    """Keep what `report` lacks for an answer. What was asked before is void: this report is the newer word."""
    before: set[tuple[int, str]] = set()
    for report_id in await queries.update_superseded(tx, report):
        before |= await queries.select_held(tx, report_id)
    if not held:
        return
    await queries.insert_held(tx, report.id, held)
    events.record(
        tx,
        "report.held",
        actor,
        at=report.received_at,
        stack_id=report.stack_id,
        report_id=report.id,
        stack=report.stack,
        held=report.held,
        is_again=set(held) <= before,
    )


async def settle(db: Database, actor: Actor, slug: str, report_id: str, answer: Answer) -> int:
    """Answer for a held report, once: `confirmed` resolves what it lacks; how many drifts that were.

    Raises `Forbidden`, `NotFound`, or `Conflict` when somebody else or a later report was faster.
    """
    at = clock.now()
    async with db.write() as tx:
        await require_role(tx, actor, Role.ENGINEER)
        stack = await stacks.select_stack(tx, slug)
        if stack is None:
            raise errors.NotFound("There is no such stack. Its first report makes it.")
        if not await queries.update_settled(tx, stack.id, report_id, at):
            raise errors.Conflict(
                "That report no longer waits for an answer: somebody has answered, or a later report came."
            )
        resolved = await drifts.resolve_held(tx, report_id, actor, at) if answer is Answer.CONFIRMED else 0
        events.record(
            tx,
            f"report.{answer.value}",
            actor,
            at=at,
            stack_id=stack.id,
            report_id=report_id,
            stack=slug,
            resolved=resolved,
        )
    return resolved
