"""The end of the log, followed for as long as the process lives: whatever is committed, here or in another process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic

from driftsentry.clockwork import keep_up
from driftsentry.db import Database
from driftsentry.errors import Unavailable
from driftsentry.events import Event, latest_seq, select_after

COALESCED_SECONDS = 0.03
_log = logging.getLogger(__name__)
Subscriber = Callable[[list[Event]], Awaitable[None]]
# Hears where the log ends now, when that is before what was told: another database took the place of the one before.
Rewind = Callable[[int], Awaitable[None]]


class Tail:
    """Follows the log and hands each event in order to every subscriber: once, and again after an `Unavailable`.

    One path for all: own commits poke it, commits by other processes are seen by `Database.watch`.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._news = asyncio.Event()
        self._subscribers: list[Subscriber] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.wakes: list[Callable[[], None]] = []  # who else is woken whenever there may be something new
        self.rewinds: list[Rewind] = []
        self.seq = 0

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def poke(self) -> None:
        """There may be something new."""
        self._news.set()
        for wake in self.wakes:
            wake()

    async def start(self) -> None:
        async with self._db.read() as tx:
            self.seq = await latest_seq(tx)
        self._tasks = [
            asyncio.create_task(self._follow(), name="events.follow"),
            keep_up("events.watch", partial(self._db.watch, self.poke)),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        told = 0.0
        while True:
            await self._news.wait()
            # The first is told at once; what comes close behind it makes one push together.
            await asyncio.sleep(max(0, told + COALESCED_SECONDS - monotonic()))
            self._news.clear()
            told = monotonic()
            try:
                while await self._pass_on():
                    pass
            except Exception as problem:
                # Whatever it was: a tail that gave up would leave every open page silent until a restart.
                _log.log(_severity(problem), "events.delayed", exc_info=problem)
                await asyncio.sleep(1)
                self.poke()

    async def _pass_on(self) -> bool:
        """Tell the next batch; whether there was one."""
        async with self._db.read() as tx:
            batch = await select_after(tx, self.seq)
            end = batch[-1].seq if batch else await latest_seq(tx)
        if end < self.seq:
            await self._rewind(end)
        if not batch:
            return False
        for subscriber in self._subscribers:
            try:
                await subscriber(batch)
            except Unavailable:
                raise  # what it tells comes from the database too: again when that is back, or this would be missed
            except Exception:
                # One broken subscriber must not keep the others, nor later events, from being told.
                _log.exception("events.subscriber_failed", extra={"first": batch[0].seq})
        self.seq = end
        # The head stands in the log too: a tail cut off together with `event_head` shows against it.
        _log.info("events.head", extra={"seq": self.seq, "hash": batch[-1].hash})
        return True

    async def _rewind(self, seq: int) -> None:
        """A backup was restored under this process: what it is told next has numbers that were told before."""
        _log.error("events.shorter", extra={"told": self.seq, "seq": seq})
        self.seq = seq
        for rewind in self.rewinds:
            await rewind(seq)


def _severity(problem: Exception) -> int:
    return logging.WARNING if isinstance(problem, Unavailable) else logging.ERROR
