"""The `websockets` library's broadcast, and what nothing can be faster than: a loop of writes of one frame.

    python -m benchmarks.peers.websockets_server PORT CONTROL_PORT [--bare]

What is posted to CONTROL_PORT goes to every socket on PORT, and is answered once it is written. Compression is off, as
the library's documentation advises for many connections: with it, each would compress for itself. Pings stay on.
"""

import argparse
import asyncio
import os
from collections.abc import Callable

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

connections: set[ServerConnection] = set()


async def hold(connection: ServerConnection) -> None:
    connections.add(connection)
    try:
        await connection.wait_closed()
    finally:
        connections.discard(connection)


def push(body: bytes) -> None:
    broadcast(connections, body, text=True)


def write(body: bytes) -> None:
    """The frame, past the library and the loop, from a buffer of the kernel that is always empty here."""
    size = len(body)
    length = (
        bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65536 else b"\x7f" + size.to_bytes(8)
    )
    frame = b"\x81" + length + body
    for connection in connections:
        written = os.write(connection.transport.get_extra_info("socket").fileno(), frame)
        assert written == len(frame)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tell: Callable[[bytes], None]) -> None:
    """One POST with a Content-Length on one connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    tell(await reader.readexactly(size))
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("control", type=int)
    parser.add_argument("--bare", action="store_true")
    asked = parser.parse_args()
    tell = write if asked.bare else push
    async with serve(hold, "127.0.0.1", asked.port, compression=None, backlog=1024):
        control = await asyncio.start_server(lambda r, w: answer(r, w, tell), "127.0.0.1", asked.control)
        print("ready", flush=True)
        await control.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
