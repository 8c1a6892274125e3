"""What pages missed: drawn beside the hub's turn, once for all that lost the same connection, one by one for each."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from weakref import WeakValueDictionary

from driftsentry import errors
from driftsentry.events import BATCH, Event
from driftsentry.live.members import Group
from driftsentry.live.pushing import Drawn, Pages, is_much, reload_at, with_own
from driftsentry.live.socket import Member, Rooms
from driftsentry.live.wire import Frame

KEPT = 64
# Drawings at once: whatever thousands that come back ask for, a push finds the database and the loop nearly free.
SEATS = 2
# (after this event, up to that one, for whom)
Key = tuple[int, int, Group]
_log = logging.getLogger(__name__)


class CatchUps:
    """`since(after, seq)`: the events behind `after` up to `seq`, at most BATCH of them."""

    def __init__(self, pages: Pages, since: Callable[[int, int], Awaitable[Sequence[Event]]]) -> None:
        self._pages = pages
        self._since = since
        self._drawn: OrderedDict[Key, Drawn | None] = OrderedDict()
        self._drawing: dict[Key, asyncio.Task[Drawn | None]] = {}
        self._seats = asyncio.Semaphore(SEATS)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn_of(self, member: Member) -> asyncio.Lock:
        """A person catches up with one page after the other: hundreds of requests of one delay nobody else."""
        return self._turns.setdefault(member.user_id, asyncio.Lock())

    async def frames(self, after: int, seq: int, rooms: Rooms, member: Member) -> Sequence[Frame]:
        """What happened behind event `after` up to `seq`, which is more than `after`."""
        key = (after, seq, (False, member.can_decide, rooms))
        drawn = self._drawn[key] if key in self._drawn else await asyncio.shield(self._task(key))
        async with self._seats:
            return await self._for(member, key, drawn)

    async def few(self, after: int, seq: int, rooms: Rooms, member: Member) -> Sequence[Frame]:
        """The same for few events, behind nobody: while the hub's turn is held."""
        key = (after, seq, (False, member.can_decide, rooms))
        return await self._for(member, key, self._drawn[key] if key in self._drawn else await self._draw(key))

    def _task(self, key: Key) -> asyncio.Task[Drawn | None]:
        """One for all who want the same; it goes on when the first of them is gone, and is of no request."""
        if key not in self._drawing:
            task = asyncio.create_task(self._draw_seated(key), name="live.catch_up", context=Context())
            task.add_done_callback(lambda _done: self._drawing.pop(key))
            self._drawing[key] = task
        return self._drawing[key]

    async def _draw_seated(self, key: Key) -> Drawn | None:
        async with self._seats:
            return await self._draw(key)

    async def _draw(self, key: Key) -> Drawn | None:
        """None where the page is rather fetched anew."""
        after, seq, (_, _, rooms) = key
        missed = await self._since(after, seq)
        drawn = None
        if missed and len(missed) < BATCH and not is_much(missed):
            try:
                drawn = await self._pages.draw(missed, rooms, {})
            except errors.Unavailable:
                raise
            except Exception:
                _log.exception("live.not_drawn", extra={"first": missed[0].seq})
                return None  # else it would come back for the same again and again
        self._drawn[key] = drawn
        if len(self._drawn) > KEPT:
            self._drawn.popitem(last=False)
        return drawn

    async def _for(self, member: Member, key: Key, drawn: Drawn | None) -> Sequence[Frame]:
        """With what is his own. Where it cannot be drawn the cursor comes all the same, so that he hears the rest."""
        _, seq, group = key
        if drawn is None:
            return [reload_at(seq)]
        _, _, rooms = group
        try:
            own = await self._pages.draw_own(drawn.batch, {room: [member.user_id] for room in rooms})
        except errors.Unavailable:
            raise
        except Exception:
            _log.exception("live.not_drawn", extra={"first": drawn.batch[0].seq})
            return [reload_at(seq)]
        return with_own(drawn.frames(group), own.get(member.user_id, ()), rooms)
