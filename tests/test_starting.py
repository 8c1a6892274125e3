"""A start is whole or refused: no port is open before everything else is up, and a refusal leaves nothing behind."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sqlite3
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.utils import LifespanFailureError

from driftsentry import clock, create_app, migrations
from driftsentry.config import Config
from driftsentry.db import Database
from driftsentry.serve import BACKLOG, VANISHED_SECONDS, Stopped, hypercorn_config, serve
from tests.conftest import opened
from tests.databases import PostgresServer
from tests.servers import NO_TLS, free_port, server_environment
from tests.site import add_person, settings
from tests.test_cli import spawn

NOWHERE = "postgresql://somebody:of-no-use-42@127.0.0.1:9/driftsentry"


def config_of(url: str, **more: str) -> Config:
    return settings(url, DRIFTSENTRY_PORT=str(free_port()), **more)


def is_open(config: Config) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", config.port)) == 0


@contextlib.asynccontextmanager
async def serving(config: Config) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(serve(create_app(config)))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def answer(config: Config, task: "asyncio.Task[None]") -> httpx.Response:
    """The first answer of `/readyz`."""
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as client, asyncio.timeout(20):
        while not task.done():
            with contextlib.suppress(httpx.ConnectError):
                return await client.get(f"http://127.0.0.1:{config.port}/readyz")
            await asyncio.sleep(0.01)
    raise AssertionError(f"it ended: {task.exception()}")


def open_files() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the list itself
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return sorted(found)


def left() -> tuple[object, ...]:
    """Threads, tasks, files, children and the handler of SIGTERM that there are now."""
    threads = {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}
    handler = signal.getsignal(signal.SIGTERM)
    return threads, asyncio.all_tasks(), open_files(), psutil.Process().children(), handler


@contextlib.asynccontextmanager
async def leaving_nothing(config: Config) -> AsyncIterator[None]:
    await asyncio.to_thread(int)  # the loop's own threads may be there
    before = left()
    yield
    assert not is_open(config)
    async with asyncio.timeout(2):
        while left() != before:  # noqa: ASYNC110 - a thread that has said its last word is there for a moment
            await asyncio.sleep(0.01)


async def refusal(config: Config) -> str:
    """Why it did not start."""
    async with leaving_nothing(config):
        with pytest.raises(Stopped) as refused:
            await asyncio.wait_for(serve(create_app(config)), 20)
    return str(refused.value)


async def newer(url: str) -> None:
    db = Database(url)
    await db.connect()
    async with db.write() as tx:
        values = {"version": migrations.latest() + 1, "at": clock.to_text(clock.now())}
        await tx.run("INSERT INTO schema_version (version, applied_at) VALUES (:version, :at)", **values)
    await db.disconnect()


async def without_head(url: str) -> None:
    """Then the tail does not know where to begin."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("ALTER TABLE event_head RENAME TO elsewhere")
        connection.commit()


async def junk(url: str) -> None:
    Path(url.removeprefix("sqlite:///")).write_bytes(b"a shopping list" * 1000)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (newer, r"The database has schema version \d+; .* Start the newer program, or .*\."),
        (junk, r"The database cannot be opened\. \(file is not a database\)"),
        (without_head, r".*no such table.*event_head.*"),
    ],
)
async def test_a_database_that_does_not_fit_is_refused(
    sqlite_url: str, spoil: Callable[[str], Awaitable[None]], sentence: str
) -> None:
    await spoil(sqlite_url)
    assert re.fullmatch(sentence, await refusal(config_of(sqlite_url)))


async def test_a_database_that_cannot_be_reached_or_written_is_refused(tmp_path: Path) -> None:
    assert re.fullmatch(r"The database cannot be opened\. \(.*111.*\)", await refusal(config_of(NOWHERE)))
    (tmp_path / "file").touch()
    sentence = await refusal(config_of("sqlite:///a.db", DRIFTSENTRY_DATA=str(tmp_path / "file")))
    assert re.fullmatch(r"The database cannot be opened\. \(.*File exists.*\)", sentence)


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.lent() as url:
        yield url


async def test_a_database_that_only_reads_is_refused(postgres_url: str) -> None:
    """Such as a standby, which could serve every page and take no decision."""
    async with opened(postgres_url) as db:
        await add_person(db, "Ada")  # else the start writes a code for the first user
    connection = await asyncpg.connect(postgres_url)
    try:
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        assert re.fullmatch(r"The database cannot .* \(.*read-only.*\)", await refusal(config_of(postgres_url)))
    finally:
        await connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await connection.close()


