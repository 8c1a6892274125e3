"""A real hypercorn in the process of a test, and connections to it as bytes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hypercorn.asyncio import serve

from driftsentry.serve import hypercorn_config
from tests.servers import free_port
from tests.site import Site, settings


@asynccontextmanager
async def served(application: Any) -> AsyncIterator[str]:
    """The address at which hypercorn serves it, set up as for people."""
    port, is_over = free_port(), asyncio.Event()
    config = hypercorn_config(settings("sqlite:////nowhere", DRIFTSENTRY_PORT=str(port), DRIFTSENTRY_HOST="127.0.0.1"))
    serving = asyncio.create_task(serve(application, config, shutdown_trigger=is_over.wait))
    try:
        while True:
            with contextlib.suppress(OSError):
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            assert not serving.done(), serving.exception()
            await asyncio.sleep(0.01)
        yield f"ws://127.0.0.1:{port}"
    finally:
        is_over.set()
        await serving


class Served:
    """The application of a site that has begun already: hypercorn must not begin it again."""

    def __init__(self, site: Site) -> None:
        self._app = site.app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        for word in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{word}.complete"})


async def raw(
    url: str, path: str = "/", receive_buffer: int = 0, headers: dict[str, str] | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection after the handshake, as bytes."""
    port = int(url.rpartition(":")[2])
    end = socket.socket()
    if receive_buffer:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=end, limit=64 * 1024)
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{more}"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer
