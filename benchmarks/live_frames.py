"""WebSocket frames as a server sends them (RFC 6455), as little of them as the benchmark must read."""

from collections.abc import Iterator

LEAST = 500  # bytes: a frame of that length is a push, a shorter one a sign of life
_LONG = b"\x81\x7e"  # a text whose length follows in two bytes


def is_one_push(data: bytes) -> bool:
    """Whether it is one whole frame of usual length, and nothing else."""
    return data[:2] == _LONG and len(data) >= 4 + LEAST and len(data) == 4 + (data[2] << 8) + data[3]


def frames(data: bytes, place: int = 0) -> Iterator[tuple[int, int, int]]:
    """(first byte, start of the payload, its end) of each whole frame in `data`, from `place` on."""
    size = len(data)
    while size - place >= 2:
        length, start = data[place + 1], place + 2
        if length >= 126:
            start += 2 if length == 126 else 8
            length = int.from_bytes(data[place + 2 : start])
        if start + length > size:
            return
        yield data[place], start, start + length
        place = start + length
