"""Thousands of browsers in one process, as cheap as they can be, so that the server is what is measured.

    python -m benchmarks.live_client

It is told what to do by lines of JSON on standard input (`do`: a method of `Fleet`, and its arguments) and answers each
with a line on standard output. Of a frame it reads the length, and of short ones what they ask for; of a push it notes
when it was there: `time.perf_counter`, which is one clock for all processes of a Linux machine.
"""

import asyncio
import contextlib
import gc
import json
import random
import socket
import sys
import time
from collections import Counter
from typing import Any

from benchmarks.live_frames import LEAST, frames, is_one_push

AT_ONCE = 64
OPENING_SECONDS = 60
EXTRA_SECONDS = 0.03  # after the last push: a second frame for the same decision would be there by then
# As base.html configures the pages.
FIRST_DELAY, MOST_DELAY, JITTER = 1.0, 3.0, 0.7
# Heartbeats, of ours and of Socket.IO, without white space, and what their clients answer.
ANSWERS = {b'{"type":"hb"}': b'{"type":"hb"}', b"2": b"3"}
_KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
_TEXT, _PING, _PONG, _CLOSE = 0x81, 0x89, 0x8A, 0x88
_SLOW_SEGMENT, _SLOW_BUFFER = 1460, 4096


class Browser(asyncio.Protocol):
    """One connection. `number`: its place among the counted ones, -1 for one that is not counted."""

    __slots__ = ("_fleet", "_is_open", "_number", "_rest", "code", "opened", "transport")

    def __init__(self, fleet: "Fleet", number: int) -> None:
        self._fleet, self._number = fleet, number
        self._rest = b""
        self._is_open = False
        self.code = 1006
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        heads = self._fleet.heads
        self.transport.write((heads[self._number % len(heads)] + _KEY).encode())

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        if self._is_open and not self._rest and is_one_push(data):  # as nearly always
            self._fleet.note(self._number, data, 4, len(data), at)
            return
        data, place = self._rest + data if self._rest else data, 0
        if not self._is_open:
            place = self._read_head(data)
        for head, start, end in frames(data, place) if place >= 0 else ():
            place = end
            if head == _TEXT and end - start >= LEAST:
                self._fleet.note(self._number, data, start, end, at)
            else:
                self._read_short(head, data[start:end])
        self._rest = data[max(place, 0) :]

    def _read_head(self, data: bytes) -> int:
        """Where the frames begin; -1 while the answer to the handshake is not complete."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return -1
        if not data.startswith(b"HTTP/1.1 101"):
            self._fail(data[:end].decode("latin-1").splitlines()[0])
            return len(data)
        self._is_open = True
        if self._fleet.greeting:
            self._send(_TEXT, self._fleet.greeting)
        else:
            self._open()
        return end + 4

    def _open(self) -> None:
        if not self.opened.done():
            self.opened.set_result(None)
            self._fleet.is_here(self._number)

    def _fail(self, why: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(why))

    def _read_short(self, head: int, payload: bytes) -> None:
        if head == _PING:
            self._send(_PONG, payload)
        elif head == _CLOSE:
            self.code = int.from_bytes(payload[:2]) if len(payload) > 1 else 1005
            self._send(_CLOSE, payload[:2])
            self.transport.close()
        elif head == _TEXT:
            if answer := ANSWERS.get(payload.replace(b" ", b"")):
                self._send(_TEXT, answer)
            elif self._fleet.greeting and payload.startswith(self._fleet.greeting):
                self._open()
        elif head != _PONG:
            self._fleet.odd += 1  # compressed or in pieces: then nothing here can be compared

    def _send(self, head: int, payload: bytes) -> None:
        self.transport.write(bytes((head, 0x80 | len(payload))) + b"\0\0\0\0" + payload)  # masked, by nothing

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("closed during the handshake")
        if self._is_open:
            self._fleet.is_gone(self._number, self.code)


class Fleet:
    """All connections of this process, and what came to them."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.greeting = b""
        self.odd = 0
        self._port = 0
        self._is_returning = False
        self._amount = 0
        self._refused = 0
        self._slow: list[Browser] = []
        self._here = 0
        self._all_here = asyncio.Event()
        self._closed = Counter[int]()
        self._returning: set[asyncio.Task[None]] = set()
        self._forget()

    def _forget(self) -> None:
        self._arrived = [0.0] * self._amount
        self._missing = self._amount
        self._frames = 0
        self._payload = b""
        self._done = asyncio.Event()

    # -- What a connection tells ---------------------------------------------------------------------------------------

    def note(self, number: int, data: bytes, start: int, end: int, at: float) -> None:
        if number < 0:
            return
        self._frames += 1
        if number == 0:
            self._payload = data[start:end]
        if number < len(self._arrived) and not self._arrived[number]:
            self._arrived[number] = at
            self._missing -= 1
            if not self._missing:
                self._done.set()

    def is_here(self, number: int) -> None:
        if number >= 0:
            self._here += 1
            if self._here == self._amount:
                self._all_here.set()

    def is_gone(self, number: int, code: int) -> None:
        if number < 0:
            return
        self._here -= 1
        self._closed[code] += 1
        self._all_here.clear()
        if self._is_returning:
            self._return_later(number)

    # -- What it is told -----------------------------------------------------------------------------------------------

    async def open(self, port: int, heads: list[str], amount: int, greeting: str) -> dict[str, Any]:
        """Open `amount` connections more, some at once; whoever is refused or closed meanwhile tries again as a page.

        `refused`: handshakes that failed; `closed`: how often by which code.
        """
        self.heads, self._port, self.greeting = heads, port, greeting.encode()
        numbers = iter(range(self._amount, self._amount + amount))
        self._amount += amount
        self._all_here.clear()
        self._is_returning = True

        async def some() -> None:
            for number in numbers:
                if not await self._connect(number):
                    self._return_later(number)

        await asyncio.gather(*[some() for _ in range(AT_ONCE)])
        found = await self.all_back(OPENING_SECONDS)
        self._is_returning = False
        self._closed.clear()
        self._refused = 0
        return found

    async def arm(self) -> dict[str, Any]:
        """Forget what came: the next push is what counts."""
        self._forget()
        return {}

    async def wait(self, seconds: float) -> dict[str, Any]:
        """Until each connection has a push: when each came (0: never), and how many frames there were in all."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._done.wait()
        await asyncio.sleep(EXTRA_SECONDS)
        return {"arrived": self._arrived, "frames": self._frames, "payload": self._payload.decode(), "odd": self.odd}

    async def state(self) -> dict[str, Any]:
        return {"open": self._here, "refused": self._refused, "closed": dict(self._closed)}

    async def stay(self, heads: list[str]) -> dict[str, Any]:
        """From now on come back when a connection ends, as the page does."""
        self._is_returning, self.heads = True, heads
        return {}

    async def all_back(self, seconds: float) -> dict[str, Any]:
        """Wait until all are here, for at most `seconds`; `at`: when the last came."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._all_here.wait()
        return await self.state() | {"at": time.perf_counter()}

    async def open_slow(self, heads: list[str]) -> dict[str, Any]:
        """One connection more that reads nothing, as over a network: what it does not take waits at the server."""
        self.heads = heads
        sock = socket.socket()
        # On loopback alone the kernel would keep megabytes for it.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SLOW_SEGMENT)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BUFFER)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
        browser = Browser(self, -1)
        await asyncio.get_running_loop().create_connection(lambda: browser, sock=sock)
        await asyncio.wait_for(browser.opened, OPENING_SECONDS)
        browser.transport.pause_reading()
        self._slow.append(browser)
        return {}

    async def end_slow(self) -> dict[str, Any]:
        """Let the slow one read again, and say with which code it was closed; 0: after five seconds it was not."""
        browser = self._slow.pop()
        browser.transport.resume_reading()
        for _ in range(100):
            await asyncio.sleep(0.05)
            if browser.transport.is_closing():
                return {"code": browser.code}
        browser.transport.abort()
        return {"code": 0}

    # -- Connecting ----------------------------------------------------------------------------------------------------

    async def _connect(self, number: int) -> bool:
        """Whether the server took it."""
        browser = Browser(self, number)
        try:
            await asyncio.get_running_loop().create_connection(lambda: browser, "127.0.0.1", self._port)
            await asyncio.wait_for(browser.opened, OPENING_SECONDS)
        except (OSError, TimeoutError):
            self._refused += 1
            return False
        return True

    def _return_later(self, number: int) -> None:
        task = asyncio.create_task(self._come_back(number))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _come_back(self, number: int) -> None:
        delay = FIRST_DELAY
        while self._is_returning:
            await asyncio.sleep(delay * random.uniform(1 - JITTER, 1 + JITTER))
            if await self._connect(number):
                return
            delay = min(delay * 2, MOST_DELAY)


async def obey() -> None:
    fleet = Fleet()
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        print(json.dumps(await getattr(fleet, command.pop("do"))(**command)), flush=True)


if __name__ == "__main__":
    import uvloop

    gc.disable()
    uvloop.run(obey())
