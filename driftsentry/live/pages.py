"""`/live`, the WebSocket of the pages: it pushes HTML that htmx swaps in."""

import re
from functools import partial
from typing import cast

from quart import Blueprint, current_app, websocket
from werkzeug.datastructures import MultiDict

from driftsentry import drifts, stacks
from driftsentry.auth import guards
from driftsentry.db import Database
from driftsentry.live.handover import hand_over
from driftsentry.live.hub import Hub
from driftsentry.live.members import has_too_many
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
    rooms = await existing(app().db, rooms_in(websocket.args)) if person else frozenset[str]()
    await websocket.accept()
    if person is None:
        await websocket.close(4401)  # accepted first: htmx would retry a refused handshake for ever
        return
    member = Member(person.id, person.name, person.session_id, person.can_decide)
    hand_over(partial(_serve, app(), member, rooms, cursor_in(websocket.args)))


def rooms_in(args: MultiDict[str, str]) -> Rooms:
    return frozenset(room for room in args.getlist("room")[:MOST_ROOMS] if ROOM.fullmatch(room))


async def existing(db: Database, rooms: Rooms) -> Rooms:
    """Those of `rooms` that are of something: names that somebody made up would fill the table of who is where."""
    drift_ids = [int(room[6:]) for room in rooms if room.startswith("drift:")]
    slugs = [room[6:] for room in rooms if room.startswith("stack:")]
    found = {room for room in rooms if ":" not in room}
    if drift_ids or slugs:
        async with db.read() as tx:
            found |= {f"drift:{row.id}" for row in await drifts.select_rows(tx, drift_ids)}
            found |= {f"stack:{slug}" for slug in slugs if await stacks.select_stack(tx, slug)}
    return rooms & found


def cursor_in(args: MultiDict[str, str]) -> int:
    after = args.get("after", "0")
    return int(after) if CURSOR.fullmatch(after) else 0


def hub() -> Hub:
    return cast(Hub, current_app.extensions["hub"])


async def _serve(quart: DriftSentry, member: Member, rooms: Rooms, after: int, wire: Wire) -> None:
    hub: Hub = quart.extensions["hub"]
    socket = Socket(wire, member, rooms=rooms)

    async def begin() -> None:
        await hub.join(socket, after)
        if socket.close_code is None and has_too_many(hub.members, member):
            socket.end(1008)

    try:
        await socket.serve(begin, _ignore)
    finally:
        hub.leave(socket)


async def _ignore(_message: str | bytes) -> None:
    """Nothing that a page says matters but that it lives."""
