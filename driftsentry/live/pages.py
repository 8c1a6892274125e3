"""`/live`, the WebSocket of the pages: it pushes HTML that htmx swaps in."""

import re
from functools import partial
from typing import cast

from quart import Blueprint, current_app, websocket
from werkzeug.datastructures import MultiDict

from driftsentry.auth import guards
from driftsentry.live.handover import hand_over
from driftsentry.live.hub import Hub
from driftsentry.live.socket import Member, Rooms, Socket
from driftsentry.live.wire import Wire
from driftsentry.web import Access, DriftSentry, allow, app

ROOM = re.compile(r"drifts|alerts|alerts-list|drift:[0-9]{1,9}|stack:[A-Za-z0-9._/-]{1,200}")
CURSOR = re.compile(r"[0-9]{1,18}")
MOST_ROOMS = 10

blueprint = Blueprint("live", __name__)


@blueprint.websocket("/live")
@allow(Access.SOCKET)
async def live() -> None:
    person = await guards.signed_in()
    await websocket.accept()
    if person is None:
        await websocket.close(4401)  # accepted first: htmx would retry a refused handshake for ever
        return
    member = Member(person.id, person.name, person.session_id, person.can_decide)
    hand_over(partial(_serve, app(), member, rooms_in(websocket.args), cursor_in(websocket.args)))


def rooms_in(args: MultiDict[str, str]) -> Rooms:
    return frozenset(room for room in args.getlist("room")[:MOST_ROOMS] if ROOM.fullmatch(room))


def cursor_in(args: MultiDict[str, str]) -> int:
    after = args.get("after", "0")
    return int(after) if CURSOR.fullmatch(after) else 0


def hub() -> Hub:
    return cast(Hub, current_app.extensions["hub"])


async def _serve(quart: DriftSentry, member: Member, rooms: Rooms, after: int, wire: Wire) -> None:
    hub: Hub = quart.extensions["hub"]
    socket = Socket(wire, member, rooms=rooms)

    try:
        await socket.serve(partial(hub.join, socket, after), _ignore)
    finally:
        hub.leave(socket)


async def _ignore(_message: str | bytes) -> None:
    """Nothing that a page says matters but that it lives."""
