"""SQL of the lists that programs read, of one drift as they get it, and of its timeline.

No index is in the order of a whole list, but each is within one status, cause and severity. So a list is merged from
walks, one for each of them that has drifts: all cost the same at any depth, and stop at the end of the page.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from driftsentry.db import Tx
from driftsentry.drifts.listing import Decided, Listed, Place, Sort, Wanted
from driftsentry.drifts.walk_queries import search
from driftsentry.events import Event, event_of
from driftsentry.ingest import changes_from_json

ENOUGH = 10_000
_COLUMNS = (
    "d.id, s.slug, s.environment, d.address, d.deposed, d.resource_type, d.resource_name, d.module_address, d.provider,"
    " d.status, d.cause, d.cause_reason, d.action, d.severity, d.severity_rank, d.severity_rule, d.severity_reason,"
    " d.fingerprint, d.attributes, d.hidden_changes, d.first_seen_at, d.detected_at, d.seen_at, d.updated_at,"
    " d.resolved_at, d.reopened, d.version, d.is_snoozed, d.snoozed_until, s.last_complete_at, x.verdict, x.user_id,"
    " u.name, x.reason, x.fingerprint, x.decided_at, x.until"
)
_BESIDE = (
    " JOIN stacks s ON s.id = d.stack_id LEFT JOIN decisions x ON x.id = d.decision_id"
    " LEFT JOIN users u ON u.id = x.user_id"
)
_OF_DRIFT = "drift_id = :drift_id AND kind LIKE 'drift.%'"


@dataclass(frozen=True, slots=True)
class Found:
    """One page, and where the next one goes on: None behind the last.

    `total`: how many match; with `is_capped` at least, for counting stopped at `ENOUGH`, or where the first page stops
    to look. `is_cut`: this page ends where looking was given up.
    """

    drifts: list[Listed]
    end: Place | None
    total: int
    is_capped: bool
    is_cut: bool = False


async def select_list(tx: Tx, wanted: Wanted, sort: Sort, *, limit: int, offset: int, after: Place = ()) -> Found:
    asked = await search(tx, wanted)
    total = await asked.count(ENOUGH, sort)
    is_capped = asked.is_far or (total > ENOUGH and not asked.is_countable)
    if not is_capped and offset >= total:
        return Found([], None, total, False)
    places = await asked.places(sort, limit=limit, offset=offset, after=after, is_bounded=True)
    listed = await _select_listed(tx, places.ids)
    return Found(
        [listed[drift_id] for drift_id in places.ids],
        places.end,
        min(total, ENOUGH) if is_capped else total,
        is_capped,
        places.is_cut,
    )


async def select_listed(tx: Tx, drift_id: int) -> Listed | None:
    """One drift with its changes."""
    row = await tx.one(f"SELECT {_COLUMNS}, d.changes FROM drifts d{_BESIDE} WHERE d.id = :id", id=drift_id)
    return _listed(tuple(row)) if row else None


async def _select_listed(tx: Tx, drift_ids: list[int]) -> dict[int, Listed]:
    """By their ids, without their changes."""
    named = ", ".join(str(int(drift_id)) for drift_id in drift_ids)
    rows = await tx.all(f"SELECT {_COLUMNS} FROM drifts d{_BESIDE} WHERE d.id IN ({named})") if drift_ids else []
    return {row[0]: _listed(tuple(row)) for row in rows}


async def select_some_listed(tx: Tx, drift_ids: Sequence[int]) -> list[Listed]:
    """Those of `drift_ids` that exist, in that order, without changes."""
    named = ", ".join(str(int(drift_id)) for drift_id in drift_ids) or "NULL"
    rows = await tx.all(f"SELECT {_COLUMNS} FROM drifts d{_BESIDE} WHERE d.id IN ({named})")
    found = {row[0]: _listed(tuple(row)) for row in rows}
    return [found[drift_id] for drift_id in drift_ids if drift_id in found]


async def select_timeline(tx: Tx, drift_id: int, *, after: int, limit: int, offset: int) -> list[Event]:
    """Events of a drift behind number `after`, the oldest first."""
    rows = await tx.all(
        f"SELECT * FROM events WHERE {_OF_DRIFT} AND seq > :after ORDER BY seq LIMIT :limit OFFSET :offset",
        drift_id=drift_id,
        after=after,
        limit=limit,
        offset=offset,
    )
    return [event_of(row) for row in rows]


async def count_timeline(tx: Tx, drift_id: int) -> int:
    return int(await tx.value(f"SELECT count(*) FROM events WHERE {_OF_DRIFT}", drift_id=drift_id))


# -- Rows ----------------------------------------------------------------------------------------------------------


def _listed(row: tuple[Any, ...]) -> Listed:
    *facts, attributes, hidden, first, detected, seen, updated, resolved, reopened, version = row[:27]
    is_snoozed, snoozed_until, complete = row[27:30]
    verdict, user_id, user_name, reason, fingerprint, decided_at, until = row[30:37]
    # Nothing is written for an unchanged drift: while it is not resolved, every complete report saw it.
    last_seen = seen if facts[9] == "resolved" or complete is None else max(seen, complete)
    decision = Decided(verdict, user_id, user_name, reason, fingerprint, decided_at, until) if verdict else None
    changes = changes_from_json(row[37]) if len(row) > 37 else None
    times = (first, detected, last_seen, updated, resolved)
    names = tuple(json.loads(attributes))
    snooze = (bool(is_snoozed), snoozed_until)
    return Listed(*(*facts, names, hidden, *times, reopened, version, *snooze, decision, changes))
