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
    """The body without gzip, told by its header or by its first bytes. `limit` in bytes, for what comes out.

    Raises Refused: 413 above the limit, 400 for damaged gzip, 415 for another encoding.
    """
    encoding = content_encoding.strip().lower()
    if encoding not in _PLAIN | _GZIP:
        raise Refused(415, "UNSUPPORTED_FORMAT", "Only gzip or no Content-Encoding is understood.")
    if len(body) > limit:
        raise _too_large(limit)
    if body.startswith(GZIP_MAGIC):
        return _inflate(body, limit)
    if encoding in _GZIP and body:
        raise Refused(
            400, "VALIDATION_ERROR", "The body is announced as gzip but is none. Send it as it is, or packed."
        )
    return body


def _inflate(body: bytes, limit: int) -> bytes:
    # A bomb grows a thousandfold: nothing beyond the limit is ever asked of zlib.
    parts: list[bytes] = []
    size = 0
    rest = body
    try:
        while rest:
            stream = zlib.decompressobj(wbits=31)
            while not stream.eof:
                part = stream.decompress(rest, min(_STEP, limit - size + 1))
                rest = stream.unconsumed_tail
                size += len(part)
                parts.append(part)
                if size > limit:
                    raise _too_large(limit)
                if not part and not rest and not stream.eof:
                    raise _cut_short(len(body))
            rest = stream.unused_data.lstrip(b"\0")
    except zlib.error:
        raise Refused(400, "VALIDATION_ERROR", "The gzip data are damaged. Pack the file again and send it.") from None
    return b"".join(parts)


def _too_large(limit: int) -> Refused:
    return Refused(413, "PAYLOAD_TOO_LARGE", f"The report is larger than {limit:,} bytes when unpacked.")


def _cut_short(position: int) -> Refused:
    message = f"The gzip data end too early, at byte {position}: the upload was cut. Send the file again."
    return Refused(400, "VALIDATION_ERROR", message)
