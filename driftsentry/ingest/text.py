"""Bytes of a report as UTF-8, and positions in them for messages."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from driftsentry.ingest.model import Refused

_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD = 64


def common_length(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items both begin with, by halves: slices are compared, not items, for texts can be long."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def to_utf8(body: bytes) -> bytes:
    """Without a byte order mark, and out of UTF-16, which PowerShell writes with `>`. Raises Refused."""
    if body.startswith(codecs.BOM_UTF8):
        return body[len(codecs.BOM_UTF8) :]
    if body.startswith(_UTF32):
        raise _undecodable("UTF-32")
    encoding = "utf-16" if body.startswith(_UTF16) else _unmarked_utf16(body[:_HEAD])
    if not encoding:
        return body
    try:
        return body.decode(encoding).encode()
    except UnicodeError:
        raise _undecodable("damaged UTF-16") from None


def _unmarked_utf16(head: bytes) -> str:
    """UTF-16 without its mark: JSON begins with ASCII, so that every second byte is NUL and no other one is."""
    even, odd = head[::2], head[1::2]
    if len(head) < 4 or bool(any(even)) == bool(any(odd)):
        return ""
    return "utf-16-le" if all(even) and not any(odd) else "utf-16-be" if all(odd) and not any(even) else ""


def where(body: bytes, offset: int) -> str:
    """A position for people: line and column from 1, byte offset from 0."""
    offset = max(0, min(offset, len(body)))
    line_start = body.rfind(b"\n", 0, offset) + 1
    column = len(body[line_start:offset][-1_000_000:].decode(errors="replace")) + 1
    line = body.count(b"\n", 0, offset) + 1
    return f"line {line}, column {column}, byte offset {offset}"


def _undecodable(what: str) -> Refused:
    return Refused(400, "VALIDATION_ERROR", f"The text is {what}. Send the file as UTF-8.")


_word = re.compile(r"[^\W_]+")


def words_of(text: str) -> tuple[str, ...]:
    """`aws_iam_role.app["x"]` as a search sees it: `aws iam role app x`. Letters and digits only."""
    return tuple(_word.findall(text.lower()))
