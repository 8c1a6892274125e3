"""The append-only log: audit entry, live feed and catch-up source at once.

`record` notes an event in an open transaction. Just before the commit `Log.seal` numbers and chains all of
them; after it, and after commits by other processes, `Tail` reads what is new and tells its subscribers.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

import msgspec

from driftsentry import clock
from driftsentry.clockwork import keep_up
from driftsentry.db import Database, Row, Tx
from driftsentry.errors import Unavailable

BATCH = 500
COALESCED_SECONDS = 0.03
_COLUMNS = (
    "seq, at, kind, actor_kind, actor_id, actor_name, address, request_id, stack_id, drift_id, report_id, data,"
    " previous_hash, hash"
)
_log = logging.getLogger(__name__)
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


def _severity(problem: Exception) -> int:
    return logging.WARNING if isinstance(problem, Unavailable) else logging.ERROR


Subscriber = Callable[[list[Event]], Awaitable[None]]


class Tail:
    """Follows the log and hands each event in order to every subscriber: once, and again after an `Unavailable`.

    One path for all: own commits poke it, commits by other processes are seen by `Database.watch`.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._news = asyncio.Event()
        self._subscribers: list[Subscriber] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.wakes: list[Callable[[], None]] = []  # who else is woken whenever there may be something new
        self.seq = 0

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def poke(self) -> None:
        """There may be something new."""
        self._news.set()
        for wake in self.wakes:
            wake()

    async def start(self) -> None:
        async with self._db.read() as tx:
            self.seq = await latest_seq(tx)
        self._tasks = [
            asyncio.create_task(self._follow(), name="events.follow"),
            keep_up("events.watch", partial(self._db.watch, self.poke)),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        told = 0.0
        while True:
            await self._news.wait()
            # The first is told at once; what comes close behind it makes one push together.
            await asyncio.sleep(max(0, told + COALESCED_SECONDS - monotonic()))
            self._news.clear()
            told = monotonic()
            try:
                while await self._pass_on():
                    pass
            except Exception as problem:
                # Whatever it was: a tail that gave up would leave every open page silent until a restart.
                _log.log(_severity(problem), "events.delayed", exc_info=problem)
                await asyncio.sleep(1)
                self.poke()

    async def _pass_on(self) -> bool:
        """Tell the next batch; whether there was one."""
        async with self._db.read() as tx:
            batch = await select_after(tx, self.seq)
        if not batch:
            return False
        for subscriber in self._subscribers:
            try:
                await subscriber(batch)
            except Unavailable:
                raise  # what it tells comes from the database too: again when that is back, or this would be missed
            except Exception:
                # One broken subscriber must not keep the others, nor later events, from being told.
                _log.exception("events.subscriber_failed", extra={"first": batch[0].seq})
        self.seq = batch[-1].seq
        # The head stands in the log too: a tail cut off together with `event_head` shows against it.
        _log.info("events.head", extra={"seq": self.seq, "hash": batch[-1].hash})
        return True
