"""Frames over real connections: written straight to hypercorn's transport, and through ASGI where that cannot be."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from quart import Quart, websocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from driftsentry import serve
from driftsentry.live import wire as wires
from driftsentry.live.handover import Handover, hand_over
from driftsentry.live.socket import Member, Socket
from driftsentry.live.wire import Frame, Wire
from driftsentry.serve import mend_sockets
from tests.live.serving import raw, served

SIZES = (0, 1, 125, 126, 65_535, 65_536, 1_500_000)
SOMEBODY = Member("1", "Emil", "session", True)
Act = Callable[[Socket], Awaitable[None]]


class Peer:
    """A server with one kind of socket, on which `act` does something."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self.heard: list[str | bytes] = []
        self.was_direct: bool | None = None
        self.is_over = asyncio.Event()

    async def serve(self, wire: Wire) -> None:
        self.was_direct = wire.is_direct
        socket = Socket(wire, SOMEBODY)
        acting: list[asyncio.Task[None]] = []

        async def begin() -> None:
            acting.append(asyncio.create_task(self._act_on(socket)))  # type: ignore[arg-type]

        async def hear(message: str | bytes) -> None:
            self.heard.append(message)

        try:
            await socket.serve(begin, hear)
        finally:
            await asyncio.gather(*acting)
            self.is_over.set()

    async def _act_on(self, socket: Socket) -> None:
        await self._act(socket)

    def application(self) -> Quart:
        quart = Quart(__name__)

        @quart.websocket("/")
        async def opened() -> None:
            await websocket.accept()
            hand_over(self.serve)

        quart.asgi_app = Handover(quart.asgi_app)  # type: ignore[method-assign]
        return quart


@asynccontextmanager
async def opened(act: Act) -> AsyncIterator[tuple[Peer, ClientConnection]]:
    peer = Peer(act)
    async with served(peer.application()) as url:
        async with connect(url, max_size=None, ping_interval=None, proxy=None, close_timeout=1) as client:
            yield peer, client


async def put(socket: Socket, *frames: Frame) -> None:
    """As the hub does it, which waits for nobody; but no faster than the other end reads."""
    for frame in frames:
        socket.put(frame)
        while socket.is_behind and socket.close_code is None:
            socket.flush()
            await asyncio.sleep(0.001)


async def all_of(client: ClientConnection) -> tuple[list[str], int]:
    """What came until the end, and its code."""
    heard = []
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(20):
            while True:
                heard.append(str(await client.recv()))
    return heard, client.close_code or 0


async def test_what_hypercorn_is_made_of_is_known() -> None:
    """With the version that is pinned frames go straight to its transport: where this fails, `wire` needs a look."""

    async def act(_socket: Socket) -> None:
        return

    async with opened(act) as (peer, client):
        await client.send("x")
        await client.close()
        await asyncio.wait_for(peer.is_over.wait(), 5)
    assert peer.was_direct


async def test_frames_of_every_size_come_whole_and_in_order(is_direct: bool) -> None:
    texts = [(str(number) + "a-ß-\U0001f9e9" * size)[:size] for number, size in enumerate(SIZES)] * 2

    async def act(socket: Socket) -> None:
        await put(socket, *[Frame(text) for text in texts])
        socket.end(1012)

    async with opened(act) as (peer, client):
        heard, code = await all_of(client)
    assert [len(text) for text in heard] == [len(text) for text in texts]
    assert heard == texts
    assert code == 1012
    assert peer.was_direct is is_direct


