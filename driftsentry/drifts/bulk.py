"""One word on many drifts at once: on those that were ticked, or on all that a list shows. One transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from driftsentry import errors, events
from driftsentry.auth import Role, require_role
from driftsentry.db import Database, Tx
from driftsentry.drifts import bulk_queries
from driftsentry.drifts.actions import CHANGED
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.model import Standing
from driftsentry.drifts.walk_queries import search
from driftsentry.events import Actor

# The one writer is kept for about 0.4 s by so many, and others wait for their turn.
MOST = 1000
REMEMBERED = 20_000  # events that a form is compared with: they are read while the one writer is kept


@dataclass(frozen=True, slots=True)
class Choice:
    """The drifts of a list that are meant. `seen`: those that were ticked, with the fingerprints on the page.

    With `wanted` it is all that it matches, and they were `count`. `seq`: of the last event before the page was made.
    """

    seen: Mapping[int, str] = field(default_factory=dict)
    wanted: Filter | None = None
    count: int = 0
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` in the order of the list; of those `left_out` each with why."""

    done: list[int]
    left_out: list[tuple[int, str]]


class Deed(Protocol):
    """What is done to each of them."""

    @property
    def kind(self) -> str:
        """Of the events that it records."""

    @property
    def said(self) -> Mapping[str, str]:
        """What is in the data of each of these events, and tells the same deed from another one."""

    def objection(self, standing: Standing, actor: Actor) -> str | None:
        """Why it cannot be done; "" when it was done already, just so and by him."""

    async def write(self, tx: Tx, actor: Actor, standings: Sequence[Standing]) -> None:
        """Do it to drifts without an objection, and record it."""


class Outdated(errors.Conflict):
    """The list is not what was seen. `count`: how many match now, by the event `seq`."""

    def __init__(self, why: str, count: int, seq: int) -> None:
        super().__init__(f"{why} Nothing was done: look at the list, or say it again.")
        self.count, self.seq = count, seq


class Unclear(errors.Invalid):
    """Whatever is typed: the list itself cannot be meant."""


async def carry_out(db: Database, actor: Actor, choice: Choice, deed: Deed) -> Outcome:
    """Do it to all that are meant and let it. The same again is answered as the first time and recorded once, unless
    more than `REMEMBERED` events came between.

    Raises `Invalid` for none or too many of them, `Forbidden`, or `Outdated`.
    """
    if not choice.wanted and not 0 < len(choice.seen) <= MOST:
        raise errors.Invalid(f"Select between 1 and {MOST:,} drifts first.")
    async with db.write() as tx:
        await require_role(tx, actor, Role.ENGINEER)
        choice = await _within_reach(tx, choice)
        done = await _done_before(tx, actor, choice, deed)
        drift_ids = await _meant(tx, choice, choice.wanted, done) if choice.wanted else list(choice.seen)
        standings = await bulk_queries.select_standings(tx, drift_ids)
        # Whatever is open again since then was undone: he means it anew.
        again = set(done).intersection(drift_ids)
        before = [each for each in drift_ids if each in again and deed.objection(standings[each], actor) is not None]
        look = _Look(choice, standings, await _newer(tx, choice, drift_ids), deed, actor)
        refusals = {drift_id: look.refusal(drift_id) for drift_id in drift_ids if drift_id not in before}
        ready = [standings[drift_id] for drift_id, why in refusals.items() if why is None]
        if ready:
            await deed.write(tx, actor, ready)
    left_out = [(drift_id, why) for drift_id, why in refusals.items() if why]
    return Outcome([*before, *(drift_id for drift_id, why in refusals.items() if not why)], left_out)


async def count_matching(tx: Tx, wanted: Filter) -> int | None:
    """How many drifts one form can mean now; None where they are too many, or the list is not understood."""
    if wanted.problem:
        return None
    asked = await search(tx, wanted.wanted)
    count = MOST + 1 if asked.is_far else await asked.count(MOST)
    return count if count <= MOST else None


async def _within_reach(tx: Tx, choice: Choice) -> Choice:
    """An old form is compared with the newest events only. Who ticked rows names what he saw; all that match cannot be
    told from what came since. Raises `Outdated`."""
    latest = await events.latest_seq(tx)
    if choice.seq is None or latest - choice.seq <= REMEMBERED:
        return choice
    if choice.wanted:
        count = len(await _matching(tx, choice.wanted))
        raise Outdated("The list has changed too much since you loaded the page.", count, latest)
    return replace(choice, seq=latest - REMEMBERED)


async def _done_before(tx: Tx, actor: Actor, choice: Choice, deed: Deed) -> list[int]:
    """To which drifts he has done just this since he got the page: the form came twice."""
    if choice.seq is None:
        return []
    return await bulk_queries.select_done(tx, actor.id, deed.kind, choice.seq, deed.said)


async def _meant(tx: Tx, choice: Choice, wanted: Filter, done: list[int]) -> list[int]:
    """What matches now, which must be as many as were seen; what was done before may match no longer."""
    drift_ids = await _matching(tx, wanted)
    for meant in (drift_ids, list(dict.fromkeys([*done, *drift_ids]))):
        if len(meant) == choice.count and meant:
            return meant
    noun = "drift matches" if len(drift_ids) == 1 else "drifts match"
    why = f"{len(drift_ids):,} {noun} now, not {choice.count:,}." if drift_ids else "Nothing matches any more."
    raise Outdated(why, len(drift_ids), await events.latest_seq(tx))


async def _matching(tx: Tx, wanted: Filter) -> list[int]:
    """All, in their order. Raises `Unclear`."""
    if wanted.problem:
        raise Unclear(wanted.problem)
    found = await (await search(tx, wanted.wanted)).places(wanted.sort, limit=MOST, is_bounded=True)
    if found.end:  # also where a page gave up looking
        raise Unclear(
            f"More than {MOST:,} drifts match, or there are too many to look through at once. Narrow the list, by stack"
            " or severity for example, and go part by part."
        )
    return found.ids


async def _newer(tx: Tx, choice: Choice, drift_ids: list[int]) -> set[int]:
    """Of all that match: those that became what they are only after the page was made."""
    if choice.wanted is None or choice.seq is None:
        return set()
    return await bulk_queries.select_changed(tx, drift_ids, choice.seq)


@dataclass(frozen=True)
class _Look:
    """At all that is meant, as it stands now."""

    choice: Choice
    standings: Mapping[int, Standing]
    newer: set[int]
    deed: Deed
    actor: Actor

    @cached_property
    def _does_any_wait(self) -> bool:
        return any(standing.is_waiting for standing in self.standings.values())

    def refusal(self, drift_id: int) -> str | None:
        """Why this one is left out; "" when it was done before, None when it is ready."""
        standing = self.standings.get(drift_id)
        if standing is None:
            return "There is no such drift."
        if drift_id in self.newer or not self._is_as_seen(standing):
            return CHANGED
        # Who ticks a row means it. Who selects all means what waits; where nothing does, he means the rest.
        if self.choice.wanted and standing.is_open and not standing.is_waiting and self._does_any_wait:
            word = "Informational" if standing.cause == "informational" else "Snoozed"
            return f"{word}: it waits for nobody. Tick it in the list if you mean it."
        return self.deed.objection(standing, self.actor)

    def _is_as_seen(self, standing: Standing) -> bool:
        return self.choice.wanted is not None or standing.fingerprint == self.choice.seen[standing.id]
