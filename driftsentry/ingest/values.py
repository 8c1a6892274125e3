"""JSON values with every digit kept: integers of any length, other numbers as Decimal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from driftsentry.ingest.limits import MAX_DEPTH, MAX_DIGITS, depth_of, refuse_depth, refuse_hostile
from driftsentry.ingest.model import Refused

_MAX_EXPONENT = 1_000
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_TOO_LONG = b"0" * (MAX_DIGITS + 1)


def _exact(text: str) -> Decimal:
    # An exponent costs nothing to write and everything to expand, so it is bounded like the digits.
    if len(text) > MAX_DIGITS:
        raise _long_number()
    exponent = text.lower().partition("e")[2]
    if exponent and (len(exponent) > 5 or abs(int(exponent)) > _MAX_EXPONENT):
        raise _long_number()
    return Decimal(text)


def _long_number() -> Refused:
    return refuse_hostile(f"a number has more than {MAX_DIGITS} digits")


_decoder = msgspec.json.Decoder(float_hook=_exact)


def read_value(raw: msgspec.Raw) -> object:
    """Decodes one value of a document whose grammar was checked. Raises Refused."""
    data = bytes(raw)
    value = decode_exact(data)
    if len(data) > MAX_DEPTH and data.count(b"[") + data.count(b"{") > MAX_DEPTH and depth_of(value) > MAX_DEPTH:
        raise refuse_depth()
    return value


def decode_exact(data: bytes | str) -> object:
    """Decodes any JSON text. Raises Refused; what it says holds nothing of the text."""
    try:
        value = _decoder.decode(data)
    except Refused:
        raise
    except RecursionError:
        raise refuse_depth() from None
    except msgspec.ValidationError:
        raise _long_number() from None
    except (msgspec.DecodeError, ValueError):
        raise refuse_hostile("a string in it is not valid Unicode, or a value is not valid JSON") from None
    if len(data) > MAX_DIGITS:
        require_short_integers(value, data)
    return value


def require_short_integers(value: object, data: bytes | str) -> None:
    blob = data if isinstance(data, bytes) else data.encode(errors="replace")
    # A pattern for so many digits would try each digit as the first one: a hundred times as slow.
    if _TOO_LONG in blob.translate(_ZEROS) and _has_long_integer(value):
        raise _long_number()


def _has_long_integer(value: object) -> bool:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, int) and item.bit_length() > 1_328:  # 10 ** 400 has 1,329 bits
            return True
    return False


def is_same_scalar(before: object, after: object) -> bool:
    """JSON equality of scalars: 1 is 1.0, but true is not 1, as it is for Python."""
    return before == after and (before is True or before is False) == (after is True or after is False)


def read_time(text: str) -> datetime | None:
    """An RFC 3339 time in UTC, where it says none of its own; None for what is no time."""
    if len(text) > 64:
        return None
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
