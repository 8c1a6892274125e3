"""Sockets outlive the requests that opened them.

Quart decides who may have one, by its routes and guards; then only the socket stays. Tasks, contexts and the request
that Quart would keep for as long as it is open take half of the memory of an idle one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from quart import websocket

from driftsentry.live.wire import Receive, Send, Wire

_KEY = "driftsentry.opening"
_log = logging.getLogger(__name__)
Serve = Callable[[Wire], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]


def hand_over(serve: Serve) -> None:
    """Let `serve` have the socket of this handler, which has accepted it, once the handler has returned."""
    websocket.scope[_KEY].serve = serve  # type: ignore[literal-required]


class Handover:
    """The ASGI application in front of Quart."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._application(scope, receive, send)
            return
        opening = _Opening(receive, send)
        await self._application(scope | {_KEY: opening}, opening.receive, opening.send)
        if opening.serve is not None:
            wire, serve = Wire(receive, send), opening.serve
            del opening
            scope.clear()  # the headers of the request, which nobody asks for any more
            await _served(wire, serve)


async def _served(wire: Wire, serve: Serve) -> None:
    try:
        await serve(wire)
    except Exception:
        _log.exception("live.failed")
        await wire.close(1011)


class _Opening:
    """What Quart sees of a connection: its beginning."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._has_begun = False
        self.serve: Serve | None = None

    async def receive(self) -> Any:
        if self._has_begun:  # what is said from now on is for `serve`: Quart would throw it away with its own queue
            await asyncio.Event().wait()
        self._has_begun = True
        return await self._receive()

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close" and message.get("code", 1000) == 1000:
            if self.serve is not None:
                return
            # Quart's word for a handler that failed after it had accepted. After 1000 no page would come back.
            message = message | {"code": 1011}
        await self._send(message)
