"""Who is connected to this process, and what they are told after each commit, here or in another process."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic

from driftsentry import clock, errors
from driftsentry.db import Database
from driftsentry.events import BATCH, Event, latest_seq, select_after
from driftsentry.live.catching_up import CatchUps
from driftsentry.live.members import Members, has_too_many
from driftsentry.live.messages import Describe, Message, told
from driftsentry.live.pushing import Drawn, Pages, reload_at, with_own
from driftsentry.live.revocations import Revocations
from driftsentry.live.socket import Member, Rooms, Socket
from driftsentry.live.wire import Frame
from driftsentry.tail import Tail

RECENT = 2000
MEASURED = 1000
# A program that comes back asks for no more events than this; beyond, it had better read the lists.
MOST_RESUMED = 10_000
# What a socket surely takes at once, even if all of it is comments of full length.
FEW_MISSED = 20
PUMP_SECONDS = 0.02
# To one that takes nothing for a while we look this seldom.
PATIENT_SECONDS = 0.5
HEARTBEAT = Frame(json.dumps({"type": "hb"}))
PING = Frame(json.dumps({"type": "ping"}))
_log = logging.getLogger(__name__)


class Hub:
    """For one event loop. `silence`: seconds without a word after which a peer is gone."""

    def __init__(self, db: Database, tail: Tail, pages: Pages, describe: Describe, *, silence: float = 90) -> None:
        self._db = db
        self._pages = pages
        self._describe = describe
        self._silence = silence
        self.members = Members()
        self._recent: deque[Event] = deque(maxlen=RECENT)
        self._catch_ups = CatchUps(pages, self._since)
        self._behind: set[Socket] = set()
        self._revoked = Revocations(db)
        self._tail = tail
        # Either a batch is told, or somebody is let in: so nothing falls between what he missed and what he hears.
        self._turn = asyncio.Lock()
        self.seq = 0
        self.is_closing = False
        self._empty = asyncio.Event()
        self._empty.set()
        self.pushed = 0
        self.dropped = 0
        self.told = 0
        self.delays: deque[float] = deque(maxlen=MEASURED)  # seconds from an event's time to its push
        tail.subscribe(self.tell)
        tail.rewinds.append(self.rewind)

    def start(self) -> None:
        """Call once, when the tail knows where the log ends."""
        self.seq = self._tail.seq

    def __len__(self) -> int:
        return len(self.members)

    # -- After a commit ------------------------------------------------------------------------------------------

    async def tell(self, batch: Sequence[Event]) -> None:
        """Push what a batch of committed events changes to whoever looks at it, and the events to programs."""
        self.end_sessions(await self._revoked.known_by(batch))
        async with self._turn:
            try:
                self._push(*await self._draw(batch))
            except errors.Unavailable:
                raise  # nothing was told: the tail comes again with the same
            except Exception:
                _log.exception("live.not_drawn", extra={"first": batch[0].seq})
                self._end_all(1011)  # told of what comes next they would never miss this
            self._measure(batch)
            self._recent.extend(batch)
            self.seq = batch[-1].seq

    async def rewind(self, seq: int) -> None:
        """The log ends at `seq` now, which is before what was told: everybody has to look anew."""
        async with self._turn:
            self._recent.clear()
            self.seq = seq
            self._end_all(1012)

    async def _draw(self, batch: Sequence[Event]) -> tuple[Drawn, Sequence[Message]]:
        rooms = self.members.rooms_of_pages()
        drawn = await self._pages.draw(batch, rooms, self.members.people) if rooms else Drawn(batch, (), {})
        programs = any(is_program for is_program, _, _ in self.members.groups)
        return drawn, await self._describe(self._db, batch) if programs else ()

    def _push(self, drawn: Drawn, messages: Sequence[Message]) -> None:
        """Without a pause, so that the sockets are those that were there when it was drawn."""
        for group, sockets in list(self.members.groups.items()):
            is_program, _, rooms = group
            alike = () if is_program else drawn.frames(group)
            for socket in list(sockets):
                if not is_program:
                    self._give(socket, with_own(alike, drawn.own.get(socket.member.user_id, ()), rooms))
                elif not socket.is_held:
                    self._give_messages(socket, messages)

    def _measure(self, batch: Sequence[Event]) -> None:
        if self.members:
            now = clock.now()
            self.told += len(batch)
            self.delays.extend((now - event.at).total_seconds() for event in batch[-MEASURED:])

    def push(self, socket: Socket, frame: Frame) -> None:
        """To one socket, beside what it hears of events."""
        self._give(socket, [frame])

    def _give(self, socket: Socket, frames: Iterable[Frame]) -> None:
        for frame in frames:
            socket.put(frame)
            self.pushed += 1
        if socket.is_behind and socket.wire.is_direct:
            self._behind.add(socket)

    async def pump(self) -> None:
        """Write on to sockets whose other end was slow, for as long as the process lives."""
        while True:
            await asyncio.sleep(PUMP_SECONDS)
            for socket in list(self._behind):
                socket.flush()
                if not socket.is_behind:
                    self._behind.discard(socket)

    # -- Coming and going ----------------------------------------------------------------------------------------

    async def join(self, socket: Socket, after: int) -> None:
        """Let a socket in, and tell it what happened since event `after`, which it knows by now."""
        async with self._catch_ups.turn_of(socket.member):
            if after > self.seq and not await self._is_to_come(after):
                self._give(socket, [reload_at(self.seq)])
                after = self.seq
            while not await self._let_in(socket, after := await self._catch_up(socket, after)):
                pass

    async def _catch_up(self, socket: Socket, after: int) -> int:
        """Tell a page what it missed, as far as the others were told: the last event. They do not wait for it."""
        seq = self.seq
        if after >= seq or self.is_closing:
            return after
        self._give(socket, await self._catch_ups.frames(after, seq, socket.rooms, socket.member))
        return seq

    async def _let_in(self, socket: Socket, after: int) -> bool:
        """With what was told to the others meanwhile; not where that is much: then outside of the turn again."""
        async with self._turn:
            if self.seq - after > FEW_MISSED and not self.is_closing:
                return False
            if after < self.seq and not self.is_closing:
                self._give(socket, await self._catch_ups.few(after, self.seq, socket.rooms, socket.member))
            self._admit(socket)
        return True

    def _admit(self, socket: Socket) -> None:
        """From now on it is a member, or it is ended."""
        if self.is_closing:  # `close` ends those that were there by then
            socket.end(1012)
        if socket.member.session_id in self._revoked:  # after the handshake had looked, and before this
            socket.end(4401)
        if socket.close_code is None:
            self.members.add(socket)
            if has_too_many(self.members, socket.member):
                socket.end(1008)

    async def missed(self, after: int, rooms: Rooms, member: Member) -> Sequence[Frame]:
        """What a page would be told that joined now: for those that cannot have a socket. A batch that is being told
        is not in it: rows may be newer than the cursor says, and come again with the next answer."""
        async with self._catch_ups.turn_of(member):
            seq = self.seq
            if after > seq and not await self._is_to_come(after):
                return [reload_at(seq)]
            return await self._catch_ups.frames(after, seq, rooms, member) if after < seq else ()

    def move(self, socket: Socket, rooms: Rooms) -> None:
        """To other rooms."""
        self.members.move(socket, rooms)

    def leave(self, socket: Socket) -> None:
        self.members.remove(socket)
        self._behind.discard(socket)
        self.dropped += socket.close_code == 1013
        if not self.members:
            self._empty.set()

    async def _since(self, after: int, seq: int) -> Sequence[Event]:
        """Behind `after` up to `seq`: from memory when recent, else from the table. At most BATCH."""
        if self._recent and self._recent[0].seq <= after + 1:
            return [event for event in self._recent if after < event.seq <= seq][:BATCH]
        async with self._db.read() as tx:
            return [event for event in await select_after(tx, after, BATCH) if event.seq <= seq]

    def welcome(self, socket: Socket) -> None:
        """Let a program in, but tell it no events before `join_program`: it may be about to say which it has."""
        socket.is_held = True
        self._admit(socket)

    async def join_program(self, socket: Socket, after: int) -> bool:
        """Tell a program that is in each event that it missed, in order, as fast as it takes them, then what happens.
        Whether it could be told all: not where the log does not reach so far, or it is too much."""
        socket.is_held = True
        if after > self.seq:
            await self._reach(socket, after)
        is_whole = 0 <= self.seq - after <= MOST_RESUMED
        after = after if is_whole else self.seq
        while socket.is_held and _is_there(socket):
            while self.seq - after > FEW_MISSED and _is_there(socket):
                after = await self._tell_missed(socket, after)
            async with self._turn:  # nobody else is told anything meanwhile: not as long as its reader likes
                if self.seq - after <= FEW_MISSED:
                    missed = await self._since(after, self.seq) if after < self.seq else ()
                    self._give_messages(socket, await self._describe(self._db, missed))
                    socket.is_held = False
        return is_whole

    async def _is_to_come(self, seq: int) -> bool:
        """Whether another process has told this event already, and this one is about to hear of it."""
        async with self._db.read() as tx:
            exists = seq <= await latest_seq(tx)
        self._tail.poke()
        return exists

    async def _reach(self, socket: Socket, seq: int) -> None:
        """Wait for an event that is to come, if there is one."""
        exists = await self._is_to_come(seq)
        while exists and self.seq < seq and _is_there(socket):  # noqa: ASYNC110
            await asyncio.sleep(PUMP_SECONDS)

    async def _tell_missed(self, socket: Socket, after: int) -> int:
        missed = await self._since(after, self.seq)
        messages = await self._describe(self._db, missed)
        for start in range(0, len(messages), FEW_MISSED):
            self._give_messages(socket, messages[start : start + FEW_MISSED])
            pause = PUMP_SECONDS
            while socket.is_behind and _is_there(socket):  # `pump` writes on
                await asyncio.sleep(pause)
                pause = min(2 * pause, PATIENT_SECONDS)
            if not _is_there(socket):
                break
        return missed[-1].seq

    def _give_messages(self, socket: Socket, messages: Sequence[Message]) -> None:
        self._give(socket, [frame for message in messages for frame in message.frames_for(socket)])

    # -- Ends ----------------------------------------------------------------------------------------------------

    def end_sessions(self, session_ids: set[str]) -> None:
        for socket in self.members if session_ids else ():
            if socket.member.session_id in session_ids:
                socket.end(4401)

    def _end_all(self, code: int) -> None:
        for socket in self.members:
            socket.end(code)

    def session_ids(self) -> set[str]:
        return {socket.member.session_id for socket in self.members}

    def beat(self) -> None:
        """Show that the line is alive, which browsers do not notice by themselves; and end those that are silent."""
        ping = told("ping", seq=self.seq)  # so that a program knows how far it is when little of what happens is for it
        for socket in self.members:
            if monotonic() - socket.heard_at > self._silence:
                socket.end(1001)
            self._give(socket, [HEARTBEAT if not socket.is_program else PING if socket.is_held else ping])

    async def close(self, patience: float = 3.0) -> None:
        """Tell everybody to come back (1012), and wait until they are gone."""
        self.is_closing = True
        self._end_all(1012)
        if self.members:
            self._empty.clear()
        try:
            async with asyncio.timeout(patience):
                await self._empty.wait()
        except TimeoutError:
            _log.warning("live.sockets_left", extra={"sockets": len(self.members)})


def _is_there(socket: Socket) -> bool:
    """Who resumes does not listen meanwhile: so it is asked here whether he has vanished."""
    if socket.wire.is_closing:
        socket.end(1001)
    return socket.close_code is None
