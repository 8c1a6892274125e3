"""A message over 64 kB: nothing of it is kept, and its connection is over."""

import asyncio
import contextlib
import re
import time
from pathlib import Path

import pytest
from hypercorn.protocol import h2, h11, ws_stream
from quart import Quart, websocket
from websockets.exceptions import ConnectionClosed

from driftsentry import clock, events, serve
from driftsentry.live.handover import Handover, hand_over
from driftsentry.live.socket import Socket
from driftsentry.live.wire import Frame, Wire
from driftsentry.serve import MESSAGE_BYTES, mend_sockets
from tests.databases import migrate
from tests.live.serving import Served, raw, served
from tests.live.test_live import hub
from tests.live.test_wire import opened
from tests.servers import running_server
from tests.site import Site

NO_MASK = b"\0\0\0\0"
CLOSE_1009 = b"\x88\x02\x03\xf1"
LARGEST = 2**31  # what a frame may say of itself before a byte of it is sent
STREAMED = 100  # MB
SPARE_KB = 12 * 1024


def head(size: int, first: int = 0x81) -> bytes:
    """Of a frame from a client. `first`: whether it is the last of its message, and the kind."""
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2) if size < 65536 else None
    return bytes((first,)) + (length or b"\xff" + size.to_bytes(8)) + NO_MASK