async def test_both_ways_write_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(socket: Socket) -> None:
        await put(socket, *[Frame("ä" * (size // 2)) for size in SIZES])
        await asyncio.sleep(0)
        socket.end(4401)

    written = []
    for of_send in (wires._transport_of, lambda _send: None):
        monkeypatch.setattr(wires, "_transport_of", of_send)
        async with served(Peer(act).application()) as url:
            reader, writer = await raw(url)
            written.append(await asyncio.wait_for(reader.read(), 10))
            writer.close()
    assert written[0] == written[1]
    assert len(written[0]) > sum(SIZES) - len(SIZES)


async def test_pongs_of_the_server_come_between_frames_and_never_into_one(is_direct: bool) -> None:
    frames = [Frame(f"{number}:" + "x" * (number * 97 % 90_000)) for number in range(300)]

    async def act(socket: Socket) -> None:
        for frame in frames:
            await put(socket, frame)
            await asyncio.sleep(0)
        socket.end(1001)

    pongs = []

    async def ping(client: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                pongs.append(await client.ping(os.urandom(100)))
                await asyncio.sleep(0)

    async with opened(act) as (peer, client):
        pinging = asyncio.create_task(ping(client))
        heard, code = await all_of(client)
        await pinging
    assert heard == [frame.text for frame in frames]
    assert code == 1001
    answered = [pong for pong in pongs if pong.done() and not pong.exception()]
    assert len(answered) > 20
    assert peer.was_direct is is_direct


@pytest.mark.parametrize("code", [1001, 1008, 1011, 1012, 1013, 4401])
async def test_the_code_of_an_end_comes_after_what_was_said(is_direct: bool, code: int) -> None:
    async def act(socket: Socket) -> None:
        await put(socket, Frame("one"), Frame("two"))
        await asyncio.sleep(0)
        socket.end(code)
        socket.put(Frame("too late"))

    async with opened(act) as (peer, client):
        assert await all_of(client) == (["one", "two"], code)
        await asyncio.wait_for(peer.is_over.wait(), 5)


async def test_a_peer_that_goes_amid_frames_ends_it_without_a_word(
    is_direct: bool, caplog: pytest.LogCaptureFixture
) -> None:
    for leave in (ClientConnection.close, cut):
        is_gone = asyncio.Event()

        async def act(socket: Socket, is_gone: asyncio.Event = is_gone) -> None:
            while not is_gone.is_set():
                socket.put(Frame("x" * 1000))
                await asyncio.sleep(0)
            for _ in range(20):
                socket.put(Frame("x" * 1000))

        async with opened(act) as (peer, client):
            await client.recv()
            await leave(client)
            is_gone.set()
            await asyncio.wait_for(peer.is_over.wait(), 5)
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


async def cut(client: ClientConnection) -> None:
    client.transport.abort()


async def test_a_message_that_is_too_large_ends_it_with_1009(is_direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    mend_sockets()
    monkeypatch.setattr(serve, "LINGER_SECONDS", 0.1)

    async def act(socket: Socket) -> None:
        await put(socket, Frame("hello"))

    async with opened(act) as (peer, client):
        await client.recv()
        await client.send("x" * 70_000)
        assert await all_of(client) == ([], 1009)
        await asyncio.wait_for(peer.is_over.wait(), 5)
    assert peer.heard == []


@pytest.mark.parametrize("problem", [RuntimeError("no"), OSError("gone")], ids=["ours", "of the peer"])
async def test_a_failure_to_send_is_logged_and_ends_it(problem: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """That the other end has vanished ends it too, and is no error of ours."""
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            raise problem
        said.append(message)

    socket = Socket(Wire(asyncio.Event().wait, send), SOMEBODY)

    async def begin() -> None:
        socket.put(Frame("x"))

    async def hear(_message: str | bytes) -> None:
        return

    await asyncio.wait_for(socket.serve(begin, hear), 5)
    assert said == [{"type": "websocket.close", "code": 1011}]
    logged = [record.exc_info and record.exc_info[1] for record in caplog.records if record.levelname == "ERROR"]
    assert logged == ([] if isinstance(problem, OSError) else [problem])


async def test_an_end_of_ours_is_no_failure_to_send(caplog: pytest.LogCaptureFixture) -> None:
    async def send(_message: dict[str, Any]) -> None:
        return

    socket = Socket(Wire(asyncio.Event().wait, send), SOMEBODY)

    async def begin() -> None:
        asyncio.get_running_loop().call_later(0.01, socket.end, 1012)

    async def hear(_message: str | bytes) -> None:
        return

    await asyncio.wait_for(socket.serve(begin, hear), 5)
    await asyncio.sleep(0)
    assert (socket.close_code, caplog.records) == (1012, [])
