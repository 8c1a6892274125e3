"""What a report does to the drifts of its stack: new, changed, opened again, gone.

Nothing is written for a drift that is as it was; the report itself says that it was seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from driftsentry import events
from driftsentry.clock import to_text
from driftsentry.db import Row, Tx
from driftsentry.drifts import learning
from driftsentry.drifts import sighting_queries as queries
from driftsentry.events import Actor
from driftsentry.ingest import Move
from driftsentry.judging import Book
from driftsentry.judging.sighting import Sighting

# An empty or wrong plan lacks nearly everything: when more are missing, and most of them, somebody must confirm it.
HELD_OVER = 20


Known = dict[tuple[str, str], Row]


class Outrun(Exception):
    """Another report of the stack was faster: what this one was compared with is history. Judge it again."""


@dataclass(slots=True)
class Counts:
    """What a report did. The first five count drifts that matter; informational ones are counted apart."""

    detected: int = 0
    changed: int = 0
    unchanged: int = 0
    reopened: int = 0
    resolved: int = 0
    informational: int = 0


@dataclass(frozen=True, slots=True)
class Occasion:
    """Which report does it, whose it is, when, and of when its scan is."""

    report_id: str
    actor: Actor
    at: datetime
    scanned_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a report did. `held`: (id, fingerprint) of drifts that it lacks, but whose end somebody must confirm."""

    counts: Counts
    held: list[tuple[int, str]] = field(default_factory=list)
    held_amount: int = 0  # without those that are informational


@dataclass(slots=True)
class _Work:
    """The rows to write and the events to record for one report."""

    stack_id: str
    report_id: str
    actor: Actor
    at: datetime
    stamp: str  # the same as text
    scanned: str  # the time of the scan
    counts: Counts = field(default_factory=Counts)
    inserts: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    retold: list[dict[str, Any]] = field(default_factory=list)
    resolves: list[dict[str, Any]] = field(default_factory=list)
    ignored: list[dict[str, Any]] = field(default_factory=list)
    told: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)


async def apply(
    tx: Tx,
    stack_id: str,
    sightings: Sequence[Sighting],
    moves: Sequence[Move],
    *,
    book: Book,
    resolves: bool,
    occasion: Occasion,
) -> Outcome:
    """Bring the drifts of a stack to what its newest report says; `resolves`: what it lacks is gone.

    `book`: what the sightings were marked by. Raises `Outrun`.
    """
    times = (to_text(occasion.at), to_text(occasion.scanned_at))
    work = _Work(stack_id, occasion.report_id, occasion.actor, occasion.at, *times)
    known = await _follow_moves(tx, work, await queries.select_known(tx, stack_id), moves)
    were_open = len(_open(known.values()))
    pairs = [(sighting, known.pop(sighting.key, None)) for sighting in sightings]
    unchanged = await _see(tx, work, pairs, book)
    if not resolves:
        # Whole reports may come after it that are older: what it told of holds against them.
        await queries.update_told(tx, unchanged, work.scanned)
    lacked = [row for row in known.values() if row["status"] != "resolved" and row["told_at"] <= work.scanned]
    lacked = lacked if resolves else []
    missing = len(_open(lacked))
    is_held = missing > HELD_OVER and missing * 2 > were_open
    if not is_held:
        for row in lacked:
            _resolve(work, row)
    await _write(tx, work)
    if not is_held:
        return Outcome(work.counts)
    return Outcome(work.counts, [(row["id"], row["fingerprint"]) for row in lacked], missing)


async def apply_again(tx: Tx, stack_id: str) -> Outcome:
    """What a whole report does that says what the newest one said: every open drift is as it was."""
    amounts = await queries.count_open(tx, stack_id)
    await learning.note_repetition(tx, stack_id)
    return Outcome(Counts(unchanged=amounts.get("out_of_band", 0), informational=amounts.get("informational", 0)))


async def _see(tx: Tx, work: _Work, pairs: list[tuple[Sighting, Row | None]], book: Book) -> list[int]:
    """The ids of the drifts that are as they were."""
    next_id = await queries.select_last_id(tx)
    changed: list[tuple[Sighting, Row]] = []
    unchanged: list[int] = []
    for sighting, before in pairs:
        if before is None:
            next_id += 1
            _add(work, sighting, next_id)
        elif before["told_at"] > work.scanned:
            _count(work, before["cause"], "unchanged")  # a later scan of a part has told of it
        elif before["status"] == "resolved":
            _update(work, sighting, before, "drift.reopened", "reopened")
        elif _is_as_before(sighting, before):
            _count(work, before["cause"], "unchanged")
            unchanged.append(before["id"])
        else:
            _facts(sighting)  # before anything is made of them
            changed.append((sighting, before))
    lesson = await learning.study(tx, book, work.stack_id, changed, set(unchanged), at=work.at)
    for resource_type, path in lesson.learned:
        of: dict[str, Any] = {"stack": book.stack, "resource_type": resource_type, "path": path}
        events.record(tx, "attribute.learned", work.actor, at=work.at, stack_id=work.stack_id, **of)
    for sighting, before in changed:
        _change(work, lesson.taught(sighting), before, lesson)
    return unchanged


def _is_as_before(sighting: Sighting, before: Row) -> bool:
    """Whether there is nothing new. A log does not say in what a drift differs: it is taken to be as it was."""
    return before["fingerprint"] == sighting.fingerprint or (
        sighting.is_unknown and before["action"] == sighting.action
    )


