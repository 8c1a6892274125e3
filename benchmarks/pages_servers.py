"""DriftSentry, Express on the same database and a bare route of Quart, each in a process of its own, signed in."""

import asyncio
import base64
import hmac
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import psutil

from benchmarks.live_servers import ready_process
from benchmarks.pages_data import EMAIL
from driftsentry import ROOT, clock, ids
from driftsentry.auth import access_tokens, queries, session_queries
from driftsentry.auth.access_tokens import Claim
from driftsentry.auth.guards import COOKIE
from driftsentry.auth.model import NewSession, User
from driftsentry.config import Config
from driftsentry.db import Database
from tests.servers import NO_TLS, free_port, running_server
from tests.site import SETTINGS, open_session, settings, sign

EXPRESS = ROOT / "benchmarks" / "peers" / "express"
_NEXT = re.compile(r'rel="next" href="([^"]+)"')
# What Chromium sends besides; no compression: what answers to that is no part of the page.
_BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Sec-Fetch-Site": "same-origin",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0",
}


@dataclass
class Subject:
    """A running server, and the headers of somebody who is signed in there."""

    name: str
    port: int
    pid: int
    cookie: str = ""
    token: Callable[[], str] = str  # a fresh access token: they last 15 minutes
    serves: frozenset[str] = field(default_factory=frozenset)  # names of cases; empty: all

    def headers(self, path: str) -> dict[str, str]:
        if path.startswith("/api/"):
            return {"Accept": "application/json", "Authorization": f"Bearer {self.token()}"}
        return _BROWSER | ({"Cookie": self.cookie} if self.cookie else {})

    def request(self, path: str, **more: str) -> str:
        """As it goes over the wire."""
        lines = [f"{name}: {value}" for name, value in (self.headers(path) | more).items()]
        return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *lines, "", ""])

    def get(self, path: str) -> httpx.Response:
        """Raises `RuntimeError` for anything but 200."""
        with httpx.Client(timeout=60, trust_env=False, verify=NO_TLS) as client:
            answer = client.get(f"http://127.0.0.1:{self.port}{path}", headers=self.headers(path))
        if answer.status_code != 200:
            raise RuntimeError(f"{self.name} answers {answer.status_code} to {path}: {answer.text[:300]}")
        return answer

    def walk(self, path: str, pages: int) -> list[str]:
        """The addresses of so many pages in a row, from `path` on."""
        paths = [path]
        while len(paths) < pages and (found := _NEXT.search(self.get(paths[-1]).text)):
            paths.append(found[1].replace("&amp;", "&"))
        return paths

    def cpu(self) -> float:
        """Milliseconds that all threads of the process have run, those that have ended too."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system) * 1000


@contextmanager
def driftsentry(folder: Path, url: str) -> Iterator[Subject]:
    with running_server(folder, url, API_REQUESTS_A_MINUTE="1000000") as server:
        cookie, token = asyncio.run(_sign_in(server.config))
        yield Subject("DriftSentry", server.config.port, server.process.pid, f"{COOKIE}={cookie}", token)


@contextmanager
def express(url: str) -> Iterator[Subject]:
    """Raises `FileNotFoundError` where node is not."""
    install()
    config, port = settings(url), free_port()
    secret, token = asyncio.run(_sessions(config))
    environment = os.environ | SETTINGS | {"NODE_ENV": "production"}
    with ready_process(["node", "server.js", str(port), url], EXPRESS, environment) as pid:
        cookie = f"session={_signed(secret, config.secret_key)}"
        yield Subject("Express", port, pid, cookie, token, frozenset({"list", "fresh", "filtered", "search", "JSON"}))


@contextmanager
def bare_route() -> Iterator[Subject]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.peers.bare_route", str(port)]
    with ready_process(command, ROOT, dict(os.environ)) as pid:
        yield Subject("bare route", port, pid, serves=frozenset({"bare"}))


def install() -> None:
    """The packages of the peer, once: better-sqlite3 is compiled where it has no build for this node. Takes minutes."""
    if not (EXPRESS / "node_modules" / "better-sqlite3" / "build").exists():
        quiet = ("--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run(["npm", "install", *quiet], cwd=EXPRESS, check=True, stdout=sys.stderr)


async def _sign_in(config: Config) -> tuple[str, Callable[[], str]]:
    secret, token = await _sessions(config)
    return sign(config, secret), token


async def _sessions(config: Config) -> tuple[str, Callable[[], str]]:
    """The secret of a new session of a browser, and what makes access tokens for one of a program."""
    db = Database(config.database_url)
    await db.connect()
    try:
        async with db.read() as tx:
            user = await queries.select_user_by_email(tx, EMAIL)
        assert user is not None, "who fills the database makes her"
        secret, claim = await open_session(db, config, user), await _program(db, user)
    finally:
        await db.disconnect()
    return secret, lambda: access_tokens.issue(config.jwt_secret, claim, clock.now())


async def _program(db: Database, user: User) -> Claim:
    now, session_id = clock.now(), ids.new()
    new = NewSession(session_id, user.id, "api", "", "benchmark", "127.0.0.1", now, now + timedelta(days=1))
    async with db.write() as tx:
        await session_queries.insert_session(tx, new)
    return Claim(user.id, session_id)


def _signed(value: str, key: str) -> str:
    """A cookie as `cookie-parser` signs it."""
    digest = hmac.digest(key.encode(), value.encode(), "sha256")
    return f"s:{value}.{base64.b64encode(digest).decode().rstrip('=')}".replace("+", "%2B").replace("/", "%2F")
