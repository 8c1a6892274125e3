"""What the formats of other tools share: documents decoded into structs, values within one budget, no address twice.

A struct names what is looked at; everything else is skipped without becoming objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from driftsentry.ingest import limits
from driftsentry.ingest.limits import refuse_hostile
from driftsentry.ingest.model import Hints, Refused
from driftsentry.ingest.presenting import clean
from driftsentry.ingest.survey import Observed
from driftsentry.ingest.values import decode_exact, read_value

T = TypeVar("T")

Part: TypeAlias = Raw | UnsetType

# What can become an object: two bytes of body, and a hundred of memory.
OBJECTS = (b"{", b"[")
VALUES = (b",", *OBJECTS)

# The path that msgspec gives is made of the field names of our structs and of positions; a key of the body is "...".
_path = re.compile(r"`(?:key in )?\$([\w.\[\]-]*)`\Z")
_LONGEST = 366 * 24 * 3600
_FIRST_YEAR = 1971  # before it, a time is a program's "no time" (0001-01-01, 1970-01-01)


def misshapen(place: str, tool: str) -> Refused:
    return Refused(422, "VALIDATION_ERROR", f"{place} has not the shape that {tool} writes.")


def decode(decoder: msgspec.json.Decoder[T], data: bytes | Raw, *, tool: str, place: str = "") -> T:
    """Decodes a document, or the part of one at `place`. Raises Refused, which names the place and no value."""
    try:
        return decoder.decode(data)
    except RecursionError:
        raise limits.refuse_depth() from None
    except msgspec.ValidationError as error:
        raise misshapen(place_of(error, place), tool) from None
    except (msgspec.DecodeError, ValueError):
        raise refuse_hostile("a string in it is not valid Unicode, or it is not valid JSON") from None


def place_of(error: msgspec.ValidationError, place: str = "") -> str:
    """Where in the document: `missing[3].type`, or "The document"."""
    found = _path.search(str(error))
    path = found[1][:256].removeprefix(".") if found else ""
    joint = "." if place and path and not place.endswith(": ") and not path.startswith("[") else ""
    return f"{place}{joint}{path}".removesuffix(": ") or "The document"


def decode_all(
    decoder: msgspec.json.Decoder[T],
    documents: Sequence[bytes],
    *,
    tool: str,
    counted: Sequence[bytes] = VALUES,
    limit: int = limits.MAX_NODES,
) -> Iterator[T]:
    """Each document in turn. Raises Refused, before a document is decoded, where all of them hold more than `limit`
    of what is `counted`: OBJECTS, where the lists of plain values are left undecoded, or else VALUES."""
    for number, document in enumerate(documents):
        limit -= sum(document.count(sign) for sign in counted)
        if limit < 0:
            raise refuse_hostile("it holds more values than any report needs")
        yield decode(decoder, document, tool=tool, place=f"document {number + 1}: " if len(documents) > 1 else "")


class Values:
    """Decodes the values of one report, which together may not hold more than `budget`."""

    def __init__(self, budget: int = limits.MAX_NODES) -> None:
        self._left = budget

    def read(self, raw: Part, place: str) -> object:
        """None where the key is not there. Raises Refused."""
        if isinstance(raw, UnsetType):
            return None
        self.spend(bytes(raw), place)
        return read_value(raw)

    def read_text(self, text: str, place: str) -> object:
        """JSON inside a string. Raises Refused, for text that is no JSON too."""
        self.spend(text.encode(errors="replace"), place)
        value = decode_exact(text)
        if limits.depth_of(value) > limits.MAX_DEPTH:
            raise limits.refuse_depth()
        return value

    def spend(self, data: bytes, place: str) -> None:
        """Counts what `data` can become. Raises Refused when the report has no more than that left."""
        nodes = 1 + data.count(b",") + data.count(b"[") + data.count(b"{")
        self._left -= nodes
        if nodes > limits.MAX_NODES_OF_ONE:
            raise refuse_hostile(f"{place} holds more than {limits.MAX_NODES_OF_ONE:,} values")
        if self._left < 0:
            raise refuse_hostile("it holds more values than any report needs")


class Gathering:
    """The resources of one survey, each address once."""

    def __init__(self) -> None:
        self._observed: dict[tuple[str, str], Observed] = {}

    def __len__(self) -> int:
        return len(self._observed)

    def add(self, what: Observed, place: str) -> None:
        """Raises Refused for an address that is empty, endless or there already. `place` is where it was found."""
        require_address(what.address, place)
        require_address(what.previous_address or what.address, place)
        # Two addresses that a database cannot tell apart are one.
        key = clean(what.address), clean(what.deposed, 256)
        if key in self._observed:
            raise refuse_hostile(f"{place} has an address that is in it already")
        if len(self._observed) >= limits.MAX_RESOURCES:
            raise refuse_hostile(f"it holds more than {limits.MAX_RESOURCES:,} resources")
        self._observed[key] = what

    def all(self) -> tuple[Observed, ...]:
        return tuple(self._observed.values())


def require_address(address: str, place: str) -> None:
    if not address or len(address) > limits.MAX_ADDRESS:
        message = f"{place} has no name, or one of more than {limits.MAX_ADDRESS:,} characters."
        raise Refused(422, "VALIDATION_ERROR", message)


def why_incomplete(hints: Hints, *, broken: str = "", unsaid: str = "") -> str:
    """Why a drift that is missing here may still be there; "" when it is gone.

    `broken` is what no hint can mend; `unsaid` is what the sender may answer with complete=true.
    """
    if broken:
        return broken
    if hints.complete is False:
        return "the sender said that the report is not complete"
    return "" if hints.complete is True else unsaid


def read_time(value: object) -> datetime | None:
    """ISO 8601 with a `T` or a space and any zone (UTC where there is none), or seconds since 1970.

    None for what is no time, and for the years that programs write when they have none.
    """
    try:
        if isinstance(value, str) and len(value) <= 64:
            time = datetime.fromisoformat(value)
            time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            time = datetime.fromtimestamp(value, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return time if time.year >= _FIRST_YEAR else None


def read_seconds(value: float | None) -> float | None:
    """A duration; None for what can be none."""
    return value if value is not None and 0 <= value <= _LONGEST else None


def is_absent(raw: Part) -> bool:
    return raw is UNSET or bytes(memoryview(raw)[:5]) == b"null"
