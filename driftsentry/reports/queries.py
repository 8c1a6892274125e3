"""SQL about reports."""

from collections.abc import Sequence
from datetime import datetime

from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Row, Tx
from driftsentry.drifts import Counts
from driftsentry.reports.model import Report

_COUNTS = ("detected", "changed", "unchanged", "reopened", "resolved", "informational")
_COLUMNS = (
    "id", "stack_id", "token_id", "received_at", "scanned_at", "body_hash", "format", "tool", "tool_version", "mode",
    "run_id", "run_url", "commit_hash", "is_late", "is_complete", "incomplete_reason", "held", "duration_ms", "took_ms",
    "announced", "repeat_hash", *_COUNTS,
)  # fmt: skip
_SELECT = (
    "SELECT r.*, s.slug, t.name AS token_name FROM reports r JOIN stacks s ON s.id = r.stack_id"
    " LEFT JOIN tokens t ON t.id = r.token_id"
)
_INSERT = f"INSERT INTO reports ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"


def _report(row: Row) -> Report:
    return Report(
        id=row["id"],
        stack_id=row["stack_id"],
        stack=row["slug"],
        token_id=row["token_id"],
        token_name=row["token_name"] or "",
        received_at=from_text(row["received_at"]),
        scanned_at=from_text(row["scanned_at"]),
        body_hash=row["body_hash"],
        format=row["format"],
        tool=row["tool"],
        tool_version=row["tool_version"],
        mode=row["mode"],
        run_id=row["run_id"],
        run_url=row["run_url"],
        commit_hash=row["commit_hash"],
        is_late=bool(row["is_late"]),
        is_complete=bool(row["is_complete"]),
        incomplete_reason=row["incomplete_reason"],
        counts=Counts(**{name: row[name] for name in _COUNTS}),
        held=row["held"],
        held_until=maybe_from_text(row["held_until"]),
        duration_ms=row["duration_ms"],
        took_ms=row["took_ms"],
        announced=row["announced"],
        repeat_hash=row["repeat_hash"],
    )


async def insert_report(tx: Tx, report: Report) -> None:
    await tx.run(
        _INSERT,
        id=report.id,
        stack_id=report.stack_id,
        token_id=report.token_id,
        received_at=to_text(report.received_at),
        scanned_at=to_text(report.scanned_at),
        body_hash=report.body_hash,
        format=report.format,
        tool=report.tool,
        tool_version=report.tool_version,
        mode=report.mode,
        run_id=report.run_id,
        run_url=report.run_url,
        commit_hash=report.commit_hash,
        is_late=int(report.is_late),
        is_complete=int(report.is_complete),
        incomplete_reason=report.incomplete_reason,
        held=report.held,
        duration_ms=report.duration_ms,
        took_ms=report.took_ms,
        announced=report.announced,
        repeat_hash=report.repeat_hash,
        **{name: getattr(report.counts, name) for name in _COUNTS},
    )


async def select_by_body(tx: Tx, slug: str, body_hash: str) -> Report | None:
    """The newest report of the stack with this very body."""
    row = await tx.one(
        _SELECT + " WHERE s.slug = :slug AND r.body_hash = :body_hash ORDER BY r.received_at DESC LIMIT 1",
        slug=slug,
        body_hash=body_hash,
    )
    return _report(row) if row else None


async def count_since(tx: Tx, token_id: str, at: datetime) -> tuple[int, datetime | None]:
    """How many reports came with this token after `at`, and when the first of them did."""
    row = await tx.one(
        "SELECT count(*) AS reports, min(received_at) AS first FROM reports"
        " WHERE token_id = :token_id AND received_at > :at",
        token_id=token_id,
        at=to_text(at),
    )
    assert row is not None, "count(*) always has a row"
    return row["reports"], maybe_from_text(row["first"])


async def select_waiting(tx: Tx, stack_id: str) -> Report | None:
    """The report of a stack that waits for an engineer to say if what it lacks is gone."""
    row = await tx.one(
        _SELECT + " WHERE r.stack_id = :stack_id AND r.held > 0 AND r.held_until IS NULL"
        " ORDER BY r.received_at DESC LIMIT 1",
        stack_id=stack_id,
    )
    return _report(row) if row else None


async def insert_held(tx: Tx, report_id: str, held: Sequence[tuple[int, str]]) -> None:
    await tx.run_many(
        "INSERT INTO held_drifts (report_id, drift_id, fingerprint) VALUES (:report_id, :drift_id, :fingerprint)",
        [{"report_id": report_id, "drift_id": drift_id, "fingerprint": seen} for drift_id, seen in held],
    )


async def select_held(tx: Tx, report_id: str) -> set[tuple[int, str]]:
    rows = await tx.all("SELECT drift_id, fingerprint FROM held_drifts WHERE report_id = :id", id=report_id)
    return {(row[0], row[1]) for row in rows}


async def update_superseded(tx: Tx, report: Report) -> list[str]:
    """What other reports of its stack asked is void; ids of those that waited until now."""
    rows = await tx.all(
        "UPDATE reports SET held_until = :at"
        " WHERE stack_id = :stack_id AND held > 0 AND held_until IS NULL AND id <> :id RETURNING id",
        id=report.id,
        stack_id=report.stack_id,
        at=to_text(report.received_at),
    )
    return [row[0] for row in rows]


async def update_settled(tx: Tx, stack_id: str, report_id: str, at: datetime) -> bool:
    """The guarded update: False when it no longer waits for an answer, or never did."""
    row = await tx.one(
        "UPDATE reports SET held_until = :at"
        " WHERE id = :id AND stack_id = :stack_id AND held > 0 AND held_until IS NULL RETURNING id",
        id=report_id,
        stack_id=stack_id,
        at=to_text(at),
    )
    return row is not None


async def count_reports(tx: Tx, stack_id: str) -> int:
    return int(await tx.value("SELECT count(*) FROM reports WHERE stack_id = :stack_id", stack_id=stack_id))


async def select_report(tx: Tx, report_id: str) -> Report | None:
    row = await tx.one(_SELECT + " WHERE r.id = :id", id=report_id.replace("\0", ""))
    return _report(row) if row else None


async def select_reports(tx: Tx, stack_id: str, limit: int, offset: int = 0, before: str = "") -> list[Report]:
    """The newest reports of a stack, newest first; `before`: only those that are older than this one."""
    older = " AND (r.received_at, r.id) < ((SELECT p.received_at FROM reports p WHERE p.id = :before), :before)"
    rows = await tx.all(
        f"{_SELECT} WHERE r.stack_id = :stack_id{older if before else ''}"
        " ORDER BY r.received_at DESC, r.id DESC LIMIT :limit OFFSET :offset",
        stack_id=stack_id,
        limit=limit,
        offset=offset,
        **({"before": before} if before else {}),
    )
    return [_report(row) for row in rows]


async def select_next(tx: Tx, report: Report) -> str | None:
    """The id of the report of its stack that came after it."""
    found = await tx.value(
        "SELECT id FROM reports WHERE stack_id = :stack_id AND (received_at, id) > (:at, :id)"
        " ORDER BY received_at, id LIMIT 1",
        stack_id=report.stack_id,
        at=to_text(report.received_at),
        id=report.id,
    )
    return None if found is None else str(found)
