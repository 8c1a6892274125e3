"""The steps of Pulumi for one resource, from previews and event streams alike, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET

from driftsentry.ingest.formats.pulumi_state import State, decode_part
from driftsentry.ingest.formats.typed import Part, Values, is_absent
from driftsentry.ingest.limits import MAX_RESOURCES, refuse_hostile

Direction: TypeAlias = Literal["refresh", "preview"]

_MAX_STEPS = 2 * MAX_RESOURCES
# One replacement is up to three steps.
_REPLACING = frozenset({"replace", "create-replacement", "delete-replaced"})
# Says that a resource was looked at; what came out of it is in the states, if at all.
LOOKED_AT = "refresh"
_QUIET = frozenset(
    {
        "same",
        "read",
        "read-replacement",
        "read-discard",
        "discard",
        "discard-replaced",
        "remove-pending-replace",
        "import",
        "import-replacement",
        LOOKED_AT,
    }
)


class PropertyDiff(msgspec.Struct, gc=False):
    """`kind` in previews and `diffKind` in events: add, delete or update, with `-replace` behind it where it forces
    one. `input_diff`: between the inputs of both sides, rather than between the outputs and the new inputs."""

    kind: str | None = None
    diff_kind: str | None = msgspec.field(default=None, name="diffKind")
    input_diff: bool | None = msgspec.field(default=None, name="inputDiff")


@dataclass(slots=True)
class Step:
    op: str
    urn: str
    place: str
    old: State | None
    new: State | None
    detailed: Part = UNSET
    reasons: Part = UNSET


_diffs = msgspec.json.Decoder(dict[str, PropertyDiff])
_names = msgspec.json.Decoder(list[str])


@dataclass(slots=True)
class Told:
    """All that was said of one resource. `op` is "" where nothing differs."""

    urn: str
    place: str
    op: str = ""
    steps: list[Step] = field(default_factory=list)

    @property
    def old(self) -> State | None:
        return _fullest(step.old for step in self.steps)

    @property
    def new(self) -> State | None:
        return _fullest(step.new for step in reversed(self.steps))

    def detailed(self, values: Values) -> dict[str, PropertyDiff]:
        """The difference that Pulumi names, by property path; empty where it names none. Raises Refused."""
        for step in reversed(self.steps):
            found = decode_part(_diffs, step.detailed, values, f"{step.place}.detailedDiff")
            if found:
                return found
        return {}

    def reasons(self, values: Values) -> list[str]:
        """The properties that differ, where Pulumi names no more than these. Raises Refused."""
        for step in reversed(self.steps):
            found = decode_part(_names, step.reasons, values, f"{step.place}.diffReasons")
            if found:
                return found
        return []


def gather(steps: Iterable[Step]) -> list[Told]:
    """What was said, by resource, in the order of the report."""
    found: dict[str, Told] = {}
    for amount, step in enumerate(steps):
        if amount >= _MAX_STEPS:
            raise refuse_hostile(f"it holds more than {_MAX_STEPS:,} steps")
        if not step.urn:
            raise refuse_hostile(f"{step.place} has no urn")
        found.setdefault(step.urn, Told(step.urn, step.place)).steps.append(step)
    for told in found.values():
        told.op = _settle(told)
    return list(found.values())


def _settle(told: Told) -> str:
    """One operation for all the steps. What says nothing is dropped from them, unless all of them do."""
    ops = {step.op for step in told.steps}
    loud = [step for step in told.steps if step.op not in _QUIET]
    if not loud:
        return LOOKED_AT if LOOKED_AT in ops else ""
    told.steps = loud
    loud_ops = {step.op for step in loud}
    if loud_ops & _REPLACING or {"create", "delete"} <= loud_ops:
        return "replace"
    return loud[-1].op


def _fullest(states: Iterable[State | None]) -> State | None:
    """The first state that has outputs, or else the first one."""
    known = [state for state in states if state is not None]
    return next((state for state in known if not is_absent(state.outputs)), known[0] if known else None)
