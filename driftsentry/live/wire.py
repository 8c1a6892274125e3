"""How bytes reach the other end of a socket: straight to hypercorn's transport where that can be, else through ASGI."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream
from wsproto.connection import Connection, ConnectionState

# What the system has not taken yet. Beyond it frames wait in the socket's own queue, which is counted.
MOST_WRITTEN = 64 * 1024
CLOSE_SECONDS = 2
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Frame:
    """A text message, encoded once for all sockets that get it: unmasked, not compressed, in one piece (RFC 6455)."""

    __slots__ = ("data", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        content = text.encode()
        size = len(content)
        if size < 126:
            head = bytes((0x81, size))
        elif size < 65536:
            head = b"\x81\x7e" + size.to_bytes(2)
        else:
            head = b"\x81\x7f" + size.to_bytes(8)
        self.data = head + content


class Wire:
    """One accepted WebSocket."""

    __slots__ = ("_connection", "_receive", "_send", "_transport")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._transport = _transport_of(send)
        # Who said what: behind a close, which the server itself may say too, no frame may be written.
        self._connection: Connection | None = send.__self__.connection if self._transport else None  # type: ignore[attr-defined]

    @property
    def is_direct(self) -> bool:
        """Whether `write` can be used; otherwise only `send`."""
        return self._transport is not None

    @property
    def is_closing(self) -> bool:
        """Whether the end has begun: a close was said or heard, or the connection is lost. False where not direct."""
        return (
            self._transport is not None
            and self._connection is not None
            and (self._connection.state is not ConnectionState.OPEN or self._transport.is_closing())
        )

    @property
    def is_free(self) -> bool:
        """Whether the other end has taken nearly all that was written."""
        transport = self._transport
        return transport is not None and not self.is_closing and transport.get_write_buffer_size() <= MOST_WRITTEN

    def write(self, frame: Frame) -> None:
        """At once, without waiting. Only while `is_free`."""
        assert self._transport is not None, "asked before"
        self._transport.write(frame.data)

    async def send(self, frame: Frame) -> None:
        """Through the server: it waits for the other end, and costs four times as much."""
        await self._send({"type": "websocket.send", "bytes": None, "text": frame.text})

    async def receive(self) -> str | bytes | None:
        """The next message; None when the connection is over."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | bytes | None = message.get("text")
        return message["bytes"] if text is None else text

    async def close(self, code: int) -> None:
        """Say `code`, for as long as somebody may listen: to one who reads nothing not even a close goes out."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": code})
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()


def _transport_of(send: Send) -> asyncio.WriteTransport | None:
    """Hypercorn's transport below a WebSocket over HTTP/1.1; None for any other server, protocol or version of it.

    Over HTTP/2 many streams share a transport, and a frame of ours would break all of them.
    """
    stream = getattr(send, "__self__", None)
    protocol = getattr(getattr(stream, "send", None), "__self__", None)
    server = getattr(getattr(protocol, "send", None), "__self__", None)
    if type(stream) is not WSStream or type(protocol) is not H11Protocol or type(server) is not TCPServer:
        return None
    return server.writer.transport
