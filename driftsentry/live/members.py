"""Who is in which room. A room is there while somebody is in it."""

from collections.abc import Iterator

from driftsentry.live.socket import Rooms, Socket

# Sockets that are told the same: (is it a program's, can it decide, the rooms it is in).
Group = tuple[bool, bool, Rooms]


def group_of(socket: Socket) -> Group:
    return socket.is_program, socket.member.can_decide, socket.rooms


class Members:
    """The sockets of this process, by group; and the people in each room, with how many sockets each has there."""

    def __init__(self) -> None:
        self.groups: dict[Group, set[Socket]] = {}
        self.people: dict[str, dict[str, int]] = {}
        self._amount = 0

    def __len__(self) -> int:
        return self._amount

    def __iter__(self) -> Iterator[Socket]:
        """A copy: sockets may come and go meanwhile."""
        return iter([socket for sockets in self.groups.values() for socket in sockets])

    def __contains__(self, socket: Socket) -> bool:
        return socket in self.groups.get(group_of(socket), ())

    @property
    def rooms(self) -> Rooms:
        return frozenset(self.people)

    def rooms_of_pages(self) -> Rooms:
        """Those that the page of somebody is in."""
        return frozenset[str]().union(*[rooms for is_program, _, rooms in self.groups if not is_program])

    def add(self, socket: Socket) -> None:
        self.groups.setdefault(group_of(socket), set()).add(socket)
        self._amount += 1
        for room in socket.rooms:
            here = self.people.setdefault(room, {})
            here[socket.member.user_id] = here.get(socket.member.user_id, 0) + 1

    def remove(self, socket: Socket) -> None:
        group = group_of(socket)
        sockets = self.groups.get(group, set())
        if socket not in sockets:
            return
        sockets.remove(socket)
        if not sockets:
            del self.groups[group]
        self._amount -= 1
        for room in socket.rooms:
            _take_out(self.people, room, socket.member.user_id)

    def move(self, socket: Socket, rooms: Rooms) -> None:
        """To other rooms."""
        is_here = socket in self
        self.remove(socket)
        socket.rooms = rooms
        if is_here:
            self.add(socket)


def _take_out(people: dict[str, dict[str, int]], room: str, user_id: str) -> None:
    here = people[room]
    here[user_id] -= 1
    if not here[user_id]:
        del here[user_id]
    if not here:
        del people[room]
