"""Reading and judging a report: most of its time, off the event loop, and nothing of it needs the database."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from driftsentry import errors, ingest
from driftsentry.judging import Book, Seen
from driftsentry.reports.large import LARGE, LargeReports
from driftsentry.reports.model import Upload
from driftsentry.worker import Job, Judged, read

_PARSERS = asyncio.Semaphore(2)
Judge = Callable[[Book, Seen], Awaitable[Judged]]


@asynccontextmanager
async def judging(pieces: deque[bytes], upload: Upload, large: LargeReports | None) -> AsyncIterator[Judge]:
    """What judges the body, again where others were faster. A large one leaves `pieces` empty.

    The judge raises `Invalid` (400, 413, 415, 422) for a body that is no report.
    """
    if large is not None and sum(map(len, pieces)) >= LARGE:
        async with large.reading(pieces) as judge:
            yield lambda book, seen: _answered(judge(_job(upload, book, seen)))
    else:
        body = b"".join(pieces)
        yield lambda book, seen: _answered(_in_thread(body, _job(upload, book, seen)))


async def _in_thread(body: bytes, job: Job) -> Judged:
    async with _PARSERS:
        return await asyncio.to_thread(read, body, job)


def _job(upload: Upload, book: Book, seen: Seen) -> Job:
    hints = ingest.Hints(upload.format, upload.exit_code, upload.complete, upload.direction, seen.has_former)
    return Job(hints, book, seen)


async def _answered(judged: Awaitable[Judged]) -> Judged:
    try:
        return await judged
    except ingest.Refused as refusal:
        raise errors.Invalid(refusal.message, code=refusal.code, status=refusal.status) from None