def _change(work: _Work, sighting: Sighting, before: Row, lesson: learning.Lesson) -> None:
    is_former = before["fingerprint_version"] == 1 and before["fingerprint"] == sighting.former_fingerprint
    if is_former or lesson.is_retold(sighting, before["id"]):
        _retell(work, sighting, before)
        return
    if before["is_unknown"] and before["action"] == sighting.action and before["status"] == "detected":
        # The log told that it differs, this report tells in what: people may now see that it is urgent.
        _update(work, sighting, before, "drift.filled", "unchanged")
        return
    _update(work, sighting, before, "drift.changed", "changed")


async def _write(tx: Tx, work: _Work) -> None:
    await queries.insert_drifts(tx, work.inserts)
    await queries.update_drifts(tx, work.updates)
    await queries.update_retold(tx, work.retold)
    await queries.update_resolved(tx, work.resolves)
    touched = [row for row in (*work.updates, *work.retold) if row["had_ignored"] or row["ignored_changes"]]
    await queries.replace_ignored(tx, touched, work.ignored)
    for kind, drift_id, data in work.told:
        events.record(
            tx,
            kind,
            work.actor,
            at=work.at,
            stack_id=work.stack_id,
            drift_id=drift_id,
            report_id=work.report_id,
            **data,
        )


async def resolve_held(tx: Tx, report_id: str, actor: Actor, at: datetime) -> int:
    """Somebody confirmed that what a held report lacks is gone: all of it that has not come back since."""
    rows = await queries.select_held(tx, report_id)
    await queries.update_resolved(tx, [{"id": row["id"], "at": to_text(at)} for row in rows])
    for row in rows:
        of, why = {"stack_id": row["stack_id"], "drift_id": row["id"]}, {"after": row["status"], "cause": row["cause"]}
        events.record(tx, "drift.resolved", actor, at=at, report_id=report_id, **of, **why)
    return len(rows)


def _open(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["status"] != "resolved" and row["cause"] == "out_of_band"]


async def _follow_moves(tx: Tx, work: _Work, known: Known, moves: Sequence[Move]) -> Known:
    """A renamed resource keeps its drift, with decision and comments, unless the new name has one already."""
    places: dict[str, list[str]] = {}
    for address, deposed in known if moves else ():
        places.setdefault(address, []).append(deposed)
    for move in moves:
        for deposed in places.get(move.previous_address, ()):
            target = (move.address, deposed)
            if target in known:
                continue
            known[target] = known.pop((move.previous_address, deposed))
            await queries.update_moved(tx, known[target]["id"], move.address)
            work.told.append(("drift.moved", known[target]["id"], {"from": move.previous_address, "to": move.address}))
    return known


def _add(work: _Work, sighting: Sighting, drift_id: int) -> None:
    row = {"id": drift_id, "stack_id": work.stack_id, "address": sighting.address, "deposed": sighting.deposed}
    work.inserts.append(row | _facts(sighting) | {"at": work.stamp, "told": work.scanned})
    _hide(work, sighting, drift_id)
    _tell(work, "drift.detected", drift_id, sighting, "detected")


def _update(work: _Work, sighting: Sighting, before: Row, kind: str, counted: str) -> None:
    if before["cause"] == "informational" and sighting.cause == "out_of_band":
        kind, counted = "drift.detected", "detected"  # noise was nothing to decide on: this is new
    row = {"id": before["id"], "at": work.stamp, "told": work.scanned, "had_ignored": before["ignored_changes"]}
    work.updates.append(row | _facts(sighting))
    _hide(work, sighting, before["id"])
    _tell(work, kind, before["id"], sighting, counted, **_decided(before))


def _retell(work: _Work, sighting: Sighting, before: Row) -> None:
    row = {"id": before["id"], "was": before["fingerprint"], "had_ignored": before["ignored_changes"]}
    work.retold.append(row | _facts(sighting))
    _hide(work, sighting, before["id"])
    _count(work, sighting.cause, "unchanged")
    facts = _facts(sighting)
    if (before["cause"], before["severity"]) != (facts["cause"], facts["severity"]):
        told = {"was": before["severity"], "severity": facts["severity"], "cause": facts["cause"]}
        work.told.append(("drift.rejudged", before["id"], told))


def _hide(work: _Work, sighting: Sighting, drift_id: int) -> None:
    work.ignored += [{"rule": rule, "id": drift_id, "lines": lines} for rule, lines in sighting.ignored.items()]


def _facts(sighting: Sighting) -> dict[str, Any]:
    """The columns. Raises `Outrun` when the drift was as it is when the report was judged, and is no longer."""
    if sighting.facts is None:
        raise Outrun
    return sighting.facts


def _decided(before: Row) -> dict[str, str]:
    """Who had decided what on the facts that are no longer true; or that they were not known, or put off."""
    if before["status"] in ("approved", "rejected"):
        return {"after": before["verdict"], "decided_by": before["name"], "decided_at": before["decided_at"]}
    return {"after": "snoozed"} if before["is_snoozed"] else {}


def _resolve(work: _Work, missing: Row) -> None:
    work.resolves.append({"id": missing["id"], "at": work.stamp})
    if missing["cause"] == "out_of_band":
        work.counts.resolved += 1
    work.told.append(("drift.resolved", missing["id"], {"after": missing["status"], "cause": missing["cause"]}))


def _tell(work: _Work, kind: str, drift_id: int, sighting: Sighting, counted: str, **data: str) -> None:
    _count(work, sighting.cause, counted)
    facts = {
        "cause": sighting.cause,
        "severity": _facts(sighting)["severity"],
        "action": sighting.action,
        "fingerprint": sighting.fingerprint,
    }
    work.told.append((kind, drift_id, facts | data))


def _count(work: _Work, cause: str, counted: str) -> None:
    name = "informational" if cause == "informational" else counted
    setattr(work.counts, name, getattr(work.counts, name) + 1)
