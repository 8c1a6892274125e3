"""SQL about the processes of this database, and who is connected to each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from driftsentry.clock import from_text, to_text
from driftsentry.db import Tx

# Who is in a room: names by id.
People = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Process:
    """`sockets`: how many it had at its last sign, `seen_at`. `changes`: grows when its rooms change."""

    id: str
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime
    sockets: int
    changes: int = 0


async def select_processes(tx: Tx) -> list[Process]:
    """All whose rows are there, also those that give no sign any more; the oldest first."""
    rows = await tx.all(
        "SELECT id, host, pid, started_at, seen_at, sockets, changes FROM live_processes ORDER BY started_at, id"
    )
    return [Process(row[0], row[1], row[2], from_text(row[3]), from_text(row[4]), row[5], row[6]) for row in rows]


async def insert_process(tx: Tx, process: Process) -> None:
    """Its `changes` begin with the time, not with 1: swept and written anew, it must not look unchanged to others."""
    await tx.run(
        "INSERT INTO live_processes (id, host, pid, started_at, seen_at, sockets, changes)"
        " VALUES (:id, :host, :pid, :started_at, :seen_at, :sockets, :changes)",
        id=process.id,
        host=process.host,
        pid=process.pid,
        started_at=to_text(process.started_at),
        seen_at=to_text(process.seen_at),
        sockets=process.sockets,
        changes=int(process.seen_at.timestamp() * 1000),
    )


async def update_process(tx: Tx, process: Process, *, has_changed: bool) -> bool:
    """A sign of the process; whether its row is still there: others sweep it when it was silent for too long."""
    found = await tx.one(
        "UPDATE live_processes SET seen_at = :seen_at, sockets = :sockets, changes = changes + :more WHERE id = :id"
        " RETURNING id",
        id=process.id,
        seen_at=to_text(process.seen_at),
        sockets=process.sockets,
        more=int(has_changed),
    )
    return found is not None


async def delete_process(tx: Tx, process_id: str) -> None:
    """With its rooms."""
    await tx.run("DELETE FROM live_processes WHERE id = :id", id=process_id)


async def sweep_process(tx: Tx, process: Process) -> bool:
    """Delete it as it was seen, with its rooms. Whether this did it: not when it has given a sign since, or is gone."""
    found = await tx.one(
        "DELETE FROM live_processes WHERE id = :id AND seen_at = :seen_at AND changes = :changes RETURNING id",
        id=process.id,
        seen_at=to_text(process.seen_at),
        changes=process.changes,
    )
    return found is not None


async def select_rooms(tx: Tx, process_id: str) -> dict[str, People]:
    """The rooms of a process that somebody is in."""
    rows = await tx.all("SELECT room, people FROM live_rooms WHERE process_id = :id", id=process_id)
    return {room: _people(people) for room, people in rows}


async def upsert_rooms(tx: Tx, process_id: str, rooms: Mapping[str, People]) -> None:
    """Who is in these rooms now; the others stay as they are."""
    await tx.run_many(
        "INSERT INTO live_rooms (process_id, room, people) VALUES (:process_id, :room, :people)"
        " ON CONFLICT (process_id, room) DO UPDATE SET people = excluded.people",
        [{"process_id": process_id, "room": room, "people": _text(people)} for room, people in rooms.items()],
    )


async def delete_rooms(tx: Tx, process_id: str, rooms: Iterable[str]) -> None:
    await tx.run_many(
        "DELETE FROM live_rooms WHERE process_id = :process_id AND room = :room",
        [{"process_id": process_id, "room": room} for room in rooms],
    )


def _text(people: People) -> str:
    return msgspec.json.encode(people if any(people.values()) else list(people)).decode()


def _people(text: str) -> People:
    found: dict[str, str] | list[str] = msgspec.json.decode(text, type=dict[str, str] | list[str])
    return found if isinstance(found, dict) else dict.fromkeys(found, "")
