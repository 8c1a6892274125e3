"""DriftSentry and its peers, each in a process of its own, as something that pushes when it is asked to."""

import asyncio
import http.client
import itertools
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from driftsentry import ROOT, auth, events
from driftsentry.auth.guards import COOKIE
from driftsentry.db import Database
from tests.ingest.samples import entry, plan
from tests.servers import Server, free_port, running_server
from tests.site import OURS, add_person, open_session, sign

PEOPLE, SESSIONS = 60, 4  # of each: the sockets share them, of 10,000 within the limits of a session and of a person
SECONDS = 60
_SCAN = 1_000  # drifts; more would go to the process that reads large reports
_PEERS = ROOT / "benchmarks" / "peers"
_NODE = _PEERS / "socketio"
# What Chromium sends.
_HEAD = """GET {path} HTTP/1.1
Host: 127.0.0.1:{port}
Connection: Upgrade
Pragma: no-cache
Cache-Control: no-cache
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36
Upgrade: websocket
Origin: http://127.0.0.1:{port}
Sec-WebSocket-Version: 13
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9
Cookie: {cookie}
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
"""


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Subject:
    """A running server. `ask(body)`: the POST that makes it push, for peers exactly that body."""

    name: str
    port: int
    pid: int
    heads: Callable[[], list[str]]  # of the handshakes, in turn, without the key
    ask: Callable[[bytes], Request]
    control: int = 0  # the port that takes the POST
    greeting: str = ""  # that its protocol begins with

    def post(self, request: Request) -> tuple[float, float]:
        """When the POST was sent, and when its answer was there, on a connection that was open before."""
        connection = http.client.HTTPConnection("127.0.0.1", self.control or self.port, timeout=SECONDS)
        connection.connect()
        started = time.perf_counter()
        connection.request("POST", request.path, request.body, request.headers)
        answer = connection.getresponse()
        answer.read()
        answered = time.perf_counter()
        connection.close()
        if answer.status not in (200, 204):
            raise RuntimeError(f"{self.name} answers {answer.status}")
        return started, answered

    def cpu(self) -> float:
        """Milliseconds that the threads of the process have run until now."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6

    def megabytes(self) -> float:
        """PSS of the process and of what it has started: memory shared with others counts in part."""
        process = psutil.Process(self.pid)
        return sum(each.memory_full_info().pss for each in (process, *process.children(recursive=True))) / 1e6


class DriftSentry(Subject):
    """Decisions on drifts that were posted before, one after the other, each by an engineer, from the page."""

    def __init__(self, server: Server, cookies: list[str]) -> None:
        self.server, self.cookies = server, cookies
        self._drifts = iter(asyncio.run(_waiting(server)))
        super().__init__("DriftSentry", server.config.port, server.process.pid, self._heads, self.decide)

    def _heads(self) -> list[str]:
        """As of pages that were rendered just now."""
        path = f"/live?after={asyncio.run(_latest_seq(self.server))}&room=drifts"
        return [_head(path, self.port, f"{COOKIE}={cookie}") for cookie in self.cookies]

    def decide(self, _body: bytes = b"") -> Request:
        drift_id, fingerprint = next(self._drifts)
        form = {"verdict": "approved", "reason": "the vendor asked us to keep it", "fingerprint": fingerprint}
        return self._form(f"/drifts/{drift_id}/decision", form, {"HX-Request": "true"})

    def decide_many(self, amount: int) -> Request:
        seen = [f"{drift_id}:{fingerprint}" for drift_id, fingerprint in itertools.islice(self._drifts, amount)]
        return self._form("/drifts/bulk", {"verdict": "rejected", "reason": "nobody asked for it", "drift": seen}, {})

    def _form(self, path: str, form: dict[str, Any], more: dict[str, str]) -> Request:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"{COOKIE}={self.cookies[-1]}"}
        return Request(path, urlencode(form, doseq=True).encode(), OURS | kind | more)


def _head(path: str, port: int, cookie: str = "session=0123456789abcdef0123456789abcdef") -> str:
    return _HEAD.format(path=path, port=port, cookie=cookie).replace("\n", "\r\n")


@contextmanager
def driftsentry(folder: Path, drifts: int) -> Iterator[DriftSentry]:
    """On a fresh SQLite file in `folder`, with so many drifts that wait for a decision."""
    folder.mkdir()
    with running_server(folder, _url(folder)) as server:
        cookies, token = asyncio.run(_people(server))
        for start in range(0, drifts, _SCAN):
            _report(server, token, start, min(_SCAN, drifts - start))
        yield DriftSentry(server, cookies)


@contextmanager
def driftsentry_again(before: DriftSentry) -> Iterator[DriftSentry]:
    """The next process, at the same address, on the same file."""
    folder = before.server.log.parent
    with running_server(folder, _url(folder), before.port) as server:
        yield DriftSentry(server, before.cookies)


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'bench.db'}"


@asynccontextmanager
async def _database(server: Server) -> AsyncIterator[Database]:
    db = Database(server.config.database_url)
    await db.connect()
    try:
        yield db
    finally:
        await db.disconnect()


async def _people(server: Server) -> tuple[list[str], str]:
    """The cookies of viewers, last an engineer's, and a token for reports."""
    config = server.config
    async with _database(server) as db:
        viewers = [await add_person(db, f"Vera{number}", "viewer") for number in range(PEOPLE)]
        secrets = [await open_session(db, config, viewer) for viewer in viewers for _ in range(SESSIONS)]
        secrets.append(await open_session(db, config, await add_person(db, "Emil")))
        _token, token = await auth.create_token(db, events.SYSTEM, "bench", ("*",), config.session_absolute)
    return [sign(config, secret) for secret in secrets], token


