"""The benchmark of pages measures what it says: the same rows on both sides, each answer as it should be."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks import pages_client
from benchmarks.pages import NotTheSame, check_same, run
from benchmarks.pages_data import fill
from benchmarks.pages_rounds import BARE, EXPRESS, OURS, Case, Measured
from benchmarks.pages_servers import EXPRESS as PEER
from benchmarks.pages_servers import Subject
from benchmarks.pages_table import HEAD, table
from driftsentry.db import Database

DRIFTS = 300
CASES = ["bare", "list", "filtered", "search", "overview", "drift", "JSON", "unchanged"]


def has_peer() -> bool:
    return shutil.which("node") is not None and (PEER / "node_modules").exists()


def test_one_round_of_all_pages(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'drifts.db'}"
    asyncio.run(fill(url, DRIFTS))
    assert asyncio.run(_amounts(url)) == (DRIFTS, DRIFTS)
    found = run(url, DRIFTS, 1, 0.01, tmp_path, with_peer=has_peer())
    assert [each.case.key for each in found if each.name in (OURS, BARE)] == CASES
    assert all(each.rate > 1 and len(each.latencies) >= 4 for each in found)
    sizes = {(each.name, each.case.key): each.size for each in found}
    assert sizes[OURS, "list"] > 20_000 > sizes[OURS, "unchanged"]
    if has_peer():
        assert {each.case.key for each in found if each.name == EXPRESS} == {"list", "filtered", "search", "JSON"}
        assert sizes[EXPRESS, "list"] > 20_000


async def _amounts(url: str) -> tuple[int, int]:
    """Of rows, and as the triggers have counted them."""
    db = Database(url)
    await db.connect()
    async with db.read() as tx:
        rows = await tx.value("SELECT count(*) FROM drifts")
        counted = await tx.value("SELECT sum(amount) FROM drift_counts")
    await db.disconnect()
    return rows, counted


async def test_answers_are_counted_however_they_arrive() -> None:
    """In pieces, and over connections that the server closes: what was asked then is asked again."""
    found = await _load([b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r\nab", b"cde"], status=200)
    assert found["size"] == 5
    assert len(found["latencies"]) > 4
    assert len((await _load([b"HTTP/1.1 304 \r\n\r\n"], status=304))["latencies"]) > 4


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n", b"HTTP/1.1 200 \r\n\r\n"])
async def test_an_unexpected_answer_ends_it(answer: bytes) -> None:
    with pytest.raises(RuntimeError, match="unexpected answer"):
        await _load([answer], status=200)


async def _load(pieces: list[bytes], status: int) -> dict[str, Any]:
    """20 ms of two connections to a server that answers with `pieces`, and closes each at its third request."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for is_last in (False, False, True):
            await reader.readuntil(b"\r\n\r\n")
            for piece in [] if is_last else pieces:
                writer.write(piece)
                await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await pages_client.run(port, ["GET / HTTP/1.1\r\n\r\n"], 0.02, 2, status)


def test_servers_that_list_other_drifts_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = iter(["1", "2"])
    monkeypatch.setattr("benchmarks.pages._listed", lambda _subject, _path: next(listed))
    subject = Subject("", 0, 0)
    with pytest.raises(NotTheSame):
        check_same(subject, subject, [Case("list", "list", ["/drifts"])])


def test_the_table_compares_within_a_round() -> None:
    nothing, page = Case("bare", "nothing", ["/"]), Case("list", "list of 50", ["/drifts"])
    found = [
        Measured(BARE, nothing, [100, 1000, 400], [1.0] * 99 + [9.0], [0.5] * 3),
        Measured(OURS, page, [50, 400, 200], [2.0] * 99 + [8.0], [1.5] * 3, 40_000),
        Measured(EXPRESS, page, [25, 400, 50], [4.0] * 100, [1.0] * 3, 39_000),
    ]
    row = [cell.strip() for cell in table({1000: found}).splitlines()[-1].strip("|").split("|")]
    assert len(row) == len(HEAD)
    assert row[:6] == ["1,000", "list of 50", "40", "200", "2.0 (8.0)", "1.50"]
    assert row[-2:] == ["2.00", "0.50"]
