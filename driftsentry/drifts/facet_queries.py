"""SQL of what a list can be narrowed to: how many drifts each stack has, and what a part of the list looks like."""

from collections.abc import Collection
from dataclasses import dataclass

from driftsentry.db import Tx
from driftsentry.drifts.model import Kind


@dataclass(frozen=True, slots=True)
class Sampled:
    """What facets ask of one drift."""

    severity: str
    stack_id: str
    type: str
    action: str
    decided_by: str | None


async def select_sample(tx: Tx, drift_ids: list[int]) -> list[Sampled]:
    """In no order."""
    named = ", ".join(str(int(drift_id)) for drift_id in drift_ids) or "0"
    rows = await tx.all(
        "SELECT d.severity, d.stack_id, d.resource_type, d.action, u.name FROM drifts d"
        f" LEFT JOIN decisions x ON x.id = d.decision_id LEFT JOIN users u ON u.id = x.user_id WHERE d.id IN ({named})"
    )
    return [Sampled(*tuple(row)) for row in rows]


async def select_amounts(tx: Tx, kinds: Collection[Kind]) -> dict[str, int]:
    """How many drifts of these kinds the stacks have, by the ids of the stacks."""
    if not kinds:
        return {}
    values = {
        f"{name}{n}": getattr(kind, name) for n, kind in enumerate(kinds) for name in ("status", "cause", "severity")
    }
    named = ", ".join(f"(:status{n}, :cause{n}, :severity{n}, {int(kind.is_snoozed)})" for n, kind in enumerate(kinds))
    rows = await tx.all(
        "SELECT stack_id, sum(amount) FROM drift_counts WHERE amount > 0"
        f" AND (status, cause, severity, is_snoozed) IN (VALUES {named}) GROUP BY stack_id",
        **values,
    )
    return {row[0]: int(row[1]) for row in rows}
