"""A network that fails: a TCP proxy that delays, cuts, stalls and half-closes what goes through it."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

_CHUNK = 16 * 1024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: closing sends RST


class Link:
    """One connection through the proxy: between `near`, who connected, and `far`, the server."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        self.delay = 0.0
        self.is_halved = False
        self.is_struck = False
        self.has_answered = False
        self._flows = asyncio.Event()
        self._flows.set()

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """All bytes of one direction, and its end."""
        with suppress(OSError, RuntimeError):  # RuntimeError: it was half closed
            while chunk := await source.read(_CHUNK):
                await asyncio.sleep(self.delay)
                await self._flows.wait()
                if self.is_halved:  # a connection breaks within a frame as well as between two
                    sink.write(chunk[: len(chunk) // 2])
                    await sink.drain()
                    self.cut()
                    return
                sink.write(chunk)
                self.has_answered |= sink is self.near
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()

    def cut(self) -> None:
        """RST, to both ends."""
        for writer in (self.near, self.far):
            end: socket.socket | None = writer.get_extra_info("socket")
            with suppress(OSError):
                if end:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        self._flows.set()

    def cut_within_a_frame(self) -> None:
        """The next one, if it comes soon."""
        self.is_halved = True
        asyncio.get_running_loop().call_later(0.1, self.cut)

    def stall(self) -> None:
        """Both ends stay open and hear nothing any more, as where a machine vanished."""
        self._flows.clear()

    def half_close_near(self) -> None:
        with suppress(OSError):
            self.near.write_eof()

    def half_close_far(self) -> None:
        with suppress(OSError):
            self.far.write_eof()


_QUICK = (Link.cut, Link.cut_within_a_frame, Link.half_close_near, Link.half_close_far)
DISASTERS: Sequence[Callable[[Link], None]] = (*_QUICK, *_QUICK, Link.stall)  # it takes a while until one is noticed


class Proxy:
    """`ports`: the servers behind it, of which each connection gets any."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._chance = random.Random(5)
        self.links: dict[Link, None] = {}  # in the order in which they came
        self.port = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def take(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._chance.choice(self._ports))
        except OSError:
            near.transport.abort()
            return
        link = Link(near, far)
        link.delay = self._chance.choice((0, 0, 0.001, 0.02))
        self.links[link] = None
        try:
            await asyncio.gather(link.carry(reader, far), link.carry(far_reader, near))
        finally:
            del self.links[link]
            near.close()
            far.close()


@asynccontextmanager
async def running_proxy(*ports: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(ports)
    server = await asyncio.start_server(proxy.take, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for link in list(proxy.links):
            link.cut()
        while proxy.links:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await server.wait_closed()
