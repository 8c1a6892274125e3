"""A program on the live feed, over quart's test client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from quart.testing.connections import WebsocketDisconnectError

from tests.api.program import Program
from tests.site import Site

Told = dict[str, Any]
PATH = "/api/v1/live"


@dataclass
class Feed:
    """What it is told; what the others in a room do is left out: others' tests look at that."""

    socket: Any

    async def say(self, type: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type} | fields))

    async def hear(self, seconds: float = 5) -> Told:
        async with asyncio.timeout(seconds):
            while True:
                told: Told = json.loads(await self.socket.receive())
                if not (told["type"].startswith("room:") and "seq" not in told["data"]):
                    return told

    async def hear_of(self, *types: str) -> Told:
        """The next of these types."""
        while (told := await self.hear())["type"] not in types:
            pass
        return told

    async def ask(self, type: str, **fields: Any) -> Told:
        """The answer to a message, whatever is pushed before it."""
        await self.say(type, **fields)
        return await self.hear_of("room:joined", "room:left", "message_sent", "auth_ok", "error", "gap")

    async def until(self, seq: int) -> list[Told]:
        """What is told up to an event, and that one."""
        found: list[Told] = []
        while not found or found[-1]["seq"] < seq:
            told = await self.hear()
            found += [told] if "seq" in told else []
        return found

    async def is_silent(self, seconds: float = 0.2) -> bool:
        try:
            await self.hear(seconds)
        except TimeoutError:
            return True
        return False

    async def closed(self, seconds: float = 5) -> int:
        """The code of the close, whatever is pushed before it."""
        try:
            while True:
                await self.hear(seconds)
        except WebsocketDisconnectError as close:
            return int(str(close.args[0]))


@asynccontextmanager
async def knocking(site: Site, path: str = PATH, **headers: str) -> AsyncIterator[Feed]:
    """A connection of whoever `headers` name."""
    async with site.app.test_client(use_cookies=False).websocket(path, headers=headers) as socket:
        await socket._send_queue.put({"type": "websocket.connect"})  # which servers send and this client does not
        yield Feed(socket)


@asynccontextmanager
async def opened(site: Site, program: Program, *rooms: str, after: int | None = None) -> AsyncIterator[Feed]:
    """In `rooms` besides the first two; it goes on live at once behind event `after`, or behind the last one told."""
    await site.caught_up()
    after = await latest(site) if after is None else after
    async with knocking(site, f"{PATH}?after={after}", Authorization=f"Bearer {program.token}") as feed:
        assert [(await feed.hear())["room"] for _ in range(2)] == ["drifts", "alerts"]
        for room in rooms:
            assert (await feed.ask("join", room=room))["type"] == "room:joined"
        yield feed


async def latest(site: Site) -> int:
    return int(await site.value("SELECT seq FROM event_head"))


async def all_live(site: Site) -> None:
    """Wait until nobody resumes any more."""
    async with asyncio.timeout(5):
        while any(socket.is_held for socket in site.app.extensions["hub"].members):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
