"""`/live`, the WebSocket of the pages: it pushes HTML that htmx swaps in."""

import asyncio
import re
from contextlib import suppress
from typing import cast

from quart import Blueprint, current_app, websocket

from driftsentry.auth import Person, dead_sessions, guards
from driftsentry.live.hub import Hub
from driftsentry.live.socket import Socket
from driftsentry.web import Access, allow, app

ROOM = re.compile(r"drifts|alerts|alerts-list|drift:[0-9]{1,9}|stack:[A-Za-z0-9._/-]{1,200}")
CURSOR = re.compile(r"[0-9]{1,18}")
MOST_ROOMS = 10
CLOSE_SECONDS = 2
SILENCE_SECONDS = 90  # live.js answers each heartbeat; a peer that does not is gone

blueprint = Blueprint("live", __name__)


@blueprint.websocket("/live")
@allow(Access.SOCKET)
async def live() -> None:
    person = await guards.signed_in()
    await websocket.accept()
    if person is None:
        await websocket.close(4401)  # accepted first: htmx would retry a refused handshake for ever
        return
    socket = _socket(person)
    try:
        await _serve(socket)
    except Exception:
        await websocket.close(1011)  # returning would close with 1000, after which htmx does not reconnect
        raise


def hub() -> Hub:
    return cast(Hub, current_app.extensions["hub"])


def _socket(person: Person) -> Socket:
    asked = websocket.args.getlist("room")[:MOST_ROOMS]
    rooms = frozenset(room for room in asked if ROOM.fullmatch(room))
    return Socket(person.session_id, person.can_decide, rooms, person.id)


async def _serve(socket: Socket) -> None:
    after = websocket.args.get("after", "0")
    tasks = [asyncio.create_task(work(socket)) for work in (_send, _receive)]
    for task in tasks:
        task.add_done_callback(lambda _done: socket.end(1011))
    try:
        await hub().join(socket, int(after) if CURSOR.fullmatch(after) else 0)
        # Asked again, for it may have been revoked after the first look and before the hub knew this socket.
        hub().end_sessions(await dead_sessions(app().db, app().settings, {socket.session_id}))
        await socket.ended.wait()
    finally:
        hub().leave(socket)
        for task in tasks:
            task.cancel()
    with suppress(TimeoutError):  # to somebody who reads nothing, not even a close goes out
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.close(socket.close_code or 1011)


async def _send(socket: Socket) -> None:
    while True:
        await websocket.send(await socket.get())


async def _receive(socket: Socket) -> None:
    """Always read, so that a browser that sends cannot fill our memory; nothing it says matters but that it lives."""
    try:
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                await websocket.receive()
            if not socket.note_message():
                socket.end(1008)
    except TimeoutError:
        socket.end(1001)
