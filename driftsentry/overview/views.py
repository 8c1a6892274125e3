"""The tables of the overview."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from driftsentry import drifts, stacks
from driftsentry.clock import from_text
from driftsentry.db import Tx

RECENT = 6
Cells = dict[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class FreshnessCounts:
    fresh: int
    late: int
    stale: int
    errored: int
    never: int
    total: int
    doubts: list[stacks.Doubt]


@dataclass(frozen=True, slots=True)
class RecentDecision:
    drift_id: int
    address: str
    stack: str
    verdict: str
    user_name: str
    decided_at: datetime
    reason: str


async def freshness(tx: Tx, now: datetime) -> FreshnessCounts:
    """How many stacks are how fresh, and why what is shown may be incomplete."""
    listed = stacks.freshest_last(await stacks.entries(tx, now))
    counted = Counter(entry.freshness.value for entry in listed)
    return FreshnessCounts(
        fresh=counted["fresh"],
        late=counted["late"],
        stale=counted["stale"],
        errored=counted["errored"],
        never=counted["never"],
        total=len(listed),
        doubts=stacks.doubts([entry.stack for entry in listed], now),
    )


async def table(tx: Tx) -> list[tuple[str, Cells, int]]:
    """(environment, severity: (how many wait, where they are listed), all of them), the fullest first."""
    by_environment: dict[str, Cells] = {}
    for environment, severity, amount in await drifts.select_environment_counts(tx):
        href = "/drifts?" + urlencode({"status": "open", "severity": severity, "environment": environment})
        by_environment.setdefault(environment, {})[severity] = (amount, href)
    rows = [(name, cells, sum(amount for amount, _href in cells.values())) for name, cells in by_environment.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


async def recent(tx: Tx) -> list[RecentDecision]:
    return [
        RecentDecision(
            row["drift_id"],
            row["address"],
            row["stack"],
            row["verdict"],
            row["user_name"],
            from_text(row["decided_at"]),
            row["reason"],
        )
        for row in await drifts.select_recent_decisions(tx, RECENT)
    ]
