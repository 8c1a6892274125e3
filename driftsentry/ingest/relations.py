"""Which companions a report holds, and whether they explain a difference of the resource they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from driftsentry.ingest.companions import CARRIED, REFERENCES, ROWS_BY_TYPE, Companion
from driftsentry.ingest.diff import Line
from driftsentry.ingest.sealed import ClientDigest, Sealed
from driftsentry.ingest.values import read_value

Attributes: TypeAlias = Mapping[str, msgspec.Raw]


class Relations:
    """Companions by what they refer to. Values are compared as digests only, so that a masked document,
    which holds no others, says the same as the clear one."""

    def __init__(self, stack: str) -> None:
        self._client = ClientDigest(stack)
        self._carried: dict[tuple[str, str, str], dict[str, set[str]]] = {}

    def add(self, resource_type: str, attributes: Attributes) -> None:
        """Takes in one managed resource, if it is of a companion's type."""
        for reference in REFERENCES.get(resource_type, ()):
            for target in self._digests(attributes.get(reference)):
                key = (resource_type, reference, target)
                carried = self._carried.setdefault(key, {})
                for name in CARRIED:
                    if name in attributes:
                        carried.setdefault(name, set()).update(self._digests(attributes[name]))

    def mirrored(self, resource_type: str, sides: Iterable[Attributes], lines: list[Line]) -> dict[str, str]:
        """The attributes among `lines` that only mirror a companion: attribute to the companion's type."""
        found: dict[str, str] = {}
        rows = ROWS_BY_TYPE.get(resource_type, ())
        known = tuple(sides) if rows else ()
        for attribute in {str(line.path[0]) for line in lines} if rows else ():
            own_lines = [line for line in lines if line.path[0] == attribute]
            candidates = [row for row in rows if attribute in row.attributes]
            companion = self._explaining(candidates, known, own_lines)
            if companion:
                found[attribute] = companion
        return found

    def _explaining(self, rows: list[Companion], sides: tuple[Attributes, ...], lines: list[Line]) -> str:
        """The type of the companions that explain all the lines together, or ""."""
        present = [(row, key) for row in rows for key in self._keys(row, sides) if key in self._carried]
        if not present:
            return ""
        for row in rows:
            for member, names in row.carried:
                allowed: set[str] = set()
                for _, key in present:
                    allowed.update(*(self._carried[key].get(name, ()) for name in names))
                if not self._new_values(lines, member) <= allowed:
                    return ""
        return present[0][0].companion

    def _keys(self, row: Companion, sides: tuple[Attributes, ...]) -> set[tuple[str, str, str]]:
        raws = [side[own] for own in row.own for side in sides if own in side]
        return {(row.companion, row.reference, digest) for raw in raws for digest in self._digests(raw)}

    def _new_values(self, lines: list[Line], member: str) -> set[str]:
        """Digests of what `lines` bring in: strings under the key `member`, or in plain lists for ""."""
        values: set[str] = set()
        for line in lines:
            name = next((part for part in reversed(line.path[1:]) if isinstance(part, str)), "")
            values.update(self._digest(value) for value in _under(line.after, member, name))
        return values

    def _digests(self, raw: msgspec.Raw | None) -> list[str]:
        if raw is None or len(raw) < 3:
            return []
        value = read_value(raw)
        items = value if isinstance(value, list) else [value]
        return [self._digest(item) for item in items if isinstance(item, str) and item]

    def _digest(self, value: object) -> str:
        return value.digest if isinstance(value, Sealed) else self._client.of(value)


def _under(value: object, member: str, name: str) -> Iterable[object]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _under(item, member, key)
    elif isinstance(value, list):
        for item in value:
            yield from _under(item, member, name)
    elif name == member and (isinstance(value, Sealed) or (isinstance(value, str) and value)):
        yield value
