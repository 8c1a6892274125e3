"""What another process did on the same database reaches the pages of this one."""

import asyncio
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from driftsentry import auth
from driftsentry.auth.guards import COOKIE
from driftsentry.db import Database
from driftsentry.events import SYSTEM
from tests.ingest.samples import entry, plan
from tests.servers import Server, running_server, server_environment
from tests.site import add_person, open_session, sign
from tests.test_cli import run

PLAN = plan(entry({"a": "1"}, {"a": "2"}))


def live(server: Server, cookie: str, **rest: str) -> connect:
    headers = {"Cookie": f"{COOKIE}={cookie}"} | rest
    return connect(f"{server.socket_url}/live?after=0&room=drifts", additional_headers=headers, proxy=None)


async def test_two_servers_and_the_command_line_tell_each_other(database_url: str, tmp_path: Path) -> None:
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