async def _waiting(server: Server) -> list[tuple[int, str]]:
    """The drifts that wait for a decision, each with the fingerprint of what its page shows."""
    async with _database(server) as db, db.read() as tx:
        rows = await tx.all("SELECT id, fingerprint FROM drifts WHERE status = 'detected' ORDER BY id")
    return [(row[0], row[1]) for row in rows]


async def _latest_seq(server: Server) -> int:
    async with _database(server) as db, db.read() as tx:
        return await events.latest_seq(tx)


def _report(server: Server, token: str, start: int, amount: int) -> None:
    body = plan(*[_drift(number) for number in range(start, start + amount)])
    connection = http.client.HTTPConnection("127.0.0.1", server.config.port, timeout=SECONDS)
    path = f"/api/v1/stacks/prod/live-{start // _SCAN}/reports"
    connection.request("POST", path, body, {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    if answer.status not in (200, 201):
        raise RuntimeError(f"the report was answered {answer.status}: {answer.read()[:300]!r}")
    connection.close()


def _drift(number: int) -> dict[str, object]:
    name = f"web{number}"
    before, after = {"desired_count": 4, "name": name}, {"desired_count": 5, "name": name}
    address = f"module.service[{number // 100}].aws_ecs_service.{name}"
    return entry(before, after, address=address, type="aws_ecs_service", name=name)


@contextmanager
def websockets_peer(bare: bool = False) -> Iterator[Subject]:
    port, control = free_port(), free_port()
    command = [sys.executable, "-m", "benchmarks.peers.websockets_server", str(port), str(control)]
    name = "bare writes" if bare else "websockets broadcast"
    with ready_process([*command, *["--bare"] * bare], ROOT) as pid:
        yield Subject(name, port, pid, lambda: [_head("/", port)], lambda body: Request("/", body), control)


@contextmanager
def socketio_peer() -> Iterator[Subject]:
    """Installs its packages when they are not there. Raises `FileNotFoundError` where node is not."""
    if not (_NODE / "node_modules" / "socket.io").exists():
        quiet = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        subprocess.run(["npm", "install", *quiet], cwd=_NODE, check=True, stdout=sys.stderr)
    port = free_port()
    with ready_process(["node", "server.js", str(port)], _NODE) as pid:
        head = _head("/socket.io/?EIO=4&transport=websocket", port)
        kind = {"Content-Type": "text/plain; charset=utf-8"}
        ask = partial(Request, "/push", headers=kind)
        yield Subject("Socket.IO on Express", port, pid, lambda: [head], ask, greeting="40")


@contextmanager
def ready_process(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> Iterator[int]:
    """A server that says "ready" when it is."""
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{' '.join(command)} did not start")
        yield process.pid
    finally:
        process.kill()
        process.communicate()
