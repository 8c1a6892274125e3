"""One who reads nothing and one who floods are dropped; the two hundred others do not notice."""

import asyncio
import contextlib
import socket as sockets
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from driftsentry.live.hub import Hub
from driftsentry.live.socket import MESSAGES_A_MINUTE, MOST_BYTES, Socket
from driftsentry.live.wire import MOST_WRITTEN
from tests.ingest.samples import entry, plan
from tests.live.serving import Served, raw, served
from tests.live.viewers import CURSOR, Changer
from tests.site import Site

PUSHES = 300
SOME = plan(*[entry({"a": 1}, {"a": 2}, address=f"demo.n{n}", name=f"n{n}") for n in range(4)])


class Reader(asyncio.Protocol):
    """Takes all that comes, as cheaply as may be: there are many."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer  # it closes the connection when nobody holds it
        writer.transport.set_protocol(self)
        self._taken: list[bytes] = []
        self.is_over = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._taken.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over.set_result(None)

    async def cursors(self) -> list[int]:
        """All that it was told until its end, by the event that each frame ends with."""
        await self.is_over
        text = b"".join(self._taken).decode(errors="ignore")  # between frames there are bytes that are no text
        return [int(cursor) for cursor in CURSOR.findall(text)]


async def reading(url: str, path: str, headers: dict[str, str]) -> Reader:
    _reader, writer = await raw(url, path, headers=headers)
    return Reader(writer)


async def flood(url: str, headers: dict[str, str]) -> int:
    """The code with which somebody is sent away who talks too much."""
    async with connect(url, additional_headers=headers, proxy=None) as client:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(MESSAGES_A_MINUTE + 1):
                await client.send("x")
            while True:
                await client.recv()
        return client.close_code or 0


def transport_of(socket: Socket) -> Any:
    """Also of one that is not written to directly."""
    return socket.wire._send.__self__.send.__self__.send.__self__.writer.transport  # type: ignore[attr-defined]


def held_for(socket: Socket) -> int:
    """Bytes of our memory that wait for the other end."""
    return socket._bytes + int(transport_of(socket).get_write_buffer_size())


async def until_left(hub: Hub, amount: int) -> None:
    async with asyncio.timeout(5):
        while len(hub) != amount:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_two_hundred_get_all_beside_one_that_never_reads_and_one_that_floods(
    is_direct: bool, sqlite_site: Site
) -> None:
    amount = 200 if is_direct else 20  # it costs four times as much
    hub: Hub = sqlite_site.app.extensions["hub"]
    await sqlite_site.post_body(SOME)
    drifts = [row["id"] for row in await sqlite_site.rows("SELECT id FROM drifts")]
    changer = Changer(sqlite_site.app.settings.database_url)
    changer.db = sqlite_site.db  # of this process: its hub is told at once
    async with served(Served(sqlite_site)) as url:
        people = [await sqlite_site.person(f"Vera{number}", "viewer") for number in range(5)]
        crowd = [(await sqlite_site.browser_of(person)).headers() for person in people]
        headers = crowd[0]
        await sqlite_site.caught_up()
        path = f"/live?after={await changer.latest()}&room=drifts"
        _reader, deaf = await raw(url, path, receive_buffer=4096, headers=headers)
        try:
            await until_left(hub, 1)
            [slow] = hub.members
            assert slow.wire.is_direct is is_direct
            transport_of(slow).get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4096)
            readers = [await reading(url, path, crowd[number % len(crowd)]) for number in range(amount)]
            await until_left(hub, amount + 1)
            assert await flood(url + path, headers) == 1008
            await until_left(hub, amount + 1)
            most = 0
            for _ in range(PUSHES):
                await changer.change(drifts)
                await sqlite_site.caught_up()
                most = max(most, held_for(slow))
            assert slow.close_code == 1013
            assert MOST_WRITTEN < most <= MOST_BYTES + 2 * MOST_WRITTEN
            await until_left(hub, amount)
            assert hub.dropped == 1
            last = await changer.latest()
            await hub.close()
            heard = [await reader.cursors() for reader in readers]
        finally:
            deaf.transport.abort()
            await hub.close()
    assert [told for told in heard if told != heard[0]] == []
    assert (len(heard[0]), heard[0][-1]) == (PUSHES, last)
