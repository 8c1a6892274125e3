"""What another process did on the same database reaches the pages of this one."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from driftsentry import auth, db_postgres
from driftsentry.auth import people, sessions
from driftsentry.auth.guards import COOKIE
from driftsentry.auth.model import Role
from driftsentry.db import Database
from driftsentry.events import SYSTEM, Actor
from tests.ingest.samples import entry, plan
from tests.live.viewers import CURSOR, Changer, Page, until_alike
from tests.servers import Server, running_server, server_environment
from tests.site import add_person, open_session, running_site, sign
from tests.test_cli import run

PLAN = plan(entry({"a": "1"}, {"a": "2"}))
PROMISED_MS = {"sqlite": 100, "postgresql": 50}
SLACK_MS = 200  # for a machine that does other things meanwhile; alone it takes 25 and 10


def live(server: Server, cookie: str, **rest: str) -> connect:
    headers = {"Cookie": f"{COOKIE}={cookie}"} | rest
    return connect(f"{server.socket_url}/live?after=0&room=drifts", additional_headers=headers, proxy=None)


async def test_two_servers_and_the_command_line_tell_each_other(
    database_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    (tmp_path / "other").mkdir()
    db = Database(database_url)
    with running_server(tmp_path, database_url) as here, running_server(tmp_path / "other", database_url) as there:
        await db.connect()
        try:
            person = await add_person(db, "Emil")
            cookie = sign(here.config, await open_session(db, here.config, person))
            _token, secret = await auth.create_token(db, SYSTEM, "ci", ("*",), here.config.session_absolute)
        finally:
            await db.disconnect()
        async with live(here, cookie) as socket:
            async with there.client() as client:
                headers = {"Authorization": f"Bearer {secret}"}
                await client.post("/api/v1/stacks/prod/app/reports", content=PLAN, headers=headers)
            async with asyncio.timeout(2):
                while "drift-1" not in str(await socket.recv()):
                    pass
            env = server_environment(database_url, tmp_path)
            assert run(env, "user", "disable", person.email).returncode == 0
            started = time.monotonic()
            try:
                async for _frame in socket:
                    pass
            except ConnectionClosed:
                pass
            assert socket.close_code == 4401
            assert time.monotonic() - started < 1
        async with live(here, cookie) as socket:  # accepted, for htmx would retry a refusal for ever
            await socket.wait_closed()
            assert socket.close_code == 4401
        with pytest.raises(InvalidStatus, match="403"):
            async with live(here, cookie, Origin="https://evil.example"):
                pass
        async with Changer(database_url) as changer:
            delays = await pushed_after(changer, [here, there])
            engine = changer.db.engine
            median = statistics.median(delays)
            record_property(
                "table", f"{engine}: from a commit to its push by another process: {median:.0f} ms (median)"
            )
            assert median < PROMISED_MS[engine] + SLACK_MS
            for end in (revoke, disable, take_rights):
                assert await ended_after(changer, [here, there], end) < 2
            if engine == "postgresql":
                await lose_the_listeners(changer, [here, there])


async def pushed_after(changer: Changer, servers: Sequence[Server]) -> list[float]:
    """Milliseconds from a commit until a page of each server has it, twenty times."""
    drifts = await changer.report(servers[0], 5)
    cookie = await changer.cookie("Vera", "viewer")
    delays = []
    async with live(servers[0], cookie) as one, live(servers[1], cookie) as two:
        for _ in range(20):
            await changer.change(drifts)
            committed, latest = time.monotonic(), await changer.latest()
            for socket in (one, two):
                async with asyncio.timeout(5):
                    while str(latest) not in CURSOR.findall(str(await socket.recv())):
                        pass
                delays.append(1000 * (time.monotonic() - committed))
    return delays


End = Callable[[Changer, Actor, str], Awaitable[object]]


async def revoke(changer: Changer, actor: Actor, user_id: str) -> None:
    assert await sessions.end_all_of(changer.db, actor, user_id) == 1


async def disable(changer: Changer, actor: Actor, user_id: str) -> None:
    await people.disable(changer.db, actor, user_id)


async def take_rights(changer: Changer, actor: Actor, user_id: str) -> None:
    await people.change_role(changer.db, actor, user_id, Role.VIEWER)


async def ended_after(changer: Changer, servers: Sequence[Server], end: End) -> float:
    """Seconds until all sockets of somebody are closed in both processes."""
    admin = await add_person(changer.db, f"Ada{end.__name__}", "admin")
    emil = await add_person(changer.db, f"Emil{end.__name__}")
    cookie = sign(changer.config, await open_session(changer.db, changer.config, emil))
    async with live(servers[0], cookie) as one, live(servers[1], cookie) as two:
        for socket in (one, two):  # each is in when it is told what it missed
            await asyncio.wait_for(socket.recv(), 5)
        started = time.monotonic()
        await end(changer, Actor("user", admin.id, admin.name), emil.id)
        async with asyncio.timeout(10):
            await asyncio.gather(one.wait_closed(), two.wait_closed())
        assert (one.close_code, two.close_code) == (4401, 4401)
    return time.monotonic() - started


async def lose_the_listeners(changer: Changer, servers: Sequence[Server]) -> None:
    """A connection that listens is lost again and again, and nothing else is."""
    drifts = await changer.report(servers[0], 10, "prod/app")
    cookie = await changer.cookie("Lotte")
    pages = [Page(server.socket_url, [server], cookie) for server in servers]
    looking = [asyncio.create_task(page.live()) for page in pages]
    await asyncio.gather(*[page.is_open.wait() for page in pages])
    lost = 0
    for _ in range(8):
        async with changer.db.read() as tx:
            lost += len(
                await tx.all(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                )
            )
        await changer.change(drifts[:5])
        await asyncio.sleep(0.3)
    assert lost > len(servers)
    await until_alike(pages, changer, drifts)
    for task in looking:
        task.cancel()


async def test_without_notifications_it_asks_each_second(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a pooler stands in between."""

    async def announce(_engine: object, _raw: object) -> None:
        return

    monkeypatch.setattr(db_postgres.PostgresEngine, "announce", announce)
    async with running_site(postgres_url) as site, Changer(postgres_url) as changer:
        await site.post_body(PLAN)
        started = time.monotonic()
        await changer.change([1])
        async with asyncio.timeout(5):
            await site.caught_up()
        assert time.monotonic() - started < db_postgres.POLL_SECONDS + 2
        async with (await site.as_viewer()).socket("/live?after=1&room=drifts") as socket:
            assert 'id="drift-1"' in await asyncio.wait_for(socket.receive(), 5)
