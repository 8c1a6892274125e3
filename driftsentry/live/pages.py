"""`/live`, the WebSocket of the pages: it pushes HTML that htmx swaps in."""

from functools import partial
from typing import cast

from quart import Blueprint, current_app, websocket
from werkzeug.datastructures import MultiDict

from driftsentry.auth import guards
from driftsentry.live.handover import hand_over
from driftsentry.live.hub import Hub
from driftsentry.live.rooms import cursor_of, existing
from driftsentry.live.socket import Member, Rooms, Socket
from driftsentry.live.wire import Wire
from driftsentry.web import Access, DriftSentry, allow, app

MOST_ROOMS = 10

blueprint = Blueprint("live", __name__)


@blueprint.websocket("/live")
@allow(Access.SOCKET)
async def live() -> None:
    person = await guards.signed_in()
    rooms = await rooms_in(websocket.args) if person else frozenset[str]()
    await websocket.accept()
    if person is None:
        await websocket.close(4401)  # accepted first: htmx would retry a refused handshake for ever
        return
    member = Member(person.id, person.name, person.session_id, person.can_decide)
    hand_over(partial(_serve, app(), member, rooms, cursor_in(websocket.args)))


async def rooms_in(args: MultiDict[str, str]) -> Rooms:
    return await existing(app().db, args.getlist("room")[:MOST_ROOMS])


def cursor_in(args: MultiDict[str, str]) -> int:
    return cursor_of(args.get("after", "")) or 0


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
