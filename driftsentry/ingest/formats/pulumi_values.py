"""The values of Pulumi: property paths, secrets, what no one knows before an update, what Pulumi keeps for itself."""

from __future__ import annotations

import re

from driftsentry.ingest.formats.comparing import Path
from driftsentry.ingest.limits import MAX_DEPTH

MISSING = object()

SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, not one
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_HIDDEN = "[secret]"
# One for each type: string, flag, number, list, asset, archive, object.
_UNKNOWN = frozenset(
    (
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9 1c4a061d-8072-4f0a-a4cb-0ff528b18fe7 "
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421 6a19a0b0-7e62-4c92-b797-7f8e31da9cc2 "
        "030794c1-ac77-496b-92df-f27374a8bd58 e48ece36-62e2-4504-bad9-02848725956a "
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff"
    ).split()
)
_INTERNAL = frozenset({"__defaults", "__meta", "__pulumi_raw_state_delta", "__provider"})

_name = re.compile(r'[^.\["]+')
_quoted = re.compile(r'\["((?:[^"\\]|\\.)*)"\]')
_position = re.compile(r"\[(\d{1,9})\]")
_escape = re.compile(r"\\(.)")


def parse_path(text: str) -> Path:
    """`tags["a.b"][0].name` to ("tags", "a.b", 0, "name"). What is no path is one key, as it is."""
    path: list[str | int] = []
    position = 0
    while position < len(text) and len(path) < MAX_DEPTH:
        if found := _quoted.match(text, position):
            path.append(_escape.sub(r"\1", found[1]))
        elif found := _position.match(text, position):
            path.append(int(found[1]))
        elif found := _name.match(text, position + (text[position] == "." and position > 0)):
            path.append(found[0])
        else:
            return (text,)
        position = found.end()
    return tuple(path) if position == len(text) and path else (text,)


def is_internal(path: Path) -> bool:
    return not _INTERNAL.isdisjoint(path)


def is_hidden(value: object) -> bool:
    """A secret: shown as "[secret]", or wrapped (with its plain text, or encrypted)."""
    return value == _HIDDEN or (isinstance(value, dict) and value.get(SIGNATURE) == _SECRET)


def is_unknown(value: object) -> bool:
    return isinstance(value, str) and value in _UNKNOWN


def opened(value: object) -> object:
    """Without the keys that Pulumi keeps for itself; wrapped outputs are their values, or unknown."""
    if is_hidden(value):
        return value
    if isinstance(value, dict):
        if value.get(SIGNATURE) == _OUTPUT:
            return _opened_output(value)
        return {key: opened(item) for key, item in value.items() if key not in _INTERNAL}
    if isinstance(value, list):
        return [opened(item) for item in value]
    return value


def _opened_output(value: dict[str, object]) -> object:
    inner = opened(value["value"]) if "value" in value else next(iter(_UNKNOWN))
    if value.get("secret") is True and not is_hidden(inner):
        return {SIGNATURE: _SECRET, "plaintext": inner}
    return inner


def at(value: object, path: Path) -> object:
    """What stands at the path, or MISSING. Inside a secret there is nothing but the secret."""
    for part in path:
        if is_hidden(value) or is_unknown(value):
            return value
        if isinstance(value, dict):
            value = value.get(str(part), MISSING)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return MISSING
    return value


def settled(value: object, other: object) -> object:
    """`value` with what stands in `other` wherever it is not known before an update; None where nothing stands."""
    if is_unknown(value):
        return None if other is MISSING else other
    if isinstance(value, dict) and not is_hidden(value):
        known = other if isinstance(other, dict) else {}
        return {key: settled(item, known.get(key, MISSING)) for key, item in value.items()}
    if isinstance(value, list):
        items = other if isinstance(other, list) and len(other) == len(value) else [MISSING] * len(value)
        return [settled(item, one) for item, one in zip(value, items, strict=True)]
    return value
