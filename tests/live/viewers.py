"""What holds on to the live feed in tests: pages as a browser keeps them, somebody who changes drifts, and who is told
who is there."""

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection

from driftsentry import auth, clock, events, ids
from driftsentry.auth.guards import COOKIE
from driftsentry.db import Database
from driftsentry.events import SYSTEM, Log
from driftsentry.live.hub import Hub
from driftsentry.live.presence import Presence
from driftsentry.live.socket import Member, Socket
from driftsentry.live.wire import Wire
from tests.ingest.samples import entry, plan
from tests.live.held import Held
from tests.servers import Server
from tests.site import OURS, Site, add_person, open_session, settings, sign

# Whose fingerprint is a number that grows with each change: a page shows how new it is.
ROW = re.compile(r'<li [^>]*?id="drift-(\d+)"[^>]*? data-status="(\w+)".*?name="drift" value="\d+:(\d{64})"', re.DOTALL)
CURSOR = re.compile(r'id="live-cursor" data-seq="(\d+)"')
AFTER = re.compile(r"/live\?(?:[^\"]*&amp;)?after=(\d+)")
RELOAD = '{"type": "reload"'
HEARTBEAT = '{"type": "hb"}'
Shown = tuple[str, int]
DRIFT = "/live?after=0&room=drifts&room=drift:1"
VIEWERS = re.compile(r'id="drift-1-viewers"[^>]*>(.*?)</p>')


class Page(Held):
    """A list of drifts that somebody has open: what it shows, and up to which event it has heard."""

    def __init__(self, url: str, servers: Sequence[Server], cookie: str, *, silence: float = 60) -> None:
        """`url`: of the socket, which may be a proxy's."""
        super().__init__(OURS | {"Cookie": f"{COOKIE}={cookie}"}, silence=silence)
        self._url, self._servers, self._cookie = url, servers, cookie
        self.drifts: dict[int, Shown] = {}
        self.rooms = ["drifts"]
        self.reloads = 0
        self.wrong: list[str] = []

    async def load(self) -> None:
        """As a browser fetches the page; again for as long as no server answers."""
        while True:
            server = random.choice(self._servers)
            with suppress(httpx.TransportError):
                async with server.client(self._cookie) as client:
                    response = await client.get("/drifts?status=all&stack=prod/app")
                if response.status_code == 200:
                    break
            await asyncio.sleep(0.1)
        found = AFTER.search(response.text)
        assert found, "the page does not say where it connects"
        self._show(response.text, is_whole=True)
        self.cursor = max(self.cursor, int(found[1]))

    async def live(self) -> None:
        await self.load()
        await super().live()

    def address(self) -> str:
        rooms = "".join(f"&room={room}" for room in self.rooms)
        return f"{self._url}/live?after={self.cursor}{rooms}"

    async def hear(self, _socket: ClientConnection, text: str) -> bool:
        if text.startswith(RELOAD):
            self.reloads += 1
            await self.load()
            return False
        if not text.startswith("{"):
            self._show(text, is_whole=False)
            [cursor] = CURSOR.findall(text)[-1:] or [self.cursor]
            self.cursor = max(self.cursor, int(cursor))
        return True

    def _show(self, html: str, is_whole: bool) -> None:
        """Rows replace those that are on the page; the others have no place on it."""
        for number, status, change in ROW.findall(html):
            drift_id, shown = int(number), (str(status), int(change))
            before = self.drifts.get(drift_id)
            if before is None and not is_whole:
                continue
            if before and shown[1] < before[1]:
                self.wrong.append(f"drift {drift_id} went back from {before} to {shown}")
            self.drifts[drift_id] = shown


