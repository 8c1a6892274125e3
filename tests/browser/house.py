"""DriftSentry with people in front of it: a server, and browser windows that may not complain."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from hypercorn.asyncio import serve
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, WebError

from driftsentry import auth, create_app, events
from driftsentry.auth.guards import COOKIE
from driftsentry.auth.model import User
from driftsentry.config import Config
from driftsentry.db import Database
from driftsentry.drifts.actions import Wish, decide
from driftsentry.drifts.model import Verdict
from driftsentry.events import Actor
from driftsentry.serve import hypercorn_config
from tests.browser.plans import Entry, plan_of
from tests.servers import NO_TLS, Server, free_port, running_server
from tests.site import add_person, open_session, settings, sign

REASON = "Agreed with the owners on Tuesday"
# Somebody may leave a page before its socket is open.
LEFT = "WebSocket is closed before the connection is established"
HTTP_ERROR = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


@dataclass
class House:
    chromium: Browser
    folder: Path
    url: str
    db: Database
    complaints: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    expected: list[str] = field(default_factory=lambda: [LEFT])
    server: Server | None = None
    people: dict[str, User] = field(default_factory=dict)
    _reported: dict[str, dict[str, Entry]] = field(default_factory=dict)
    _ci: str = ""
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    # -- A server of its own, for tests that end it ----------------------------------------------------------------

    async def start(self) -> None:
        """On the same port and database as before."""
        start = partial(running_server, self.folder, self.database_url, self.port)
        self.server = await asyncio.to_thread(lambda: self._stack.enter_context(start()))

    def running(self) -> Server:
        assert self.server is not None
        return self.server

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'test.db'}"

    @property
    def config(self) -> Config:
        return settings(self.database_url, DRIFTSENTRY_DATA=str(self.folder), DRIFTSENTRY_PORT=str(self.port))

    def read_log(self) -> None:
        """What a server of its own wrote that is worse than a notice."""
        with contextlib.suppress(FileNotFoundError):
            text = (self.folder / "server.log").read_text()
            self.complaints += [f"log: {line}" for line in text.splitlines() if _is_bad(line)]

    # -- Facts ---------------------------------------------------------------------------------------------------

    async def person(self, name: str, role: str = "engineer") -> User:
        if name not in self.people:
            self.people[name] = await add_person(self.db, name, role)
        return self.people[name]

    async def report(self, *entries: Entry, stack: str = "prod/app", token: str = "", **said: str) -> dict[str, int]:
        """A complete report of all that the stack reported so far, with `entries` new or changed.

        `token`: with that one; `said`: what a job says of itself.
        """
        known = self._reported.setdefault(stack, {})
        known.update({entry["address"]: entry for entry in entries})
        self._ci = self._ci or (await auth.create_token(self.db, events.SYSTEM, "ci", ("*",), timedelta(days=1)))[1]
        async with httpx.AsyncClient(base_url=self.url, timeout=20, trust_env=False, verify=NO_TLS) as client:
            headers = {"Authorization": f"Bearer {token or self._ci}"}
            path = f"/api/v1/stacks/{stack}/reports"
            answer = await client.post(path, content=plan_of(known.values()), headers=headers, params=said)
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["data"]["drifts"])

    def fixed(self, address: str, stack: str = "prod/app") -> None:
        """The next report no longer shows it."""
        del self._reported[stack][address]

    async def drift(self, address: str) -> Any:
        async with self.db.read() as tx:
            return await tx.one("SELECT * FROM drifts WHERE address = :address", address=address)

    async def path_of(self, address: str) -> str:
        return f"/drifts/{(await self.drift(address))['id']}"

    async def decide(self, address: str, by: str = "Eva", verdict: str = "approved", reason: str = REASON) -> None:
        """As another process on the same database does it: also while the server is down."""
        user, drift = await self.person(by), await self.drift(address)
        actor = Actor("user", user.id, user.name, "127.0.0.1", "")
        await decide(self.db, actor, drift["id"], Wish(Verdict(verdict), reason, drift["fingerprint"]))

    # -- Windows -------------------------------------------------------------------------------------------------

    async def window(self, name: str = "", role: str = "engineer", **options: Any) -> BrowserContext:
        """A browser of its own, signed in unless there is no name, whose complaints fail the test."""
        context = await self.chromium.new_context(base_url=self.url, **options)
        context.set_default_timeout(6000)
        context.on("console", self._hear)
        context.on("weberror", self._hear_error)
        context.on("dialog", self._hear_dialog)
        context.on("request", self._note)
        if name:
            user = await self.person(name, role)
            value = sign(self.config, await open_session(self.db, self.config, user))
            cookie: Any = {"name": COOKIE, "value": value, "secure": True, "httpOnly": True, "sameSite": "Lax"}
            await context.add_cookies([{**cookie, "url": self.url.replace("http:", "https:")}])
        return context

    async def visit(self, path: str, name: str = "", role: str = "engineer", **options: Any) -> Page:
        """A page in a new window; when somebody is signed in and runs scripts, once it is live."""
        page = await (await self.window(name, role, **options)).new_page()
        await self.go(page, path)
        return page

    async def go(self, page: Page, path: str) -> None:
        await page.goto(path)
        if await page.locator("html[data-script=on] #live-state").count():
            await page.locator("#live-state[data-state=live]").wait_for()

    async def _hear_dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _hear_error(self, error: WebError) -> None:
        self.complaints.append(f"page error: {error.error}")

    def _hear(self, message: ConsoleMessage) -> None:
        """Errors and warnings, a refusal by the CSP among them; not the answers that a test asked for."""
        status = HTTP_ERROR.match(message.text)
        known = f"status {status[1]}" if status else message.text
        if message.type in ("error", "warning") and not any(text in known for text in self.expected):
            self.complaints.append(f"console: {message.text} ({message.location['url']})")

    def _note(self, request: Request) -> None:
        self.requests.append((request.method, request.url.removeprefix(self.url)))

    def expect(self, *texts: str) -> None:
        """What a console may say in this test: `status 409`, or a part of a text."""
        self.expected += texts

    async def close(self) -> None:
        for context in self.chromium.contexts:
            await context.close()
        await self.db.disconnect()
        await asyncio.to_thread(self._stack.close)


def _is_bad(line: str) -> bool:
    try:
        entry = json.loads(line)
        return not _is_only_slow(entry) and (entry["level"] in ("error", "critical") or "trace" in entry)
    except ValueError:
        return True


def _is_only_slow(entry: Mapping[str, Any]) -> bool:
    """Beside other tests, and while axe reads a page, an answer may take seconds, and says so in the log."""
    return bool(entry["message"] == "request.finished" and entry["status"] < 500)


class Ear(logging.Handler):
    """Hears what a server in this process logs."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._complaints = complaints

    def emit(self, record: logging.LogRecord) -> None:
        if not _is_only_slow(vars(record) | {"message": record.getMessage()}):
            self._complaints.append(f"log: {record.getMessage()} {record.exc_info}")


