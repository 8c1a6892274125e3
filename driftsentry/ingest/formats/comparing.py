"""Two values of another tool set side by side: where they differ, and what the tool itself has hidden in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from driftsentry.ingest.sealed import token

Path: TypeAlias = tuple[str | int, ...]
IsHidden: TypeAlias = Callable[[object], bool]


def _nothing(_: object) -> bool:
    return False


def differing(
    before: object, after: object, path: Path = (), is_hidden: IsHidden = _nothing
) -> Iterator[tuple[Path, object, object]]:
    """(path, before, after) of each place where two trees differ: objects opened, lists and placeholders left whole."""
    is_whole = is_hidden(before) or is_hidden(after)
    if isinstance(before, dict) and isinstance(after, dict) and not is_whole:
        for key in sorted(before.keys() | after.keys()):
            yield from differing(before.get(key), after.get(key), (*path, key), is_hidden)
    elif not is_equal(before, after):
        yield path, before, after


def is_equal(before: object, after: object) -> bool:
    """As JSON: true is not 1, which Python takes for the same."""
    return before is after or token(before) == token(after)


def hide(before: object, after: object, is_hidden: IsHidden) -> tuple[object, object, object, object]:
    """(before, after, mask, mask) of two values that are said to differ. `is_hidden`: a placeholder of the tool.

    Where the placeholders are all there is to tell the sides apart, they are equal, and a line between equal values
    would be lost. So that such a secret is seen to have changed, the placeholders of `after` are made others; which
    ones is the same on each scan, since nothing says whether it changed once more.
    """
    if is_equal(before, after):
        return before, _renewed(after, is_hidden), mask_hidden(before, is_hidden), mask_hidden(after, is_hidden)
    return before, after, mask_hidden(before, is_hidden), mask_hidden(after, is_hidden)


def mask_hidden(value: object, is_hidden: IsHidden) -> object:
    """A mask that is true at each placeholder; None where there is none."""
    if is_hidden(value):
        return True
    if isinstance(value, dict):
        parts = {key: mask_hidden(item, is_hidden) for key, item in value.items()}
        return {key: part for key, part in parts.items() if part is not None} or None
    if isinstance(value, list):
        members = [mask_hidden(item, is_hidden) for item in value]
        return members if any(part is not None for part in members) else None
    return None


def _renewed(value: object, is_hidden: IsHidden) -> object:
    if is_hidden(value):
        return ["changed", value]
    if isinstance(value, dict):
        return {key: _renewed(item, is_hidden) for key, item in value.items()}
    if isinstance(value, list):
        return [_renewed(item, is_hidden) for item in value]
    return value
