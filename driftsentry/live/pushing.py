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


@dataclass(slots=True)
class Drawn:
    """What a batch of events changes on pages."""

    batch: Sequence[Event]
    regions: Sequence[Region]
    own: Mapping[str, Sequence[OwnRegion]]  # by person
    _frames: dict[Group, Sequence[Frame]] = field(default_factory=dict)

    def frames(self, group: Group, user_id: str) -> Sequence[Frame]:
        """What one person's page gets: first what is his own."""
        frames = self._of_group(group)
        if user_id not in self.own:
            return frames
        _, _, rooms = group
        mine = [region.html for region in self.own[user_id] if region.room in rooms]
        return [Frame("".join(mine)), *frames] if mine else frames

    def _of_group(self, group: Group) -> Sequence[Frame]:
        """Also where nothing changed for these rooms: the cursor moves on, so a reconnection asks for less."""
        if group not in self._frames:
            _, can_decide, rooms = group
            parts = [region.html(can_decide) for region in self.regions if region.room in rooms]
            told = [_SAYINGS[event.kind] for event in self.batch if event.kind in _SAYINGS]
            say = told[0] if len(told) == 1 else f"{len(told)} changes of drifts." if told else ""
            cursor = in_place(render("_cursor.html", seq=self.batch[-1].seq, say=say))
            frame = Frame("".join((*parts, cursor)))
            self._frames[group] = [frame, RELOAD] if is_much(self.batch) and "drifts" in rooms else [frame]
        return self._frames[group]


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


def is_much(batch: Sequence[Event]) -> bool:
    """Whether a page should rather be fetched anew."""
    return len({event.drift_id for event in batch if event.drift_id is not None}) > MOST_DRIFTS
