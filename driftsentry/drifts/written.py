"""Paths and values as text that people read: one way only to read a path, every digit of a number, JSON laid out."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

_SHORT_LIST = 80
_INDENT = "  "
_MOST_GROWTH = 4  # what is nested deeply would be mostly blanks
_plain = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_encoder = msgspec.json.Encoder(decimal_format="number")


def path_text(path: Sequence[str | int | None]) -> str:
    """A path that can be read in one way only: dots between plain names, everything else in brackets; None is any."""
    text = ""
    for part in path:
        if part is None:
            text += "[*]"
        elif isinstance(part, int):
            text += f"[{part}]"
        elif _plain.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{_json(part)}]"
    return text or "(everything)"


def value_text(value: object) -> str:
    """A string as people write it, a container as JSON with a line for each entry, a number with every digit."""
    return value if isinstance(value, str) else _laid_out(value, "")


def json_text(value: object) -> str | None:
    """The container that a string holds as JSON, such as a policy, laid out; None of anything else.

    None also where laying out would lose something, such as one of two entries with the same key.
    """
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return None
    try:
        found = json.loads(value, object_pairs_hook=_object, parse_float=Decimal, parse_constant=_refuse)
        text = _laid_out(found, "") if found else None
    except (ValueError, RecursionError):
        return None
    return text if text and len(text) <= _MOST_GROWTH * len(value) else None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _laid_out(value: object, indent: str) -> str:
    inner = indent + _INDENT
    if isinstance(value, dict) and value:
        entries = [f"{inner}{_json(str(key))}: {_laid_out(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        items = [_laid_out(item, inner) for item in value]
        if sum(len(item) + 2 for item in items) <= _SHORT_LIST and not any("\n" in item for item in items):
            return f"[{', '.join(items)}]"
        return "[\n" + ",\n".join(inner + item for item in items) + f"\n{indent}]"
    return _json(value)


def _json(value: object) -> str:
    return _encoder.encode(value).decode()
