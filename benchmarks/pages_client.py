"""The load on one server: a few connections that are kept, each sends its next request when it has the answer.

A process of its own: one line of JSON in, one out. It spends a tenth of the CPU that the empty route does.
"""

import asyncio
import json
import re
import sys
import time
from itertools import cycle
from typing import Any

import uvloop

_STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3})")
_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]+)", re.IGNORECASE)
SECONDS = 30  # for all answers that are still on their way at the end


class Load:
    """So many requests a second as the server gives answers, until `ends_at`. `status`: of each answer."""

    def __init__(self, port: int, requests: list[str], status: int) -> None:
        self._port = port
        self._requests = cycle([request.encode() for request in requests])
        self.status = str(status).encode()
        self.ends_at = 0.0
        self.latencies: list[float] = []  # milliseconds
        self.size = 0  # bytes of the last body
        self.problem = ""

    def next(self) -> bytes:
        return next(self._requests)

    async def connect(self, ended: "asyncio.Future[None]") -> None:
        """A connection that sends until `ended`; also in place of one that the server has closed."""
        try:
            await asyncio.get_running_loop().create_connection(lambda: Connection(self, ended), "127.0.0.1", self._port)
        except OSError as problem:
            self.problem = str(problem)
            ended.set_result(None)


class Connection(asyncio.Protocol):
    """Sends one request after the other. `ended`: when the time is up, or something is wrong."""

    def __init__(self, load: Load, ended: "asyncio.Future[None]") -> None:
        self._load, self._ended = load, ended
        self._got = bytearray()
        self._missing = -1  # bytes of the answer, once its head is here
        self._sent_at = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._got.clear()
        self._missing = -1
        self._sent_at = time.perf_counter()
        self._transport.write(self._load.next())

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self._missing < 0:
            self._read_head()
        if 0 <= self._missing <= len(self._got):
            self._answered()

    def _read_head(self) -> None:
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._got[: end + 2])
        status, length = _STATUS.match(head), _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if status is None or status[1] != self._load.status or (length is None and status[1] != b"304"):
            self._end(f"unexpected answer: {head[:300]!r}")
            return
        self._missing, self._load.size = end + 4 + size, size

    def _answered(self) -> None:
        now = time.perf_counter()
        self._load.latencies.append((now - self._sent_at) * 1000)
        if now < self._load.ends_at:
            self._send()
        else:
            self._end("")

    def _end(self, problem: str) -> None:
        self._load.problem = self._load.problem or problem
        self._transport.close()
        if not self._ended.done():
            self._ended.set_result(None)

    def connection_lost(self, _error: Exception | None) -> None:
        """Servers close a connection after some thousand requests: the request that met that is sent again."""
        if not self._ended.done():
            self._ended.get_loop().create_task(self._load.connect(self._ended))


async def run(port: int, requests: list[str], seconds: float, connections: int, status: int) -> dict[str, Any]:
    """Requests a second, milliseconds of each, bytes of a body. Raises `RuntimeError` on another status."""
    load, loop = Load(port, requests, status), asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(connections)]
    started = time.perf_counter()
    load.ends_at = started + seconds
    for ended in ends:
        await load.connect(ended)
    async with asyncio.timeout(seconds + SECONDS):
        await asyncio.gather(*ends)
    if load.problem:
        raise RuntimeError(load.problem)
    rate = len(load.latencies) / (time.perf_counter() - started)
    return {"rate": rate, "latencies": load.latencies, "size": load.size}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(uvloop.run(run(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