async def test_a_port_that_is_taken_is_refused_before_the_database_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = settings("sqlite:///new.db", DRIFTSENTRY_DATA=str(tmp_path), DRIFTSENTRY_PORT=str(port))
        with pytest.raises(Stopped, match=f"^It cannot listen on 127.0.0.1:{port}: Address already in use.$"):
            await serve(create_app(config))
    assert list(tmp_path.iterdir()) == []


async def test_of_two_that_start_at_once_on_one_port_one_serves_and_the_other_leaves_nothing(sqlite_url: str) -> None:
    """Both may bind; only one may listen."""
    config = config_of(sqlite_url)
    threads = set(threading.enumerate())
    async with serving(config) as one, serving(config) as two:
        done, [running] = await asyncio.wait([one, two], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        [refused] = [task.exception() for task in done]
        assert str(refused) == f"It cannot listen on 127.0.0.1:{config.port}: Address already in use."
        assert (await answer(config, running)).status_code == 200
    async with asyncio.timeout(5):  # a thread has said its last word a moment before it is gone
        while not {each for each in threading.enumerate() if not each.name.startswith("asyncio_")} <= threads:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_no_port_is_open_before_all_is_up_and_the_first_answer_is_ready(sqlite_url: str) -> None:
    config = config_of(sqlite_url)
    path = sqlite_url.removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # so the start stands still in the middle
        mine = [file.path for file in psutil.Process().open_files()].count(path)
        async with serving(config) as task:
            async with asyncio.timeout(10):
                while [file.path for file in psutil.Process().open_files()].count(path) == mine:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            for _ in range(10):
                assert not is_open(config)
                await asyncio.sleep(0.02)
            assert not task.done()
            other.execute("ROLLBACK")
            first = await answer(config, task)
            assert (first.status_code, first.text.split()[0]) == (200, "ready")


async def test_plain_hypercorn_does_not_serve_what_did_not_start(sqlite_url: str) -> None:
    """Without our `serve`, as `hypercorn app:app` does it: its lifespan refuses too."""
    await newer(sqlite_url)
    config = config_of(sqlite_url)
    async with leaving_nothing(config):
        with pytest.raises(LifespanFailureError, match="Start the newer program"):
            await hypercorn_serve(create_app(config), hypercorn_config(config), shutdown_trigger=asyncio.Event().wait)


def test_what_people_see_is_one_sentence_and_no_secret(tmp_path: Path) -> None:
    env = server_environment(NOWHERE, tmp_path, DRIFTSENTRY_PORT=str(free_port()))
    result = spawn(env, program=("app.py",))
    assert result.returncode == 1
    *log, sentence = result.stderr.splitlines()
    assert sentence.startswith("DriftSentry stopped: The database cannot be opened. (")
    assert all(line.startswith("{") for line in log)
    for unwanted in ("Traceback", '"error"', "of-no-use-42"):
        assert unwanted not in result.stderr


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
async def test_peers_that_vanish_are_noticed_and_thousands_may_come_at_once(sqlite_url: str) -> None:
    """Asked of the kernel, about the sockets of a server that runs."""
    config = config_of(sqlite_url)
    async with serving(config) as task:
        await answer(config, task)
        _reader, writer = await asyncio.open_connection("127.0.0.1", config.port)
        mine = writer.get_extra_info("sockname")
        accepted, listening = None, None
        async with asyncio.timeout(5):
            while accepted is None:
                await asyncio.sleep(0.01)
                for sock in sockets_of_this_process():
                    with sock:
                        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                            listening = listening_queue(sock) if sock.getsockname()[1] == config.port else listening
                        elif peer_of(sock) == mine:
                            accepted = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        writer.close()
        assert accepted == VANISHED_SECONDS * 1000
        assert listening == min(BACKLOG, int(Path("/proc/sys/net/core/somaxconn").read_text()))


def sockets_of_this_process() -> list[socket.socket]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            sock = socket.socket(fileno=os.dup(int(name)))
            found.append(sock)
    return [sock for sock in found if sock.family == socket.AF_INET or sock.close()]


def peer_of(sock: socket.socket) -> object:
    with contextlib.suppress(OSError):
        return sock.getpeername()
    return None


def listening_queue(sock: socket.socket) -> int:
    """`tcpi_sacked`, which in a socket that listens is the length of its queue."""
    return int(struct.unpack_from("8B6I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104))[8 + 5])
