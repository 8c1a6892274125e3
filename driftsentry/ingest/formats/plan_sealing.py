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

_MOST_KEPT = 512  # bytes of both sides
_FALSE = Raw(b"false")
_NULL = Raw(b"null")
_HOLLOW = tuple(Raw(text) for text in (b"null", b'""', b"{}", b"[]"))


class Pairs:
    """The attributes of one drift entry on both sides, with their masks."""

    def __init__(self, item: DriftEntry, sides: tuple[Attributes, Attributes]) -> None:
        self._before, self._after = sides
        self._before_mask = _root_mask(item.change.before_sensitive)
        self._after_mask = _root_mask(item.change.after_sensitive)

    def differing(self) -> list[str]:
        """The names of those whose bytes differ: most are the same, to the byte, and are never decoded."""
        before, after = self._before, self._after
        names = [name for name, raw in before.items() if raw != after.get(name)]
        names += after.keys() - before.keys()
        names.sort()
        return names

    def key(self, name: str) -> tuple[object, ...] | None:
        """All that the lines of an attribute depend on; None for one that is too long to be kept."""
        before, after = self._before.get(name, _NULL), self._after.get(name, _NULL)
        if len(before) + len(after) > _MOST_KEPT:
            return None
        masks = (_raw_mask(self._before_mask, name), _raw_mask(self._after_mask, name))
        return name, bytes(before), bytes(after), *masks

    def sealed(self, name: str, sealer: Sealer) -> tuple[object, object]:
        before, after = self._before.get(name, _NULL), self._after.get(name, _NULL)
        masks = (_mask(self._before_mask, name), _mask(self._after_mask, name))
        return sealer.seal_pair((read_value(before), read_value(after)), masks, name, (_text(before), _text(after)))


def sealed_attributes(
    item: DriftEntry, sides: tuple[Attributes, Attributes], names: list[str], sealer: Sealer
) -> Iterator[tuple[str, object, object]]:
    pairs = Pairs(item, sides)
    for name in names:
        yield name, *pairs.sealed(name, sealer)


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


def _raw_mask(root: RootMask, name: str) -> object:
    if isinstance(root, bool):
        return root
    raw = root.get(name)
    return None if raw is None else bytes(raw)


def _mask(root: RootMask, name: str) -> object:
    if isinstance(root, bool):
        return root
    raw = root.get(name)
    return None if raw is None else read_value(raw)


def _text(raw: Raw) -> str:
    return str(memoryview(raw), "utf-8")
