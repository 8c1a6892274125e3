"""SQL about severity rules."""

from datetime import datetime

from driftsentry.clock import to_text
from driftsentry.db import Row, Tx
from driftsentry.judging import Rule, Ruleset, conditions_to_json
from driftsentry.rules.severity_model import KeptRule, Stored, arrange, ruleset_of

_SELECT = "SELECT r.*, COALESCE(u.name, '') AS maker FROM severity_rules r LEFT JOIN users u ON u.id = r.created_by"


async def select_ruleset(tx: Tx) -> Ruleset:
    """What findings are judged by now."""
    return ruleset_of(await select_stored(tx))


async def select_kept(tx: Tx) -> tuple[KeptRule, ...]:
    """All rules, those that are switched off too, in the order in which they are asked."""
    return arrange(await select_stored(tx))


async def select_stored(tx: Tx) -> list[Stored]:
    return [_stored(row) for row in await tx.all(f"{_SELECT} ORDER BY r.id")]


async def insert_own(tx: Tx, rule: Rule, created_by: str, at: datetime) -> bool:
    """False when there is a rule with this id already."""
    row = await tx.one(
        "INSERT INTO severity_rules (id, name, severity, conditions, reason, is_active, created_by, created_at,"
        " updated_at) VALUES (:id, :name, :severity, :conditions, :reason, 1, :created_by, :at, :at)"
        " ON CONFLICT (id) DO NOTHING RETURNING id",
        **_columns(rule),
        created_by=created_by,
        at=to_text(at),
    )
    return row is not None


async def update_own(tx: Tx, rule: Rule, seen: str, at: datetime) -> bool:
    """False when it is gone, or not as it was seen. Another severity puts it first there."""
    row = await tx.one(
        "UPDATE severity_rules SET name = :name, conditions = :conditions, reason = :reason, updated_at = :at,"
        " position = CASE WHEN severity = :severity THEN position END, severity = :severity"
        " WHERE id = :id AND conditions <> '' AND updated_at = :seen RETURNING id",
        **_columns(rule),
        seen=seen,
        at=to_text(at),
    )
    return row is not None


async def delete_own(tx: Tx, rule_id: str) -> bool:
    row = await tx.one("DELETE FROM severity_rules WHERE id = :id AND conditions <> '' RETURNING id", id=rule_id)
    return row is not None


async def upsert_state(
    tx: Tx, kept: KeptRule, created_by: str, at: datetime, *, is_active: bool | None = None, position: int | None = None
) -> None:
    """Another state or position of one rule; None leaves it as it is. One that ships gets a row by this."""
    await tx.run(
        "INSERT INTO severity_rules AS r (id, name, severity, conditions, reason, is_active, position, created_by,"
        " created_at, updated_at) VALUES (:id, :name, :severity, '', :reason, COALESCE(CAST(:is_active AS INTEGER), 1),"
        " CAST(:position AS INTEGER), :created_by, :at, :at)"
        " ON CONFLICT (id) DO UPDATE SET is_active = COALESCE(CAST(:is_active AS INTEGER), r.is_active),"
        " position = COALESCE(CAST(:position AS INTEGER), r.position),"
        # Whoever has the form of a rule open need not know that others moved.
        " updated_at = CASE WHEN CAST(:position AS INTEGER) IS NULL THEN :at ELSE r.updated_at END",
        id=kept.key,
        name=kept.rule.name,
        severity=kept.severity.value,
        reason=kept.rule.reason,
        is_active=None if is_active is None else int(is_active),
        position=position,
        created_by=created_by,
        at=to_text(at),
    )


def _columns(rule: Rule) -> dict[str, str]:
    return {
        "id": rule.key,
        "name": rule.name,
        "severity": rule.severity.value,
        "conditions": conditions_to_json(rule.conditions),
        "reason": rule.reason,
    }


def _stored(row: Row) -> Stored:
    return Stored(
        id=row["id"],
        name=row["name"],
        severity=row["severity"],
        conditions=row["conditions"],
        reason=row["reason"],
        is_active=bool(row["is_active"]),
        position=row["position"],
        maker=row["maker"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
