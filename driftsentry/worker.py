"""The process that reads large reports, so that pages stay quick meanwhile and the memory is given back at the end.

`python -m driftsentry.worker` takes frames on its input, 8 bytes of length and the content: a body, then jobs for it,
then an empty frame. It answers each job with compressed frames and an empty one, and the end with an empty one.
Started by `reports/large.py` only.
"""

import gc
import os
import pickle
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, NoReturn

import msgspec

from driftsentry import ingest
from driftsentry.judging import Book, Seen, Sighting, sight, sight_again

LENGTH = struct.Struct(">Q")
OPEN = b"o"
Share = Callable[[Sequence[Any]], Sequence[Any]]
# Fewer entries are not worth a second process.
WORTH_SHARING = 500
BATCH = 500
_encode = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Job:
    """How a body is to be read, and what is known beside it."""

    hints: ingest.Hints
    book: Book
    seen: Seen


class Judged(msgspec.Struct, frozen=True):
    """What a report says. `findings` of the scan went into the sightings, and are left out."""

    scan: ingest.Scan
    sightings: list[Sighting]


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """Why a body is not taken, see `ingest.Refused`."""

    status: int
    code: str
    message: str


class Read(msgspec.Struct, frozen=True, tag=True):
    scan: ingest.Scan


class Batch(msgspec.Struct, frozen=True, tag=True):
    sightings: list[Sighting]


Answer = Batch | Read | Refusal


def read(body: bytes, job: Job) -> Judged:
    """Reads and judges. Raises `ingest.Refused`."""
    sightings: list[Sighting] = []
    return Judged(_read(body, job, sightings.append), sightings)


def _read(body: bytes, job: Job, keep: Callable[[Sighting], None], share: Share = ingest.alone) -> ingest.Scan:
    """`share` leaves some of the entries to another process; `keep` gets each sighting as soon as it is made."""

    def take(finding: ingest.Finding) -> None:
        keep(sight(finding, job.book, job.seen))

    def is_known(address: str, deposed: str, source: str) -> bool:
        same = sight_again(address, deposed, source, job.seen)
        if same:
            keep(same)
        return same is not None

    reading = ingest.Reading(share, take, is_known)
    scan = ingest.parse(body, stack=job.book.stack, key=job.book.key, hints=job.hints, reading=reading)
    for finding in scan.findings:
        take(finding)
    return replace(scan, findings=())


def main() -> None:
    gc.disable()  # what a report leaves goes with the process that read it
    while os.read(0, 1) == OPEN:
        # A process of its own for each report: nothing of it stays, and this one stays small enough to fork.
        reader = os.fork()
        if not reader:
            _end_after(_serve)
        if os.waitpid(reader, 0)[1]:
            os._exit(1)  # whoever waits for its answer learns it from the end of ours


def _end_after(serve: Callable[[BinaryIO, BinaryIO], None]) -> NoReturn:
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BaseException as problem:  # its text, and a traceback's, may hold a part of the report
        sys.stderr.write(f"driftsentry.worker: {type(problem).__name__}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _serve(source: BinaryIO, target: BinaryIO) -> None:
    body = _Body(_frame(source))
    while content := _frame(source):
        # The parts end with an empty one. More jobs are rare: until one comes, the body takes little room.
        target.writelines(_read_shared(body.open(), pickle.loads(content)))  # noqa: S301 - our own parent's, by a pipe
        target.write(_packed(b""))
        target.flush()
        body.close()
    # The buffer may read ahead: nothing is sent for the next process before this one has said that it is done.
    target.write(_packed(b""))
    target.flush()


class _Body:
    """A report, compressed while nobody reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._is_open = True

    def open(self) -> bytes:
        if not self._is_open:
            self._content, self._is_open = zlib.decompress(self._content), True
        return self._content

    def close(self) -> None:
        if self._is_open:
            self._content, self._is_open = zlib.compress(self._content, 1), False


def _frame(source: BinaryIO) -> bytes:
    """The next one; ends the process where there is none: whoever asked is gone."""
    header = source.read(LENGTH.size)
    if len(header) < LENGTH.size:
        os._exit(1)
    size = LENGTH.unpack(header)[0]
    content = source.read(size)
    if len(content) < size:
        os._exit(1)
    return content


def _packed(part: bytes) -> bytes:
    return LENGTH.pack(len(part)) + part


def _encoded(answer: Answer) -> bytes:
    return _packed(zlib.compress(_encode(answer), 1))


def _read_shared(body: bytes, job: Job) -> list[bytes]:
    """The parts of the answer: some are made by a copy of this process, forked once the body is opened."""
    other = _Other()
    batches = _Batches()
    try:
        answer: Answer = Read(_read(body, job, batches.add, other.share))
    except ingest.Refused as refusal:
        answer = Refusal(refusal.status, refusal.code, refusal.message)
    parts = [_encoded(answer), *batches.end()]
    return [*parts, *other.finish(parts)]


class _Batches:
    """Sightings, encoded by the hundred: so they take a tenth of the room."""

    def __init__(self) -> None:
        self._open: list[Sighting] = []
        self._parts: list[bytes] = []

    def add(self, sighting: Sighting) -> None:
        self._open.append(sighting)
        if len(self._open) >= BATCH:
            self.end()

    def end(self) -> list[bytes]:
        if self._open:
            self._parts.append(_encoded(Batch(self._open)))
            self._open = []
        return self._parts


class _Other:
    """The process that reads every second entry."""

    def __init__(self) -> None:
        self._pid = -1  # 0 in the other process itself
        self._pipe = (-1, -1)

    def share(self, entries: Sequence[Any]) -> Sequence[Any]:
        if len(entries) < WORTH_SHARING or (os.cpu_count() or 1) < 2:
            return entries
        self._pipe = os.pipe()
        self._pid = os.fork()
        return entries[1::2] if self._pid == 0 else entries[::2]

    def finish(self, parts: Sequence[bytes]) -> list[bytes]:
        """The parts that the other one made; there, they are handed over, and it ends."""
        if self._pid < 0:
            return []
        source, target = self._pipe
        if self._pid == 0:
            os.close(source)  # else nobody would end us when the one who reads it is gone
            with os.fdopen(target, "wb") as pipe:
                pipe.writelines(parts)
            os._exit(0)
        os.close(target)
        with os.fdopen(source, "rb") as pipe:
            content = pipe.read()
        _, status = os.waitpid(self._pid, 0)
        if status:
            os._exit(1)
        return [content]


if __name__ == "__main__":
    main()
