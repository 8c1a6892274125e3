"""One side of a resource of Pulumi: properties that are decoded when they are asked for.

Most properties of a state are the same on both sides, to the byte, and are never looked at.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from driftsentry.ingest import limits
from driftsentry.ingest.formats.comparing import Path
from driftsentry.ingest.formats.pulumi_values import MISSING, SIGNATURE, at, is_internal, opened
from driftsentry.ingest.formats.typed import Part, Values, decode, is_absent

Decoded = TypeVar("Decoded")

TOOL = "Pulumi"


class State(msgspec.Struct, gc=False):
    """A resource in the state, in the cloud or in the program; nothing in it is decoded yet."""

    inputs: Part = UNSET
    outputs: Part = UNSET
    secret_outputs: Part = msgspec.field(default=UNSET, name="additionalSecretOutputs")


_raws = msgspec.json.Decoder(dict[str, Raw])
_names = msgspec.json.Decoder(list[str])


class Properties:
    """The inputs or the outputs. False where there are none."""

    def __init__(self, raw: Part, values: Values, place: str) -> None:
        self._values = values
        self._place = place
        self._raw = raw
        self._loaded: dict[str, Raw] | None = None
        self._known: dict[str, object] = {}

    @property
    def _raws(self) -> dict[str, Raw]:
        if self._loaded is None:
            self._loaded = self._load(self._raw)
        return self._loaded

    def _load(self, raw: Part) -> dict[str, Raw]:
        if isinstance(raw, UnsetType) or is_absent(raw):
            return {}
        limits.require_few_nodes(raw, self._place, limits.MAX_NODES_OF_ONE)
        raws = decode(_raws, raw, tool=TOOL, place=self._place)
        return {"": raw} if SIGNATURE in raws else raws  # all of it is one secret

    def __bool__(self) -> bool:
        return bool(self._raws)

    def at(self, path: Path) -> object:
        """The value at the path, or MISSING. Raises Refused."""
        return at(self._value(str(path[0])), path[1:])

    def whole(self) -> dict[str, object]:
        """All properties but those that Pulumi keeps for itself. Raises Refused."""
        return {name: self._value(name) for name in self._raws if not is_internal((name,))}

    def against(self, other: Properties) -> tuple[dict[str, object], dict[str, object]]:
        """The properties of both that are not the same to the byte. Raises Refused."""
        raws = self._raws
        names = [name for name in raws.keys() | other._raws.keys() if raws.get(name) != other._raws.get(name)]
        names = [name for name in names if not is_internal((name,))]
        return self._some(names), other._some(names)

    def only(self, names: Properties) -> Properties:
        """These properties as far as `names` has them too."""
        part = Properties(UNSET, self._values, self._place)
        part._loaded = {name: raw for name, raw in self._raws.items() if name in names._raws}
        return part

    def _some(self, names: list[str]) -> dict[str, object]:
        return {name: self._value(name) for name in names if name in self._raws}

    def _value(self, name: str) -> object:
        if name not in self._known:
            raw = self._raws.get(name)
            self._known[name] = MISSING if raw is None else opened(self._values.read(raw, self._place))
        return self._known[name]


class Side:
    """Inputs and outputs of one state, and the names of the outputs that are secret."""

    def __init__(self, state: State | None, values: Values, place: str) -> None:
        known = state or State()
        self.inputs = Properties(known.inputs, values, f"{place}: inputs")
        self.outputs = Properties(known.outputs, values, f"{place}: outputs")
        self.secrets = frozenset(
            decode_part(_names, known.secret_outputs, values, f"{place}.additionalSecretOutputs") or ()
        )

    def first(self, path: Path, *, is_input: bool) -> object:
        """What stands at the path, in the inputs or else in the outputs, or the other way round; or MISSING."""
        for properties in (self.inputs, self.outputs) if is_input else (self.outputs, self.inputs):
            found = properties.at(path)
            if found is not MISSING:
                return found
        return MISSING


def decode_part(decoder: msgspec.json.Decoder[Decoded], raw: Part, values: Values, place: str) -> Decoded | None:
    """None for null and for what is not there. Raises Refused."""
    if isinstance(raw, UnsetType) or is_absent(raw):
        return None
    values.spend(bytes(raw), place)
    return decode(decoder, raw, tool=TOOL, place=place)
