"""Programs that hold on to `/api/v1/live` in tests, as docs/api.md tells them to."""

import json

from websockets.asyncio.client import ClientConnection

from driftsentry import clock, ids
from driftsentry.auth import access_tokens, session_queries
from driftsentry.auth.access_tokens import Claim
from driftsentry.auth.model import NewSession
from tests.live.held import Held
from tests.live.viewers import Changer
from tests.site import add_person


class Listener(Held):
    """`told`: what it heard of events, in the order in which it came. `cursor`: the last event that it knows of."""

    def __init__(self, url: str, token: str, after: int, *, silence: float) -> None:
        super().__init__({"Authorization": f"Bearer {token}"}, silence=silence)
        self._url = url
        self.cursor = after
        self.told: list[tuple[int, str, int]] = []  # event, its kind, its drift
        self.gaps = 0

    def address(self) -> str:
        return f"{self._url}/api/v1/live?after={self.cursor}"

    async def hear(self, socket: ClientConnection, text: str) -> bool:
        message = json.loads(text)
        kind, seq = message["type"], message.get("seq", 0)
        if kind == "ping":
            await socket.send('{"type":"pong"}')
        elif kind == "gap":
            self.gaps += 1
        elif kind.startswith("drift:"):
            self.told.append((seq, kind, int(message["data"]["id"])))
        self.cursor = max(self.cursor, seq)
        return True


async def listener(changer: Changer, url: str, name: str, *, silence: float) -> Listener:
    """Somebody's program that knows of all that has happened so far."""
    user, now = await add_person(changer.db, name, "viewer"), clock.now()
    end = now + changer.config.session_absolute
    new = NewSession(ids.new(), user.id, "api", "", "tests", "127.0.0.1", now, end)
    async with changer.db.write() as tx:
        await session_queries.insert_session(tx, new)
    token = access_tokens.issue(changer.config.jwt_secret, Claim(user.id, new.id), now)
    return Listener(url, token, await changer.latest(), silence=silence)
