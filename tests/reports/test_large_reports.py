"""Large reports are read by a process of their own: the same result, bounded, and nothing hangs when it dies."""

import asyncio
import json
import os
import signal
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from benchmarks.big_plan import big_plan
from driftsentry import auth, errors, events, ingest
from driftsentry.db import Database
from driftsentry.judging import Book, Seen
from driftsentry.reports import large as large_reports
from driftsentry.reports.body import PAGE, Body
from driftsentry.reports.large import LARGE, LargeReports
from driftsentry.worker import Job, read
from tests.servers import running_server
from tests.site import Site

BOOK = Book(b"k" * 32, "prod/app", "prod")
JOB = Job(ingest.Hints(), BOOK, Seen())


def test_a_body_is_what_was_added_whatever_the_pieces() -> None:
    for sizes in ((), (1,), (PAGE,), (PAGE - 1, 2), (3 * PAGE + 5, PAGE, 7)):
        parts = [os.urandom(size) for size in sizes]
        body = Body()
        for part in parts:
            body.add(part)
        whole = b"".join(parts)
        assert body.size == len(whole)
        assert b"".join(bytes(piece) for piece in body.pieces()) == whole
        for start, end in ((0, 3), (PAGE - 2, PAGE + 2), (5, 5), (2 * PAGE, len(whole) + 9)):
            assert body.part(start, end - start) == whole[start:end]
        assert b"".join(body.take()) == whole
        assert (body.size, list(body.take())) == (0, [])


def test_a_text_in_a_body_is_found_wherever_pages_end() -> None:
    for position in (0, 1, PAGE - 4, PAGE - 1, PAGE, 2 * PAGE - 3):
        body = Body(b"." * position + b"needle" + b"." * PAGE + b"needle")
        assert body.find(b"needle") == body.find(b"needle", position) == position
        assert body.find(b"needle", position + 1) == position + 6 + PAGE
        assert body.find(b"needle", position + 7 + PAGE) == -1


async def test_another_process_and_its_second_half_read_the_same_as_a_thread() -> None:
    body = big_plan(1_200)
    assert len(body) > LARGE
    here, large = read(body, JOB), LargeReports()
    try:
        for _ in range(2):
            sent = Body(body)
            async with large.reading(sent) as judge:
                first, again = await judge(JOB), await judge(JOB)
            assert sent.size == 0
            assert first == again
            assert first.scan == here.scan
            assert sorted(first.sightings, key=lambda s: s.address) == sorted(here.sightings, key=lambda s: s.address)
        with pytest.raises(ingest.Refused) as refused:
            async with large.reading(Body(body[:-100])) as judge:
                await judge(JOB)
        assert "ends in the middle" in refused.value.message
        async with large.reading(Body(body)) as judge:  # and goes on
            assert (await judge(JOB)).scan == here.scan
    finally:
        await large.close()


async def test_a_reader_that_dies_is_an_outage_at_once_and_the_next_report_gets_another_one() -> None:
    body, large = big_plan(300), LargeReports()
    try:
        for is_child in (True, False):
            with pytest.raises(errors.Unavailable):
                async with large.reading(Body(body)) as judge, asyncio.timeout(5):
                    assert large._process is not None
                    parent = psutil.Process(large._process.pid)
                    [child] = parent.children()
                    for process in (child,) if is_child else (parent, child):
                        os.kill(process.pid, signal.SIGKILL)
                    await judge(JOB)
        async with large.reading(Body(body)) as judge:
            assert len((await judge(JOB)).sightings) == 300
    finally:
        await large.close()


@pytest.mark.parametrize("fate", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stuck"])
async def test_a_reader_that_ends_or_hangs_in_the_middle_takes_its_other_half_along(
    fate: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, large = big_plan(4_000), LargeReports()
    try:
        with pytest.raises(errors.Unavailable):
            async with asyncio.timeout(8), large.reading(Body(body)) as judge:
                assert large._process is not None
                [reader] = psutil.Process(large._process.pid).children()
                monkeypatch.setattr(large_reports, "PATIENCE_SECONDS", 2)
                reading = asyncio.create_task(judge(JOB))
                while not (halves := reader.children()):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                os.kill(reader.pid, fate)
                await reading
        assert psutil.wait_procs([reader, *halves], timeout=5)[1] == []
        monkeypatch.undo()
        async with asyncio.timeout(30), large.reading(Body(big_plan(300))) as judge:
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


async def test_the_reading_process_ends_with_its_server_however_that_ends(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path / 'test.db'}"
    with running_server(tmp_path, database_url) as server:
        db = Database(server.config.database_url)
        await db.connect()
        _, token = await auth.create_token(db, events.SYSTEM, "ci", ("*",), timedelta(days=1))
        await db.disconnect()
        async with server.client() as client:
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.post("/api/v1/stacks/prod/app/reports", content=big_plan(120), headers=headers)
        assert answer.status_code == 201
        readers = psutil.Process(server.process.pid).children(recursive=True)
        assert "driftsentry.worker" in readers[0].cmdline()
        server.kill()
        assert psutil.wait_procs(readers, timeout=5)[1] == []