def in_pieces(size: int, of: int) -> bytes:
    """One message of `size` bytes in frames of `of`, which does not end."""
    frames = [head(of, 0x01 if number == 0 else 0x00) + b"x" * of for number in range(size // of)]
    return b"".join(frames)


def test_what_is_mended_is_there() -> None:
    """With the version that is pinned: where this fails, `mend_sockets` needs a look."""
    mend_sockets()
    assert h11.WSStream is h2.WSStream is ws_stream.WSStream
    used = ws_stream.WSStream.__init__.__code__.co_names
    assert "WebsocketBuffer" in used
    assert ws_stream.WebsocketBuffer.__module__ == serve.__name__
    called = ws_stream.WSStream.handle.__code__.co_names
    assert "_handle_events" in called
    assert ws_stream.WSStream._handle_events.__module__ == serve.__name__
    assert "server_extensions_handshake" in ws_stream.Handshake.accept.__code__.co_names
    assert ws_stream.server_extensions_handshake.__module__ == serve.__name__  # type: ignore[attr-defined]
    assert ws_stream.WSStream.app_send.__module__ == serve.__name__
    before = ws_stream.WSStream._handle_events
    mend_sockets()  # each application does it
    assert ws_stream.WSStream._handle_events is before


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
async def test_nobody_fills_the_memory_of_a_server(tmp_path: Path) -> None:
    """Anonymous, with one frame that says it has 2 GiB, and with one message in small pieces, wide characters in it."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    await migrate(url)
    chunk = ("\U0001f9e9" + "x" * 1020).encode() * 1024
    with running_server(tmp_path, url) as server:
        for start, piece in ((head(LARGEST), chunk), (head(0, 0x01), (head(1024, 0x00) + chunk[:1024]) * 1024)):
            before = peak_kb(server.process.pid)
            _reader, writer = await raw(server.url, "/api/v1/live")
            writer.write(start)
            began = time.monotonic()
            with contextlib.suppress(ConnectionError):  # the connection is over before it has sent everything
                async with asyncio.timeout(30):
                    for _ in range(STREAMED):
                        writer.write(piece)
                        await writer.drain()
                    while True:  # or else once it has
                        assert time.monotonic() - began < 20, "it is still open"
                        writer.write(b"x" * 1024)
                        await writer.drain()
                        await asyncio.sleep(0.05)
            assert peak_kb(server.process.pid) - before < SPARE_KB
            writer.transport.abort()


def peak_kb(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


@pytest.mark.parametrize("is_in_pieces", [False, True], ids=["one frame", "in pieces"])
async def test_the_hub_forgets_who_sent_too_much(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch, is_in_pieces: bool
) -> None:
    """The close is the last that is written, whatever happens then."""
    monkeypatch.setattr(serve, "LINGER_SECONDS", 0.7)
    site = sqlite_site
    person = await site.as_viewer()
    async with served(Served(site)) as url:
        reader, writer = await raw(url, f"/live?after={hub(site).seq}&room=drifts", headers=person.headers())
        await site.connected()
        writer.write(in_pieces(80_000, 1000) if is_in_pieces else head(LARGEST) + b"x" * 80_000)
        got = b""
        while not got.endswith(CLOSE_1009):
            got += await asyncio.wait_for(reader.readexactly(1), 5)
        async with asyncio.timeout(5):
            while len(hub(site)):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        async with site.db.write() as tx:
            events.record(tx, "drift.moved", events.SYSTEM, at=clock.now(), drift_id=1)
        await site.caught_up()
        hub(site).beat()
        with pytest.raises(TimeoutError):  # it is read on for a while: a reset might overtake the close
            await asyncio.wait_for(reader.read(1), 0.05)
        assert await asyncio.wait_for(reader.read(), 5) == b""  # and the end of the connection
        writer.close()


async def test_the_wire_is_closing_from_the_close_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the transport is open still."""
    mend_sockets()
    monkeypatch.setattr(serve, "LINGER_SECONDS", 0.1)
    seen: list[tuple[bool, bool, bool]] = []

    def look(wire: Wire) -> None:
        assert wire._transport
        seen.append((wire.is_closing, wire.is_free, wire._transport.is_closing()))

    async def act(socket: Socket) -> None:
        look(socket.wire)
        async with asyncio.timeout(5):
            while not socket.wire.is_closing:  # noqa: ASYNC110
                await asyncio.sleep(0)
        look(socket.wire)
        socket.put(Frame("too late"))

    async with opened(act) as (peer, client):
        with contextlib.suppress(ConnectionClosed):
            await client.send("x" * (MESSAGE_BYTES + 1))
            await asyncio.wait_for(client.recv(), 5)
        assert client.close_code == 1009
        await asyncio.wait_for(peer.is_over.wait(), 5)
    assert seen == [(False, True, False), (True, False, False)]


async def test_the_limit_counts_bytes_of_each_message(is_direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    mend_sockets()
    monkeypatch.setattr(serve, "LINGER_SECONDS", 0.1)
    fits: list[str | bytes] = ["x" * MESSAGE_BYTES, b"x" * MESSAGE_BYTES, "\U0001f9e9" * (MESSAGE_BYTES // 4), "", "x"]

    async def act(_socket: Socket) -> None:
        return

    for large in ("\U0001f9e9" * (MESSAGE_BYTES // 4) + "x", b"x" * (MESSAGE_BYTES + 1)):
        async with opened(act) as (peer, client):
            with contextlib.suppress(ConnectionClosed):
                for message in (*fits, large, "after it"):
                    await client.send(message)
                await asyncio.wait_for(client.recv(), 5)
            assert client.close_code == 1009
            await asyncio.wait_for(peer.is_over.wait(), 5)
        assert peer.heard == fits


async def test_what_nobody_takes_any_more_is_forgotten() -> None:
    """More messages than hypercorn queues, for an application that ends with the first of them."""
    mend_sockets()
    quart = Quart(__name__)

    async def take_one(wire: Wire) -> None:
        await wire.receive()
        await wire.close(4401)

    @quart.websocket("/")
    async def opened() -> None:
        await websocket.accept()
        hand_over(take_one)

    quart.asgi_app = Handover(quart.asgi_app)  # type: ignore[method-assign]
    async with served(quart) as url:
        for amount in (1, 30):  # hypercorn reads each lot at once; after the first it has begun all that stays
            before = asyncio.all_tasks()
            reader, writer = await raw(url)
            writer.write((head(1000) + b"x" * 1000) * amount)
            assert await asyncio.wait_for(reader.read(), 5) == b"\x88\x02" + (4401).to_bytes(2)
            writer.close()
        async with asyncio.timeout(5):
            while asyncio.all_tasks() - before:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
