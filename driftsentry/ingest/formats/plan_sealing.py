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
_NULL = Raw(b"null")
_HOLLOW = tuple(Raw(text) for text in (b"null", b'""', b"{}", b"[]"))


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
        raws = (sides[0].get(name, _NULL), sides[1].get(name, _NULL))
        masks = (_mask(before_mask, name), _mask(after_mask, name))
        pair = (read_value(raws[0]), read_value(raws[1]))
        yield name, *sealer.seal_pair(pair, masks, name, (_text(raws[0]), _text(raws[1])))


def sealed_lost(
    item: DriftEntry, before: Attributes, sealer: Sealer, skipped: frozenset[str]
) -> Iterator[tuple[str, object]]:
    """(name, value) of each attribute of a deleted object, in the order of the names."""
    names = sorted(name for name, raw in before.items() if name not in skipped and raw not in _HOLLOW)
    for name, value, _ in sealed_attributes(item, (before, {}), names, sealer):
        yield name, value


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


def _text(raw: Raw) -> str:
    return str(memoryview(raw), "utf-8")
