"""The log as a file: CSV for spreadsheets, JSON lines for programs; read and sent in batches, newest first."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from driftsentry import clock, errors, events, sheets
from driftsentry.audit import queries
from driftsentry.audit.filter import as_data
from driftsentry.audit.model import Entry, Filter
from driftsentry.auth import Role, require_role
from driftsentry.db import Database
from driftsentry.events import Actor

BATCH = 500
COLUMNS = (
    "seq",
    "at",
    "kind",
    "actor_kind",
    "actor_id",
    "actor_name",
    "address",
    "request_id",
    "stack",
    "drift_id",
    "drift",
    "report_id",
    "sentence",
    "data",
    "previous_hash",
    "hash",
)


async def begin_export(db: Database, actor: Actor, format: str, wanted: Filter) -> int:
    """Note that somebody takes the log away; the number below which he gets it. Raises `Forbidden`, `Invalid`."""
    if format not in FORMATS:
        raise errors.Invalid("Choose the format csv or jsonl.")
    async with db.write() as tx:
        await require_role(tx, actor, Role.ADMIN)
        events.record(tx, "audit.exported", actor, at=clock.now(), format=format, filters=as_data(wanted))
        return await events.latest_seq(tx) + 1


async def stream(db: Database, format: str, wanted: Filter, before: int) -> AsyncIterator[bytes]:
    """The file in pieces. Each batch is a short snapshot: what is newer than `before` never comes into it."""
    _kind, head, lines = FORMATS[format]
    yield head
    while True:
        async with db.read() as tx:
            batch = await queries.select_entries(tx, wanted, before=before, limit=BATCH)
        if batch:
            # Half a surrogate pair in the data of an event is no UTF-8.
            yield lines(batch).encode("utf-8", "backslashreplace")
            before = batch[-1].seq
        if len(batch) < BATCH:
            return


def as_csv(entries: Sequence[Entry]) -> str:
    return sheets.lines(_row(entry) for entry in entries)


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.seq,
        clock.to_text(entry.at),
        entry.kind,
        entry.actor.kind,
        entry.actor.id,
        entry.actor.name,
        entry.address,
        entry.request_id,
        entry.stack,
        entry.drift_id,
        entry.drift,
        entry.report_id,
        entry.sentence,
        json.dumps(entry.data, sort_keys=True),
        entry.previous_hash,
        entry.hash,
    )


def as_lines(entries: Sequence[Entry]) -> str:
    return "".join(json.dumps(_line(entry)) + "\n" for entry in entries)


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": clock.to_text(entry.at),
        "kind": entry.kind,
        "actor": {"kind": entry.actor.kind, "id": entry.actor.id, "name": entry.actor.name},
        "address": entry.address,
        "requestId": entry.request_id,
        "stack": entry.stack or None,
        "driftId": entry.drift_id,
        "reportId": entry.report_id,
        "data": entry.data,
        "previousHash": entry.previous_hash,
        "hash": entry.hash,
    }


# The kind of content, what stands above the entries, and the entries.
FORMATS: Mapping[str, tuple[str, bytes, Callable[[Sequence[Entry]], str]]] = {
    "csv": ("text/csv; charset=utf-8", sheets.lines([COLUMNS]).encode(), as_csv),
    "jsonl": ("application/jsonl; charset=utf-8", b"", as_lines),
}
