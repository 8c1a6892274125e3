"""Who is in which room. A room is there while somebody is in it."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator

from driftsentry.live.socket import Member, Rooms, Socket

# Sockets that are told the same: (is it a program's, can it decide, the rooms it is in).
Group = tuple[bool, bool, Rooms]
# Hears of each socket that came into rooms, and went out of rooms.
Watch = Callable[[Socket, Rooms, Rooms], None]
NO_ROOMS: Rooms = frozenset()
# More windows and programs than anybody has: beyond, it is a script gone wild, or somebody who wants our memory.
MOST_OF_A_SESSION = 50
MOST_OF_A_PERSON = 200
_log = logging.getLogger(__name__)


def group_of(socket: Socket) -> Group:
    return socket.is_program, socket.member.can_decide, socket.rooms


class Members:
    """The sockets of this process, by group; and the people in each room, with how many sockets each has there."""

    def __init__(self) -> None:
        self.groups: dict[Group, set[Socket]] = {}
        self.people: dict[str, dict[str, int]] = {}
        self._amount = 0
        self._owned: Counter[str] = Counter()  # sockets by the id of a session, and by that of a person
        self.watches: list[Watch] = []

    def __len__(self) -> int:
        return self._amount

    def __iter__(self) -> Iterator[Socket]:
        """A copy: sockets may come and go meanwhile."""
        return iter([socket for sockets in self.groups.values() for socket in sockets])

    def __contains__(self, socket: Socket) -> bool:
        return socket in self.groups.get(group_of(socket), ())

    def rooms_of_pages(self) -> Rooms:
        """Those that the page of somebody is in."""
        return frozenset[str]().union(*[rooms for is_program, _, rooms in self.groups if not is_program])

    def among(self, rooms: Rooms) -> dict[str, list[Socket]]:
        """The sockets in each of `rooms`."""
        found: dict[str, list[Socket]] = {room: [] for room in rooms}
        for (_, _, theirs), sockets in self.groups.items():
            for room in theirs & rooms:
                found[room] += sockets
        return found

    def owned_by(self, owner_id: str) -> int:
        """How many sockets a session has, or a person."""
        return self._owned[owner_id]

    def add(self, socket: Socket) -> None:
        self._put(socket)
        self._tell(socket, socket.rooms, NO_ROOMS)

    def remove(self, socket: Socket) -> None:
        if self._take(socket):
            self._tell(socket, NO_ROOMS, socket.rooms)

    def move(self, socket: Socket, rooms: Rooms) -> None:
        """To other rooms."""
        before = socket.rooms
        is_here = self._take(socket)
        socket.rooms = rooms
        if is_here:
            self._put(socket)
            self._tell(socket, rooms - before, before - rooms)

    def _put(self, socket: Socket) -> None:
        self.groups.setdefault(group_of(socket), set()).add(socket)
        self._amount += 1
        self._owned.update((socket.member.session_id, socket.member.user_id))
        for room in socket.rooms:
            here = self.people.setdefault(room, {})
            here[socket.member.user_id] = here.get(socket.member.user_id, 0) + 1

    def _take(self, socket: Socket) -> bool:
        """Whether it was there."""
        group = group_of(socket)
        sockets = self.groups.get(group, set())
        if socket not in sockets:
            return False
        sockets.remove(socket)
        if not sockets:
            del self.groups[group]
        self._amount -= 1
        for owner_id in (socket.member.session_id, socket.member.user_id):
            self._owned[owner_id] -= 1
            if not self._owned[owner_id]:
                del self._owned[owner_id]
        for room in socket.rooms:
            _take_out(self.people, room, socket.member.user_id)
        return True

    def _tell(self, socket: Socket, came: Rooms, went: Rooms) -> None:
        for watch in self.watches:
            watch(socket, came, went)


def has_too_many(members: Members, member: Member) -> bool:
    """Whether one of his sockets that was just let in is one too many: close it with 1008. Asked after it is there, and
    not before: of those that wait to be let in together, all would find room."""
    of_session, of_person = members.owned_by(member.session_id), members.owned_by(member.user_id)
    if of_session <= MOST_OF_A_SESSION and of_person <= MOST_OF_A_PERSON:
        return False
    _log.warning("live.too_many_sockets", extra={"user_id": member.user_id, "session": of_session, "person": of_person})
    return True


def _take_out(people: dict[str, dict[str, int]], room: str, user_id: str) -> None:
    here = people[room]
    here[user_id] -= 1
    if not here[user_id]:
        del here[user_id]
    if not here:
        del people[room]
