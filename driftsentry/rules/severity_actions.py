"""What admins do to severity rules: add, change, remove, switch and move them. Then drifts are judged again."""

from collections.abc import Sequence
from typing import Any

from driftsentry import clock, drifts, errors, events
from driftsentry.auth import Role, require_role
from driftsentry.db import Database, Tx
from driftsentry.errors import Problem
from driftsentry.events import Actor
from driftsentry.judging import Rule, conditions_to_json
from driftsentry.rules import severity_queries as queries
from driftsentry.rules.books import books
from driftsentry.rules.severity_draft import Draft, checked
from driftsentry.rules.severity_model import RESERVED, KeptRule, Stored, arrange, facts_of, ruleset_of
from driftsentry.rules.severity_trial import Trial, compare

_OTHER_STATE = "Somebody changed this rule since you opened it. Look at it again."


async def add(db: Database, key: bytes, actor: Actor, draft: Draft) -> Rule:
    """A rule of one's own, first among its severity. The same draft again is answered as the first time.

    Raises `Invalid` with every problem, `Forbidden`, or `Conflict` for the id of another rule.
    """
    rule, now = checked(draft), clock.now()
    async with db.write() as tx:
        await require_role(tx, actor, Role.ADMIN)
        stored = await queries.select_stored(tx)
        _require_own_name(stored, rule)
        if await queries.insert_own(tx, rule, actor.id, now):
            events.record(tx, "rule.added", actor, at=now, **_told(rule))
        elif rule not in [kept.rule for kept in arrange(stored) if kept.is_own]:
            raise errors.Conflict("There is a rule with this id already. Open the form again.")
    await _review(db, key, actor)
    return rule


async def change(db: Database, key: bytes, actor: Actor, draft: Draft) -> Rule:
    """Raises as `add`, `NotFound`, and `Conflict` when the rule is not as it was seen."""
    rule, now = checked(draft), clock.now()
    async with db.write() as tx:
        await require_role(tx, actor, Role.ADMIN)
        stored = await queries.select_stored(tx)
        was = _require(arrange(stored), rule.key)
        if not was.is_own:
            raise errors.Conflict("A rule that ships cannot be changed. Switch it off, and add one of your own.")
        _require_own_name(stored, rule)
        if was.rule != rule:  # else a second click: it is so already
            if not await queries.update_own(tx, rule, draft.seen, now):
                raise errors.Conflict(_OTHER_STATE)
            before, after = _told(was.rule), _told(rule)
            changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
            events.record(
                tx, "rule.changed", actor, at=now, rule_id=rule.key, name=rule.name,
                before={name: before.get(name, "") for name in changed},
                after={name: after.get(name, "") for name in changed},
            )  # fmt: skip
    await _review(db, key, actor)
    return rule


async def remove(db: Database, key: bytes, actor: Actor, rule_id: str) -> None:
    """A rule of one's own goes; the log keeps it. Raises `NotFound`, `Forbidden`, `Conflict` for one that ships."""
    async with db.write() as tx:
        await require_role(tx, actor, Role.ADMIN)
        kept = _require(await queries.select_kept(tx), rule_id)
        if not await queries.delete_own(tx, rule_id):
            raise errors.Conflict("A rule that ships cannot be removed. Switch it off.")
        events.record(tx, "rule.removed", actor, at=clock.now(), **_told(kept.rule))
    await _review(db, key, actor)


async def switch(db: Database, key: bytes, actor: Actor, rule_id: str, *, on: bool) -> None:
    """Whether a rule is asked. One that is so already is left as it is. Raises `NotFound`, `Forbidden`."""
    now = clock.now()
    async with db.write() as tx:
        await require_role(tx, actor, Role.ADMIN)
        kept = _require(await queries.select_kept(tx), rule_id)
        if kept.is_active is on:
            return
        await queries.upsert_state(tx, kept, actor.id, now, is_active=on)
        kind = "rule.switched_on" if on else "rule.switched_off"
        events.record(tx, kind, actor, at=now, rule_id=rule_id, name=kept.rule.name, severity=kept.severity.value)
    await _review(db, key, actor)


async def move(db: Database, key: bytes, actor: Actor, rule_id: str, *, above: str = "", below: str = "") -> None:
    """Past its neighbour of the same severity. Raises `NotFound`, `Forbidden`, and `Conflict` when it is none any more.

    Naming the neighbour makes a second click harmless, and stops two people from moving past each other.
    """
    now = clock.now()
    async with db.write() as tx:
        await require_role(tx, actor, Role.ADMIN)
        kept = await queries.select_kept(tx)
        moved, other = _require(kept, rule_id), _require(kept, above or below)
        peers = [each for each in kept if each.severity is moved.severity]
        if other not in peers or abs(peers.index(moved) - peers.index(other)) != 1:
            raise errors.Conflict("The order is another one by now. Look at it again.")
        upper = moved if above else other
        first = min(peers.index(moved), peers.index(other))
        if peers[first] is upper:
            return
        peers[first], peers[first + 1] = peers[first + 1], peers[first]
        for position, each in enumerate(peers):
            await queries.upsert_state(tx, each, actor.id, now, position=position)
        events.record(
            tx, "rule.moved", actor, at=now, rule_id=rule_id, name=moved.rule.name, severity=moved.severity.value,
            past=other.rule.name, direction="up" if above else "down",
        )  # fmt: skip
    await _review(db, key, actor)


async def attempt(tx: Tx, draft: Draft) -> Trial:
    """What the rule would change, as it stands in the form. Raises `Invalid` with every problem."""
    rule = checked(draft)
    stored = await queries.select_stored(tx)
    _require_own_name(stored, rule)
    was = next((row for row in stored if row.id == rule.key and row.severity == rule.severity), None)
    now = Stored(
        rule.key, rule.name, rule.severity.value, conditions_to_json(rule.conditions), rule.reason, is_active=True,
        position=was.position if was else None, maker="",
        created_at=was.created_at if was else clock.to_text(clock.now()), updated_at="",
    )  # fmt: skip
    others = [row for row in stored if row.id != rule.key]
    return await compare(tx, rule.name, ruleset_of(stored), ruleset_of([*others, now]))


def _require(kept: Sequence[KeptRule], rule_id: str) -> KeptRule:
    for each in kept:
        if each.key == rule_id:
            return each
    raise errors.NotFound("There is no such severity rule.")


def _require_own_name(stored: Sequence[Stored], rule: Rule) -> None:
    """Drifts say by its name which rule they have their severity from."""
    taken = {kept.rule.name for kept in arrange(stored) if kept.key != rule.key} | RESERVED
    if rule.name in taken:
        sentence = "There is a rule of this name already."
        raise errors.Invalid(sentence, problems=[Problem("name", sentence)])


def _told(rule: Rule) -> dict[str, Any]:
    """What the log keeps of a rule: all that it says, as nothing else tells it for good."""
    said = {what.lower().replace(" ", "_"): ", ".join(values) for what, values in facts_of(rule)}
    return {"rule_id": rule.key, "name": rule.name, "severity": rule.severity.value, "reason": rule.reason, **said}


async def _review(db: Database, key: bytes, actor: Actor) -> None:
    await drifts.review(db, actor, books(key))
