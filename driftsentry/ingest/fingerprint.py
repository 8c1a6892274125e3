"""The keyed hashes of what differs: one for each line, and the one of a drift, that a decision belongs to.

The hash of a drift is made of those of its lines, so that it can be made again when a line stops to count: an ignore
rule, or the knowledge that an attribute has another value on each scan, changes what counts and no fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from driftsentry.ingest.diff import Line
from driftsentry.ingest.keyed import KeyedHash
from driftsentry.ingest.model import Change
from driftsentry.ingest.policies import settle
from driftsentry.ingest.sealed import Embedded, Sealed

# Whatever only a plan knows ("computed") must count, for a refresh-only plan of the same scan has it as significant.
COUNTED = ("", "computed")
_NEVER = ("volatile", "learned", "ignored")
_LINE, _DRIFT, _SOURCE = b"line v2", b"drift v2", b"source"
# Another one makes the next report of every drift be read anew: change it with whatever findings are made by.
READER = b"1"

Part = bytes | msgspec.Raw


def fingerprint_of(key: bytes, action: str, changes: Iterable[Change], hidden_digest: str) -> str:
    """64 hexadecimal digits over what counts. Where nothing does, over the noise that holds from scan to scan."""
    known = tuple(changes)
    counted = [change.digest for change in known if change.noise in COUNTED]
    if not counted and not hidden_digest:
        counted = [change.digest for change in known if change.noise not in _NEVER]
    message = "\n".join([action, hidden_digest, *sorted(counted)])
    return hashlib.blake2b(message.encode(), key=_key(key), person=_DRIFT).hexdigest()[:64]


class Fingerprinter:
    """Hashes lines with the server's key; secrets enter as a second keyed hash over the client's."""

    def __init__(self, key: bytes) -> None:
        self._key = _key(key)
        self._hash = KeyedHash(key)
        self._source = hashlib.blake2b(READER, digest_size=16, key=self._key, person=_SOURCE)
        self._encode = msgspec.json.Encoder(decimal_format="number", order="deterministic", enc_hook=self._open).encode

    def digest(self, line: Line) -> str:
        """32 hexadecimal digits over path, kind and both sides of a line."""
        return self._of(self._encode(_facts(line)))

    def digest_of_hidden(self, lines: Sequence[Line]) -> str:
        """One digest for all significant lines that are not kept, "" when there are none."""
        digests = sorted(self.digest(line) for line in lines if line.noise in COUNTED)
        return self._of("\n".join(digests).encode()) if digests else ""

    def source(self, parts: Iterable[Part]) -> str:
        """32 hexadecimal digits over bytes as they came. Each part with its length: none can pass for two."""
        state = self._source.copy()
        for part in parts:
            state.update(b"%d:" % len(part))
            state.update(part)
        return state.hexdigest()

    def former(self, action: str, lines: Sequence[Line]) -> str:
        """The fingerprint as it was before lines had digests, for drifts that were stored by then."""
        counted = [line for line in lines if line.noise in COUNTED] or [
            line for line in lines if line.noise != "volatile"
        ]
        encoded = sorted(self._encode(_facts(line)) for line in counted)
        return self._hash.hexdigest(b"\n".join([self._encode(action), *encoded]))

    def _of(self, message: bytes) -> str:
        return hashlib.blake2b(message, digest_size=16, key=self._key, person=_LINE).hexdigest()

    def _open(self, value: object) -> object:
        match value:
            case Sealed():
                return {"\u0001secret": self._hash.hexdigest(value.digest.encode())}
            case Embedded():
                return {"\u0001json": settle(value.tree)}
        raise NotImplementedError  # msgspec's word, from its hook, for a type that it cannot encode


def _key(key: bytes) -> bytes:
    return key if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.sha256(key).digest()


def _facts(line: Line) -> tuple[object, ...]:
    return line.path, line.kind, _meaning(line.before), _meaning(line.after), line.is_member, line.in_json


def _meaning(value: object) -> object:
    return settle(value) if isinstance(value, dict | list) else value
