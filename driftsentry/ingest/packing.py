"""Undoing gzip, with the limit on what comes out."""

from __future__ import annotations

import zlib

from driftsentry.ingest.limits import MAX_BODY
from driftsentry.ingest.model import Refused

GZIP_MAGIC = b"\x1f\x8b"
_PLAIN = {"", "identity"}
_GZIP = {"gzip", "x-gzip"}
_STEP = 256 * 1024


def unpack(body: bytes, *, content_encoding: str, limit: int = MAX_BODY) -> bytes:
    """The body without gzip, see `Unpacking`."""
    unpacking = Unpacking(content_encoding, limit)
    return b"".join([*unpacking.feed(body), *unpacking.end()])


class Unpacking:
    """Undoes gzip, told by its header or by its first bytes, while the body comes in.

    `limit` in bytes, for what comes out. Raises Refused: 413 above the limit, 400 for damaged gzip, 415 for another
    encoding.
    """

    def __init__(self, content_encoding: str, limit: int = MAX_BODY) -> None:
        encoding = content_encoding.strip().lower()
        if encoding not in _PLAIN | _GZIP:
            raise Refused(415, "UNSUPPORTED_FORMAT", "Only gzip or no Content-Encoding is understood.")
        self._is_announced = encoding in _GZIP
        self._limit = limit
        self._size = 0
        self._taken = 0
        self._head = b""
        self._is_packed: bool | None = None  # until two bytes have come
        self._stream: zlib._Decompress | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        """What comes out of the next bytes of the body."""
        if self._is_packed is None:
            chunk = self._head + chunk
            if len(chunk) < len(GZIP_MAGIC):
                self._head = chunk
                return []
            self._begin(chunk)
        return self._inflated(chunk) if self._is_packed else self._counted([chunk])

    def end(self) -> list[bytes]:
        """What was held back. Raises Refused when gzip data lack their end."""
        if self._is_packed is None:
            self._begin(self._head)
            return self._counted([self._head])
        if self._stream is not None and not self._stream.eof:
            raise _cut_short(self._taken)
        return []

    def _begin(self, start: bytes) -> None:
        self._is_packed = start.startswith(GZIP_MAGIC)
        if self._is_announced and start and not self._is_packed:
            raise Refused(
                400, "VALIDATION_ERROR", "The body is announced as gzip but is none. Send it as it is, or packed."
            )

    def _inflated(self, rest: bytes) -> list[bytes]:
        # A bomb grows a thousandfold: nothing beyond the limit is ever asked of zlib.
        parts: list[bytes] = []
        self._taken += len(rest)
        try:
            while rest:
                if self._stream is None or self._stream.eof:
                    rest = rest.lstrip(b"\0") if self._stream else rest
                    if not rest:
                        break
                    self._stream = zlib.decompressobj(wbits=31)
                part = self._stream.decompress(rest, min(_STEP, self._limit - self._size + 1))
                rest = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
                parts += self._counted([part])
        except zlib.error:
            message = "The gzip data are damaged. Pack the file again and send it."
            raise Refused(400, "VALIDATION_ERROR", message) from None
        return parts

    def _counted(self, parts: list[bytes]) -> list[bytes]:
        self._size += sum(map(len, parts))
        if self._size > self._limit:
            raise _too_large(self._limit)
        return parts


def _too_large(limit: int) -> Refused:
    return Refused(413, "PAYLOAD_TOO_LARGE", f"The report is larger than {limit:,} bytes when unpacked.")


def _cut_short(position: int) -> Refused:
    message = f"The gzip data end too early, at byte {position}: the upload was cut. Send the file again."
    return Refused(400, "VALIDATION_ERROR", message)
