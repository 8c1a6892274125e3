"""The live feed in numbers: what admins see at `/admin/status`, and Prometheus at `/metrics`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from driftsentry.live.hub import Hub
from driftsentry.live.presence_queries import Process


@dataclass(frozen=True, slots=True)
class Status:
    """`processes`: this one first. `rooms`: people by room, over all processes. The rest is of this process; `delays`:
    seconds from an event to its push, of the last thousand: (half of them took less, 99 of 100 took less)."""

    processes: Sequence[Process]
    rooms: Mapping[str, int]
    pages: int
    programs: int
    pushed: int
    dropped: int
    told: int
    delays: tuple[float, float] | None


def status_of(hub: Hub, processes: Sequence[Process], rooms: Mapping[str, int]) -> Status:
    """The fullest rooms first."""
    programs = sum(len(sockets) for (is_program, _, _), sockets in hub.members.groups.items() if is_program)
    return Status(
        processes=processes,
        rooms=dict(sorted(rooms.items(), key=lambda room: (-room[1], room[0]))),
        pages=len(hub) - programs,
        programs=programs,
        pushed=hub.pushed,
        dropped=hub.dropped,
        told=hub.told,
        delays=_quantiles(sorted(hub.delays)),
    )


def _quantiles(delays: Sequence[float]) -> tuple[float, float] | None:
    if not delays:
        return None
    return delays[len(delays) // 2], delays[min(len(delays) - 1, len(delays) * 99 // 100)]
