"""Where the JSON documents are in a body that may hold other text: what a CI wrapper or stderr printed beside them.

A document starts at the beginning of a line, or right behind another one. JSON that is quoted inside a text or inside
another document starts nowhere, so it is never taken for one. The time is linear: what was read once as part of a
document that failed is not tried again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from driftsentry.ingest.limits import refuse_depth, refuse_hostile
from driftsentry.ingest.model import Refused
from driftsentry.ingest.text import where

MAX_DOCUMENTS = 100_000  # and places where one could have started: each is tried

_raw = msgspec.json.Decoder(Raw)
_byte = re.compile(r"\(byte (\d+)\)")
_opening = re.compile(rb'\{\s{0,64}"(?:[^"\\\n]|\\.){0,200}"\s{0,64}:|\[\s{0,64}\{\s{0,64}"')
_lone_surrogate = re.compile(rb"(?i)\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])")
_space = re.compile(rb"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A whole document: `text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Broken:
    """What began as a document, and why it is none; `error` is the decoder's, positions count from `start`."""

    start: int
    error: str


def find(text: bytes) -> Iterator[Piece | Broken]:
    """In the order of the body. Of what is broken only what looks like a document of some tool. Raises Refused."""
    position = _skip_space(text, 0)
    starts = _Starts(text, position)
    for _ in range(MAX_DOCUMENTS):
        start = starts.after(position)
        if start is None:
            return
        found = _read(text, start, len(text))
        if isinstance(found, int):
            yield _piece(text, start, found)
            position = found
            starts.put(position)
            continue
        if _opening.match(text, start):
            yield found
        position = max(start + 1, len(text) if is_cut(found) else start + _offset(found.error))
    raise refuse_hostile(f"JSON documents could start at more than {MAX_DOCUMENTS:,} places in this body")


def elements(text: bytes, piece: Piece) -> Iterator[Piece]:
    """The objects of a list, which is as good as one behind the other. Raises Refused for any other list."""
    position = _skip_space(text, piece.start + 1)
    for amount in range(MAX_DOCUMENTS + 1):
        if text[position : position + 1] == b"]" and not amount:
            return
        found = _read(text, position, piece.end) if text[position : position + 1] == b"{" else None
        if not isinstance(found, int):
            raise Refused(415, "UNSUPPORTED_FORMAT", "This is a JSON list, but not of objects: no tool reports so.")
        yield _piece(text, position, found)
        if text[found : found + 1] == b"]":
            return
        position = _skip_space(text, found + 1)
    raise refuse_hostile(f"there are more than {MAX_DOCUMENTS:,} elements in this list")


def is_cut(broken: Broken) -> bool:
    return "truncated" in broken.error


def refuse_broken(text: bytes, broken: Broken, advice: str) -> Refused:
    """The refusal of a document that is none: with the position, and none of its content."""
    offset = broken.start + _offset(broken.error) if _byte.search(broken.error) else len(text)
    if is_cut(broken) and text.rstrip()[-1:] not in (b"}", b"]"):
        message = f"The JSON ends in the middle, at {where(text, len(text))}: the upload was cut. Send the file again."
        return Refused(400, "VALIDATION_ERROR", message)
    if "surrogate" in broken.error or is_cut(broken) or "hex escape" in broken.error:
        surrogate = _lone_surrogate.search(text, broken.start)
        offset = surrogate.start() if surrogate else offset
    message = f"This is not valid JSON, from {where(text, offset)} on. {advice}"
    return Refused(400, "VALIDATION_ERROR", message)


def end_of_first(error: str) -> int | None:
    """Where the first document ends when the decoder complains of what follows; None when that is not its complaint."""
    return _offset(error) - 1 if "trailing characters" in error else None


def _piece(text: bytes, start: int, end: int) -> Piece:
    closing = b"}" if text[start : start + 1] == b"{" else b"]"
    return Piece(start, text.rfind(closing, start, end) + 1)


def _read(text: bytes, start: int, end: int) -> int | Broken:
    """Where the document that starts here ends, white space included."""
    try:
        _raw.decode(memoryview(text)[start:end])
    except RecursionError:
        raise refuse_depth() from None
    except msgspec.DecodeError as error:
        behind = end_of_first(str(error))
        return Broken(start, str(error)) if behind is None else start + behind
    return end


def _offset(error: str) -> int:
    found = _byte.search(error)
    return int(found[1]) if found else 0


def _skip_space(text: bytes, position: int) -> int:
    found = _space.match(text, position)
    return found.end() if found else position


class _Starts:
    """Places where a document may start. Each search goes on where the one before it ended."""

    def __init__(self, text: bytes, first: int) -> None:
        self._text = text
        self._next = {b"\n{": -1, b"\n[": -1}
        self.put(first)

    def put(self, position: int) -> None:
        """Behind a document, or at the beginning, one may start although no line does."""
        self._here = position if self._text[position : position + 1] in (b"{", b"[") else -1

    def after(self, position: int) -> int | None:
        if self._here >= position:
            here, self._here = self._here, -1
            return here
        for needle, found in self._next.items():
            if found < position - 1:
                place = self._text.find(needle, max(0, position - 1))
                self._next[needle] = place if place >= 0 else len(self._text)
        nearest = min(self._next.values())
        return nearest + 1 if nearest < len(self._text) else None
