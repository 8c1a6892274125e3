"""The attributes of a drift entry that differ, sealed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import UNSET, Raw

from driftsentry.ingest.formats.plan_parts import DriftEntry
from driftsentry.ingest.formats.plan_shape import Part, attributes_of, is_null
from driftsentry.ingest.masks import Sealer
from driftsentry.ingest.values import read_value

Attributes: TypeAlias = dict[str, Raw]
RootMask: TypeAlias = Attributes | bool

_FALSE = Raw(b"false")


def sealed_differences(
    item: DriftEntry, sides: tuple[Attributes, Attributes], sealer: Sealer
) -> Iterator[tuple[str, object, object]]:
    """(name, before, after) of each attribute whose bytes differ, in the order of the names.

    Most attributes are the same on both sides, to the byte, and are never decoded.
    """
    before, after = sides
    names = [name for name, raw in before.items() if raw != after.get(name)]
    names += after.keys() - before.keys()
    names.sort()
    yield from sealed_attributes(item, sides, names, sealer)


def sealed_attributes(
    item: DriftEntry, sides: tuple[Attributes, Attributes], names: list[str], sealer: Sealer
) -> Iterator[tuple[str, object, object]]:
    before_mask = _root_mask(item.change.before_sensitive)
    after_mask = _root_mask(item.change.after_sensitive)
    for name in names:
        pair = (_value(sides[0], name), _value(sides[1], name))
        masks = (_mask(before_mask, name), _mask(after_mask, name))
        yield name, *sealer.seal_pair(pair, masks, name)


def sealed_lost(item: DriftEntry, sealer: Sealer, skipped: frozenset[str]) -> Iterator[tuple[str, object]]:
    """(name, value) of each attribute of a deleted object, in the order of the names."""
    before = item.change.before
    values = None if before is UNSET else read_value(before)
    if not isinstance(values, dict):
        return
    before_mask, after_mask = _root_mask(item.change.before_sensitive), _root_mask(item.change.after_sensitive)
    for name in sorted(values.keys() - skipped):
        value = values[name]
        yield name, sealer.seal_pair((value, None), (_mask(before_mask, name), _mask(after_mask, name)), name)[0]


def _root_mask(raw: Part) -> RootMask:
    """The mask of the whole object: by attribute, or all, or nothing. What is no mask hides all."""
    if raw is UNSET or is_null(raw) or raw == _FALSE:
        return False
    return (attributes_of(raw, "a mask") or {}) if bytes(memoryview(raw)[:1]) == b"{" else True


def _mask(root: RootMask, name: str) -> object:
    if isinstance(root, bool):
        return root
    raw = root.get(name)
    return None if raw is None else read_value(raw)


def _value(side: Attributes, name: str) -> object:
    raw = side.get(name)
    return None if raw is None else read_value(raw)
