"""The append-only log: audit entry, live feed and catch-up source at once.

`record` notes an event in an open transaction. Just before the commit `Log.seal` numbers and chains all of
them; after it, and after commits by other processes, `tail.Tail` reads what is new and tells its subscribers.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from driftsentry import clock
from driftsentry.db import Row, Tx

BATCH = 500
_COLUMNS = (
    "seq, at, kind, actor_kind, actor_id, actor_name, address, request_id, stack_id, drift_id, report_id, data,"
    " previous_hash, hash"
)
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a person, a CI token, or the program itself, and from where."""

    kind: str
    id: str
    name: str
    address: str = ""
    request_id: str = ""


SYSTEM = Actor("system", "", "DriftSentry")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that was recorded but not yet committed."""

    kind: str
    actor: Actor
    at: datetime
    stack_id: str | None
    drift_id: int | None
    report_id: str | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A committed event. `data` is JSON-able and holds no secret."""

    seq: int
    at: datetime
    kind: str
    actor: Actor
    stack_id: str | None
    drift_id: int | None
    report_id: str | None
    data: dict[str, Any] = field(hash=False)
    hash: str

    @property
    def actor_name(self) -> str:
        return self.actor.name


def record(
    tx: Tx,
    kind: str,
    actor: Actor,
    *,
    at: datetime,
    stack_id: str | None = None,
    drift_id: int | None = None,
    report_id: str | None = None,
    **data: Any,
) -> None:
    """Note `kind` (`noun.past`) in `tx`; it is written and told to others only if `tx` commits."""
    tx.entries.append(Entry(kind, actor, at, stack_id, drift_id, report_id, data))


class Log:
    """Chains events with an HMAC whose key is not in the database. Set `seal` as `Database.before_commit`."""

    def __init__(self, key: bytes) -> None:
        self._hmac = hmac.new(key, digestmod=hashlib.sha256)  # a copy of it costs a third of a new one

    async def seal(self, tx: Tx) -> None:
        head = await tx.one("SELECT seq, hash FROM event_head WHERE id = 1")
        assert head is not None, "schema.sql inserts the one row"
        seq, previous = head[0], head[1]
        rows = []
        times = _Times()
        for entry in tx.entries:
            seq += 1
            row = _row(seq, times[entry.at], previous, entry)
            previous = row["hash"] = self.chain(row)
            rows.append(row)
        names = _COLUMNS.replace(" ", "").split(",")
        await tx.run_many(
            f"INSERT INTO events ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in names)})",
            rows,
        )
        await tx.run(
            "UPDATE event_head SET seq = :seq, hash = :hash, seal = :seal WHERE id = 1",
            seq=seq,
            hash=previous,
            seal=self.seal_of(seq, previous),
        )
        await tx.announce()

    def chain(self, row: dict[str, Any]) -> str:
        """The hash of a row, over all its columns and the hash before it."""
        return self._sign("event", [value for name, value in row.items() if name != "hash"])

    def seal_of(self, seq: int, head: str) -> str:
        return self._sign("head", [seq, head])

    def _sign(self, purpose: str, content: list[Any]) -> str:
        signature = self._hmac.copy()
        signature.update(_json([purpose, *content]))
        return signature.hexdigest()


def _json(value: Any) -> bytes:
    """As json.dumps writes it in ASCII, sorted and compact: events are chained by these bytes, for good."""
    # msgspec is five times as fast, and writes the same wherever its result is ASCII without DEL.
    try:
        quick = _encode(value)
        if quick.isascii() and b"\x7f" not in quick:
            return quick
    except (TypeError, ValueError):  # half a surrogate pair, which JSON can hold and UTF-8 cannot
        pass
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()


class _Times(dict[datetime, str]):
    """Times as text: a report's ten thousand events have one."""

    def __missing__(self, at: datetime) -> str:
        self[at] = text = clock.to_text(at)
        return text


def _row(seq: int, at: str, previous: str, entry: Entry) -> dict[str, Any]:
    """The columns of the table in their order; the hash follows."""
    return {
        "seq": seq,
        "at": at,
        "kind": entry.kind,
        "actor_kind": entry.actor.kind,
        "actor_id": entry.actor.id,
        "actor_name": entry.actor.name,
        "address": entry.actor.address,
        "request_id": entry.actor.request_id,
        "stack_id": entry.stack_id,
        "drift_id": entry.drift_id,
        "report_id": entry.report_id,
        "data": _json(entry.data).decode(),
        "previous_hash": previous,
    }


def event_of(row: Row) -> Event:
    """From a row of the table, whatever other columns it has."""
    actor = Actor(row["actor_kind"], row["actor_id"], row["actor_name"], row["address"], row["request_id"])
    return Event(
        row["seq"],
        clock.from_text(row["at"]),
        row["kind"],
        actor,
        row["stack_id"],
        row["drift_id"],
        row["report_id"],
        json.loads(row["data"]),
        row["hash"],
    )


async def latest_seq(tx: Tx) -> int:
    """The number of the last committed event, 0 when there is none. Read it in the snapshot of a page."""
    return int(await tx.value("SELECT seq FROM event_head WHERE id = 1"))


async def select_after(tx: Tx, seq: int, limit: int = BATCH) -> list[Event]:
    return [event_of(row) for row in await _select_after(tx, seq, limit)]


async def select_of_kind_after(tx: Tx, seq: int, kind: str, limit: int = 2000) -> list[Event]:
    sql = f"SELECT {_COLUMNS} FROM events WHERE kind = :kind AND seq > :seq ORDER BY seq LIMIT :limit"
    return [event_of(row) for row in await tx.all(sql, kind=kind, seq=seq, limit=limit)]


async def select_raw_after(tx: Tx, seq: int, limit: int = BATCH) -> list[dict[str, Any]]:
    """The rows as they were chained: for verifying them."""
    rows = await _select_after(tx, seq, limit)
    return [dict(zip(_COLUMNS.replace(" ", "").split(","), row, strict=True)) for row in rows]


async def _select_after(tx: Tx, seq: int, limit: int) -> list[Row]:
    sql = f"SELECT {_COLUMNS} FROM events WHERE seq > :seq ORDER BY seq LIMIT :limit"
    return await tx.all(sql, seq=seq, limit=limit)


async def select_of_drift(tx: Tx, drift_id: int, limit: int = 200) -> list[Event]:
    """The newest `limit` events of a drift, oldest first: its timeline."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM events WHERE drift_id = :drift_id ORDER BY seq DESC LIMIT :limit",
        drift_id=drift_id,
        limit=limit,
    )
    return [event_of(row) for row in reversed(rows)]
