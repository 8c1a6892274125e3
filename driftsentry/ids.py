"""Sortable identifiers (48 bits of milliseconds, 80 random bits) and random secrets. Tests replace `new`."""

import hashlib
import secrets

from driftsentry import clock

PATTERN = "^[0-9a-hjkmnp-tv-z]{26}$"  # what `new` makes
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new() -> str:
    """26 lower-case characters of Crockford's base 32; later ones sort behind earlier ones."""
    number = (int(clock.now().timestamp() * 1000) << 80) | secrets.randbits(80)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def secret(prefix: str = "") -> str:
    """256 random bits, URL-safe: for session ids and tokens."""
    return prefix + secrets.token_urlsafe(32)


def fingerprint_of(value: str) -> str:
    """What the database keeps of a `secret`. SHA-256 suffices: 256 random bits cannot be guessed."""
    return hashlib.sha256(value.encode()).hexdigest()
