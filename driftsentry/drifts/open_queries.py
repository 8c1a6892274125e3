"""SQL about the drifts that are not resolved, for those who ask what other rules would make of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from driftsentry.db import Row, Tx
from driftsentry.drifts.stored_queries import STORED
from driftsentry.ingest import Finding
from driftsentry.judging.sighting import finding_of


@dataclass(frozen=True, slots=True)
class OpenDrift:
    """A drift as it is kept. `finding`: what it was made of, which takes a while to read."""

    id: int
    stack: str
    environment: str
    address: str
    _row: Row | Mapping[str, Any]

    @property
    def finding(self) -> Finding:
        return finding_of(self._row)


async def select_open_drifts(tx: Tx, after: int, limit: int) -> list[OpenDrift]:
    """In the order of their numbers, behind `after`."""
    rows = await tx.all(
        f"SELECT {STORED}, s.slug, s.environment FROM drifts d JOIN stacks s ON s.id = d.stack_id"
        " WHERE d.status <> 'resolved' AND d.id > :after ORDER BY d.id LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [OpenDrift(row["id"], row["slug"], row["environment"], row["address"], row) for row in rows]


async def count_open_by_rule(tx: Tx) -> dict[str, int]:
    """How many drifts got their severity from each rule, by its name."""
    rows = await tx.all("SELECT severity_rule, count(*) FROM drifts WHERE status <> 'resolved' GROUP BY severity_rule")
    return {row[0]: row[1] for row in rows}
