"""SQL about what drifts were made of, for those who judge them again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from driftsentry.clock import maybe_to_text
from driftsentry.db import Row, Tx

# What `judging.sighting.finding_of` needs of a drift, and what it was judged to be.
STORED = (
    "d.id, d.stack_id, d.address, d.deposed, d.module_address, d.resource_type, d.resource_name, d.provider, d.status,"
    " d.action, d.cause, d.cause_reason, d.severity, d.severity_rule, d.severity_reason, d.fingerprint, d.changes,"
    " d.attributes, d.search_text, d.hidden_changes, d.hidden_digest, d.is_unknown, d.ignored_changes, d.version"
)
# What another book can change.
JUDGED = (
    "cause", "cause_reason", "severity", "severity_rule", "severity_reason", "fingerprint", "changes", "attributes",
    "ignored_changes",
)  # fmt: skip
_PART = 500
_UPDATE = (
    f"UPDATE drifts SET {', '.join(f'{name} = :{name}' for name in (*JUDGED, 'severity_rank', 'search_text'))},"
    " version = version + 1,"
    " detected_at = CASE WHEN CAST(:at AS TEXT) IS NULL OR status = 'detected' THEN detected_at ELSE :at END,"
    " status = CASE WHEN CAST(:at AS TEXT) IS NULL THEN status ELSE 'detected' END,"
    " updated_at = coalesce(CAST(:at AS TEXT), updated_at),"
    " snoozed_until = CASE WHEN CAST(:at AS TEXT) IS NULL THEN snoozed_until END,"
    " is_snoozed = CASE WHEN CAST(:at AS TEXT) IS NULL THEN is_snoozed ELSE 0 END"
    " WHERE id = :id AND version = :version RETURNING decision_id, status"
)


async def select_stacks(tx: Tx) -> list[Row]:
    return await tx.all("SELECT id, slug, environment FROM stacks ORDER BY slug")


async def select_stored(tx: Tx, drift_ids: Sequence[int]) -> list[Row]:
    found: list[Row] = []
    for start in range(0, len(drift_ids), _PART):
        part = ", ".join(str(int(drift_id)) for drift_id in drift_ids[start : start + _PART])
        found += await tx.all(f"SELECT {STORED} FROM drifts d WHERE d.id IN ({part})")
    return found


async def select_part(tx: Tx, stack_id: str, after: int, limit: int) -> list[Row]:
    """Drifts of a stack that are not resolved, in the order of their numbers, behind `after`.

    Those that an older version stored have no digests to make a fingerprint of: their next report brings them in line.
    """
    return await tx.all(
        f"SELECT {STORED} FROM drifts d WHERE d.stack_id = :stack_id AND d.status <> 'resolved' AND d.id > :after"
        " AND d.fingerprint_version = 2 ORDER BY d.id LIMIT :limit",
        stack_id=stack_id,
        after=after,
        limit=limit,
    )


async def update_judged(tx: Tx, row: Row, facts: Mapping[str, Any], returned_at: datetime | None) -> bool:
    """False when the drift is not as `row` has it any more. `returned_at`: it is detected again, since then.

    A decision, and the question of a held report, follow their facts: they count in another way but are the same.
    """
    values = {name: facts[name] for name in (*JUDGED, "severity_rank", "search_text")}
    at = maybe_to_text(returned_at)
    updated = await tx.one(_UPDATE, id=row["id"], version=row["version"], at=at, **values)
    if updated is None:
        return False
    of = {"fingerprint": facts["fingerprint"], "was": row["fingerprint"]}
    await tx.run(
        "UPDATE held_drifts SET fingerprint = :fingerprint WHERE drift_id = :id AND fingerprint = :was",
        id=row["id"],
        **of,
    )
    if returned_at is None and updated["decision_id"]:
        await tx.run(
            "UPDATE decisions SET fingerprint = :fingerprint WHERE id = :id AND fingerprint = :was",
            id=updated["decision_id"],
            **of,
        )
    return True


async def replace_ignored(tx: Tx, drift_id: int, ignored: Mapping[str, int]) -> None:
    """Which ignore rules hide how many lines of a drift."""
    await tx.run("DELETE FROM ignored_drifts WHERE drift_id = :drift_id", drift_id=drift_id)
    await tx.run_many(
        "INSERT INTO ignored_drifts (rule_id, drift_id, lines) VALUES (:rule_id, :drift_id, :lines)",
        [{"rule_id": rule_id, "drift_id": drift_id, "lines": lines} for rule_id, lines in ignored.items()],
    )
