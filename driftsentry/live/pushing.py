"""What pages are told: regions of HTML, rendered once for each audience, in one frame for each group of sockets."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

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


class _Parts:
    """What of a batch is alike for many: rendered and looked up once."""

    def __init__(self, batch: Sequence[Event], regions: Sequence[Region]) -> None:
        told = [_SAYINGS[event.kind] for event in batch if event.kind in _SAYINGS]
        say = told[0] if len(told) == 1 else f"{len(told)} changes of drifts." if told else ""
        self._cursor = in_place(render("_cursor.html", seq=batch[-1].seq, say=say))
        self._is_much = is_much(batch)
        of_rooms: dict[str, list[Region]] = {}
        for region in regions:
            of_rooms.setdefault(region.room, []).append(region)
        self._places = {room: place for place, room in enumerate(of_rooms)}
        self._html = {
            (room, can_decide): "".join(region.html(can_decide) for region in found)
            for room, found in of_rooms.items()
            for can_decide in (False, True)
        }
        self._frames: dict[tuple[bool, bool, Rooms], Sequence[Frame]] = {}

    def frames(self, group: Group) -> Sequence[Frame]:
        """Also where nothing changed for these rooms: the cursor moves on, so a reconnection asks for less."""
        _, can_decide, rooms = group
        is_too_much = self._is_much and "drifts" in rooms
        key = (can_decide, is_too_much, rooms.intersection(self._places))
        if key not in self._frames:
            changed = sorted(key[2], key=self._places.__getitem__)
            frame = Frame("".join((*[self._html[room, can_decide] for room in changed], self._cursor)))
            # In this order: whose connection ends between the two comes back with the old cursor, for both.
            self._frames[key] = [RELOAD, frame] if is_too_much else [frame]
        return self._frames[key]


@dataclass(slots=True)
class Drawn:
    """What a batch of events changes on pages."""

    batch: Sequence[Event]
    regions: Sequence[Region]
    own: Mapping[str, Sequence[OwnRegion]]  # by person
    _parts: list[_Parts] = field(default_factory=list)  # one, when it was asked for; a copy shares it

    def frames(self, group: Group, user_id: str) -> Sequence[Frame]:
        """What one person's page gets: first what is his own."""
        if not self._parts:
            self._parts.append(_Parts(self.batch, self.regions))
        frames = self._parts[0].frames(group)
        if user_id not in self.own:
            return frames
        _, _, rooms = group
        mine = [region.html for region in self.own[user_id] if region.room in rooms]
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

    async def draw_own(self, batch: Sequence[Event], people: People) -> dict[str, list[OwnRegion]]:
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
