"""What people do to ignore rules: add and end them. And what time does: their day comes."""

from datetime import timedelta
from typing import Any

from driftsentry import clock, drifts, errors, events
from driftsentry.auth import Role, require_role
from driftsentry.db import Database, Tx
from driftsentry.events import SYSTEM, Actor
from driftsentry.judging.ignoring import Ignore
from driftsentry.rules import ignore_queries as queries
from driftsentry.rules.books import books
from driftsentry.rules.ignore_model import Draft, IgnoreRule, checked

# Whoever ended a rule is at it; later than this he will not come back to it.
_SLOWEST_REVIEW = timedelta(minutes=2)


async def add(db: Database, key: bytes, actor: Actor, draft: Draft) -> IgnoreRule:
    """Hide what the rule covers, from now on. The same draft again is answered as the first time.

    Raises `Invalid` with every problem, `Forbidden`, or `Conflict` for the id of another rule.
    """
    now = clock.now()
    ignore = checked(draft, actor.name, now)
    async with db.write() as tx:
        await require_role(tx, actor, Role.ENGINEER)
        if await queries.insert_rule(tx, ignore, actor.id, now):
            events.record(tx, "rule.ignore_added", actor, at=now, **_told(ignore), until=clock.to_text(ignore.ends_at))
        rule = await require(tx, ignore.id)
    if rule.owner_id != actor.id or rule.ignore != ignore:
        raise errors.Conflict("There is a rule with this id already. Open the form again.")
    await _review(db, key, actor, [ignore.stack_glob])
    return rule


async def end(db: Database, key: bytes, actor: Actor, rule_id: str) -> IgnoreRule:
    """What it hid needs a decision again, at once. One that has ended already is left as it is."""
    now = clock.now()
    async with db.write() as tx:
        await require_role(tx, actor, Role.ENGINEER)
        rule = await require(tx, rule_id)
        if await queries.update_ended(tx, rule_id, actor.name, now):
            events.record(tx, "rule.ignore_ended", actor, at=now, **_told(rule.ignore))
    await _review(db, key, actor, [rule.ignore.stack_glob])
    return rule


async def end_due(db: Database, key: bytes) -> int:
    """End the rules whose day has come, each once, whatever many processes look; how many there were."""
    now = clock.now()
    async with db.read() as tx:
        is_due = await queries.select_due(tx, now)
        left_over = await queries.select_left_over(tx, now - _SLOWEST_REVIEW)
    ended: list[tuple[str, str]] = []
    if is_due:
        async with db.write() as tx:
            ended = await queries.update_due(tx, now)
            for rule_id, _glob in ended:
                events.record(tx, "rule.ignore_ended", SYSTEM, at=now, **_told((await require(tx, rule_id)).ignore))
    await _review(db, key, SYSTEM, [*left_over, *[glob for _id, glob in ended]])
    return len(ended)


async def require(tx: Tx, rule_id: str) -> IgnoreRule:
    rule = await queries.select_rule(tx, rule_id)
    if rule is None:
        raise errors.NotFound("There is no such ignore rule.")
    return rule


def _told(ignore: Ignore) -> dict[str, Any]:
    """What the log keeps of a rule: all that it says, as nothing else tells it for good."""
    return {
        "rule_id": ignore.id,
        "stacks": ignore.stack_glob,
        "type": ignore.resource_type,
        "addresses": ignore.address_glob,
        "attribute": drifts.path_text(ignore.path),
        "values": ignore.value_glob,
        "reason": ignore.reason,
    }


async def _review(db: Database, key: bytes, actor: Actor, globs: list[str]) -> None:
    for glob in dict.fromkeys(globs):
        await drifts.review(db, actor, books(key), glob)
