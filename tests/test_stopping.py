"""The server is told to end while hundreds look at it and work with it: nothing asked is lost, and nothing is left."""

import asyncio
import contextlib
import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from driftsentry import auth
from driftsentry.auth.guards import COOKIE
from driftsentry.events import SYSTEM
from tests.ingest.samples import entry, plan
from tests.servers import Server, running_server
from tests.site import add_person, open_session, sign
from tests.test_kill import Scene

SOCKETS = 500
AT_ONCE = 50
REPORT = plan(*[entry({"a": 1}, {"a": 3}, address=f"demo.late{n}", name=f"late{n}") for n in range(40)])


async def request(server: Server, head: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of its own, on which `head` and `body` were sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.config.port)
    writer.write(f"{head}\r\nHost: 127.0.0.1:{server.config.port}\r\n\r\n".encode() + body)
    return reader, writer


class Onlookers:
    """Open sockets that read nothing but their end, cheap enough for hundreds."""

    def __init__(self, server: Server, cookies: list[str]) -> None:
        self._server = server
        self._cookies = cookies
        self._places = asyncio.Semaphore(AT_ONCE)
        self._open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def come(self, amount: int) -> None:
        await asyncio.gather(*[self._join(self._cookies[number % len(self._cookies)]) for number in range(amount)])

    async def _join(self, cookie: str) -> None:
        head = (
            "GET /live?after=0 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Cookie: {COOKIE}={cookie}"
        )
        async with self._places:
            reader, writer = await request(self._server, head)
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)  # the catch-up begins: it is in its rooms
        self._open.append((reader, writer))

    async def codes(self) -> set[int]:
        """The codes that they were closed with: the last frame before the connection ends is the close."""
        last = await asyncio.gather(*[reader.read() for reader, _ in self._open])
        for _, writer in self._open:
            writer.close()
        return {int.from_bytes(frame[-2:], "big") if frame[-4:-2] == b"\x88\x02" else 0 for frame in last}


class Report:
    """A report of which half was sent before the signal."""

    def __init__(self, server: Server, secret: str) -> None:
        self._server = server
        self._head = (
            f"POST /api/v1/stacks/prod/late/reports HTTP/1.1\r\nAuthorization: Bearer {secret}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(REPORT)}"
        )

    async def begin(self) -> None:
        self._reader, self._writer = await request(self._server, self._head, REPORT[: len(REPORT) // 2])
        await self._writer.drain()

    def drop(self) -> None:
        self._writer.close()

    async def finish(self) -> bytes:
        """The whole answer."""
        self._writer.write(REPORT[len(REPORT) // 2 :])
        answer = await self._reader.read()
        self._writer.close()
        return answer


async def readiness(server: Server) -> list[str]:
    """What `/readyz` answers on new connections until they are refused, each answer once in a row."""
    seen: list[str] = []
    with contextlib.suppress(ConnectionError):
        while True:
            reader, writer = await request(server, "GET /readyz HTTP/1.1\r\nConnection: close")
            answer = (await reader.read()).decode()
            writer.close()
            # A connection that the kernel took, and the server no more, ends without a word.
            state = f"{answer[9:12]} {answer.split()[-1]}" if answer.startswith("HTTP") else ""
            state = "200 ready" if state.startswith("200") else state
            if state and state not in seen[-1:]:
                seen.append(state)
    return seen


async def exit_of(server: Server) -> int:
    while server.process.poll() is None:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return int(server.process.returncode)


async def token(scene: Scene) -> str:
    _token, secret = await auth.create_token(scene.db, SYSTEM, "late", ("*",), scene.config.session_absolute)
    return secret


async def cookies(scene: Scene) -> list[str]:
    """Of so many people that nobody has too many sockets."""
    people = [await add_person(scene.db, f"Onlooker{number}", "viewer") for number in range(SOCKETS // AT_ONCE + 1)]
    return [sign(scene.config, await open_session(scene.db, scene.config, person)) for person in people]


async def test_sigterm_under_load_answers_what_was_asked_and_closes_500_sockets_with_1012(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with Scene(sqlite_url) as scene:
        with running_server(tmp_path, sqlite_url) as server:
            await scene.prepare(server)
            onlookers, report = Onlookers(server, await cookies(scene)), Report(server, await token(scene))
            await onlookers.come(SOCKETS)
            await report.begin()
            failed: list[Any] = []
            is_stopping = asyncio.Event()
            has_asked = [asyncio.Event() for _ in scene.cookies]

            async def ask(cookie: str, asked: asyncio.Event) -> None:
                """Requests that were sent before the server was told to stop must be answered."""
                async with server.client(cookie) as client:
                    while not is_stopping.is_set():
                        try:
                            response = await client.get("/drifts")
                            if response.status_code != 200:
                                failed.append(response.status_code)
                        except httpx.TransportError as error:
                            failed.append(repr(error))
                        asked.set()

            async def stop() -> tuple[float, list[str], bytes]:
                await asyncio.gather(*[asked.wait() for asked in has_asked])
                started = time.monotonic()
                is_stopping.set()  # no further requests: each client still waits for the one it sent
                await asyncio.sleep(0)
                server.process.terminate()
                seen = await readiness(server)
                answer = await report.finish()  # only now, when nobody is let in any more
                await exit_of(server)
                return time.monotonic() - started, seen, answer

            children = psutil.Process(server.process.pid).children(recursive=True)
            asking = [ask(*each) for each in zip(scene.cookies, has_asked, strict=True)]
            *_, (seconds, seen, answer), codes = await asyncio.gather(*asking, stop(), onlookers.codes())
            assert failed == []
            assert codes == {1012}
            assert [state for state in seen if state != "200 ready"] == ["503 stopping"]
            assert seen[-1] == "503 stopping"
            assert re.match(rb"HTTP/1.1 20[01] ", answer), answer[:300]
            assert re.search(rb"(?i)\r\nconnection: close\r\n", answer)
            assert seconds < 10
            assert server.process.returncode == 0
            assert not [child for child in children if child.is_running()]
        async with scene.db.read() as tx:
            assert await tx.value("SELECT count(*) FROM drifts WHERE address LIKE 'demo.late%'") == 40
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        wrong = [line for line in lines if line["level"] in ("error", "critical")]
        assert [line for line in wrong if line["message"] != "request.finished"] == []  # which only says: slow
        told = [line for line in lines if line["message"] == "serve.stopping"]
        assert [(line["signal"], line["sockets"]) for line in told] == [("SIGTERM", SOCKETS)]


async def test_a_second_signal_ends_the_server_at_once(sqlite_url: str, tmp_path: Path) -> None:
    async with Scene(sqlite_url) as scene:
        with running_server(tmp_path, sqlite_url) as server:
            report = Report(server, await token(scene))
            await report.begin()
            server.process.send_signal(signal.SIGTERM)
            await readiness(server)  # until the port is closed: the server waits for the rest of the report
            assert server.process.poll() is None
            started = time.monotonic()
            server.process.send_signal(signal.SIGINT)
            assert await exit_of(server) == 128 + signal.SIGINT
            assert time.monotonic() - started < 1
            report.drop()
        async with scene.db.read() as tx:
            assert await tx.value("SELECT count(*) FROM reports") == 0
