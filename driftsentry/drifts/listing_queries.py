"""SQL of the lists that programs read, of one drift as they get it, and of its timeline.

No index is in the order of a whole list, but each is within one status, cause and severity. So a list is merged from
walks, one for each of them that has drifts: all cost the same at any depth, and stop at the end of the page.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from driftsentry.db import Tx
from driftsentry.drifts.listing import Decided, Listed, Place, Sort, Wanted
from driftsentry.drifts.model import Kind
from driftsentry.events import Event, event_of
from driftsentry.ingest import changes_from_json
from driftsentry.judging import Severity

ENOUGH = 10_000
FEW = 5_000  # below that all of some stacks are sorted, beyond it the order is walked and their stacks looked at
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
_ADDRESS_AFTER = "(SELECT p.address FROM drifts p WHERE p.id = :after_id)"
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """One page, whether more follow it, and how many match; counting may have stopped at `ENOUGH`."""

    drifts: list[Listed]
    has_more: bool
    total: int
    is_capped: bool


async def select_list(tx: Tx, wanted: Wanted, sort: Sort, *, limit: int, offset: int, after: Place = ()) -> Found:
    kinds = await _counted(tx, wanted)
    total, is_capped, values = sum(kinds.values()), False, dict[str, Any]()
    search = _Search(tx, wanted, sort, after, total, values)
    if total and not wanted.is_countable:
        total = await _count(tx, [*search.narrow(), *search.kinds(kinds)], values)
        total, is_capped = min(total, ENOUGH), total > ENOUGH
    if not total or (offset >= total and not is_capped):
        return Found([], False, total, is_capped)
    sql = search.sql(kinds)
    rows = await tx.all(sql, **values, most=limit + offset + 1, limit=limit + 1, offset=offset)
    return Found([_listed(tuple(row)) for row in rows[:limit]], len(rows) > limit, total, is_capped)


async def select_listed(tx: Tx, drift_id: int) -> Listed | None:
    """One drift with its changes."""
    row = await tx.one(f"SELECT {_COLUMNS}, d.changes FROM drifts d{_BESIDE} WHERE d.id = :id", id=drift_id)
    return _listed(tuple(row)) if row else None


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


# -- What matches --------------------------------------------------------------------------------------------------


async def _counted(tx: Tx, wanted: Wanted) -> dict[Kind, int]:
    """How many drifts of each kind the wanted stacks have, from the table that triggers keep."""
    values: Values = {}
    where = " AND ".join(["c.amount > 0", *_of_stacks(wanted, values)])
    rows = await tx.all(
        "SELECT c.status, c.cause, c.severity, c.is_snoozed, sum(c.amount) FROM drift_counts c"
        f" JOIN stacks s ON s.id = c.stack_id WHERE {where} GROUP BY c.status, c.cause, c.severity, c.is_snoozed",
        **values,
    )
    found = {Kind(row[0], row[1], row[2], bool(row[3])): int(row[4]) for row in rows}
    return {kind: amount for kind, amount in found.items() if wanted.includes(kind)}


async def _count(tx: Tx, conditions: list[str], values: Values) -> int:
    """How many drifts match; counting stops at `ENOUGH` + 1."""
    inner = f"SELECT 1 FROM drifts d WHERE {' AND '.join(conditions)} LIMIT :enough"
    return int(await tx.value(f"SELECT count(*) FROM ({inner}) AS matching", **values, enough=ENOUGH + 1))


def _of_stacks(wanted: Wanted, values: Values) -> list[str]:
    conditions = [_matches("s.slug", "stack", wanted.stack, values)] if wanted.stack else []
    if wanted.environment:
        conditions.append("s.environment = :environment")
        values["environment"] = wanted.environment
    return conditions


def _matches(column: str, name: str, pattern: str, values: Values) -> str:
    """`*` stands for any characters. Capital letters are small ones there: so it is with LIKE on SQLite."""
    if "*" not in pattern:
        values[name] = pattern
        return f"{column} = :{name}"
    values[name] = re.sub(r"([\\%_])", r"\\\1", pattern.lower()).replace("*", "%")
    return f"lower({column}) LIKE :{name} ESCAPE '\\'"


@dataclass(frozen=True, slots=True)
class _Search:
    """Makes the SQL of one list. What it needs of `values` it adds to them."""

    tx: Tx
    wanted: Wanted
    sort: Sort
    after: Place
    amount: int  # of drifts to look at, as the kept counts know it
    values: Values

    @property
    def is_merged(self) -> bool:
        return bool(self.sort.by) and self.amount > FEW and not self.wanted.words

    def sql(self, kinds: Collection[Kind]) -> str:
        columns, narrow = self.sort.columns, self.narrow()
        walks = self._walks(kinds) if self.is_merged else [[*self.kinds(kinds), *self._behind(columns, self.after)]]
        named, order = ", ".join(f"d.{column}" for column in columns), self._order("d.")
        parts = (
            f"SELECT * FROM (SELECT {named} FROM drifts d WHERE {' AND '.join([*walk, *narrow])}"
            f" ORDER BY {order} LIMIT :most) AS walk{n}"
            for n, walk in enumerate(walks or [["1 = 0"]])
        )
        page = f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS walks ORDER BY {self._order()} LIMIT :limit"
        return (
            f"SELECT {_COLUMNS} FROM ({page} OFFSET :offset) AS found JOIN drifts d ON d.id = found.id{_BESIDE}"
            f" ORDER BY {order}"
        )

    def narrow(self) -> list[str]:
        """Conditions on `drifts d` beside its kind."""
        conditions = []
        if stacks := _of_stacks(self.wanted, self.values):
            named = f"(SELECT s.id FROM stacks s WHERE {' AND '.join(stacks)})"
            has_index = self.is_merged and self.sort.by == "kind" and self.wanted.is_of_one_stack
            conditions.append(f"d.stack_id = {named}" if has_index else f"{self._free('stack_id')} IN {named}")
        if self.wanted.type:
            conditions.append(_matches("d.resource_type", "type", self.wanted.type, self.values))
        if self.wanted.action:
            conditions.append("d.action = :action")
            self.values["action"] = self.wanted.action
        if self.wanted.words:
            clause, self.values["words"] = self.tx.search(self.wanted.words)
            conditions.append(clause)
        return conditions

    def kinds(self, kinds: Collection[Kind]) -> list[str]:
        """Of the kinds that are wanted and that there are."""
        return [
            _among(self._free("status"), "status", sorted({kind.status for kind in kinds}), self.values),
            _among(self._free("cause"), "cause", sorted({kind.cause for kind in kinds}), self.values),
            *self._beside(kinds),
        ]

    def _beside(self, kinds: Collection[Kind]) -> list[str]:
        """What kinds are wanted within one status and cause."""
        severities = sorted({kind.severity for kind in kinds})
        conditions = [_among(self._free("severity"), "severity", severities, self.values)]
        if self.wanted.is_snoozed is not None:
            conditions.append(f"{self._free('is_snoozed', '+ 0')} = {int(self.wanted.is_snoozed)}")
        return conditions

    def _free(self, column: str, hiding: str = "|| ''") -> str:
        """The column; where the order or the search has the better index, so that none is used for the column."""
        return f"d.{column}" if self.amount <= FEW and not self.wanted.words else f"d.{column} {hiding}"

    def _order(self, prefix: str = "") -> str:
        return ", ".join(prefix + column + (" DESC" if self.sort.is_descending else "") for column in self.sort.columns)

    def _behind(self, columns: tuple[str, ...], after: Place) -> list[str]:
        """The condition that an entry stands behind the place where the page before ended."""
        if not after:
            return []
        self.values.update(zip([f"after_{column}" for column in columns[-len(after) :]], after, strict=True))
        named = ", ".join(f"d.{column}" for column in columns)
        there = ", ".join(_ADDRESS_AFTER if column == "address" else f":after_{column}" for column in columns)
        return [f"({named}) {'<' if self.sort.is_descending else '>'} ({there})"]

    def _walks(self, kinds: Collection[Kind]) -> list[list[str]]:
        """The conditions of each walk: together they name every kind once."""
        if self.sort.by == "kind":
            return [walk for n, kind in enumerate(sorted(kinds)) if (walk := self._of_kind(n, kind))]
        pairs = sorted({(kind.status, kind.cause) for kind in kinds})
        rest = [*self._beside(kinds), *self._behind(self.sort.columns, self.after)]
        return [[*self._of(n, status, cause), *rest] for n, (status, cause) in enumerate(pairs)]

    def _of(self, n: int, status: str, cause: str) -> list[str]:
        self.values.update({f"status_{n}": status, f"cause_{n}": cause})
        return [f"d.status = :status_{n}", f"d.cause = :cause_{n}"]

    def _of_kind(self, n: int, kind: Kind) -> list[str]:
        """[] for a kind that lies before the place where the page before ended."""
        rank = Severity(kind.severity).rank
        columns, after = self.sort.columns, self.after
        if columns[0] == "severity_rank":  # it is one in the whole walk
            reached = after[0] if after else None
            columns, after = columns[1:], after[1:] if rank == reached else ()
            if isinstance(reached, int) and (rank > reached if self.sort.is_descending else rank < reached):
                return []
        self.values[f"rank_{n}"] = rank
        alike = [f"d.is_snoozed = {int(kind.is_snoozed)}", f"d.severity_rank = :rank_{n}"]
        return [*self._of(n, kind.status, kind.cause), *alike, *self._behind(columns, after)]


def _among(column: str, name: str, choices: list[str], values: Values) -> str:
    values |= {f"{name}{n}": choice for n, choice in enumerate(choices)}
    return f"{column} IN ({', '.join(f':{name}{n}' for n in range(len(choices)))})"


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
