"""The server is killed while people decide: what was acknowledged is there, and nothing is half done."""

import asyncio
import contextlib
import time
from pathlib import Path

import httpx

from driftsentry import audit, auth, events
from driftsentry.db import Database, Row
from driftsentry.events import SYSTEM, Log
from tests.ingest.samples import entry, plan
from tests.servers import Server, running_server
from tests.site import add_person, open_session, settings, sign, tables

DRIFTS = 50
CLIENTS = 8
# The promise is 3 s; starting Python on a machine that does other things meanwhile takes the rest.
READY_SECONDS = 6.0


class Scene:
    """A database with 50 drifts and eight engineers, and what they were told when they decided."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.config = settings(url)
        self.db = Database(url)
        self.db.before_commit = Log(self.config.data_key).seal
        self.cookies: list[str] = []
        self.drifts: list[Row] = []
        self.acknowledged: dict[int, str] = {}
        self.refused: list[int] = []

    async def __aenter__(self) -> "Scene":
        await self.db.connect()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.db.disconnect()

    async def prepare(self, server: Server) -> None:
        for number in range(CLIENTS):
            person = await add_person(self.db, f"Engineer{number}")
            self.cookies.append(sign(self.config, await open_session(self.db, self.config, person)))
        _token, secret = await auth.create_token(self.db, SYSTEM, "ci", ("*",), self.config.session_absolute)
        entries = [entry({"a": 1}, {"a": 2}, address=f"demo.n{n}", name=f"n{n}") for n in range(DRIFTS)]
        async with server.client() as client:
            headers = {"Authorization": f"Bearer {secret}"}
            response = await client.post("/api/v1/stacks/prod/app/reports", content=plan(*entries), headers=headers)
        assert response.json()["data"]["drifts"]["detected"] == DRIFTS
        async with self.db.read() as tx:
            self.drifts = await tx.all("SELECT * FROM drifts ORDER BY id")

    async def decide_all(self, server: Server) -> None:
        """Eight engineers decide on all drifts side by side, as far as the server lets them."""
        rest = list(self.drifts)

        async def work(cookie: str) -> None:
            async with server.client(cookie) as client:
                while rest:
                    await self._decide(client, rest.pop(0))

        await asyncio.gather(*[work(cookie) for cookie in self.cookies])

    async def _decide(self, client: httpx.AsyncClient, drift: Row) -> None:
        verdict = ("approved", "rejected")[drift["id"] % 2]
        typed = {"verdict": verdict, "reason": "decided just before", "fingerprint": drift["fingerprint"]}
        with contextlib.suppress(httpx.TransportError):
            response = await client.post(f"/drifts/{drift['id']}/decision", data=typed)
            if response.status_code == 303:
                self.acknowledged[drift["id"]] = verdict
            else:
                self.refused.append(response.status_code)

    async def check(self) -> int:
        """How many were decided, each of them whole, and among them all that were acknowledged."""
        async with self.db.read() as tx:
            now = {row["id"]: row for row in await tx.all("SELECT * FROM drifts")}
            decisions = {row["id"]: row for row in await tx.all("SELECT * FROM decisions")}
            log = await events.select_after(tx, 0, 10_000)
        decided = {number: row["status"] for number, row in now.items() if row["status"] != "detected"}
        told = {event.drift_id: event.kind for event in log if event.kind in ("drift.approved", "drift.rejected")}
        assert self.acknowledged.items() <= decided.items()
        assert {number: f"drift.{status}" for number, status in decided.items()} == told
        assert {decision["drift_id"]: decision["verdict"] for decision in decisions.values()} == decided
        assert {now[number]["decision_id"] for number in decided} == set(decisions)
        assert {now[number]["decision_id"] for number in now if number not in decided} <= {None}
        verified = await audit.verify(self.db, Log(self.config.data_key))
        assert verified.problems == []
        assert verified.entries == len(log)
        return len(decided)


async def kill_after(scene: Scene, server: Server, acknowledged: int) -> None:
    """SIGKILL as soon as so many decisions were acknowledged: others are on their way then."""
    while len(scene.acknowledged) < acknowledged:  # noqa: ASYNC110
        await asyncio.sleep(0)
    server.kill()


async def test_kill_9_amid_decisions_loses_none_that_was_acknowledged_and_leaves_none_half_done(
    database_url: str, tmp_path: Path
) -> None:
    async with Scene(database_url) as scene:
        with running_server(tmp_path, database_url) as server:
            await scene.prepare(server)
            await asyncio.gather(scene.decide_all(server), kill_after(scene, server, 12))
        assert 12 <= await scene.check() < DRIFTS
        started = time.monotonic()
        with running_server(tmp_path, database_url) as server:
            assert time.monotonic() - started < READY_SECONDS
            before = await scene.check()
            await scene.decide_all(server)  # the same wishes again: those of before are answered or in conflict
            assert await scene.check() == DRIFTS
            assert len(scene.acknowledged) >= DRIFTS - before
            assert set(scene.refused) <= {409}


async def test_two_servers_on_one_database_are_as_one(database_url: str, tmp_path: Path) -> None:
    """Each drift is decided once, whichever server is asked."""
    async with Scene(database_url) as scene:
        (tmp_path / "other").mkdir()
        with running_server(tmp_path, database_url) as one, running_server(tmp_path / "other", database_url) as two:
            await scene.prepare(one)
            await asyncio.gather(scene.decide_all(one), scene.decide_all(two))
            assert await scene.check() == DRIFTS
            assert set(scene.refused) <= {409}
            assert len(scene.acknowledged) == DRIFTS
            before = await tables(scene.db)
            assert len(before["decisions"]) == DRIFTS
