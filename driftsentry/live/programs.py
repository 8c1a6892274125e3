"""`/api/v1/live`, the WebSocket of programs: JSON both ways."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from quart import Blueprint, websocket

from driftsentry import auth, clock, drifts, errors, ids
from driftsentry.auth import Person, guards
from driftsentry.clock import to_text
from driftsentry.db import Database
from driftsentry.events import Actor
from driftsentry.live.handover import hand_over
from driftsentry.live.hub import Hub
from driftsentry.live.messages import told
from driftsentry.live.presence import Presence
from driftsentry.live.requests import MESSAGE_BYTES, Auth, Comment, Join, Leave, Pong, Resume, Said, read
from driftsentry.live.resuming import Resuming
from driftsentry.live.rooms import DRIFT, cursor_of, existing
from driftsentry.live.socket import Member, Socket
from driftsentry.live.wire import Wire
from driftsentry.web import Access, DriftSentry, allow, app

AUTH_SECONDS = 5.0
# Anybody can open a connection and say nothing.
MOST_SILENT = 200
MOST_ROOMS = 100
FIRST_ROOMS = ("drifts", "alerts")

blueprint = Blueprint("live_programs", __name__)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a handshake said. `header`: the `Authorization`, None without one."""

    header: str | None
    after: str | None
    address: str


@blueprint.websocket("/api/v1/live")
@allow(Access.SOCKET)
async def live() -> None:
    """Accepted whoever it is: of a refused handshake clients see no close code. Cookies mean nothing here."""
    header, after = websocket.headers.get("Authorization"), websocket.args.get("after")
    opening = Opening(header, after, guards.client_address())
    await websocket.accept()
    hand_over(partial(_serve, app(), opening))


@blueprint.record
def _count_strangers(state: Any) -> None:
    state.app.extensions["live.strangers"] = Strangers()


