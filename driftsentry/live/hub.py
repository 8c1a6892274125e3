"""Who is connected, and what they are told. Each region is rendered once per audience, each frame once per group."""

import asyncio
import json
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from driftsentry.db import Database
from driftsentry.events import BATCH, Event, Tail, select_after
from driftsentry.live.socket import Socket
from driftsentry.regions import MOST_DRIFTS, OwnRegion, Region, in_place
from driftsentry.templating import render

RECENT = 2000
KEPT_CATCH_UPS = 64
RELOAD = json.dumps({"type": "reload"})
HEARTBEAT = json.dumps({"type": "hb"})
Rooms = frozenset[str]
# What changes for these events, in rooms that somebody is in.
Draw = Callable[[Database, Sequence[Event], Rooms], Awaitable[list[Region]]]
# The same for what is another for each person, for those (by id) who are in a room: {room: people}.
DrawOwn = Callable[[Database, Sequence[Event], Mapping[str, set[str]]], Awaitable[list[OwnRegion]]]
_SAYINGS = {
    "drift.detected": "A drift was detected.",
    "drift.changed": "A drift changed.",
    "drift.filled": "It is known now in what a drift differs.",
    "drift.reopened": "A drift came back.",
    "drift.lapsed": "An approval has lapsed.",
    "drift.approved": "A drift was approved.",
    "drift.rejected": "A drift was rejected.",
    "drift.resolved": "A drift was resolved.",
}
_log = logging.getLogger(__name__)


class Hub:
    def __init__(self, db: Database, tail: Tail, draws: Sequence[Draw], own_draws: Sequence[DrawOwn] = ()) -> None:
        self._db = db
        self._draws = draws
        self._own_draws = own_draws
        self._sockets: set[Socket] = set()
        self._recent: deque[Event] = deque(maxlen=RECENT)
        self._catch_ups: OrderedDict[tuple[int, int, Rooms, bool], tuple[str, Sequence[Event]]] = OrderedDict()
        self._tail = tail
        self.seq = 0
        self.is_closing = False
        self._empty = asyncio.Event()
        self._empty.set()
        tail.subscribe(self.tell)

    def start(self) -> None:
        """Call once, when the tail knows where the log ends."""
        self.seq = self._tail.seq

    def __len__(self) -> int:
        return len(self._sockets)

    async def tell(self, batch: Sequence[Event]) -> None:
        """Push what a batch of committed events changes to whoever looks at it."""
        self._end_revoked(batch)
        if self._sockets:
            rooms = frozenset[str]().union(*[socket.rooms for socket in self._sockets])
            self._push(await self._draw(batch, rooms), await self._draw_own(batch, self._sockets), batch)
        # No await between the push and this line: a socket that joins now either was in the set, or starts behind.
        self._recent.extend(batch)
        self.seq = batch[-1].seq

    def _push(self, regions: Sequence[Region], own: Sequence[OwnRegion], batch: Sequence[Event]) -> None:
        frames: dict[tuple[Rooms, bool], str] = {}
        by_person: dict[str, list[OwnRegion]] = {}
        for region in own:
            by_person.setdefault(region.user_id, []).append(region)
        for socket in list(self._sockets):
            group = (socket.rooms, socket.can_decide)
            if group not in frames:
                frames[group] = _frame(regions, *group, batch)
            mine = [region.html for region in by_person.get(socket.user_id, ()) if region.room in socket.rooms]
            socket.put("".join(mine) + frames[group])
            if _is_much(batch) and "drifts" in socket.rooms:
                socket.put(RELOAD)

    def _end_revoked(self, batch: Sequence[Event]) -> None:
        self.end_sessions({event.data["session_id"] for event in batch if event.kind == "session.revoked"})

    def end_sessions(self, session_ids: set[str]) -> None:
        for socket in [socket for socket in self._sockets if socket.session_id in session_ids]:
            socket.end(4401)

    def session_ids(self) -> set[str]:
        return {socket.session_id for socket in self._sockets}

    async def _draw(self, batch: Sequence[Event], rooms: Rooms) -> list[Region]:
        return [region for draw in self._draws for region in await draw(self._db, batch, rooms)]

    async def _draw_own(self, batch: Sequence[Event], sockets: Iterable[Socket]) -> list[OwnRegion]:
        people: dict[str, set[str]] = {}
        for socket in sockets:
            for room in socket.rooms:
                people.setdefault(room, set()).add(socket.user_id)
        return [region for draw in self._own_draws for region in await draw(self._db, batch, people)]

    async def join(self, socket: Socket, after: int) -> None:
        """Add a socket and queue what happened since event `after`, which its page was rendered at."""
        if self.is_closing:
            socket.end(1012)
            return
        self._sockets.add(socket)  # first, so that nothing falls between the catch-up and the live frames
        if after < self.seq:
            socket.put(await self._catch_up(after, socket), first=True)
        socket.open()

    def leave(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        if not self._sockets:
            self._empty.set()

    async def _catch_up(self, after: int, socket: Socket) -> str:
        """Rendered once for all who lost the same connection: after a restart thousands come back at once."""
        key = (after, self.seq, socket.rooms, socket.can_decide)
        if key not in self._catch_ups:
            missed = await self._since(after)
            if len(missed) >= BATCH or _is_much(missed):
                return RELOAD
            frame = _frame(await self._draw(missed, socket.rooms), socket.rooms, socket.can_decide, missed)
            self._catch_ups[key] = frame, missed
            if len(self._catch_ups) > KEPT_CATCH_UPS:
                self._catch_ups.popitem(last=False)
        frame, missed = self._catch_ups[key]
        own = await self._draw_own(missed, [socket])
        return "".join([region.html for region in own]) + frame

    async def _since(self, after: int) -> Sequence[Event]:
        if self._recent and self._recent[0].seq <= after + 1:
            return [event for event in self._recent if event.seq > after]
        async with self._db.read() as tx:
            return await select_after(tx, after, BATCH)

    def beat(self) -> None:
        """Show browsers that the line is alive; they notice nothing themselves when it is cut half."""
        for socket in list(self._sockets):
            socket.put(HEARTBEAT)

    async def close(self, patience: float = 3.0) -> None:
        """Tell every browser to come back (1012), and wait until they are gone."""
        self.is_closing = True
        for socket in list(self._sockets):
            socket.end(1012)
        if self._sockets:
            self._empty.clear()
        try:
            await asyncio.wait_for(self._empty.wait(), patience)
        except TimeoutError:
            _log.warning("live.sockets_left", extra={"sockets": len(self._sockets)})


def _is_much(batch: Sequence[Event]) -> bool:
    return len({event.drift_id for event in batch if event.drift_id is not None}) > MOST_DRIFTS


def _frame(regions: Sequence[Region], rooms: Rooms, can_decide: bool, batch: Sequence[Event]) -> str:
    """Also where nothing changed for these rooms: the cursor moves on, so a reconnection asks for less."""
    parts = [region.html(can_decide) for region in regions if region.room in rooms]
    told = [_SAYINGS[event.kind] for event in batch if event.kind in _SAYINGS]
    say = told[0] if len(told) == 1 else f"{len(told)} changes of drifts." if told else ""
    return "".join((*parts, in_place(render("_cursor.html", seq=batch[-1].seq, say=say))))