@contextlib.asynccontextmanager
async def serving(house: House) -> AsyncIterator[None]:
    """The server in this process: a process of its own takes a second to start."""
    app, stop, ear = create_app(house.config), asyncio.Event(), Ear(house.complaints)
    started = asyncio.Event()

    @app.before_serving
    async def tell() -> None:
        started.set()

    logging.getLogger().addHandler(ear)
    trigger: Any = stop.wait
    task = asyncio.create_task(serve(app, hypercorn_config(house.config), shutdown_trigger=trigger))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        stop.set()
        await task
        logging.getLogger().removeHandler(ear)


@contextlib.asynccontextmanager
async def open_house(chromium: Browser, folder: Path, *, is_process: bool = False) -> AsyncIterator[House]:
    house = House(chromium, folder, f"http://127.0.0.1:{free_port()}", Database(f"sqlite:///{folder / 'test.db'}"))
    async with contextlib.AsyncExitStack() as stack:
        if is_process:
            await house.start()
        else:
            await stack.enter_async_context(serving(house))
        house.db.before_commit = events.Log(house.config.data_key).seal
        await house.db.connect()
        stack.push_async_callback(house.close)
        yield house
    house.read_log()


async def look(page: Page, *, away: bool) -> None:
    """A headless browser hides nothing, whatever is in front of it: so the page is told."""
    await page.evaluate(
        """away => {
            Object.defineProperty(document, "hidden", {value: away, configurable: true})
            document.dispatchEvent(new Event("visibilitychange"))
        }""",
        away,
    )
