"""SQL about drifts and decisions."""

import json
from dataclasses import dataclass

from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Row as Record
from driftsentry.db import Tx
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.model import Decision, Drift, Kind, Row, Status, Verdict
from driftsentry.drifts.walk_queries import Places, Search, search
from driftsentry.ingest import changes_from_json

_FROM = (
    " FROM drifts d JOIN stacks s ON s.id = d.stack_id"
    " LEFT JOIN decisions x ON x.id = d.decision_id LEFT JOIN users u ON u.id = x.user_id"
)
_DRIFT = (
    "SELECT d.*, s.slug, s.environment, x.user_id, u.name AS user_name, x.verdict, x.reason,"
    " x.fingerprint AS decided_fingerprint, x.changes AS decided_changes, x.until, x.decided_at" + _FROM
)
_ROW = (
    "SELECT d.id, s.slug, s.environment, d.address, d.deposed, d.status, d.cause, d.action, d.severity,"
    " d.severity_reason, d.attributes, d.version, d.detected_at, d.updated_at, d.reopened,"
    " u.name, x.decided_at, d.fingerprint, x.fingerprint, d.is_snoozed" + _FROM
)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in their order, and where the next page goes on (None: this is the last).

    `is_cut`: the page is not full, for looking was given up: no index knows what is wanted.
    """

    rows: list[Row]
    after: str | None
    is_cut: bool = False


async def select_drift(tx: Tx, drift_id: int) -> Drift | None:
    record = await tx.one(_DRIFT + " WHERE d.id = :id", id=drift_id)
    return _drift(record) if record else None


async def select_rows(tx: Tx, drift_ids: list[int]) -> list[Row]:
    """Those of `drift_ids` that exist, in no order."""
    found: list[Row] = []
    for start in range(0, len(drift_ids), 500):
        part = ", ".join(str(int(drift_id)) for drift_id in drift_ids[start : start + 500])
        found += [_row(record) for record in await tx.all(f"{_ROW} WHERE d.id IN ({part})")]
    return found


async def select_page(tx: Tx, wanted: Filter, limit: int) -> Page:
    """The page behind `wanted.after`."""
    return await select_found(await search(tx, wanted.wanted), wanted, limit)


async def select_found(asked: Search, wanted: Filter, limit: int, first: Places | None = None) -> Page:
    """As `select_page`, for who has the search already. `first`: its first page, if that is known."""
    if first is not None and not wanted.after:
        places = first
    else:
        places = await asked.places(wanted.sort, limit=limit, after=wanted.after, is_bounded=True)
    rows = {row.id: row for row in await select_rows(asked.tx, places.ids)}
    end = wanted.cursor(places.end) if places.end else None
    return Page([rows[drift_id] for drift_id in places.ids], end, places.is_cut)


async def select_counts(tx: Tx, stack: str = "", environment: str = "") -> dict[Kind, int]:
    """How many drifts there are of each kind, of one stack, one environment, or all.

    From the table that triggers keep.
    """
    asked = {"slug": stack, "environment": environment}
    values = {name: value for name, value in asked.items() if value}
    where = " AND ".join(f"s.{name} = :{name}" for name in values) or "1 = 1"
    records = await tx.all(
        "SELECT c.status, c.cause, c.severity, c.is_snoozed, sum(c.amount) FROM drift_counts c"
        f" JOIN stacks s ON s.id = c.stack_id WHERE {where} GROUP BY c.status, c.cause, c.severity, c.is_snoozed",
        **values,
    )
    return {Kind(record[0], record[1], record[2], bool(record[3])): int(record[4]) for record in records}


async def count_waiting(tx: Tx) -> tuple[int, int]:
    """How many drifts wait for a decision, and how many of them are critical."""
    record = await tx.one(
        "SELECT sum(amount), sum(CASE WHEN severity = 'critical' THEN amount ELSE 0 END) FROM drift_counts"
        " WHERE status = 'detected' AND cause = 'out_of_band' AND is_snoozed = 0"
    )
    return (int(record[0] or 0), int(record[1] or 0)) if record else (0, 0)


async def update_decided(tx: Tx, decision: Decision, seen: str | None, version: int | None) -> bool:
    """The guarded update: only while it is undecided and has the fingerprint and version that were seen, if any."""
    record = await tx.one(
        "UPDATE drifts SET status = :verdict, decision_id = :decision_id, version = version + 1, updated_at = :at,"
        " is_snoozed = 0, snoozed_until = NULL WHERE id = :id AND status = 'detected'"
        " AND fingerprint = coalesce(:seen, fingerprint) AND version = coalesce(:version, version) RETURNING id",
        id=decision.drift_id,
        seen=seen,
        version=version,
        verdict=decision.verdict.value,
        decision_id=decision.id,
        at=to_text(decision.decided_at),
    )
    return record is not None


async def insert_decision(tx: Tx, decision: Decision) -> None:
    await tx.run(
        "INSERT INTO decisions (id, drift_id, user_id, verdict, reason, fingerprint, changes, until, decided_at,"
        " detected_at)"
        " SELECT :id, d.id, :user_id, :verdict, :reason, d.fingerprint, d.changes, :until, :decided_at, d.detected_at"
        " FROM drifts d WHERE d.id = :drift_id",
        id=decision.id,
        drift_id=decision.drift_id,
        user_id=decision.user_id,
        verdict=decision.verdict.value,
        reason=decision.reason,
        until=to_text(decision.until) if decision.until else None,
        decided_at=to_text(decision.decided_at),
    )


async def select_recent_decisions(tx: Tx, limit: int) -> list[Record]:
    return await tx.all(
        "SELECT x.drift_id, d.address, s.slug AS stack, x.verdict, u.name AS user_name, x.decided_at, x.reason"
        " FROM decisions x JOIN drifts d ON d.id = x.drift_id JOIN stacks s ON s.id = d.stack_id"
        " JOIN users u ON u.id = x.user_id ORDER BY x.id DESC LIMIT :limit",
        limit=limit,
    )


async def select_lapsing(tx: Tx, at: str) -> bool:
    """Whether an approval's end has come."""
    found = await tx.value(
        "SELECT d.id FROM decisions x JOIN drifts d ON d.decision_id = x.id AND d.status = 'approved'"
        " WHERE x.until <= :at LIMIT 1",
        at=at,
    )
    return found is not None


