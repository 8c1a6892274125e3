"""Masks of a plan, and the sealing of values by them.

A mask mirrors its value and is `true` at a secret: `true` for a whole value, objects with only some keys,
lists aligned by index with `false` and `{}` as fillers. Nothing sensitive is False, null or absent.
"""

from __future__ import annotations

from functools import reduce
from typing import TypeAlias

from driftsentry.ingest.limits import MAX_DEPTH, depth_of
from driftsentry.ingest.model import Refused
from driftsentry.ingest.policies import loosen
from driftsentry.ingest.sealed import ClientDigest, Embedded, Sealed, has_secret, placeholder_digest, shown_text
from driftsentry.ingest.secret_names import is_harmless, is_secret_name, is_secret_value, secret_pair_keys
from driftsentry.ingest.values import decode_exact

# A fitted mask: True hides, None shows, a dict or list leads further down. Never a shape that hides nothing.
Mask: TypeAlias = bool | dict[str, "Mask"] | list["Mask"] | None
Pair: TypeAlias = tuple[object, object]

_MAX_EMBEDDED = 2
# JSON in a longer string is not looked into, so nobody knows what secrets it holds: it is hidden whole.
_MAX_EMBEDDED_TEXT = 1024 * 1024


def fit(mask: object, value: object) -> Mask:
    """The mask as far as it fits the value it came with; what is not a mask hides everything under it."""
    if mask is None or mask is False or value is None:
        return None
    if isinstance(mask, dict) and isinstance(value, dict):
        return _fit_object(mask, value)
    if isinstance(mask, list) and isinstance(value, list) and len(mask) == len(value):
        if mask.count(False) == len(mask):
            return None
        members = [fit(part, item) for part, item in zip(mask, value, strict=True)]
        return members if any(part is not None for part in members) else None
    return True


def _fit_object(mask: dict[str, object], value: dict[str, object]) -> Mask:
    parts: dict[str, Mask] = {}
    for key, part in mask.items():
        if part is not False:
            fitted = fit(part, value.get(key))
            if fitted is not None:
                parts[key] = fitted
    return parts or None


def unite(left: Mask, right: Mask) -> Mask:
    """What either side hides."""
    if left is True or right is True:
        return True
    if left is None or right is None:
        return right if left is None else left
    if isinstance(left, dict) and isinstance(right, dict):
        return {key: unite(left.get(key), right.get(key)) for key in left.keys() | right.keys()}
    if isinstance(left, list) and isinstance(right, list):
        if len(left) == len(right):
            return [unite(one, other) for one, other in zip(left, right, strict=True)]
        return [reduce(unite, left + right)]
    return True


def mask_of(tree: object) -> Mask:
    """The mask of what is sealed in a tree; JSON inside strings has none."""
    if isinstance(tree, Sealed):
        return True
    if isinstance(tree, dict):
        parts = {key: mask_of(item) for key, item in tree.items()}
        return {key: part for key, part in parts.items() if part is not None} or None
    if isinstance(tree, list):
        members = [mask_of(item) for item in tree]
        return members if any(part is not None for part in members) else None
    return None


class Sealer:
    """Seals the values of one stack: the same secret has the same digest only inside a stack."""

    def __init__(self, stack: str) -> None:
        self._digest = ClientDigest(stack)
        self._closed = 0

    def seal_pair(self, pair: Pair, masks: Pair, name: str, texts: tuple[str, str]) -> Pair:
        """Both sides of one attribute, (before, after), each sealed by what either mask hides. `texts`: the same
        sides as JSON."""
        mask = unite(fit(masks[0], pair[0]), fit(masks[1], pair[1]))
        if mask is None and not is_secret_name(name) and is_harmless(f"{texts[0]},{texts[1]}"):
            return pair
        closed = self._closed
        before, after = self.seal(pair[0], mask, name), self.seal(pair[1], mask, name)
        if self._closed == closed:
            return before, after
        # What the rules found on one side hides the other side too, as a mask would.
        mask = unite(mask_of(before), mask_of(after))
        return self.seal(pair[0], mask, name), self.seal(pair[1], mask, name)

    def seal(self, value: object, mask: Mask, name: str, embedded: int = 0) -> object:
        if value is None:
            return None
        if mask is True:
            return self.close(value)
        if isinstance(value, str):
            return self._seal_text(value, name, embedded)
        if isinstance(value, dict):
            return self._seal_object(value, mask, embedded)
        if isinstance(value, list):
            return self._seal_list(value, mask, name, embedded)
        return value

    def close(self, value: object) -> Sealed:
        """The whole value as one secret; a placeholder is one already."""
        self._closed += 1
        return Sealed(self._digest.of(value))

    def _seal_text(self, text: str, name: str, embedded: int) -> object:
        # A placeholder counts without a mask too: inside JSON in a string no mask can point at it.
        if not text:
            return text
        if is_secret_name(name) or placeholder_digest(text) is not None:
            return self.close(text)
        if text[0] in "{[ \n\t\r" and embedded < _MAX_EMBEDDED and text.strip()[:1] in ("{", "["):
            if len(text) > _MAX_EMBEDDED_TEXT:
                return self.close(text)
            parsed = self._seal_embedded(text, name, embedded)
            if parsed is not None:
                return parsed
        return self.close(text) if is_secret_value(text) else text

    def _seal_embedded(self, text: str, name: str, embedded: int) -> Embedded | None:
        try:
            tree = decode_exact(text)
        except Refused:
            return None
        if text.count("{") + text.count("[") > MAX_DEPTH // 2 and depth_of(tree) > MAX_DEPTH // 2:
            return None
        if is_harmless(text):
            return Embedded(loosen(tree), text, False, hash(text))
        sealed = self.seal(tree, None, name, embedded + 1)
        if has_secret(sealed):
            return Embedded(loosen(sealed), shown_text(sealed), True, hash(text))
        return Embedded(loosen(sealed), text, False, hash(text))

    def _seal_object(self, value: dict[str, object], mask: Mask, embedded: int) -> dict[str, object]:
        masks = mask if isinstance(mask, dict) else {}
        secret_keys = secret_pair_keys(value) if len(value) > 1 else ()
        sealed: dict[str, object] = {}
        for key, item in value.items():
            part = masks.get(key)
            if key in secret_keys and isinstance(item, str | list) and item:
                part = True
            sealed[key] = self.seal(item, part, key, embedded)
        return sealed

    def _seal_list(self, value: list[object], mask: Mask, name: str, embedded: int) -> list[object]:
        masks: list[Mask] = mask if isinstance(mask, list) else [None]
        if len(masks) != len(value):
            # The mask of the other side, whose list has another length, so members cannot be paired by index:
            # each hides what any of them hides.
            masks = [reduce(unite, masks)] * len(value)
        return [self.seal(item, part, name, embedded) for item, part in zip(value, masks, strict=True)]
