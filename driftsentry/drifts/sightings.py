"""What a report does to the drifts of its stack: new, changed, opened again, gone.

Nothing is written for a drift that is as it was; the report itself says that it was seen.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from driftsentry import events
from driftsentry.clock import to_text
from driftsentry.db import Row, Tx
from driftsentry.drifts.filter import words_of
from driftsentry.events import Actor
from driftsentry.ingest import Finding, Move, changes_to_json
from driftsentry.judging import judge

ATTRIBUTES = 20
# An empty or wrong plan lacks nearly everything: when more are missing, and most of them, somebody must confirm it.
HELD_OVER = 20
_FACTS = (
    "module_address, resource_type, resource_name, provider, cause, cause_reason, action, severity, severity_rank,"
    " severity_rule, severity_reason, fingerprint, changes, attributes, hidden_changes, search_text"
)
_NAMES = _FACTS.replace(" ", "").split(",")
_INSERT = (
    f"INSERT INTO drifts (id, stack_id, address, deposed, {_FACTS}, status, version, first_seen_at, detected_at,"
    f" seen_at, updated_at) VALUES (:id, :stack_id, :address, :deposed, {', '.join(f':{n}' for n in _NAMES)},"
    " 'detected', 1, :at, :at, :at, :at)"
)
_UPDATE = (
    f"UPDATE drifts SET {', '.join(f'{n} = :{n}' for n in _NAMES)}, status = 'detected', version = version + 1,"
    " detected_at = CASE WHEN status = 'detected' THEN detected_at ELSE :at END, seen_at = :at, updated_at = :at,"
    " reopened = reopened + CASE WHEN status = 'resolved' AND cause = 'out_of_band' THEN 1 ELSE 0 END,"
    " resolved_at = NULL WHERE id = :id"
)
_RESOLVE = (
    "UPDATE drifts SET status = 'resolved', version = version + 1, resolved_at = :at, updated_at = :at WHERE id = :id"
)


@dataclass(slots=True)
class Sighting:
    """A finding of a stack. `prepare` makes its columns off the event loop, where they will be needed."""

    finding: Finding
    stack: str
    _facts: dict[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.finding.address, self.finding.deposed

    @property
    def facts(self) -> dict[str, Any]:
        """The finding, judged, as columns."""
        if self._facts is None:
            self._facts = _facts(self.finding, self.stack)
        return self._facts


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
    counts: Counts = field(default_factory=Counts)
    inserts: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    resolves: list[dict[str, Any]] = field(default_factory=list)
    told: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)


Seen = frozenset[tuple[str, str, str]]


async def select_seen(tx: Tx, stack: str) -> Seen:
    """(address, deposed, fingerprint) of what is known of a stack and not resolved: unchanged if seen again."""
    rows = await tx.all(
        "SELECT d.address, d.deposed, d.fingerprint FROM drifts d JOIN stacks s ON s.id = d.stack_id"
        " WHERE s.slug = :stack AND d.status <> 'resolved'",
        stack=stack,
    )
    return frozenset((row[0], row[1], row[2]) for row in rows)


def prepare(findings: Sequence[Finding], stack: str, seen: Seen) -> list[Sighting]:
    """Judge what is new or changed: most of the time of a report, and nothing of it is needed for the rest."""
    sightings = [Sighting(finding, stack) for finding in findings]
    for sighting in sightings:
        if (*sighting.key, sighting.finding.fingerprint) not in seen:
            _ = sighting.facts
    return sightings


def _facts(finding: Finding, stack: str) -> dict[str, Any]:
    verdict = judge(finding)
    names = [_attribute(change.path) for change in finding.changes if change.noise in ("", "computed")]
    attributes = list(dict.fromkeys(names)) if finding.action != "delete" else []
    return {
        "module_address": finding.module_address,
        "resource_type": finding.resource_type,
        "resource_name": finding.resource_name,
        "provider": finding.provider,
        "cause": finding.cause,
        "cause_reason": finding.cause_reason,
        "action": finding.action,
        "severity": verdict.severity.value,
        "severity_rank": verdict.severity.rank,
        "severity_rule": verdict.rule,
        "severity_reason": verdict.reason,
        "fingerprint": finding.fingerprint,
        "changes": changes_to_json(finding.changes),
        "attributes": json.dumps(attributes[:ATTRIBUTES]),
        "hidden_changes": finding.hidden_changes,
        "search_text": " ".join(words_of(f"{stack} {finding.address} {' '.join(attributes[:ATTRIBUTES])}")),
    }


def _attribute(path: tuple[str | int, ...]) -> str:
    """What a list calls a change: the attribute, and the key where that is a map of people's own."""
    parts = path[:2] if path[:1] in (("tags",), ("labels",)) else path[:1]
    return ".".join(str(part) for part in parts)


