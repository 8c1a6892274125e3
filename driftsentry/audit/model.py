"""Entries of the audit log: what happened, in words and as before and after; and what a list is narrowed to."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from driftsentry.events import Actor


@dataclass(frozen=True, slots=True)
class Filter:
    """What entries are wanted; '' and None mean all. `since` is the first moment, `until` the first one not wanted."""

    actor: str = ""  # a name, an id or an e-mail, whole
    kind: str = ""  # `drift.approved`, or the noun alone: `drift`
    stack: str = ""
    drift_id: int | None = None
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""  # a part of the actor's name

    @property
    def is_narrowed(self) -> bool:
        return self != Filter()


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence. `role`: '' for words of ours, else whose text it is: actor, stack, drift or value."""

    text: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A field of what was done. `before` is None where the event knows of no value before."""

    field: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as people and programs read it. `data` holds no secret."""

    seq: int
    at: datetime
    kind: str
    actor: Actor
    address: str
    request_id: str
    stack: str  # '' when it is about none
    drift_id: int | None
    drift: str  # the resource's address of now
    report_id: str | None
    data: dict[str, Any] = field(hash=False)
    previous_hash: str
    hash: str
    parts: tuple[Part, ...]
    changes: tuple[Change, ...]

    @property
    def sentence(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def actor_key(self) -> str:
        """What a filter finds the actor by."""
        return self.actor.id or self.actor.name

    @property
    def words(self) -> str:
        """What somebody wrote: a reason or a comment."""
        return str(self.data.get("reason") or self.data.get("text") or "")
