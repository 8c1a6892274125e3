"""Large reports, read by a process of their own."""

import asyncio
import os
import pickle
import signal
import sys
import zlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import msgspec

from driftsentry import ROOT, errors, ingest
from driftsentry.judging import Sighting
from driftsentry.reports.body import Body
from driftsentry.worker import LENGTH, OPEN, Answer, Batch, Job, Judged, Refusal

# Smaller ones are read in a thread before another process has got them.
LARGE = 512 * 1024
PATIENCE_SECONDS = 120
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")
_answer: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
Judge = Callable[[Job], Awaitable[Judged]]
T = TypeVar("T")


class LargeReports:
    """Reads one large report at a time, so that the memory it takes is bounded; others wait. For one event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._is_idle = True  # or waits for the next job: then it can be told to end

    @asynccontextmanager
    async def reading(self, body: Body) -> AsyncIterator[Judge]:
        """Hands the body over, piece by piece, until `body` is empty. It may be judged several times.

        Raises `Unavailable` when the process dies, or takes too long.
        """
        async with self._turn:
            process = await self._running()
            try:
                await self._asked(_send(process, body))
                yield lambda job: self._judge(process, job)
            finally:
                await self._leave(process)

    async def close(self) -> None:
        if self._process is not None:
            await _end(self._process)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "driftsentry.worker",
                cwd=ROOT,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the server, which ends it
            )
        return self._process

    async def _judge(self, process: asyncio.subprocess.Process, job: Job) -> Judged:
        """Raises `ingest.Refused`."""
        content = await asyncio.to_thread(pickle.dumps, job)
        parts = await self._asked(_ask(process, content))
        return await asyncio.to_thread(_joined, parts)

    async def _asked(self, question: Awaitable[T]) -> T:
        self._is_idle = False
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await question
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            raise errors.Unavailable("The report could not be read just now. Send it again.") from None
        self._is_idle = True
        return answer

    async def _leave(self, process: asyncio.subprocess.Process) -> None:
        """Let the body go. A process that was left in the middle of something is of no more use."""
        if self._is_idle:
            with suppress(errors.Unavailable):
                await self._asked(_dismiss(process))
                return
        _kill(process)
        await _end(process)
        self._is_idle = True


async def _end(process: asyncio.subprocess.Process) -> None:
    """Without input it ends by itself."""
    assert process.stdin is not None, "a pipe"
    process.stdin.close()
    try:
        async with asyncio.timeout(5):
            await process.communicate()
    except TimeoutError:
        _kill(process)
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.communicate()


def _kill(process: asyncio.subprocess.Process) -> None:
    """With all that it started: each of them would hold its pipes open."""
    with suppress(ProcessLookupError):  # they may have ended by themselves
        os.killpg(process.pid, signal.SIGKILL)


def _joined(parts: deque[bytes]) -> Judged:
    sightings: list[Sighting] = []
    scan: ingest.Scan | None = None
    while parts:
        answer = _answer.decode(zlib.decompress(parts.popleft()))
        if isinstance(answer, Refusal):
            raise ingest.Refused(answer.status, answer.code, answer.message)
        if isinstance(answer, Batch):
            sightings += answer.sightings
        else:
            scan = answer.scan
    assert scan is not None, "whoever reads answers what it read, or why not"
    return Judged(scan, sightings)


async def _send(process: asyncio.subprocess.Process, body: Body) -> None:
    await _write(process, OPEN + LENGTH.pack(body.size))
    for piece in body.take():
        await _write(process, piece)


async def _ask(process: asyncio.subprocess.Process, content: bytes) -> deque[bytes]:
    await _write(process, LENGTH.pack(len(content)) + content)
    assert process.stdout is not None, "a pipe"
    parts: deque[bytes] = deque()
    while part := await _frame(process.stdout):
        parts.append(part)
    return parts


async def _dismiss(process: asyncio.subprocess.Process) -> None:
    await _write(process, LENGTH.pack(0))
    assert process.stdout is not None, "a pipe"
    await _frame(process.stdout)


async def _write(process: asyncio.subprocess.Process, content: bytes) -> None:
    assert process.stdin is not None, "a pipe"
    process.stdin.write(content)
    await process.stdin.drain()


async def _frame(source: asyncio.StreamReader) -> bytes:
    return await source.readexactly(LENGTH.unpack(await source.readexactly(LENGTH.size))[0])
