"""The keyed hash that a decision belongs to."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from driftsentry.ingest.diff import Line
from driftsentry.ingest.keyed import KeyedHash
from driftsentry.ingest.policies import settle
from driftsentry.ingest.sealed import Embedded, Sealed

_COUNTED = ("", "computed")


class Fingerprinter:
    """Hashes with the server's key; secrets enter as a second keyed hash over the client's."""

    def __init__(self, key: bytes) -> None:
        self._hash = KeyedHash(key)
        self._encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic", enc_hook=self._open)

    def fingerprint(self, action: str, lines: Iterable[Line]) -> str:
        """64 hexadecimal digits. The same for a plan and a refresh-only plan of one scan, so whatever only
        a plan knows ("computed") must not enter; neither must what is new on every scan."""
        known = tuple(lines)
        counted = [line for line in known if line.noise in _COUNTED] or [
            line for line in known if line.noise != "volatile"
        ]
        encoded = sorted(self._encoder.encode(_facts(line)) for line in counted)
        message = b"\n".join([self._encoder.encode(action), *encoded])
        return self._hash.hexdigest(message)

    def _open(self, value: object) -> object:
        match value:
            case Sealed():
                return {"\u0001secret": self._hash.hexdigest(value.digest.encode())}
            case Embedded():
                return {"\u0001json": settle(value.tree)}
        raise NotImplementedError


def _facts(line: Line) -> tuple[object, ...]:
    return line.path, line.kind, _meaning(line.before), _meaning(line.after), line.is_member, line.in_json


def _meaning(value: object) -> object:
    return settle(value) if isinstance(value, dict | list) else value
