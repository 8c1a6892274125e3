"""Reading and judging a report: most of its time, off the event loop, and nothing of it needs the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from driftsentry import errors, ingest
from driftsentry.judging import Book, Seen
from driftsentry.reports.body import Body
from driftsentry.reports.large import LARGE, LargeReports
from driftsentry.reports.model import Upload
from driftsentry.worker import Job, Judged, read

_PARSERS = asyncio.Semaphore(2)
Judge = Callable[[Book, Seen], Awaitable[Judged]]


@asynccontextmanager
async def judging(body: Body, upload: Upload, large: LargeReports | None) -> AsyncIterator[Judge]:
    """What judges the body, again where others were faster. A large one is taken out of it.

    The judge raises `Invalid` (400, 413, 415, 422) for a body that is no report.
    """
    if large is not None and body.size >= LARGE:
        async with large.reading(body) as judge:
            yield lambda book, seen: _answered(judge(_job(upload, book, seen)))
    else:
        content = b"".join(body.take())
        yield lambda book, seen: _answered(_in_thread(content, _job(upload, book, seen)))


async def _in_thread(content: bytes, job: Job) -> Judged:
    async with _PARSERS:
        return await asyncio.to_thread(read, content, job)


def _job(upload: Upload, book: Book, seen: Seen) -> Job:
    hints = ingest.Hints(upload.format, upload.exit_code, upload.complete, upload.direction, seen.has_former)
    return Job(hints, book, seen)


async def _answered(judged: Awaitable[Judged]) -> Judged:
    try:
        return await judged
    except ingest.Refused as refusal:
        raise errors.Invalid(refusal.message, code=refusal.code, status=refusal.status) from None
