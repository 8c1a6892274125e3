"""What can be done to many drifts at once: decide, and put off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from driftsentry import clock, ids
from driftsentry.db import Tx
from driftsentry.drifts import actions, bulk_queries, snoozing
from driftsentry.drifts.actions import Wish
from driftsentry.drifts.model import Decision, Standing
from driftsentry.drifts.snoozing import Snooze
from driftsentry.events import Actor


@dataclass(frozen=True, slots=True)
class Deciding:
    """One verdict with one reason. Made by `deciding`."""

    wish: Wish

    @property
    def kind(self) -> str:
        return f"drift.{self.wish.verdict.value}"

    @property
    def said(self) -> Mapping[str, str]:
        return {"reason": self.wish.reason}

    def objection(self, standing: Standing, actor: Actor) -> str | None:
        if standing.is_open:
            return None
        found = actions.contradiction(standing, actor, self.wish)
        return found[0] if found else ""

    async def write(self, tx: Tx, actor: Actor, standings: Sequence[Standing]) -> None:
        now = clock.now()
        decisions = [
            Decision(
                ids.new(), each.id, actor.id, actor.name, self.wish.verdict, self.wish.reason, each.fingerprint, (),
                self.wish.until, now,
            )
            for each in standings
        ]  # fmt: skip
        await bulk_queries.update_decided(tx, decisions)
        for standing, decision in zip(standings, decisions, strict=True):
            actions.record(tx, actor, decision, standing.stack_id)


@dataclass(frozen=True, slots=True)
class PuttingOff:
    """Snoozed until one time. Made by `putting_off`."""

    wish: Snooze
    until: datetime | None

    @property
    def kind(self) -> str:
        return "drift.snoozed"

    @property
    def said(self) -> Mapping[str, str]:
        return {"reason": self.wish.reason, "asked": self.wish.until}

    def objection(self, standing: Standing, actor: Actor) -> str | None:
        if not standing.is_open:
            return f"This drift is {standing.status} by now; there is nothing to snooze."
        if standing.cause == "informational":
            return "This drift is informational: it waits for nobody."
        return "This drift is snoozed already." if standing.is_snoozed else None

    async def write(self, tx: Tx, actor: Actor, standings: Sequence[Standing]) -> None:
        now = clock.now()
        await bulk_queries.update_snoozed(tx, standings, until=clock.maybe_to_text(self.until), at=clock.to_text(now))
        for standing in standings:
            snoozing.record(tx, actor, standing, self.wish, self.until, now)


def deciding(wish: Wish) -> Deciding:
    """Raises `Invalid` with every problem."""
    return Deciding(actions.check(wish))


def putting_off(until: str, reason: str) -> PuttingOff:
    """Raises `Invalid` with every problem."""
    return PuttingOff(*snoozing.checked(Snooze(until, None, reason), clock.now()))
