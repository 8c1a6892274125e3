"""Values whose secrets are closed: what a diff may compare, but nobody may read.

A sealed tree is a JSON value in which a secret is a `Sealed` and JSON inside a string is an `Embedded`.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from driftsentry.ingest.keyed import KeyedHash
from driftsentry.ingest.model import HIDDEN
from driftsentry.ingest.policies import settle

PLACEHOLDER = "sensitive:v1:"
_placeholder = re.compile(re.escape(PLACEHOLDER) + r"[0-9a-f]{64}")
_PLACEHOLDER_LENGTH = len(PLACEHOLDER) + 64
_DOMAIN = b"driftsentry mask v1|"


class Sealed:
    """A secret, known by the keyed hash of its value (64 hexadecimal digits): equal secrets are equal."""

    # No dataclass, and no msgspec.Struct: the encoder would write those out without asking the hooks below.
    __slots__ = ("digest",)

    def __init__(self, digest: str) -> None:
        self.digest = digest

    @property
    def placeholder(self) -> str:
        return PLACEHOLDER + self.digest


class Embedded:
    """A JSON object or array inside a string. `tree` is sealed; `source` is the text unless that holds a
    secret, then the text written again without it. `is_rewritten` tells which. `form` differs where the
    original texts differed, and means nothing outside this process."""

    __slots__ = ("form", "is_rewritten", "source", "tree")

    def __init__(self, tree: object, source: str, is_rewritten: bool, form: int) -> None:
        self.tree = tree
        self.source = source
        self.is_rewritten = is_rewritten
        self.form = form


_MARK = "\u0001json"
EMBEDDED_MARK = msgspec.json.encode(_MARK)


def _open(value: object) -> object:
    match value:
        case Sealed():
            return {"\u0001sealed": value.digest}
        case Embedded():
            return {_MARK: settle(value.tree)}
    raise NotImplementedError  # msgspec's word, from its hook, for a type that it cannot encode


_canonical = msgspec.json.Encoder(decimal_format="number", order="deterministic", enc_hook=_open)
_in_order = msgspec.json.Encoder(decimal_format="number", enc_hook=lambda sealed: _write(sealed, HIDDEN))
_for_wire = msgspec.json.Encoder(decimal_format="number", enc_hook=lambda sealed: _write(sealed, None))


def _write(value: object, hidden: str | None) -> object:
    match value:
        case Sealed():
            return value.placeholder if hidden is None else hidden
        case Embedded():
            return value.source if hidden is not None or not value.is_rewritten else wire_text(value.tree)
    raise NotImplementedError  # msgspec's word, from its hook, for a type that it cannot encode


def token(value: object) -> bytes:
    """Canonical bytes of a sealed tree: equal exactly when the trees mean the same."""
    return _canonical.encode(value)


def shown_text(tree: object) -> str:
    """JSON text of a sealed tree for people: secrets are HIDDEN."""
    return _in_order.encode(tree).decode()


def wire_text(tree: object) -> str:
    """JSON text of a sealed tree for the server: secrets are placeholders."""
    return _for_wire.encode(tree).decode()


def wire_value(tree: object) -> object:
    """A sealed tree as a JSON value for the server."""
    match tree:
        case Sealed():
            return tree.placeholder
        case Embedded():
            return wire_text(tree.tree) + _trace(tree) if tree.is_rewritten else tree.source
        case dict():
            return {key: wire_value(item) for key, item in tree.items()}
        case list():
            return [wire_value(item) for item in tree]
    return tree


def _trace(value: Embedded) -> str:
    # White space that differs where the original texts differed, so that "same JSON, written in another way"
    # can still be told although both are written anew here.
    bits = int.from_bytes(hashlib.sha256(str(value.form).encode()).digest()[:4])
    return "".join(" \t"[bits >> place & 1] for place in range(32))


class ClientDigest:
    """Step 1 of a secret's digest: 64 hexadecimal digits. The client computes it, so its key is no secret;
    the server hashes it again with one that is."""

    def __init__(self, stack: str) -> None:
        self._hash = KeyedHash(_DOMAIN + stack.encode())

    def of(self, value: object) -> str:
        """`value` in clear; a placeholder is a digest already."""
        known = placeholder_digest(value) if isinstance(value, str) else None
        return known or self._hash.hexdigest(token(value))


def placeholder_digest(value: str) -> str | None:
    """Step 1 out of a placeholder, or None when this is no placeholder."""
    if len(value) == _PLACEHOLDER_LENGTH and _placeholder.fullmatch(value):
        return value[len(PLACEHOLDER) :]
    return None


def has_secret(tree: object) -> bool:
    match tree:
        case Sealed():
            return True
        case Embedded():
            return tree.is_rewritten
        case dict():
            return any(has_secret(item) for item in tree.values())
        case list():
            return any(has_secret(item) for item in tree)
    return False
