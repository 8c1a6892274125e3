"""Who is told that somebody came into a room, or went: the pages of a drift by name, programs by a message."""

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from driftsentry.live.hub import Hub
from driftsentry.live.messages import told
from driftsentry.live.presence_queries import People
from driftsentry.live.rooms import BROAD
from driftsentry.live.socket import Rooms, Socket
from driftsentry.live.wire import Frame
from driftsentry.regions import in_place
from driftsentry.templating import render

# What comes within this time is told together: a page that is loaded again has hardly gone.
TOLD_SECONDS = 0.25
COUNTED_SECONDS = 1.0
NAMED = 2
# After a restart everybody comes back at once; others have their turn after so many rooms.
ROOMS_AT_ONCE = 100
_log = logging.getLogger(__name__)


class Everywhere(Protocol):
    """Who is in a room, over all processes."""

    def count(self, room: str) -> int: ...
    def people(self, room: str) -> People: ...


class Telling:
    """For the sockets of one hub. It never says to anybody that he came or went himself."""

    def __init__(self, hub: Hub, presence: Everywhere) -> None:
        self._hub = hub
        self._presence = presence
        self._named = _Later(TOLD_SECONDS, self.tell_names)
        self._counted = _Later(COUNTED_SECONDS, self.tell_counts)
        # What sockets know: a page its region, a program the count of each of the rooms that everybody is in.
        self._shown: dict[Socket, str] = {}
        self._counts: dict[Socket, dict[str, int]] = {}
        # Who was there when this process last told it to the programs in a room.
        self._known: dict[str, People] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._named.run())
            tasks.create_task(self._counted.run())

    def note(self, socket: Socket, came: Rooms, went: Rooms) -> None:
        """A socket came into rooms, and went out of rooms."""
        if socket.is_program:
            self._note_program(socket, came, went)
        elif went:
            self._shown.pop(socket, None)
        self._named.add({room for room in came if room.startswith("drift:")})

    def _note_program(self, socket: Socket, came: Rooms, went: Rooms) -> None:
        """Whoever lets it in tells it the count: it knows that one."""
        counts = {room: count for room, count in self._counts.pop(socket, {}).items() if room not in went}
        counts |= {room: self._presence.count(room) for room in came & BROAD}
        if counts:
            self._counts[socket] = counts
        for room in came - BROAD:
            self._known.setdefault(room, self._presence.people(room))
        self._named.add(went - BROAD)  # where no program is left, nobody needs to be known

    def look_at(self, rooms: Rooms) -> None:
        """Somebody appeared in these, or disappeared, here or elsewhere."""
        self._counted.add(rooms & BROAD)
        self._named.add(rooms - BROAD)

    def tell_names(self, rooms: Rooms) -> None:
        for room, sockets in self._hub.members.among(rooms).items():
            people = self._presence.people(room)
            pages, programs = _parted(sockets)
            if room.startswith("drift:"):
                self._show(room, people, pages)
            before = self._known.pop(room, people)
            if programs:
                self._known[room] = people
                for frame, user_id in _changes(room, before, people):
                    for socket in programs:
                        if socket.member.user_id != user_id:
                            self._hub.push(socket, frame)

    def tell_counts(self, rooms: Rooms) -> None:
        for room, sockets in self._hub.members.among(rooms).items():
            members = self._presence.count(room)
            frames: dict[str, Frame] = {}
            for socket in [socket for socket in sockets if socket.is_program]:
                counts = self._counts.setdefault(socket, {})
                before = counts.get(room)
                if members == before:
                    continue
                kind = "room:left" if before is not None and members < before else "room:joined"
                frames.setdefault(kind, told(kind, room=room, data={"members": members}))
                counts[room] = members
                self._hub.push(socket, frames[kind])

    def _show(self, room: str, people: People, pages: Sequence[Socket]) -> None:
        """On each page the others, where they are not those that it shows. All but those who would be named themselves
        see the same, so it is drawn a few times, however many they are."""
        first = heapq.nsmallest(NAMED + 1, people, key=lambda user_id: (people[user_id].casefold(), user_id))
        drawn: dict[tuple[tuple[str, ...], int], Frame] = {}
        for socket in pages:
            user_id = socket.member.user_id
            named = tuple([each for each in first if each != user_id][:NAMED])
            more = len(people) - (user_id in people) - len(named)
            if (named, more) not in drawn:
                drawn[named, more] = _drawn(room, [people[each] for each in named], more)
            frame = drawn[named, more]
            if self._shown.get(socket) != frame.text:
                self._shown[socket] = frame.text
                self._hub.push(socket, frame)


def _parted(sockets: Iterable[Socket]) -> tuple[list[Socket], list[Socket]]:
    """Those of pages, and those of programs."""
    pages: list[Socket] = []
    programs: list[Socket] = []
    for socket in sockets:
        (programs if socket.is_program else pages).append(socket)
    return pages, programs


def _drawn(room: str, named: Sequence[str], more: int) -> Frame:
    drift = {"id": room.partition(":")[2]}
    return Frame(in_place(render("drifts/_viewers.html", drift=drift, viewers=named, more=more)))


def _changes(room: str, before: People, now: People) -> list[tuple[Frame, str]]:
    """A message for each person who came or went."""

    def message(kind: str, user_id: str, name: str) -> tuple[Frame, str]:
        data = {"members": len(now), "user": {"id": user_id, "name": name}}
        return told(kind, room=room, data=data), user_id

    left = [message("room:left", user_id, name) for user_id, name in before.items() if user_id not in now]
    return left + [message("room:joined", user_id, name) for user_id, name in now.items() if user_id not in before]


class _Later:
    """Rooms to be told about: all that are added within `seconds` at once."""

    def __init__(self, seconds: float, tell: Callable[[Rooms], None]) -> None:
        self._seconds = seconds
        self._tell = tell
        self._rooms: set[str] = set()
        self._any = asyncio.Event()

    def add(self, rooms: Rooms | set[str]) -> None:
        if rooms:
            self._rooms |= rooms
            self._any.set()

    async def run(self) -> None:
        while True:
            await self._any.wait()
            await asyncio.sleep(self._seconds)
            rooms, self._rooms = [*self._rooms], set()
            self._any.clear()
            for start in range(0, len(rooms), ROOMS_AT_ONCE):
                try:
                    self._tell(frozenset(rooms[start : start + ROOMS_AT_ONCE]))
                except Exception:  # whoever gave up would tell nobody any more
                    _log.exception("live.presence_failed")
                await asyncio.sleep(0)