async def apply(
    tx: Tx,
    stack_id: str,
    sightings: Sequence[Sighting],
    moves: Sequence[Move],
    *,
    report_id: str,
    resolves: bool,
    actor: Actor,
    at: datetime,
) -> Outcome:
    """Bring the drifts of a stack to what its newest report says; `resolves`: what it lacks is gone."""
    work = _Work(stack_id, report_id, actor, at)
    known = await _follow_moves(tx, await _known(tx, stack_id), moves)
    were_open = len(_open(known.values()))
    next_id = int(await tx.value("SELECT coalesce(max(id), 0) FROM drifts"))
    for sighting in sightings:
        before = known.pop(sighting.key, None)
        if before is None:
            next_id += 1
            _add(work, sighting, next_id)
        else:
            _compare(work, sighting, before)
    lacked = [row for row in known.values() if row["status"] != "resolved"] if resolves else []
    missing = len(_open(lacked))
    is_held = missing > HELD_OVER and missing * 2 > were_open
    if not is_held:
        for row in lacked:
            _resolve(work, row)
    await tx.run_many(_INSERT, work.inserts)
    await tx.run_many(_UPDATE, work.updates)
    await tx.run_many(_RESOLVE, work.resolves)
    for kind, drift_id, data in work.told:
        events.record(tx, kind, actor, at=at, stack_id=stack_id, drift_id=drift_id, report_id=report_id, **data)
    if not is_held:
        return Outcome(work.counts)
    return Outcome(work.counts, [(row["id"], row["fingerprint"]) for row in lacked], missing)


async def resolve_held(tx: Tx, report_id: str, actor: Actor, at: datetime) -> int:
    """Somebody confirmed that what a held report lacks is gone: all of it that has not come back since."""
    rows = await tx.all(
        "SELECT d.id, d.stack_id, d.status, d.cause FROM held_drifts h JOIN drifts d ON d.id = h.drift_id"
        " WHERE h.report_id = :report_id AND d.fingerprint = h.fingerprint AND d.status <> 'resolved' ORDER BY d.id",
        report_id=report_id,
    )
    await tx.run_many(_RESOLVE, [{"id": row["id"], "at": to_text(at)} for row in rows])
    for row in rows:
        of, why = {"stack_id": row["stack_id"], "drift_id": row["id"]}, {"after": row["status"], "cause": row["cause"]}
        events.record(tx, "drift.resolved", actor, at=at, report_id=report_id, **of, **why)
    return len(rows)


def _open(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["status"] != "resolved" and row["cause"] == "out_of_band"]


async def _known(tx: Tx, stack_id: str) -> dict[tuple[str, str], Row]:
    rows = await tx.all(
        "SELECT d.id, d.address, d.deposed, d.fingerprint, d.status, d.cause, x.verdict, x.decided_at, u.name"
        " FROM drifts d LEFT JOIN decisions x ON x.id = d.decision_id LEFT JOIN users u ON u.id = x.user_id"
        " WHERE d.stack_id = :stack_id",
        stack_id=stack_id,
    )
    return {(row["address"], row["deposed"]): row for row in rows}


async def _follow_moves(tx: Tx, known: dict[tuple[str, str], Row], moves: Sequence[Move]) -> dict[tuple[str, str], Row]:
    """A renamed resource keeps its drift, with decision and comments, unless the new name has one already."""
    for move in moves:
        for key in [key for key in known if key[0] == move.previous_address]:
            target = (move.address, key[1])
            if target in known:
                continue
            known[target] = known.pop(key)
            await tx.run(
                "UPDATE drifts SET address = :address, search_text = CAST(:words AS TEXT) || ' ' || search_text,"
                " version = version + 1 WHERE id = :id",
                address=move.address,
                words=" ".join(words_of(move.address)),
                id=known[target]["id"],
            )
    return known


def _add(work: _Work, sighting: Sighting, drift_id: int) -> None:
    finding = sighting.finding
    work.inserts.append(
        {
            "id": drift_id,
            "stack_id": work.stack_id,
            "address": finding.address,
            "deposed": finding.deposed,
            "at": to_text(work.at),
            **sighting.facts,
        }
    )
    _tell(work, "drift.detected", drift_id, sighting, "detected")


def _compare(work: _Work, sighting: Sighting, before: Row) -> None:
    is_resolved = before["status"] == "resolved"
    if before["fingerprint"] == sighting.finding.fingerprint and not is_resolved:
        _count(work, sighting.finding.cause, "unchanged")
        return
    kind, counted = ("drift.reopened", "reopened") if is_resolved else ("drift.changed", "changed")
    if before["cause"] == "informational" and sighting.finding.cause == "out_of_band":
        kind, counted = "drift.detected", "detected"  # noise was nothing to decide on: this is new
    work.updates.append({"id": before["id"], "at": to_text(work.at), **sighting.facts})
    _tell(work, kind, before["id"], sighting, counted, **_decided(before))


def _decided(before: Row) -> dict[str, str]:
    """Who had decided what on the facts that are no longer true."""
    if before["status"] not in ("approved", "rejected"):
        return {}
    return {"after": before["verdict"], "decided_by": before["name"], "decided_at": before["decided_at"]}


def _resolve(work: _Work, missing: Row) -> None:
    work.resolves.append({"id": missing["id"], "at": to_text(work.at)})
    if missing["cause"] == "out_of_band":
        work.counts.resolved += 1
    work.told.append(("drift.resolved", missing["id"], {"after": missing["status"], "cause": missing["cause"]}))


def _tell(work: _Work, kind: str, drift_id: int, sighting: Sighting, counted: str, **data: str) -> None:
    finding = sighting.finding
    _count(work, finding.cause, counted)
    facts = {
        "cause": finding.cause,
        "severity": sighting.facts["severity"],
        "action": finding.action,
        "fingerprint": finding.fingerprint,
    }
    work.told.append((kind, drift_id, {**facts, **data}))


def _count(work: _Work, cause: str, counted: str) -> None:
    name = "informational" if cause == "informational" else counted
    setattr(work.counts, name, getattr(work.counts, name) + 1)
