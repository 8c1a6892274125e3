"""Who is there in this process: the people whose connections are open and give signs of life."""

from collections.abc import Iterable, Mapping
from time import monotonic

from driftsentry.live.presence_queries import People
from driftsentry.live.rooms import BROAD
from driftsentry.live.socket import Rooms, Socket


class Here:
    """`patience`: seconds without a word after which somebody is not there any more, though his connection may be."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        # {room: {user_id: number of sockets}}
        self.people: dict[str, dict[str, int]] = {}
        self._names: dict[str, str] = {}  # of all who ever came: as many as there are users
        self._silent: set[Socket] = set()

    def in_room(self, room: str) -> People:
        """In the rooms that are for everybody people are counted, and nobody is named."""
        return {user_id: "" if room in BROAD else self._names[user_id] for user_id in self.people.get(room, ())}

    def note(self, socket: Socket, came: Rooms, went: Rooms) -> Rooms:
        """A socket is in its rooms now: the rooms in which somebody appeared or disappeared."""
        self._names[socket.member.user_id] = socket.member.name
        changed: set[str] = set()
        if socket in self._silent:
            self._silent.remove(socket)
            changed |= self._put(socket, (socket.rooms - came) | went)
        return frozenset(changed | self._put(socket, came) | self._take(socket, went))

    def look(self, sockets: Iterable[Socket]) -> Rooms:
        """Who fell silent, and who is heard again: the rooms in which somebody disappeared or appeared."""
        changed: set[str] = set()
        limit = monotonic() - self._patience
        for socket in sockets:
            is_silent = socket.heard_at < limit
            if is_silent and socket not in self._silent:
                self._silent.add(socket)
                changed |= self._take(socket, socket.rooms)
            elif not is_silent and socket in self._silent:
                self._silent.remove(socket)
                changed |= self._put(socket, socket.rooms)
        return frozenset(changed)

    def _put(self, socket: Socket, rooms: Rooms) -> set[str]:
        user_id, changed = socket.member.user_id, set()
        for room in rooms:
            here = self.people.setdefault(room, {})
            here[user_id] = here.get(user_id, 0) + 1
            if here[user_id] == 1:
                changed.add(room)
        return changed

    def _take(self, socket: Socket, rooms: Rooms) -> set[str]:
        user_id, changed = socket.member.user_id, set()
        for room in rooms:
            here = self.people[room]
            here[user_id] -= 1
            if not here[user_id]:
                del here[user_id]
                changed.add(room)
            if not here:
                del self.people[room]
        return changed


def united(parts: Iterable[Mapping[str, People]], room: str) -> People:
    """Who is in `room`, over several processes."""
    everybody: dict[str, str] = {}
    for rooms in parts:
        everybody |= rooms.get(room, {})
    return everybody
