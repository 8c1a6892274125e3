"""Putting a drift off: until a time, or until it changes. It stays `detected`, but waits for nobody meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from driftsentry import clock, errors, events
from driftsentry.auth import Role, require_role
from driftsentry.db import Database, Tx
from driftsentry.drifts import snooze_queries as queries
from driftsentry.drifts.actions import Contradicted, require, text_of
from driftsentry.drifts.model import REASON_LENGTH, Drift, Standing
from driftsentry.errors import Problem
from driftsentry.events import SYSTEM, Actor, Event

CHOICES: Mapping[str, timedelta] = {
    "1 day": timedelta(days=1),
    "1 week": timedelta(weeks=1),
    "30 days": timedelta(days=30),
}
UNTIL_CHANGE = "change"
LONGEST = timedelta(days=366)
_CHANGED = "This drift changed since you loaded the page. Look at the new facts."


@dataclass(frozen=True, slots=True)
class Snooze:
    """What somebody asks for. `until`: one of `CHOICES`, `UNTIL_CHANGE`, or a time; an empty reason is none.

    `fingerprint` and `version`: of the facts that were seen, as for a decision.
    """

    until: str
    fingerprint: str | None
    reason: str = ""
    version: int | None = None


async def snooze(db: Database, actor: Actor, drift_id: int, wish: Snooze) -> Drift:
    """Put it off. The same wish again is answered as the first time and recorded once.

    Raises `Invalid`, `Forbidden`, `NotFound`, or `Contradicted` when somebody else or a report was faster.
    """
    now = clock.now()
    wish, until = checked(wish, now)
    async with db.write() as tx:
        await require_role(tx, actor, Role.ENGINEER)
        if not await queries.update_snoozed(
            tx, drift_id, until=until, seen=wish.fingerprint, version=wish.version, at=now
        ):
            return await _answer_again(tx, actor, drift_id, wish)
        drift = await require(tx, drift_id)
        record(tx, actor, drift, wish, until, now)
    return drift


def record(tx: Tx, actor: Actor, drift: Drift | Standing, wish: Snooze, until: datetime | None, now: datetime) -> None:
    """Note in `tx` that it was put off."""
    events.record(
        tx,
        "drift.snoozed",
        actor,
        at=now,
        stack_id=drift.stack_id,
        drift_id=drift.id,
        asked=wish.until,
        until=clock.maybe_to_text(until),
        reason=wish.reason,
        fingerprint=drift.fingerprint,
    )


def checked(wish: Snooze, now: datetime) -> tuple[Snooze, datetime | None]:
    """The wish trimmed, and the end that it asks for. Raises `Invalid` with every problem."""
    asked, reason = wish.until.strip(), text_of(wish.reason)
    until = now + CHOICES[asked] if asked in CHOICES else _time_of(asked)
    problems = []
    if asked != UNTIL_CHANGE and (until is None or not now < until <= now + LONGEST):
        sentence = f"Choose until when: a day at most {LONGEST.days} days from now, or until it changes."
        problems.append(Problem("until", sentence))
    if len(reason) > REASON_LENGTH[1]:
        sentence = f"A reason has at most {REASON_LENGTH[1]} characters; this one has {len(reason)}."
        problems.append(Problem("reason", sentence))
    if problems:
        raise errors.Invalid(" ".join(problem.message for problem in problems), problems=problems)
    return replace(wish, until=asked, reason=reason), until


def _time_of(text: str) -> datetime | None:
    """A time with its offset, or the end of a day in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == len("2027-01-31"):
            return moment.replace(tzinfo=UTC) + timedelta(days=1)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


async def _answer_again(tx: Tx, actor: Actor, drift_id: int, wish: Snooze) -> Drift:
    """The guarded update found nothing: the first answer for a repetition, else what is different."""
    drift = await require(tx, drift_id)
    if wish.fingerprint is not None and drift.fingerprint != wish.fingerprint:
        raise Contradicted(drift, _CHANGED, "DRIFT_CHANGED")
    if not drift.is_open:
        raise Contradicted(drift, f"This drift is {drift.status} by now; there is nothing to snooze.", "CONFLICT")
    if drift.cause == "informational":
        raise Contradicted(drift, "This drift is informational: it waits for nobody.", "CONFLICT")
    made = await _last_snooze(tx, drift_id) if drift.is_snoozed else None
    if made is None:  # it waits, with these facts, but has another version than the one that was seen
        raise Contradicted(drift, _CHANGED, "DRIFT_CHANGED")
    if (made.actor.id, made.data["asked"], made.data["reason"]) == (actor.id, wish.until, wish.reason):
        return drift
    who = "You have" if made.actor.id == actor.id else f"{made.actor_name} has"
    raise Contradicted(drift, f"{who} snoozed this drift already. Wake it first.", "CONFLICT")


async def _last_snooze(tx: Tx, drift_id: int) -> Event | None:
    told = await events.select_of_drift(tx, drift_id)
    return next((event for event in reversed(told) if event.kind == "drift.snoozed"), None)


async def wake(db: Database, actor: Actor, drift_id: int) -> Drift:
    """Put it before people's eyes again. One that is awake is left as it is."""
    now = clock.now()
    async with db.write() as tx:
        await require_role(tx, actor, Role.ENGINEER)
        is_woken = await queries.update_woken(tx, drift_id, now)
        drift = await require(tx, drift_id)
        if is_woken:
            events.record(tx, "drift.woken", actor, at=now, stack_id=drift.stack_id, drift_id=drift_id)
    return drift


async def wake_due(db: Database) -> int:
    """Wake drifts whose time has come, each once, whatever many processes look; how many there were."""
    now = clock.now()
    async with db.read() as tx:
        if not await queries.select_due(tx, now):
            return 0
    async with db.write() as tx:
        woken = await queries.update_due(tx, now)
        for drift_id, stack_id in woken:
            events.record(tx, "drift.woken", SYSTEM, at=now, stack_id=stack_id, drift_id=drift_id)
    return len(woken)