class Changer:
    """Changes drifts in a process of its own, as a server does that reads reports: row and event in one transaction."""

    def __init__(self, url: str) -> None:
        self.config = settings(url)
        self.db = Database(url)
        self.db.before_commit = Log(self.config.data_key).seal
        self.chance = random.Random(7)
        self.changes = 0
        self.own: list[int] = []

    async def __aenter__(self) -> "Changer":
        await self.db.connect()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.db.disconnect()

    async def cookie(self, name: str, role: str = "engineer") -> str:
        person = await add_person(self.db, name, role)
        return sign(self.config, await open_session(self.db, self.config, person))

    async def report(self, server: Server, drifts: int, stack: str = "prod/app") -> list[int]:
        """Let CI report so many new drifts; their ids."""
        _token, secret = await auth.create_token(self.db, SYSTEM, "ci", ("*",), self.config.session_absolute)
        entries = [entry({"a": 1}, {"a": 2}, address=f"demo.n{n}", name=f"n{n}") for n in range(drifts)]
        async with server.client() as client:
            headers = {"Authorization": f"Bearer {secret}"}
            response = await client.post(f"/api/v1/stacks/{stack}/reports", content=plan(*entries), headers=headers)
        assert response.status_code in (200, 201), response.text
        async with self.db.write() as tx:
            [stack_id] = [row["id"] for row in await tx.all("SELECT id FROM stacks WHERE slug = :slug", slug=stack)]
            await tx.run(f"UPDATE drifts SET fingerprint = '{0:064}' WHERE stack_id = :stack", stack=stack_id)
            return [row["id"] for row in await tx.all("SELECT id FROM drifts WHERE stack_id = :stack", stack=stack_id)]

    async def change(self, drifts: Sequence[int]) -> None:
        """Each of them gets facts that are newer, and another status now and then."""
        now = clock.now()
        sql = (
            "UPDATE drifts SET status = :status, fingerprint = :fingerprint, version = version + 1,"
            " updated_at = :at WHERE id = :id"
        )
        rows = []
        async with self.db.write() as tx:
            for drift_id in drifts:
                self.changes += 1
                status = self.chance.choice(("detected", "detected", "resolved"))
                fingerprint = f"{self.changes:064}"
                rows.append({"id": drift_id, "status": status, "fingerprint": fingerprint, "at": clock.to_text(now)})
                kind = "drift.resolved" if status == "resolved" else "drift.changed"
                events.record(tx, kind, SYSTEM, at=now, drift_id=drift_id, fingerprint=fingerprint)
            await tx.run_many(sql, rows)

    async def shown(self, drifts: Sequence[int]) -> dict[int, Shown]:
        """What pages must show of them."""
        wanted = set(drifts)
        async with self.db.read() as tx:
            rows = await tx.all("SELECT id, status, fingerprint FROM drifts")
        return {row["id"]: (row["status"], int(row["fingerprint"])) for row in rows if row["id"] in wanted}

    async def latest(self) -> int:
        async with self.db.read() as tx:
            return await events.latest_seq(tx)


async def until_alike(pages: Sequence[Page], changer: Changer, drifts: Sequence[int], seconds: float = 10) -> None:
    """Wait until every page has heard of all that happened; then it must show what the database holds."""
    latest, truth = await changer.latest(), await changer.shown(drifts)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while any(page.cursor < latest and not page.wrong for page in pages):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert [page.wrong for page in pages if page.wrong] == []
    assert [latest - page.cursor for page in pages] == [0] * len(pages), "some have not heard of all"
    for page in pages:
        assert page.drifts == truth


# -- Who is there ----------------------------------------------------------------------------------------------


def presence(site: Site) -> Presence:
    found = site.app.extensions["presence"]
    assert isinstance(found, Presence)
    return found


def hub(site: Site) -> Hub:
    found = site.app.extensions["hub"]
    assert isinstance(found, Hub)
    return found


async def shown(page: Any, seconds: float = 5) -> str:
    """What the page is told next of who is viewing."""
    async with asyncio.timeout(seconds):
        while True:
            if found := VIEWERS.search(str(await page.receive())):
                return re.sub("<[^>]*>", "", found[1])


async def until(is_so: Callable[[], bool | Awaitable[bool]], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while True:
            answer = is_so()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)


async def stuck(_message: object = None) -> None:
    await asyncio.Event().wait()


class Deaf(Socket):
    """Takes nothing: what it is given stays in its queue. No session of it is known, and nobody can end it."""

    def end(self, code: int) -> None: ...


def program(name: str, *rooms: str, is_program: bool = True) -> Socket:
    member = Member(name.lower(), name, ids.new(), False)
    return Deaf(Wire(stuck, stuck), member, frozenset(rooms), is_program)


def heard(socket: Socket) -> list[Any]:
    """(kind, room, data) of the messages that wait, which are taken away."""
    messages = [json.loads(frame.text) for frame in socket._waiting]
    socket._waiting.clear()
    return [(message["type"], message["room"], message["data"]) for message in messages]


async def settled(site: Site) -> None:
    """Until everything that happened before is told: it is told in order."""
    telling = presence(site)._telling
    telling.look_at(frozenset({"drifts", "drift:0"}))
    await until(lambda: not telling._named._rooms and not telling._counted._rooms)