class Strangers:
    """The connections of this process that are yet to say who they are."""

    def __init__(self) -> None:
        self.amount = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Raises `Unavailable` when there are too many."""
        if self.amount >= MOST_SILENT:
            raise errors.Unavailable("Too many connections have not signed in yet.")
        self.amount += 1
        try:
            yield
        finally:
            self.amount -= 1


async def _serve(quart: DriftSentry, opening: Opening, wire: Wire) -> None:
    try:
        person, end = await _identify(quart, await _token(quart, opening, wire))
    except (errors.InvalidToken, errors.Invalid, TimeoutError):
        await wire.close(4401)
    except errors.Unavailable:
        await wire.close(1013)
    else:
        await Conversation(quart, person, opening, wire).serve(end)


async def _token(quart: DriftSentry, opening: Opening, wire: Wire) -> str:
    """From the header or else the first message. Raises `Invalid` where neither has one, `TimeoutError`, and
    `Unavailable` where too many wait for theirs: those with a header do not, so nobody can keep them out."""
    if opening.header is not None:
        scheme, _space, token = opening.header.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    strangers: Strangers = quart.extensions["live.strangers"]
    with strangers.one_more():
        async with asyncio.timeout(AUTH_SECONDS):
            first = await wire.receive()
    said = read(first) if first is not None else None
    return said.token if isinstance(said, Auth) else ""


async def _identify(quart: DriftSentry, token: str) -> tuple[Person, datetime]:
    """Whose token it is, and when it ends. Raises `InvalidToken` and `Unavailable`."""
    _claim, end = auth.read_access_token(quart.settings.jwt_secret, token, clock.now())
    person = await auth.identify_program(quart.db, quart.settings, token)
    with suppress(errors.Unavailable):  # nobody is kept out because somebody else is writing
        await auth.note_seen(quart.db, person)
    return person, end


class Conversation:
    """With one program, which has signed in."""

    def __init__(self, quart: DriftSentry, person: Person, opening: Opening, wire: Wire) -> None:
        self._quart = quart
        self._db: Database = quart.db
        self._hub: Hub = quart.extensions["hub"]
        self._presence: Presence = quart.extensions["presence"]
        self._after = opening.after
        member = Member(person.id, person.name, person.session_id, person.can_decide)
        self._socket = Socket(wire, member, rooms=frozenset(FIRST_ROOMS), is_program=True)
        # One for the whole connection: what it wrote is told to all but itself, however late that is pushed.
        self._socket.request_id = ids.new()
        self._actor = Actor("user", person.id, person.name, opening.address, self._socket.request_id)
        self._resuming = Resuming(self._hub, self._socket)
        self._timer: asyncio.TimerHandle | None = None

    async def serve(self, end: datetime) -> None:
        """Until it is over, at the latest when its token ends at `end` and it has sent no other."""
        try:
            await self._socket.serve(partial(self._begin, end), self._hear)
        finally:
            if self._timer:
                self._timer.cancel()
            self._hub.leave(self._socket)
            await self._resuming.end()

    async def _begin(self, end: datetime) -> None:
        self._close_at(end)
        since = self._hub.seq
        self._hub.welcome(self._socket)
        for room in FIRST_ROOMS:  # at once: nothing may be told before that
            self._tell_count("room:joined", room)
        after = cursor_of(self._after or "")
        if after is not None:
            self._resuming.ask(after)
        else:
            if self._after is not None:
                self._refuse(errors.Invalid("after takes the number of an event: the last one that you have."))
            self._resuming.hold(since)

    async def _hear(self, message: str | bytes) -> None:
        """Answer one message. Whatever it is, it is no reason to end."""
        if len(message) > MESSAGE_BYTES:  # our own server ends this before, others may not
            self._socket.end(1009)
            return
        try:
            said = read(message)
        except errors.Invalid as problem:
            self._refuse(problem)
            return
        try:
            await self._answer(said)
        except errors.Failure as refusal:
            self._refuse(refusal, said)

    async def _answer(self, said: Said) -> None:
        match said:
            case Join(room=room):
                await self._join(room)
            case Leave(room=room):
                self._leave(room)
            case Comment():
                await self._comment(said)
            case Resume(after=after):
                self._resuming.ask(after)
            case Auth(token=token):
                await self._renew(token)
            case Pong():
                pass

    # -- Tokens ----------------------------------------------------------------------------------------------------

    async def _renew(self, token: str) -> None:
        """Stay for as long as another token of the same session is good."""
        person, end = await _identify(self._quart, token)
        if person.session_id != self._socket.member.session_id:
            raise errors.InvalidToken("This token is of another session. Open another connection with it.")
        self._close_at(end)
        self._socket.put(told("auth_ok", expiresAt=to_text(end)))

    def _close_at(self, end: datetime) -> None:
        if self._timer:
            self._timer.cancel()
        seconds = (end - clock.now()).total_seconds()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._socket.end, 4401)

    # -- Rooms -----------------------------------------------------------------------------------------------------

    async def _join(self, room: str) -> None:
        rooms = self._socket.rooms | {room}
        if len(rooms) > MOST_ROOMS:
            raise errors.Conflict(f"A connection is in {MOST_ROOMS} rooms at most. Leave one first.")
        if room not in FIRST_ROOMS and (":" not in room or not await existing(self._db, [room])):
            raise errors.NotFound("There is no such room: drifts, alerts, drift:<id> or stack:<slug>.")
        self._hub.move(self._socket, rooms)
        self._tell_count("room:joined", room)

    def _leave(self, room: str) -> None:
        """Also where it is not in: asked twice, it is answered twice."""
        self._hub.move(self._socket, self._socket.rooms - {room})
        self._tell_count("room:left", room)

    def _tell_count(self, type_: str, room: str) -> None:
        """`seq`: where the hub is; what is told in the room comes behind it."""
        data = {"members": self._presence.count(room), "seq": self._hub.seq}
        self._socket.put(told(type_, room=room, data=data))

    # -- What is said ------------------------------------------------------------------------------------------------

    async def _comment(self, said: Comment) -> None:
        match = DRIFT.fullmatch(said.room)
        if match is None:
            raise errors.NotFound("Messages are for the room of a drift: drift:<id>.")
        stored = await drifts.comment(self._db, self._actor, int(match[1]), said.text)
        # Known without another look: what is stored must not be refused because the database went away behind it.
        self._socket.put(
            told("message_sent", messageId=str(stored.seq), clientId=said.client_id, timestamp=to_text(stored.at))
        )

    def _refuse(self, refusal: errors.Failure, said: Said | None = None) -> None:
        """The answer to what could not be done; where it has one, with what the sender knows it by."""
        about = {"clientId": said.client_id} if isinstance(said, Comment) else {}
        self._socket.put(told("error", error={"code": refusal.code, "message": refusal.message}, **about))
