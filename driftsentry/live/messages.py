"""What programs are told: events as JSON messages, as contract.md names them."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from driftsentry.db import Database
from driftsentry.events import Event
from driftsentry.live.socket import Rooms, Socket
from driftsentry.live.wire import Frame


@dataclass(slots=True)
class Message:
    """An event for programs. `rooms`: who hears of it, by the first of them that a socket is in. `request_id`: of the
    message that made it, "" where none did: its sender gets an answer of his own."""

    type: str
    seq: int
    rooms: Sequence[str]
    data: dict[str, Any]
    request_id: str = ""
    _frames: dict[str, Frame] = field(default_factory=dict)

    def frame(self, rooms: Rooms) -> Frame | None:
        """For a socket that is in `rooms`; None where it is of no interest."""
        room = next((room for room in self.rooms if room in rooms), None)
        if room is None:
            return None
        if room not in self._frames:
            self._frames[room] = told(self.type, seq=self.seq, room=room, data=self.data)
        return self._frames[room]

    def frames_for(self, socket: Socket) -> list[Frame]:
        frame = self.frame(socket.rooms)
        is_own = self.request_id and self.request_id == socket.request_id
        return [frame] if frame and not is_own else []


Describe = Callable[[Database, Sequence[Event]], Awaitable[Sequence[Message]]]


def told(type_: str, **fields: Any) -> Frame:
    return Frame(json.dumps({"type": type_, **fields}, ensure_ascii=True, separators=(",", ":")))


async def describe(db: Database, batch: Sequence[Event]) -> Sequence[Message]:
    """The events that programs hear of."""
    return []