async def update_lapsed(tx: Tx, at: str) -> list[Record]:
    """Put approvals whose end has come back to `detected`."""
    return await tx.all(
        "UPDATE drifts SET status = 'detected', version = version + 1, detected_at = :at, updated_at = :at"
        " WHERE status = 'approved' AND decision_id IN (SELECT id FROM decisions WHERE until <= :at)"
        " RETURNING id, stack_id",
        at=at,
    )


def _drift(record: Record) -> Drift:
    return Drift(
        id=record["id"],
        stack_id=record["stack_id"],
        stack=record["slug"],
        environment=record["environment"],
        address=record["address"],
        deposed=record["deposed"],
        module_address=record["module_address"],
        resource_type=record["resource_type"],
        resource_name=record["resource_name"],
        provider=record["provider"],
        status=Status(record["status"]),
        cause=record["cause"],
        cause_reason=record["cause_reason"],
        action=record["action"],
        severity=record["severity"],
        severity_rule=record["severity_rule"],
        severity_reason=record["severity_reason"],
        fingerprint=record["fingerprint"],
        changes=changes_from_json(record["changes"]),
        attributes=tuple(json.loads(record["attributes"])),
        hidden_changes=record["hidden_changes"],
        version=record["version"],
        first_seen_at=from_text(record["first_seen_at"]),
        detected_at=from_text(record["detected_at"]),
        seen_at=from_text(record["seen_at"]),
        updated_at=from_text(record["updated_at"]),
        reopened=record["reopened"],
        resolved_at=maybe_from_text(record["resolved_at"]),
        decision=_decision(record) if record["decision_id"] else None,
        ignored_changes=record["ignored_changes"],
        is_snoozed=bool(record["is_snoozed"]),
        snoozed_until=maybe_from_text(record["snoozed_until"]),
    )


def _decision(record: Record) -> Decision:
    return Decision(
        id=record["decision_id"],
        drift_id=record["id"],
        user_id=record["user_id"],
        user_name=record["user_name"],
        verdict=Verdict(record["verdict"]),
        reason=record["reason"],
        fingerprint=record["decided_fingerprint"],
        changes=changes_from_json(record["decided_changes"]),
        until=maybe_from_text(record["until"]),
        decided_at=from_text(record["decided_at"]),
    )


def _row(record: Record) -> Row:
    (id_, slug, environment, address, deposed, status, cause, action, severity, reason, attributes) = tuple(record)[:11]
    (version, detected_at, updated_at, reopened, name, decided_at) = tuple(record)[11:17]
    (fingerprint, decided, snoozed) = tuple(record)[17:]
    return Row(
        id_,
        slug,
        environment,
        address,
        deposed,
        Status(status),
        cause,
        action,
        severity,
        reason,
        tuple(json.loads(attributes)),
        version,
        from_text(detected_at),
        from_text(updated_at),
        reopened,
        name or "",
        maybe_from_text(decided_at),
        fingerprint,
        status == "detected" and decided is not None and decided != fingerprint,
        bool(snoozed),
    )
