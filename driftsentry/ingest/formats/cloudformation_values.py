"""The values of CloudFormation: JSON in strings, paths as JSON pointers, and the string "null" for what is not set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from driftsentry.ingest.formats.comparing import Path, differing, hide
from driftsentry.ingest.formats.typed import Values
from driftsentry.ingest.limits import MAX_DEPTH, refuse_depth
from driftsentry.ingest.model import Refused
from driftsentry.ingest.survey import Difference

Sides: TypeAlias = tuple[object, object]

_MISSING = object()
_ABSENT = "null"
_no_echo = re.compile(r"\*{4,64}")
_index = re.compile(r"0|[1-9][0-9]{0,8}")


class PropertyDifference(msgspec.Struct, gc=False, rename="pascal"):
    """`difference_type`: ADD (in the cloud alone), REMOVE (in the template alone), NOT_EQUAL."""

    property_path: str
    expected_value: str | None = None
    actual_value: str | None = None
    difference_type: str | None = None


def properties(expected: str | None, actual: str | None, values: Values, place: str) -> Sides:
    """Both sides as objects; None for a side that is not there, or is no JSON object. Raises Refused."""
    return _object(expected, values, place), _object(actual, values, place)


def _object(text: str | None, values: Values, place: str) -> dict[str, object] | None:
    value = _parsed(text, values, place) if text else None
    return value if isinstance(value, dict) else None


def read_difference(each: PropertyDifference, sides: Sides, values: Values, place: str) -> Difference:
    """Out of the properties where they are there: these keep the types that the bare texts beside the path lose."""
    path = _path(each.property_path, sides)
    before = _value(sides[0], path, each.expected_value, values, place)
    after = _value(sides[1], path, each.actual_value, values, place)
    if each.difference_type == "ADD":
        before = None
    if each.difference_type == "REMOVE":
        after = None
    return difference(path, before, after)


def compare(expected: object, actual: object) -> Iterator[Difference]:
    for path, before, after in differing(expected, actual):
        yield difference(path, before, after)


def difference(path: Path, before: object, after: object) -> Difference:
    return Difference(path, *hide(before, after, _is_hidden))


def _is_hidden(value: object) -> bool:
    """What stands for the value of a parameter with NoEcho."""
    return isinstance(value, str) and _no_echo.fullmatch(value) is not None


def _path(pointer: str, sides: Sides) -> Path:
    """RFC 6901. A number is a position where either side has a list, or where neither side is known."""
    if pointer.count("/") > MAX_DEPTH:
        raise refuse_depth()
    path: list[str | int] = []
    nodes = list(sides)
    is_known = any(node is not None for node in nodes)
    for part in pointer.split("/")[1:]:
        name: str | int = part.replace("~1", "/").replace("~0", "~")
        may_be_position = any(isinstance(node, list) for node in nodes) if is_known else True
        if may_be_position and _index.fullmatch(part):
            name = int(part)
        path.append(name)
        nodes = [_child(node, name) for node in nodes]
    return tuple(path)


def _child(node: object, name: str | int) -> object:
    if isinstance(node, dict):
        return node.get(str(name), _MISSING)
    if isinstance(node, list) and isinstance(name, int) and name < len(node):
        return node[name]
    return _MISSING


def _value(side: object, path: Path, text: str | None, values: Values, place: str) -> object:
    node = side
    for name in path:
        node = _child(node, name)
    if side is not None and node is not _MISSING:
        return node
    if text is None or text == _ABSENT:
        return None
    return _bare(text, values, place)


def _bare(text: str, values: Values, place: str) -> object:
    """Objects and lists are JSON; numbers and flags look like it; all else is the text itself."""
    value = _parsed(text, values, place) if text[:1] in "{[-0123456789tf" else text
    return text if isinstance(value, str) or value is None else value


def _parsed(text: str, values: Values, place: str) -> object:
    try:
        return values.read_text(text, place)
    except Refused:
        return None
