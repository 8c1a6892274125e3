"""SQL about ignore rules, what they hide, and what a rule would hide."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Row, Tx
from driftsentry.judging.ignoring import Ignore, Path
from driftsentry.rules.ignore_model import Hidden, IgnoreRule

_RULE = "SELECT r.*, u.name AS owner_name FROM ignore_rules r JOIN users u ON u.id = r.owner_id"
_HIDES = (
    "SELECT i.rule_id, count(*) AS drifts, sum(i.lines) AS lines FROM ignored_drifts i"
    " JOIN drifts d ON d.id = i.drift_id AND d.status <> 'resolved' GROUP BY i.rule_id"
)
_COUNTED = (
    "SELECT r.*, u.name AS owner_name, coalesce(h.drifts, 0) AS drifts, coalesce(h.lines, 0) AS lines"
    f" FROM ignore_rules r JOIN users u ON u.id = r.owner_id LEFT JOIN ({_HIDES}) h ON h.rule_id = r.id"
)
_paths = msgspec.json.Decoder(Path)


async def select_active(tx: Tx, at: datetime) -> tuple[Ignore, ...]:
    """The rules that hide something at that time."""
    rows = await tx.all(f"{_RULE} WHERE r.ended_at IS NULL AND r.ends_at > :at ORDER BY r.id", at=to_text(at))
    return tuple(_ignore(row) for row in rows)


async def select_rule(tx: Tx, rule_id: str) -> IgnoreRule | None:
    row = await tx.one(f"{_COUNTED} WHERE r.id = :id", id=rule_id.replace("\0", ""))
    return _rule(row) if row else None


async def select_rules(tx: Tx, *, is_active: bool, limit: int) -> list[IgnoreRule]:
    """Those in force, the next one to end first; or those that ended, the last one first."""
    where = "r.ended_at IS NULL ORDER BY r.ends_at, r.id" if is_active else "r.ended_at IS NOT NULL"
    order = "" if is_active else " ORDER BY r.ended_at DESC, r.id"
    return [_rule(row) for row in await tx.all(f"{_COUNTED} WHERE {where}{order} LIMIT :limit", limit=limit)]


async def select_of_drift(tx: Tx, drift_id: int) -> list[Hidden]:
    """The rules that hide lines of a drift, and how many."""
    rows = await tx.all(
        "SELECT r.*, u.name AS owner_name, i.lines FROM ignored_drifts i JOIN ignore_rules r ON r.id = i.rule_id"
        " JOIN users u ON u.id = r.owner_id WHERE i.drift_id = :drift_id AND r.ended_at IS NULL ORDER BY r.ends_at",
        drift_id=drift_id,
    )
    return [Hidden(_ignore(row), row["lines"]) for row in rows]


async def select_hidden_drifts(tx: Tx, limit: int) -> dict[str, list[int]]:
    """Ids of drifts of which rules hide lines, by rule; `limit`: of each the first ones."""
    rows = await tx.all(
        "SELECT rule_id, drift_id FROM (SELECT i.rule_id, i.drift_id,"
        " row_number() OVER (PARTITION BY i.rule_id ORDER BY i.drift_id) AS place FROM ignored_drifts i"
        " JOIN drifts d ON d.id = i.drift_id AND d.status <> 'resolved') AS hidden"
        " WHERE place <= :limit ORDER BY rule_id, drift_id",
        limit=limit,
    )
    found: dict[str, list[int]] = {}
    for rule_id, drift_id in rows:
        found.setdefault(rule_id, []).append(drift_id)
    return found


async def insert_rule(tx: Tx, ignore: Ignore, owner_id: str, at: datetime) -> bool:
    """False when there is a rule with this id already."""
    row = await tx.one(
        "INSERT INTO ignore_rules (id, stack_glob, resource_type, address_glob, path, value_glob, reason, owner_id,"
        " created_at, ends_at) VALUES (:id, :stack_glob, :resource_type, :address_glob, :path, :value_glob, :reason,"
        " :owner_id, :at, :ends_at) ON CONFLICT (id) DO NOTHING RETURNING id",
        id=ignore.id,
        stack_glob=ignore.stack_glob,
        resource_type=ignore.resource_type,
        address_glob=ignore.address_glob,
        path=msgspec.json.encode(ignore.path).decode(),
        value_glob=ignore.value_glob,
        reason=ignore.reason,
        owner_id=owner_id,
        at=to_text(at),
        ends_at=to_text(ignore.ends_at),
    )
    return row is not None


async def update_ended(tx: Tx, rule_id: str, by: str, at: datetime) -> bool:
    """Ended by somebody. False when it has ended already."""
    row = await tx.one(
        "UPDATE ignore_rules SET ended_at = :at, ended_by = :by WHERE id = :id AND ended_at IS NULL RETURNING id",
        id=rule_id,
        by=by,
        at=to_text(at),
    )
    return row is not None


async def update_due(tx: Tx, at: datetime) -> list[tuple[str, str]]:
    """End the rules whose day has come; (id, stack glob) of each. Of several processes one gets it."""
    rows = await tx.all(
        "UPDATE ignore_rules SET ended_at = :at WHERE ended_at IS NULL AND ends_at <= :at RETURNING id, stack_glob",
        at=to_text(at),
    )
    return sorted((row["id"], row["stack_glob"]) for row in rows)


async def select_due(tx: Tx, at: datetime) -> bool:
    found = await tx.value(
        "SELECT id FROM ignore_rules WHERE ended_at IS NULL AND ends_at <= :at LIMIT 1", at=to_text(at)
    )
    return found is not None


async def select_left_over(tx: Tx, before: datetime) -> list[str]:
    """Stack globs of rules that ended by then, of which something is hidden still: a process died in between."""
    rows = await tx.all(
        "SELECT DISTINCT r.stack_glob FROM ignore_rules r WHERE r.ended_at <= :before"
        " AND EXISTS (SELECT 1 FROM ignored_drifts i WHERE i.rule_id = r.id) ORDER BY r.stack_glob",
        before=to_text(before),
    )
    return [row[0] for row in rows]


# -- What a rule would hide ----------------------------------------------------------------------------------------


async def select_candidates(tx: Tx, ignore: Ignore, since: datetime, limit: int) -> list[Row]:
    """Drifts that the rule may be about and that are open, or were updated since then; the newest first.

    Roughly: `Ignore.covers` says it exactly.
    """
    values: dict[str, Any] = {}
    columns = {
        "stack": ("s.slug", ignore.stack_glob),
        "type": ("d.resource_type", ignore.resource_type),
        "address": ("d.address", ignore.address_glob),
    }
    conditions = [_roughly(column, name, glob, values) for name, (column, glob) in columns.items()]
    return await tx.all(
        "SELECT d.id, s.slug AS stack, d.address, d.resource_type, d.status, d.action, d.updated_at FROM drifts d"
        f" JOIN stacks s ON s.id = d.stack_id WHERE {' AND '.join(conditions)}"
        " AND (d.status <> 'resolved' OR d.updated_at >= :since) ORDER BY d.updated_at DESC, d.id DESC LIMIT :limit",
        **values,
        since=to_text(since),
        limit=limit,
    )


def _roughly(column: str, name: str, glob: str, values: dict[str, Any]) -> str:
    """By how the glob begins and ends: databases are slow at more than one wildcard."""
    first, star, rest = glob.partition("*")
    values[name] = glob
    if not star:
        return f"{column} = :{name}"
    values[name] = _escaped(first) + "%" + _escaped(rest.rpartition("*")[2])
    return f"{column} LIKE :{name} ESCAPE '\\'"


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


async def select_facts(tx: Tx, drift_ids: Collection[int], since: datetime) -> tuple[list[Row], list[Row]]:
    """(id, changes) of drifts of now, and (drift_id, changes) of what was decided on since then."""
    among = ", ".join(str(int(drift_id)) for drift_id in drift_ids)
    now = await tx.all(f"SELECT id, changes FROM drifts WHERE id IN ({among})")
    decided = await tx.all(
        f"SELECT drift_id, changes FROM decisions WHERE drift_id IN ({among}) AND decided_at >= :since",
        since=to_text(since),
    )
    return now, decided


# -- Rows ----------------------------------------------------------------------------------------------------------


def _ignore(row: Row) -> Ignore:
    return Ignore(
        id=row["id"],
        stack_glob=row["stack_glob"],
        resource_type=row["resource_type"],
        address_glob=row["address_glob"],
        path=_paths.decode(row["path"]),
        value_glob=row["value_glob"],
        ends_at=from_text(row["ends_at"]),
        owner_name=row["owner_name"],
        reason=row["reason"],
    )


def _rule(row: Row) -> IgnoreRule:
    return IgnoreRule(
        ignore=_ignore(row),
        owner_id=row["owner_id"],
        created_at=from_text(row["created_at"]),
        ended_at=maybe_from_text(row["ended_at"]),
        ended_by=row["ended_by"],
        drifts=int(row["drifts"]),
        lines=int(row["lines"]),
    )
