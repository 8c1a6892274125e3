"""JSON as it is sent to us, read strictly: what another reader might understand differently is refused."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from driftsentry import errors

DEPTH = 64
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_NOT_JSON = "The body is not JSON (RFC 8259, in UTF-8)."


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object that `raw` is. Raises `Invalid` (400) for anything else."""
    if not raw.strip():
        _refuse("The body is empty. Send a JSON object.")
    try:
        content = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_without_repetition, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):  # also more digits than Python reads
        _refuse(_NOT_JSON)
    if not isinstance(content, dict):
        _refuse("The body must be a JSON object.")
    if any(_NO_TEXT.search(text) for text in _texts(content)):
        _refuse("The body holds a character that no text has: U+0000, or half of a surrogate pair.")
    return content


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        _refuse("An object in the body has the same key twice.")
    return content


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON.")


def _texts(content: dict[str, Any]) -> Iterator[str]:
    """All keys and texts, level by level, so that depth costs no recursion."""
    level: list[Any] = [content]
    for _depth in range(DEPTH):
        below: list[Any] = []
        for each in level:
            if isinstance(each, str):
                yield each
            elif isinstance(each, dict):
                below += [*each.keys(), *each.values()]
            elif isinstance(each, list):
                below += each
        level = below
    if any(isinstance(each, dict | list) for each in level):
        _refuse(f"The body is nested deeper than {DEPTH} levels.")
    yield from (each for each in level if isinstance(each, str))


def _refuse(sentence: str) -> NoReturn:
    raise errors.Invalid(sentence, status=400)
