"""What people do to drifts: decide and comment. And what time does: approvals lapse."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from driftsentry import clock, errors, events, ids
from driftsentry.auth import Role, require_role
from driftsentry.db import Database, Tx
from driftsentry.drifts import queries
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.model import COMMENT_LENGTH, REASON_LENGTH, Decision, Drift, Row, Standing, Verdict
from driftsentry.drifts.query import asking_for
from driftsentry.errors import Problem
from driftsentry.events import SYSTEM, Actor

CONSEQUENCES = {
    Verdict.APPROVED: "keep reality, change the code",
    Verdict.REJECTED: "revert reality to the code",
}
CHANGED = "This drift changed since you loaded the page. Look at the new facts and decide again."
Once = Callable[[Tx], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wish:
    """A decision as somebody asks for it: on the facts that he saw, named by fingerprint, version, both or neither."""

    verdict: Verdict
    reason: str
    fingerprint: str | None
    until: datetime | None = None
    version: int | None = None


class Contradicted(errors.Conflict):
    """The facts or the status are not what the caller saw. `drift` is what they are now."""

    def __init__(self, drift: Drift, message: str, code: str) -> None:
        now = {"status": drift.status.value, "fingerprint": drift.fingerprint, "version": str(drift.version)}
        super().__init__(message, code=code, problems=[Problem(name, value) for name, value in now.items()])
        self.drift = drift


async def decide(db: Database, actor: Actor, drift_id: int, wish: Wish) -> Drift:
    """Approve or reject. The same wish again is answered as the first time and recorded once.

    Raises `Invalid`, `Forbidden`, `NotFound`, or `Contradicted` when somebody else or a report was faster.
    """
    async with db.write() as tx:
        await require_role(tx, actor, Role.ENGINEER)
        return await _decide(tx, actor, drift_id, check(wish))


def check(wish: Wish) -> Wish:
    """The wish with its reason trimmed. Raises `Invalid` with every problem."""
    reason = text_of(wish.reason)
    problems = []
    low, high = REASON_LENGTH
    if not low <= len(reason) <= high:
        problems.append(Problem("reason", f"Give a reason of {low} to {high} characters; this one has {len(reason)}."))
    if wish.until is not None and wish.verdict is not Verdict.APPROVED:
        problems.append(Problem("until", "Only an approval can have an end date."))
    if wish.until is not None and wish.until <= clock.now():
        problems.append(Problem("until", "The end date must be in the future."))
    if problems:
        raise errors.Invalid(" ".join(problem.message for problem in problems), problems=problems)
    return replace(wish, reason=reason)


def text_of(typed: str) -> str:
    """What somebody typed, with one kind of line end, and without zero bytes, which PostgreSQL cannot keep."""
    return typed.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


async def _decide(tx: Tx, actor: Actor, drift_id: int, wish: Wish) -> Drift:
    decision = Decision(
        ids.new(),
        drift_id,
        actor.id,
        actor.name,
        wish.verdict,
        wish.reason,
        wish.fingerprint or "",
        (),
        wish.until,
        clock.now(),
    )
    if not await queries.update_decided(tx, decision, wish.fingerprint, wish.version):
        return await _answer_again(tx, actor, drift_id, wish)
    await queries.insert_decision(tx, decision)
    decided = await require(tx, drift_id)
    record(tx, actor, replace(decision, fingerprint=decided.fingerprint), decided.stack_id)
    return decided


def record(tx: Tx, actor: Actor, decision: Decision, stack_id: str) -> None:
    """Note in `tx` that it was made. Its fingerprint must be that of the facts it is about."""
    events.record(
        tx,
        f"drift.{decision.verdict.value}",
        actor,
        at=decision.decided_at,
        stack_id=stack_id,
        drift_id=decision.drift_id,
        decision_id=decision.id,
        reason=decision.reason,
        fingerprint=decision.fingerprint,
        consequence=CONSEQUENCES[decision.verdict],
        until=clock.maybe_to_text(decision.until),
    )


async def _answer_again(tx: Tx, actor: Actor, drift_id: int, wish: Wish) -> Drift:
    """The guarded update found nothing: the first answer for a repetition, else what is different."""
    drift = await require(tx, drift_id)
    found = contradiction(drift, actor, wish)
    if found:
        raise Contradicted(drift, *found)
    return drift


def contradiction(drift: Drift | Standing, actor: Actor, wish: Wish) -> tuple[str, str] | None:
    """Why a decision that finds nothing to change cannot be made, and the code of that; None for a repetition."""
    made = drift.decision
    is_other = wish.fingerprint is not None and drift.fingerprint != wish.fingerprint
    if is_other or drift.is_open:  # an open one with these facts has another version than the one that was seen
        return CHANGED, "DRIFT_CHANGED"
    if made is None or drift.status == "resolved":
        return f"This drift is {drift.status} by now; there is nothing to decide.", "CONFLICT"
    # Whatever version was seen: the first time has raised it.
    if (made.user_id, made.verdict, made.reason, made.until) == (actor.id, wish.verdict, wish.reason, wish.until):
        return None
    who = "You have" if made.user_id == actor.id else f"{made.user_name} has"
    return f"{who} {made.verdict} this drift already. Nothing was changed.", "ALREADY_DECIDED"


@dataclass(frozen=True, slots=True)
class Comment:
    """One that was stored: on which drift, its text, and the number and time of its event."""

    drift: Drift
    text: str
    seq: int
    at: datetime


async def comment(db: Database, actor: Actor, drift_id: int, text: str, once: Once | None = None) -> Comment:
    """Add to the timeline. The event is the comment: it can be neither edited nor lost.

    `once` comes first inside the transaction, and may refuse.
    """
    text = text_of(text)
    low, high = COMMENT_LENGTH
    if not low <= len(text) <= high:
        sentence = f"A comment has {low} to {high} characters; this one has {len(text)}."
        raise errors.Invalid(sentence, problems=[Problem("text", sentence)])
    async with db.write() as tx:
        if once:
            await once(tx)
        await require_role(tx, actor, Role.ENGINEER)
        drift = await require(tx, drift_id)
        now = clock.now()
        events.record(tx, "drift.commented", actor, at=now, stack_id=drift.stack_id, drift_id=drift_id, text=text)
        seq = await events.latest_seq(tx) + len(tx.entries)  # nobody else writes before this is committed
    return Comment(drift, text, seq, now)


async def most_urgent(tx: Tx, limit: int, *, stack: str = "") -> list[Row]:
    """What somebody should decide on first."""
    return (await queries.select_page(tx, Filter(query=asking_for(stack=stack)), limit)).rows


async def lapse(db: Database) -> int:
    """Put approvals whose end has come back before people's eyes; how many there were."""
    now = clock.now()
    async with db.read() as tx:
        if not await queries.select_lapsing(tx, clock.to_text(now)):
            return 0
    async with db.write() as tx:
        lapsed = await queries.update_lapsed(tx, clock.to_text(now))
        for drift_id, stack_id in lapsed:
            events.record(tx, "drift.lapsed", SYSTEM, at=now, stack_id=stack_id, drift_id=drift_id)
    return len(lapsed)


async def require(tx: Tx, drift_id: int) -> Drift:
    drift = await queries.select_drift(tx, drift_id)
    if drift is None:
        raise errors.NotFound("There is no such drift.")
    return drift
