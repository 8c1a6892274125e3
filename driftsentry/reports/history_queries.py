"""SQL of what reports did to drifts: of one of them, and between two."""

from dataclasses import dataclass

from driftsentry.db import Tx
from driftsentry.reports.model import Report

# A report may have opened ten thousand drifts; a page shows the gravest.
_GRAVEST = " ORDER BY d.severity_rank DESC, d.address, d.deposed LIMIT :limit"
# `data` is text here, as `events` writes it: compact, keys sorted. A quote inside a value is escaped in it, so no
# value can look like this pair.
_NOISE = 'e.data LIKE \'%"cause":"informational"%\''
# It is recorded behind what the report did.
_ARRIVED = "SELECT max(seq) FROM events WHERE kind IN ('report.received', 'report.announced')"


# Of a stack with a long history the last of it says who comes again and again.
_LOOKED_THROUGH = 5000


@dataclass(frozen=True, slots=True)
class Repeated:
    """How often a drift came back, and how often it was another one than before."""

    drift_id: int
    reopened: int
    changed: int


@dataclass(frozen=True, slots=True)
class Net:
    """How a drift stood before and after some reports: the first thing they did to it, and the last.

    `former_data` and `last_data`: JSON of the last facts before and of the last facts now.
    """

    drift_id: int
    first_kind: str
    last_kind: str
    last_data: str
    former_data: str | None


async def count_effects(tx: Tx, report_id: str) -> dict[tuple[str, bool], int]:
    """How many events of drifts there are of one report, by kind and whether the drift was only noise."""
    rows = await tx.all(
        f"SELECT e.kind, CASE WHEN {_NOISE} THEN 1 ELSE 0 END AS is_noise, count(*) FROM events e"
        " WHERE e.report_id = :report_id AND e.drift_id IS NOT NULL GROUP BY 1, 2",
        report_id=report_id,
    )
    return {(row[0], bool(row[1])): int(row[2]) for row in rows}


async def select_affected(tx: Tx, report_id: str, kind: str, *, is_noise: bool, limit: int) -> list[int]:
    """Drifts that events of this kind are about, the gravest first."""
    rows = await tx.all(
        "SELECT d.id FROM events e JOIN drifts d ON d.id = e.drift_id WHERE e.report_id = :report_id AND e.kind = :kind"
        f" AND {'' if is_noise else 'NOT '}{_NOISE}{_GRAVEST}",
        report_id=report_id,
        kind=kind,
        limit=limit,
    )
    return [row[0] for row in rows]


async def select_held_ids(tx: Tx, report_id: str, limit: int) -> list[int]:
    """Drifts whose end waits, or waited, for an engineer."""
    rows = await tx.all(
        "SELECT d.id FROM held_drifts h JOIN drifts d ON d.id = h.drift_id WHERE h.report_id = :report_id"
        f" AND d.cause <> 'informational'{_GRAVEST}",
        report_id=report_id,
        limit=limit,
    )
    return [row[0] for row in rows]


async def select_net(tx: Tx, older: Report, newer: Report, limit: int) -> list[Net]:
    """What the reports behind `older` up to `newer` did, the gravest first. Both are of one stack."""
    rows = await tx.all(
        "WITH span AS (SELECT e.drift_id, min(e.seq) AS first, max(e.seq) AS last FROM events e"
        " WHERE e.stack_id = :stack_id AND e.drift_id IS NOT NULL AND e.report_id IS NOT NULL"
        " AND e.kind IN ('drift.detected', 'drift.changed', 'drift.reopened', 'drift.resolved')"
        f" AND e.seq > ({_ARRIVED} AND report_id = :older) AND e.seq < ({_ARRIVED} AND report_id = :newer)"
        " GROUP BY e.drift_id)"
        " SELECT d.id, f.kind AS first_kind, l.kind AS last_kind, l.data,"
        " CASE WHEN f.kind IN ('drift.changed', 'drift.resolved') THEN"
        " (SELECT p.data FROM events p WHERE p.drift_id = d.id AND p.seq < span.first"
        " AND p.kind IN ('drift.detected', 'drift.changed', 'drift.reopened') ORDER BY p.seq DESC LIMIT 1) END"
        " FROM span JOIN events f ON f.seq = span.first JOIN events l ON l.seq = span.last"
        f" JOIN drifts d ON d.id = span.drift_id{_GRAVEST}",
        stack_id=older.stack_id,
        older=older.id,
        newer=newer.id,
        limit=limit,
    )
    return [Net(row[0], row[1], row[2], row[3], row[4]) for row in rows]


async def select_repeated(tx: Tx, stack_id: str, limit: int) -> list[Repeated]:
    """The drifts of a stack that came back or changed at least twice, the most restless first."""
    rows = await tx.all(
        "SELECT drift_id, sum(CASE WHEN kind = 'drift.reopened' THEN 1 ELSE 0 END) AS reopened,"
        " sum(CASE WHEN kind = 'drift.changed' THEN 1 ELSE 0 END) AS changed FROM ("
        "SELECT drift_id, kind FROM events WHERE stack_id = :stack_id ORDER BY seq DESC LIMIT :looked_through"
        ") AS latest WHERE kind IN ('drift.reopened', 'drift.changed') GROUP BY drift_id HAVING count(*) > 1"
        " ORDER BY count(*) DESC, drift_id LIMIT :limit",
        stack_id=stack_id,
        looked_through=_LOOKED_THROUGH,
        limit=limit,
    )
    return [Repeated(row[0], int(row[1]), int(row[2])) for row in rows]
