"""Which people are in which rooms, over all processes of one database.

Each process writes who is there in it: its own rows, what changed, at most once a second, and a sign of itself.
It reads those of the others when a commit wakes it, and only of those whose number of changes has grown.
"""

import asyncio
import logging
import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from driftsentry import clock, errors, ids
from driftsentry.db import Database
from driftsentry.live import presence_queries as queries
from driftsentry.live.hub import Hub
from driftsentry.live.presence_here import Here, united
from driftsentry.live.presence_queries import People, Process
from driftsentry.live.presence_status import Status, status_of
from driftsentry.live.presence_telling import Telling
from driftsentry.live.presence_watch import Watch
from driftsentry.live.socket import Rooms, Socket

WRITE_SECONDS = 1.0
ROUND_SECONDS = 0.5
STOP_SECONDS = 2.0
_UNKNOWN = frozenset({""})  # like no room that is
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `presence`: after its last sign nobody of a process counts. `patience`: the same for a connection."""

    presence: float
    patience: float

    @classmethod
    def of(cls, presence: float, ping: float) -> "Timing":
        # Somebody who reads quietly gives a sign only when he is asked: at each ping.
        return cls(presence, max(presence, 1.5 * ping))

    @property
    def beat(self) -> float:
        return self.presence / 3

    @property
    def write(self) -> float:
        return min(WRITE_SECONDS, self.beat)

    @property
    def round(self) -> float:
        return min(ROUND_SECONDS, self.beat)


class Presence:
    """For one hub. `wake` it when another process may have committed something."""

    def __init__(self, db: Database, hub: Hub, timing: Timing) -> None:
        self._db = db
        self._hub = hub
        self._timing = timing
        self.here = Here(timing.patience)
        self.started_at = clock.now()
        self.id = ids.new()
        self._watch = Watch(timing.presence)
        self._others: dict[str, Process] = {}
        self._rooms_of: dict[str, dict[str, People]] = {}  # of the others, by process
        self._elsewhere: dict[str, People] = {}  # of the others together
        self._unwritten: set[str] = set()
        self._written: dict[str, frozenset[str]] = {}  # as the table has it: {room: ids}
        self._has_row = False
        self._wrote_at = monotonic()  # no row before there is something to say, or a beat is due
        self._due = asyncio.Event()
        self._turn = asyncio.Lock()
        self._round: asyncio.Task[None] | None = None
        self._is_cut_off = False
        self._telling = Telling(hub, self)
        hub.members.watches.append(self._note)

    # -- What others ask -----------------------------------------------------------------------------------------

    def count(self, room: str) -> int:
        """How many people are in `room`, over all processes; with several windows somebody counts once."""
        here = self.here.people.get(room, {})
        elsewhere = self._elsewhere.get(room)
        return len(here) + len(elsewhere.keys() - here.keys()) if elsewhere else len(here)

    def people(self, room: str) -> People:
        """Who is in `room`, over all processes; without names in the rooms that everybody is in."""
        return {**self._elsewhere.get(room, {}), **self.here.in_room(room)}

    def rooms(self) -> Rooms:
        """Those that somebody is in, anywhere."""
        return frozenset(self.here.people) | frozenset(self._elsewhere)

    def processes(self) -> list[Process]:
        """This one as it is now, then the others as of their last sign."""
        return [self._myself(), *self._others.values()]

    def status(self) -> Status:
        """In numbers: this process, and all of them."""
        return status_of(self._hub, self.processes(), {room: self.count(room) for room in self.rooms()})

    def wake(self) -> None:
        """Another process may have written."""
        self._due.set()

    # -- As long as the process lives ----------------------------------------------------------------------------

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep())
            tasks.create_task(self._look())
            tasks.create_task(self._telling.run())

    async def stop(self) -> None:
        """Take back what the others know of this process, behind its last round. Call it when `run` is cancelled."""
        with suppress(errors.Unavailable, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS), self._turn:
                if self._has_row:
                    async with self._db.write() as tx:
                        await queries.delete_process(tx, self.id)
                        await tx.announce()
                self._has_row = False

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_due()):
                    await self._due.wait()
            self._due.clear()
            self._round = asyncio.create_task(self.sync())
            await asyncio.shield(self._round)  # cut off within a transaction, it would cost its connection
            await asyncio.sleep(self._timing.round)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._timing.write)
            self._changed(self.here.look(self._hub.members))

    def _until_due(self) -> float:
        """Seconds until there is something to do without being woken: a write, or an end of somebody's patience."""
        since = monotonic() - self._wrote_at
        waits = [(self._timing.write if self._unwritten else self._timing.beat) - since]
        waits += [self._watch.left(other) for other in self._others.values()]
        return max(0.0, min(waits))

    # -- One round -----------------------------------------------------------------------------------------------

    async def sync(self) -> None:
        """Write what changed here, and read what changed elsewhere. An outage only delays it."""
        async with self._turn:
            try:
                await self._write()
                await self._read()
                self._is_cut_off = False
            except Exception as problem:
                if not self._is_cut_off:
                    level = logging.WARNING if isinstance(problem, errors.Unavailable) else logging.ERROR
                    _log.log(level, "live.presence_delayed", exc_info=problem)
                self._is_cut_off = True
                self._keep_only([other for other in self._others.values() if self._watch.lives(other)])

    async def _write(self) -> None:
        since = monotonic() - self._wrote_at
        changed = {room for room in self._unwritten if self._people_here(room) != self._written.get(room, frozenset())}
        if since < (self._timing.write if changed else self._timing.beat):
            return
        self._unwritten.clear()
        self._wrote_at = monotonic()
        try:
            async with self._db.write() as tx:
                is_there = await queries.update_process(tx, self._myself(), has_changed=bool(changed))
                if not is_there:  # it is the first time, or others took this process for dead
                    self._written.clear()
                    changed = set(self.here.people)
                    await queries.insert_process(tx, self._myself())
                rooms = {room: self.here.in_room(room) for room in changed if room in self.here.people}
                await queries.upsert_rooms(tx, self.id, rooms)
                await queries.delete_rooms(tx, self.id, changed - rooms.keys())
                if changed:
                    await tx.announce()
        except BaseException:  # whether it was committed cannot be known
            self._unwritten |= changed
            self._written |= dict.fromkeys(changed, _UNKNOWN)
            raise
        self._has_row = True
        for room in changed:
            self._written.pop(room, None)
        self._written |= {room: frozenset(people) for room, people in rooms.items()}

    async def _read(self) -> None:
        async with self._db.read() as tx:
            found = [process for process in await queries.select_processes(tx) if process.id != self.id]
            self._watch.look(found)
            living = [process for process in found if self._watch.lives(process)]
            news = {}
            for process in living:
                known = self._others.get(process.id)
                if known is None or known.changes != process.changes:
                    news[process.id] = await queries.select_rooms(tx, process.id)
        self._keep_only(living, news)
        for process in found:
            if self._watch.is_gone(process):
                await self._sweep(process)

    async def _sweep(self, process: Process) -> None:
        """Guarded: it may have given a sign meanwhile, and of all who see it one is the first."""
        async with self._db.write() as tx:
            is_first = await queries.sweep_process(tx, process)
            if is_first:
                await tx.announce()
        if is_first:
            _log.warning("live.process_gone", extra={"host": process.host, "pid": process.pid})

    # -- Small things --------------------------------------------------------------------------------------------

    def _people_here(self, room: str) -> frozenset[str]:
        return frozenset(self.here.people.get(room, ()))

    def _myself(self) -> Process:
        return Process(self.id, platform.node(), os.getpid(), self.started_at, clock.now(), len(self._hub))

    def _note(self, socket: Socket, came: Rooms, went: Rooms) -> None:
        changed = self.here.note(socket, came, went)
        self._telling.note(socket, came, went)
        self._changed(changed)

    def _changed(self, rooms: Rooms) -> None:
        if rooms:
            self._unwritten |= rooms
            self._due.set()
            self._telling.look_at(rooms)

    def _keep_only(self, living: Sequence[Process], news: dict[str, dict[str, People]] | None = None) -> None:
        """These are the others now; of some of them the rooms have changed."""
        before = self._rooms_of
        kept = {process.id: before[process.id] for process in living if process.id in before}
        self._others = {process.id: process for process in living}
        self._rooms_of = kept | (news or {})
        moved = (before.keys() ^ self._rooms_of.keys()) | (news or {}).keys()
        touched = {room for each in moved for part in (before, self._rooms_of) for room in part.get(each, {})}
        changed = set()
        for room in touched:
            people = united(self._rooms_of.values(), room)
            if people != self._elsewhere.get(room, {}):
                changed.add(room)
            if people:
                self._elsewhere[room] = people
            else:
                self._elsewhere.pop(room, None)
        self._telling.look_at(frozenset(changed))
