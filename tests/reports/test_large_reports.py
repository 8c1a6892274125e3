"""Large reports are read by a process of their own: the same result, bounded, and nothing hangs when it dies."""

import asyncio
import json
import os
import signal
from collections import deque

import pytest

from benchmarks.big_plan import big_plan
from driftsentry import errors, ingest
from driftsentry.judging import Book, Seen
from driftsentry.reports.large import LARGE, LargeReports
from driftsentry.worker import Job, read
from tests.site import Site

BOOK = Book(b"k" * 32, "prod/app", "prod")
JOB = Job(ingest.Hints(), BOOK, Seen())


def pieces(body: bytes) -> deque[bytes]:
    return deque(body[start : start + 50_000] for start in range(0, len(body), 50_000))


async def test_another_process_and_its_second_half_read_the_same_as_a_thread() -> None:
    body = big_plan(1_200)
    assert len(body) > LARGE
    here, large = read(body, JOB), LargeReports()
    try:
        for _ in range(2):
            sent = pieces(body)
            async with large.reading(sent) as judge:
                first, again = await judge(JOB), await judge(JOB)
            assert not sent
            assert first == again
            assert first.scan == here.scan
            assert sorted(first.sightings, key=lambda s: s.address) == sorted(here.sightings, key=lambda s: s.address)
        with pytest.raises(ingest.Refused) as refused:
            async with large.reading(pieces(body[:-100])) as judge:
                await judge(JOB)
        assert "ends in the middle" in refused.value.message
        async with large.reading(pieces(body)) as judge:  # and goes on
            assert (await judge(JOB)).scan == here.scan
    finally:
        await large.close()


async def test_a_reader_that_dies_is_an_outage_and_the_next_report_gets_another_one() -> None:
    body, large = big_plan(300), LargeReports()
    try:
        with pytest.raises(errors.Unavailable):
            async with large.reading(pieces(body)) as judge:
                assert large._process is not None
                os.kill(large._process.pid, signal.SIGKILL)
                for _ in range(3):  # its child may still have the body, and answer once
                    await judge(JOB)
                    await asyncio.sleep(0.05)
                raise errors.Unavailable("it went on without its parent")
        async with large.reading(pieces(body)) as judge:
            assert len((await judge(JOB)).sightings) == 300
    finally:
        await large.close()


async def test_a_large_report_arrives_like_a_small_one(sqlite_site: Site) -> None:
    body = big_plan(150)
    assert len(body) > LARGE
    answer = await (await sqlite_site.post_body(body)).get_json()
    assert sum(answer["data"]["drifts"].values()) == 150
    again = await (await sqlite_site.post_body(body)).get_json()
    assert again["meta"]["duplicate"] is True
    same = json.loads(body) | {"timestamp": "2026-01-02T00:00:00Z"}
    answer = await (await sqlite_site.post_body(json.dumps(same).encode())).get_json()
    counted = answer["data"]["drifts"]
    assert counted["unchanged"] + counted["informational"] == 150
    refused = await sqlite_site.post_body(body[:-50])
    assert refused.status_code == 400
    assert "Correct-Horse" not in await refused.get_data(as_text=True)
