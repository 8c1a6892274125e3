"""The process that reads large reports, so that pages stay quick meanwhile and the memory is given back at the end.

`python -m driftsentry.worker` takes frames on its input, 8 bytes of length and the content: a body, then jobs for it,
then an empty frame. It answers each job with the number of parts, and the parts; and the end with a 0. Started by
`reports/large.py` only.
"""

import gc
import os
import pickle
import struct
import sys
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


class Part(msgspec.Struct, frozen=True, tag=True):
    judged: Judged


Answer = Part | Refusal


def read(body: bytes, job: Job, share: Share = lambda entries: entries) -> Judged:
    """Reads and judges. `share` leaves some of the entries to another process. Raises `ingest.Refused`."""
    sightings: list[Sighting] = []

    def take(finding: ingest.Finding) -> None:
        sightings.append(sight(finding, job.book, job.seen))

    def is_known(address: str, deposed: str, source: str) -> bool:
        same = sight_again(address, deposed, source, job.seen)
        if same:
            sightings.append(same)
        return same is not None

    reading = ingest.Reading(share, take, is_known)
    scan = ingest.parse(body, stack=job.book.stack, key=job.book.key, hints=job.hints, reading=reading)
    sightings += [sight(finding, job.book, job.seen) for finding in scan.findings]
    return Judged(replace(scan, findings=()), sightings)


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
    body = _frame(source)
    while content := _frame(source):
        parts = _read_shared(body, pickle.loads(content))  # noqa: S301 - from our own parent, over a pipe
        target.write(LENGTH.pack(len(parts)))
        for part in parts:
            target.write(LENGTH.pack(len(part)) + part)
        target.flush()
    # The buffer may read ahead: nothing is sent for the next process before this one has said that it is done.
    target.write(LENGTH.pack(0))
    target.flush()


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


def _read_shared(body: bytes, job: Job) -> list[bytes]:
    """The report in one part or two: the second is read by a copy of this process, made once the body is opened."""
    other = _Other()
    answer = msgspec.msgpack.encode(_answer(body, job, other.share))
    return [answer, *other.finish(answer)]


def _answer(body: bytes, job: Job, share: Share) -> Answer:
    try:
        return Part(read(body, job, share))
    except ingest.Refused as refusal:
        return Refusal(refusal.status, refusal.code, refusal.message)


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

    def finish(self, answer: bytes) -> list[bytes]:
        """What the other one answers; there, it answers and ends."""
        if self._pid < 0:
            return []
        source, target = self._pipe
        if self._pid == 0:
            with os.fdopen(target, "wb") as pipe:
                pipe.write(answer)
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
