"""What pages are told: regions of HTML, rendered once for each audience, in one frame for each group of sockets."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import cached_property

from driftsentry.db import Database
from driftsentry.events import Event
from driftsentry.live.members import Group
from driftsentry.live.socket import Rooms
from driftsentry.live.wire import Frame
from driftsentry.regions import MOST_DRIFTS, OwnRegion, Region, in_place
from driftsentry.templating import render

RELOAD = Frame(json.dumps({"type": "reload"}))
# What changes for these events, in rooms that somebody is in.
Draw = Callable[[Database, Sequence[Event], Rooms], Awaitable[list[Region]]]
# Those who are in a room, by id: {room: people}.
People = Mapping[str, Collection[str]]
# The same for what is another for each person.
DrawOwn = Callable[[Database, Sequence[Event], People], Awaitable[list[OwnRegion]]]
# The regions that are another for each person, by his id.
Own = Mapping[str, Sequence[OwnRegion]]
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


class Drawn:
    """What a batch of events changes on pages. What is alike for many is rendered and looked up once, when somebody is
    there to be told."""

    def __init__(
        self, batch: Sequence[Event], regions: Sequence[Region], own: Mapping[str, Sequence[OwnRegion]]
    ) -> None:
        self.batch = batch
        self.own = own
        self._regions = regions
        self._frames: dict[tuple[bool, bool, Rooms], Sequence[Frame]] = {}

    def frames(self, group: Group) -> Sequence[Frame]:
        """Also where nothing changed for these rooms: the cursor moves on, so a reconnection asks for less."""
        _, can_decide, rooms = group
        is_too_much = self._is_much and "drifts" in rooms
        key = (can_decide, is_too_much, rooms.intersection(self._of_rooms))
        if key not in self._frames:
            changed = [found for room, found in self._of_rooms.items() if room in rooms]
            frame = Frame("".join((*[html[can_decide] for html in changed], self._cursor)))
            # In this order: whose connection ends between the two comes back with the old cursor, for both.
            self._frames[key] = [RELOAD, frame] if is_too_much else [frame]
        return self._frames[key]

    @cached_property
    def _is_much(self) -> bool:
        return is_much(self.batch)

    @cached_property
    def _cursor(self) -> str:
        told = [_SAYINGS[event.kind] for event in self.batch if event.kind in _SAYINGS]
        say = told[0] if len(told) == 1 else f"{len(told)} changes of drifts." if told else ""
        return in_place(render("_cursor.html", seq=self.batch[-1].seq, say=say))

    @cached_property
    def _of_rooms(self) -> dict[str, tuple[str, str]]:
        """By room, in the order in which it was drawn: (what viewers get, what deciders get)."""
        found: dict[str, list[Region]] = {}
        for region in self._regions:
            found.setdefault(region.room, []).append(region)
        return {
            room: ("".join(each.html(False) for each in regions), "".join(each.html(True) for each in regions))
            for room, regions in found.items()
        }


def with_own(frames: Sequence[Frame], own: Sequence[OwnRegion], rooms: Rooms) -> Sequence[Frame]:
    """The `frames` of a group for one of them: first what is his own."""
    mine = [region.html for region in own if region.room in rooms]
    return [Frame("".join(mine)), *frames] if mine else frames


class Pages:
    """Draws what changes on pages."""

    def __init__(self, db: Database, draws: Sequence[Draw], own_draws: Sequence[DrawOwn] = ()) -> None:
        self._db = db
        self._draws = draws
        self._own_draws = own_draws

    async def draw(self, batch: Sequence[Event], rooms: Rooms, people: People) -> Drawn:
        regions = [region for draw in self._draws for region in await draw(self._db, batch, rooms)]
        return Drawn(batch, regions, await self.draw_own(batch, people))

    async def draw_own(self, batch: Sequence[Event], people: People) -> Own:
        own: dict[str, list[OwnRegion]] = {}
        for draw in self._own_draws:
            for region in await draw(self._db, batch, people):
                own.setdefault(region.user_id, []).append(region)
        return own


def reload_at(seq: int) -> Frame:
    """In place of all up to event `seq`: what happens next is told to the page as it stands."""
    return Frame(json.dumps({"type": "reload", "seq": seq}))


def is_much(batch: Sequence[Event]) -> bool:
    """Whether a page should rather be fetched anew."""
    return len({event.drift_id for event in batch if event.drift_id is not None}) > MOST_DRIFTS
