"""SQL about what a report does to the drifts of its stack. Rows to write are dictionaries with the columns' names."""

from collections.abc import Sequence
from typing import Any

from driftsentry.db import Row, Tx
from driftsentry.ingest.text import words_of
from driftsentry.judging.sighting import COLUMNS, Seen

_INSERT = (
    f"INSERT INTO drifts (id, stack_id, address, deposed, {', '.join(COLUMNS)}, status, version, first_seen_at,"
    f" detected_at, seen_at, updated_at, told_at) VALUES (:id, :stack_id, :address, :deposed,"
    f" {', '.join(f':{name}' for name in COLUMNS)}, 'detected', 1, :at, :at, :at, :at, :told)"
)
_SET = f"UPDATE drifts SET {', '.join(f'{name} = :{name}' for name in COLUMNS)}, version = version + 1"
_UPDATE = (
    f"{_SET}, status = 'detected', is_snoozed = 0, snoozed_until = NULL, fingerprint_version = 2,"
    " detected_at = CASE WHEN status = 'detected' THEN detected_at ELSE :at END, seen_at = :at, updated_at = :at,"
    " reopened = reopened + CASE WHEN status = 'resolved' AND cause = 'out_of_band' THEN 1 ELSE 0 END,"
    " resolved_at = NULL, told_at = :told WHERE id = :id"
)
# The same facts, told or hashed in another way: nothing that people decided is touched.
_RETELL = f"{_SET}, fingerprint_version = 2 WHERE id = :id"
_FOLLOW = (
    "UPDATE decisions SET fingerprint = :fingerprint WHERE fingerprint = :was"
    " AND id = (SELECT decision_id FROM drifts WHERE id = :id)"
)
_RESOLVE = (
    "UPDATE drifts SET status = 'resolved', version = version + 1, resolved_at = :at, updated_at = :at,"
    " is_snoozed = 0, snoozed_until = NULL WHERE id = :id"
)


async def select_seen(tx: Tx, stack: str) -> Seen:
    rows = await tx.all(
        "SELECT d.address, d.deposed, d.fingerprint, d.source_digest, d.fingerprint_version FROM drifts d"
        " JOIN stacks s ON s.id = d.stack_id WHERE s.slug = :stack AND d.status <> 'resolved'",
        stack=stack,
    )
    return Seen({(row[0], row[1]): (row[2], row[3]) for row in rows}, any(row[4] == 1 for row in rows))


async def select_known(tx: Tx, stack_id: str) -> dict[tuple[str, str], Row]:
    rows = await tx.all(
        "SELECT d.id, d.address, d.deposed, d.fingerprint, d.fingerprint_version, d.status, d.cause, d.action,"
        " d.severity, d.told_at, d.is_unknown, d.is_snoozed, d.ignored_changes, x.verdict, x.decided_at, u.name"
        " FROM drifts d LEFT JOIN decisions x ON x.id = d.decision_id LEFT JOIN users u ON u.id = x.user_id"
        " WHERE d.stack_id = :stack_id",
        stack_id=stack_id,
    )
    return {(row["address"], row["deposed"]): row for row in rows}


async def count_open(tx: Tx, stack_id: str) -> dict[str, int]:
    """By cause."""
    rows = await tx.all(
        "SELECT cause, sum(amount) FROM drift_counts WHERE stack_id = :stack_id AND status <> 'resolved'"
        " GROUP BY cause",
        stack_id=stack_id,
    )
    return {row[0]: int(row[1]) for row in rows}


async def select_last_id(tx: Tx) -> int:
    return int(await tx.value("SELECT coalesce(max(id), 0) FROM drifts"))


async def select_held(tx: Tx, report_id: str) -> list[Row]:
    """The drifts that a held report lacks, as far as they are what they were by then."""
    return await tx.all(
        "SELECT d.id, d.stack_id, d.status, d.cause FROM held_drifts h JOIN drifts d ON d.id = h.drift_id"
        " WHERE h.report_id = :report_id AND d.fingerprint = h.fingerprint AND d.status <> 'resolved' ORDER BY d.id",
        report_id=report_id,
    )


async def insert_drifts(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """In the order of their ids, which are above all that there are."""
    if rows:
        await tx.run_many(_INSERT, rows)
        await tx.index_added(rows[0]["id"] - 1)


async def update_drifts(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    await tx.run_many(_UPDATE, rows)


async def update_retold(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """`was`: the fingerprint by now. Decisions on these facts follow."""
    await tx.run_many(_RETELL, rows)
    await tx.run_many(_FOLLOW, rows)


async def update_told(tx: Tx, drift_ids: Sequence[int], told: str) -> None:
    """The scan of that time has told of these drifts what was known."""
    await tx.run_many(
        "UPDATE drifts SET told_at = :told WHERE id = :id", [{"id": drift_id, "told": told} for drift_id in drift_ids]
    )


async def update_resolved(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    await tx.run_many(_RESOLVE, rows)


async def replace_ignored(tx: Tx, drifts: Sequence[dict[str, Any]], ignored: Sequence[dict[str, Any]]) -> None:
    """Which ignore rules hide lines of `drifts`, and of new ones."""
    await tx.run_many("DELETE FROM ignored_drifts WHERE drift_id = :id", drifts)
    await tx.run_many("INSERT INTO ignored_drifts (rule_id, drift_id, lines) VALUES (:rule, :id, :lines)", ignored)


async def update_moved(tx: Tx, drift_id: int, address: str) -> None:
    await tx.run(
        "UPDATE drifts SET address = :address, search_text = CAST(:words AS TEXT) || ' ' || search_text,"
        " version = version + 1 WHERE id = :id",
        address=address,
        words=" ".join(words_of(address)),
        id=drift_id,
    )
