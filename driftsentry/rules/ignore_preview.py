"""What a rule would hide: now, and in what was known in the last days."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftsentry.db import Row, Tx
from driftsentry.ingest import changes_from_json
from driftsentry.judging.ignoring import Ignore, may_hide
from driftsentry.rules import ignore_queries

PAST = timedelta(days=30)
LISTED = 20
# A glob may fit a whole fleet: then the newest are looked at, and the page says so.
MOST_DRIFTS = 5_000
MOST_SECONDS = 2.0
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """A drift of which `lines` differences would be hidden."""

    drift_id: int
    stack: str
    address: str
    status: str
    lines: int


@dataclass(frozen=True, slots=True)
class Hits:
    """How many drifts and lines, and the first of them."""

    drifts: int
    lines: int
    first: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """`now`: of drifts that are not resolved. `past`: also of resolved ones and of what was decided, by drift once.

    `is_capped`: more drifts may be hit than those that were looked at.
    """

    now: Hits
    past: Hits
    is_capped: bool


async def preview(tx: Tx, ignore: Ignore, at: datetime) -> Preview:
    """What the rule hides of the drifts that are known. Nothing is written."""
    since, started = at - PAST, time.monotonic()
    found = await ignore_queries.select_candidates(tx, ignore, since, MOST_DRIFTS + 1)
    covered = [row for row in found[:MOST_DRIFTS] if _is_covered(ignore, row)]
    now: list[Hit] = []
    past: list[Hit] = []
    looked = 0
    while looked < len(covered) and time.monotonic() - started < MOST_SECONDS:
        chunk = covered[looked : looked + _CHUNK]
        looked += len(chunk)
        facts = await ignore_queries.select_facts(tx, [row["id"] for row in chunk], since)
        of_now, of_past = await asyncio.to_thread(_hits, ignore, chunk, facts)
        now += of_now
        past += of_past
    return Preview(_sum(now), _sum(past), is_capped=len(found) > MOST_DRIFTS or looked < len(covered))


def _is_covered(ignore: Ignore, row: Row) -> bool:
    return may_hide(row["action"]) and ignore.covers(row["stack"], row["resource_type"], row["address"])


def _hits(ignore: Ignore, rows: Sequence[Row], facts: tuple[Iterable[Row], Iterable[Row]]) -> tuple[list[Hit], ...]:
    known = {drift_id: _count(ignore, changes) for drift_id, changes in facts[0]}
    decided: dict[int, int] = {}
    for drift_id, changes in facts[1]:
        decided[drift_id] = max(decided.get(drift_id, 0), _count(ignore, changes))
    now = [_hit(row, known[row["id"]]) for row in rows if row["status"] != "resolved"]
    past = [_hit(row, max(known[row["id"]], decided.get(row["id"], 0))) for row in rows]
    return [hit for hit in now if hit.lines], [hit for hit in past if hit.lines]


def _count(ignore: Ignore, changes: str) -> int:
    return sum(map(ignore.hides, changes_from_json(changes)))


def _hit(row: Row, lines: int) -> Hit:
    return Hit(row["id"], row["stack"], row["address"], row["status"], lines)


def _sum(hits: Sequence[Hit]) -> Hits:
    return Hits(len(hits), sum(hit.lines for hit in hits), tuple(hits[:LISTED]))
