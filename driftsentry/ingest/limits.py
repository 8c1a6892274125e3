"""What a body may cost. Every limit ends in a `Refused`, none in a MemoryError or a RecursionError."""

from __future__ import annotations

import msgspec

from driftsentry.ingest.model import Refused

MAX_BODY = 64 * 1024 * 1024
MAX_DEPTH = 64
# Nodes are bounded from above by counting separators, in strings too: two bytes of body can become an object
# of a hundred bytes, so the count has to come before the decoder.
MAX_NODES = 2_000_000
MAX_NODES_OF_ONE = 250_000
MAX_RESOURCES = 200_000
MAX_DIGITS = 400
MAX_ADDRESS = 4_096
MAX_UNKNOWN = 2 * 1024 * 1024

MAX_CHANGES = 500
MAX_TEXT = 16_384
MAX_SHOWN = 65_536
MAX_KEY = 1_024

_CHUNK = 1024 * 1024


def refuse_hostile(what: str) -> Refused:
    return Refused(422, "VALIDATION_ERROR", f"This document is not taken: {what}. No tool writes such a plan.")


def refuse_depth() -> Refused:
    return refuse_hostile(f"values are nested deeper than {MAX_DEPTH} levels")


def has_more(data: msgspec.Raw, limit: int, *needles: bytes) -> bool:
    """Whether the needles occur more than `limit` times. Read in pieces: a section can be as large as the body,
    so it is not copied. A needle that lies on the seam of two pieces is not seen."""
    if len(data) <= limit:
        return False
    view = memoryview(data)
    total = 0
    for start in range(0, len(view), _CHUNK):
        piece = bytes(view[start : start + _CHUNK])
        total += sum(piece.count(needle) for needle in needles)
        if total > limit:
            return True
    return False


def require_few_nodes(section: msgspec.Raw, name: str, limit: int = MAX_NODES) -> None:
    if has_more(section, limit, b",", b"[", b"{"):
        raise refuse_hostile(f"{name} holds more than {limit:,} values")


def require_few_resources(section: msgspec.Raw, name: str) -> None:
    """Skipped values cost no memory; each resource costs an object, whatever its size."""
    if has_more(section, MAX_RESOURCES, b'"address"'):
        raise refuse_hostile(f"{name} holds more than {MAX_RESOURCES:,} resources")


def depth_of(value: object) -> int:
    """Levels of containers, counted without recursion."""
    level: list[object] = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)  # type: ignore[attr-defined]
            if type(item) is dict or type(item) is list
        ]
    return depth
