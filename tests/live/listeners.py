"""Programs that hold on to `/api/v1/live` in tests, as docs/api.md tells them to."""

import asyncio
import json
import random
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from driftsentry import clock, ids
from driftsentry.auth import access_tokens, session_queries
from driftsentry.auth.access_tokens import Claim
from driftsentry.auth.model import NewSession
from tests.live.viewers import Changer
from tests.site import add_person


class Listener:
    """`told`: what it heard of events, in the order in which it came. `cursor`: the last event that it knows of."""

    def __init__(self, url: str, token: str, after: int, *, silence: float) -> None:
        self._url, self._token, self._silence = url, token, silence
        self.cursor = after
        self.told: list[tuple[int, str, int]] = []  # event, its kind, its drift
        self.gaps = 0
        self.connections = 0
        self.is_open = asyncio.Event()

    async def live(self) -> None:
        """Until it is cancelled: connected, or about to connect again."""
        while True:
            with suppress(OSError, InvalidHandshake, TimeoutError, ConnectionClosed, EOFError):
                await self._listen()
            await asyncio.sleep(random.uniform(0, 0.05))

    async def _listen(self) -> None:
        socket = await asyncio.wait_for(
            connect(
                f"{self._url}/api/v1/live?after={self.cursor}",
                additional_headers={"Authorization": f"Bearer {self._token}"},
                compression=None,
                ping_interval=None,
                close_timeout=0.1,
                proxy=None,
            ),
            2 * self._silence,
        )
        try:
            self.connections += 1
            self.is_open.set()
            while True:
                await self._hear(socket, json.loads(await asyncio.wait_for(socket.recv(), self._silence)))
        finally:
            if not socket.close_code:
                socket.transport.abort()

    async def _hear(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        kind, seq = message["type"], message.get("seq", 0)
        if kind == "ping":
            await socket.send('{"type":"pong"}')
        elif kind == "gap":
            self.gaps += 1
        elif kind.startswith("drift:"):
            self.told.append((seq, kind, int(message["data"]["id"])))
        self.cursor = max(self.cursor, seq)


async def listener(changer: Changer, url: str, name: str, *, silence: float) -> Listener:
    """Somebody's program that knows of all that has happened so far."""
    user, now = await add_person(changer.db, name, "viewer"), clock.now()
    end = now + changer.config.session_absolute
    new = NewSession(ids.new(), user.id, "api", "", "tests", "127.0.0.1", now, end)
    async with changer.db.write() as tx:
        await session_queries.insert_session(tx, new)
    token = access_tokens.issue(changer.config.jwt_secret, Claim(user.id, new.id), now)
    return Listener(url, token, await changer.latest(), silence=silence)
