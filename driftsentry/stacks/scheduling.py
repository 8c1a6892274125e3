"""How often a stack is expected to report: learned, set by somebody, learned again; and what was learned, forgotten."""

from datetime import datetime, timedelta

from driftsentry import clock, errors, events
from driftsentry.auth import Role, require_role
from driftsentry.db import Database, Tx
from driftsentry.errors import Problem
from driftsentry.events import SYSTEM, Actor
from driftsentry.stacks import queries, rhythm
from driftsentry.stacks.model import Stack
from driftsentry.stacks.rhythm import DAY, DEFAULT, SHORTEST, Schedule, Source, words_of

LONGEST = 366 * DAY
# Pipelines may report a few times in each run.
_REPORTS_TO_LEARN = 3 * rhythm.RUNS_THAT_MATTER


async def learn(tx: Tx, stack: Stack, received_at: datetime) -> None:
    """How often a stack reports, from its first reports. Later ones change nothing: a job that falls behind is late."""
    if stack.schedule.source is Source.SET:
        return
    received = [*await queries.select_received(tx, stack.id, _REPORTS_TO_LEARN), received_at]
    is_known = stack.schedule.source is Source.LEARNED and len(rhythm.runs_of(received)) > rhythm.RUNS_THAT_MATTER
    schedule = None if is_known else rhythm.learned(received)
    if schedule:
        await _reschedule(tx, SYSTEM, stack, schedule, received_at)


async def set_schedule(
    db: Database, actor: Actor, slug: str, interval: timedelta | None, grace: timedelta | None
) -> None:
    """Expect a report every `interval`, and wait `grace` longer. None is what could not be read.

    Raises `Invalid` with every problem, `Forbidden`, `NotFound`.
    """
    if interval is None or grace is None or not SHORTEST <= interval <= LONGEST or grace > LONGEST:
        raise errors.Invalid("That is no schedule.", problems=list(_problems(interval, grace)))
    async with db.write() as tx:
        stack = await _require(tx, actor, slug)
        await _reschedule(tx, actor, stack, Schedule(interval, grace, Source.SET), clock.now())


def _problems(interval: timedelta | None, grace: timedelta | None) -> list[Problem]:
    bounds = f"{words_of(SHORTEST)} to {words_of(LONGEST)}"
    problems = []
    if interval is None or not SHORTEST <= interval <= LONGEST:
        problems.append(Problem("interval", f"Give a whole number and a unit: {bounds}."))
    if grace is None or grace > LONGEST:
        problems.append(Problem("grace", f"Give a whole number and a unit: up to {words_of(LONGEST)}."))
    return problems


async def learn_again(db: Database, actor: Actor, slug: str) -> None:
    """From its latest reports; from the next ones while there are too few. Raises `Forbidden`, `NotFound`."""
    async with db.write() as tx:
        stack = await _require(tx, actor, slug)
        received = await queries.select_received(tx, stack.id, _REPORTS_TO_LEARN)
        await _reschedule(tx, actor, stack, rhythm.learned(received) or DEFAULT, clock.now())


async def forget(db: Database, actor: Actor, slug: str, resource_type: str, path: str) -> None:
    """No longer take an attribute for one that changes with every scan. Raises `Forbidden`, `NotFound`, `Conflict`."""
    async with db.write() as tx:
        stack = await _require(tx, actor, slug)
        if not await queries.delete_learned(tx, stack.id, resource_type, path):
            raise errors.Conflict("That attribute is not among the learned ones: somebody may have been faster.")
        events.record(
            tx,
            "attribute.forgotten",
            actor,
            at=clock.now(),
            stack_id=stack.id,
            stack=slug,
            resource_type=resource_type,
            path=path,
        )


async def _require(tx: Tx, actor: Actor, slug: str) -> Stack:
    await require_role(tx, actor, Role.ENGINEER)
    stack = await queries.select_stack(tx, slug)
    if stack is None:
        raise errors.NotFound("There is no such stack. Its first report makes it.")
    return stack


async def _reschedule(tx: Tx, actor: Actor, stack: Stack, new: Schedule, at: datetime) -> None:
    """The same once more is no news."""
    old = stack.schedule
    if new == old:
        return
    await queries.update_schedule(tx, stack.id, new)
    events.record(
        tx,
        "stack.scheduled",
        actor,
        at=at,
        stack_id=stack.id,
        stack=stack.slug,
        old_interval=words_of(old.interval),
        new_interval=words_of(new.interval),
        old_grace=words_of(old.grace),
        new_grace=words_of(new.grace),
        source=new.source.value,
    )
