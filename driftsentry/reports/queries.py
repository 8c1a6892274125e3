"""SQL about reports."""

from driftsentry.clock import from_text, to_text
from driftsentry.db import Row, Tx
from driftsentry.drifts import Counts
from driftsentry.reports.model import Report

_COUNTS = ("detected", "changed", "unchanged", "reopened", "resolved", "informational")
_COLUMNS = (
    "id", "stack_id", "token_id", "received_at", "scanned_at", "body_hash", "format", "tool", "tool_version", "mode",
    "run_id", "run_url", "commit_hash", "is_late", "is_complete", "incomplete_reason", *_COUNTS,
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


async def select_report(tx: Tx, report_id: str) -> Report | None:
    row = await tx.one(_SELECT + " WHERE r.id = :id", id=report_id)
    return _report(row) if row else None


async def select_reports(tx: Tx, stack_id: str, limit: int) -> list[Report]:
    """The newest reports of a stack, newest first."""
    rows = await tx.all(
        _SELECT + " WHERE r.stack_id = :stack_id ORDER BY r.received_at DESC LIMIT :limit",
        stack_id=stack_id,
        limit=limit,
    )
    return [_report(row) for row in rows]
