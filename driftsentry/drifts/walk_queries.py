"""Finding the drifts of a list, in its order, and counting them.

No index is in the order of a whole list, but each is within one kind of drifts. So a list is merged from walks, one for
each kind that there is: all cost the same at any depth, and stop at the end of the page. What no index knows is looked
for in the walks, `FAR` drifts at a time.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from driftsentry.db import Tx
from driftsentry.drifts.listing import Place, Sort, Wanted
from driftsentry.drifts.model import Kind
from driftsentry.drifts.search_queries import Values, of_drifts, of_stacks
from driftsentry.judging import Severity

FEW = 5_000  # below that all are sorted, beyond it the order is walked
FAR = 5_000  # drifts that one page looks through for what no index knows


@dataclass(frozen=True, slots=True)
class Places:
    """Drifts in their order: each as the columns of the order, the id last.

    `end`: where the next page goes on, None behind the last one. `is_cut`: it ends where looking was given up.
    """

    found: list[Place]
    end: Place | None
    is_cut: bool = False

    @property
    def ids(self) -> list[int]:
        return [int(place[-1]) for place in self.found]

    def first(self, limit: int, sort: Sort) -> "Places":
        """What the same look with this limit would have found."""
        return self if len(self.found) <= limit else Places(self.found[:limit], sort.told(self.found[limit - 1]))


@dataclass(frozen=True, slots=True)
class Found:
    """What there is, and the best way to what is wanted of it.

    `counts`: within the wanted stacks, of every kind. `lead`: a condition on `drifts d` that finds few of them by an
    index of its own, and `words` its parameter; then the walks are one.
    """

    counts: dict[Kind, int]
    lead: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """What is wanted, beside what there is."""

    tx: Tx
    wanted: Wanted
    found: Found
    kinds: dict[Kind, int] = field(init=False)  # those that are wanted, and how many there are of each

    def __post_init__(self) -> None:
        kinds = {kind: amount for kind, amount in self.found.counts.items() if self.wanted.includes(kind)}
        object.__setattr__(self, "kinds", kinds)

    @property
    def counts(self) -> dict[Kind, int]:
        return self.found.counts

    @property
    def lead(self) -> str:
        return self.found.lead

    @property
    def words(self) -> str:
        return self.found.words

    @property
    def amount(self) -> int:
        """How many drifts there are to look at, as the kept counts know it."""
        return sum(self.kinds.values())

    @property
    def is_countable(self) -> bool:
        """Whether the counts that are kept know how many match."""
        return self.wanted.is_countable

    @property
    def is_far(self) -> bool:
        """Whether there is more to look through than one page does."""
        return not (self.lead or self.is_countable) and self.amount > FAR

    async def count(self, limit: int, sort: Sort | None = None) -> int:
        """How many match; counting stops at `limit` + 1, and with `sort` where its first page stops to look."""
        if self.is_countable:
            return self.amount
        values: Values = {}
        horizon = await self._horizon(sort, ()) if sort else None
        walks = self._walks(sort or Sort(("id",)), (), values, horizon)
        inner = " UNION ALL ".join(f"SELECT 1 FROM drifts d WHERE {' AND '.join(walk)}" for walk in walks)
        sql = f"SELECT count(*) FROM (SELECT * FROM ({inner}) AS walks LIMIT :most) AS matching"
        return int(await self.tx.value(sql, **values, **self._words(), most=limit + 1)) if walks else 0

    async def places(
        self, sort: Sort, *, limit: int, offset: int = 0, after: Place = (), is_bounded: bool = False
    ) -> Places:
        """The page behind `after`. `is_bounded`: it may end before it is full, and others go on from there."""
        horizon = await self._horizon(sort, after) if is_bounded else None
        values: Values = {}
        walks = self._walks(sort, after, values, horizon)
        if not walks:
            return Places([], None)
        sql = f"{self._merged(sort, walks)} LIMIT :limit OFFSET :offset"
        values |= {"most": limit + offset + 1, "limit": limit + 1, "offset": offset}
        rows = [tuple(row) for row in await self.tx.all(sql, **values, **self._words())]
        if len(rows) > limit:
            return Places(rows[:limit], sort.told(rows[limit - 1]))
        return Places(rows, horizon, is_cut=horizon is not None)

    async def around(self, sort: Sort, drift_id: int) -> tuple[int | None, int | None]:
        """The drifts before and behind that one in the order, as far as one page looks."""
        row = await self.tx.one(f"SELECT {', '.join(sort.columns)} FROM drifts WHERE id = :id", id=drift_id)
        if row is None:
            return None, None
        place = sort.told(tuple(row))
        both = [await self.places(each, limit=1, after=place, is_bounded=True) for each in (sort.turned_round(), sort)]
        before, behind = (each.ids[0] if each.found else None for each in both)
        return before, behind

    async def _horizon(self, sort: Sort, after: Place) -> Place | None:
        """Where a page that starts at `after` stops to look; None where it can look at all."""
        if not self.is_far:
            return None
        bare = Search(self.tx, self.wanted.bare(), Found(self.counts))
        values: Values = {}
        walks = bare._walks(sort, after, values, None)
        sql = f"{bare._merged(sort, walks)} LIMIT 1 OFFSET :far"
        row = await self.tx.one(sql, **values, most=FAR, far=FAR - 1) if walks else None
        return sort.told(tuple(row)) if row else None

    def _merged(self, sort: Sort, walks: Iterable[list[str]]) -> str:
        named = ", ".join(f"d.{column}" for column in sort.columns)
        parts = (
            f"SELECT * FROM (SELECT {named} FROM drifts d WHERE {' AND '.join(walk)}"
            f" ORDER BY {sort.order('d.')} LIMIT :most) AS walk{n}"
            for n, walk in enumerate(walks)
        )
        return f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS walks ORDER BY {sort.order()}"

    def _words(self) -> dict[str, Any]:
        return {"words": self.words} if self.words else {}

    # -- The conditions of each walk: together they name every kind once ------------------------------------------

    def _walks(self, sort: Sort, after: Place, values: Values, horizon: Place | None) -> list[list[str]]:
        if not self.kinds:
            return []
        narrow, shared = self._narrow(sort, values), None if self.lead else self._shared(sort)
        if shared is None:
            lead = [self.lead] if self.lead else []
            span = _span(sort, after, horizon, values)
            return [[*lead, *self._of(self.counts, self.kinds, values), *narrow, *(span or []), "1 = 1"]]
        walks = []
        for fixed, kinds in groupby(sorted(self.kinds, key=shared), key=shared):
            alike = [kind for kind in self.counts if shared(kind) == fixed]
            span = _span(sort, after, horizon, values, *fixed[3:])
            if span is not None:
                walks.append([*_fixed(fixed, values), *self._of(alike, list(kinds), values), *narrow, *span])
        return walks

    def _shared(self, sort: Sort) -> Any:
        """What the drifts of one walk have in common, as a function of a kind; None: nothing, it is one walk."""
        if sort.columns[0] == "severity_rank" and self._is_of_all_severities():
            return _beside_severity
        if sort.by == "kind" or self.amount <= FEW:
            return lambda kind: (*_beside_severity(kind), Severity(kind.severity).rank)
        return (lambda kind: (kind.status, kind.cause)) if sort.by == "status" else None

    def _is_of_all_severities(self) -> bool:
        """Whether there is nothing to pass over in walks from one severity to the next."""
        wanted = {_beside_severity(kind) for kind in self.kinds}
        return all(kind in self.kinds for kind in self.counts if _beside_severity(kind) in wanted)

    def _narrow(self, sort: Sort, values: Values) -> list[str]:
        """Conditions beside the kind."""
        conditions = of_drifts(self.wanted, values, with_words=not self.words)
        if self.wanted.only:
            conditions.append(f"d.id IN ({', '.join(str(int(drift_id)) for drift_id in self.wanted.only)})")
        if stacks := of_stacks(self.wanted, values):
            named = f"(SELECT s.id FROM stacks s WHERE {' AND '.join(stacks)})"
            is_one = self.wanted.is_of_one_stack
            # Where the order or the lead has the better index, none is used for the stack.
            is_first = not self.lead and (self.amount <= FEW or (is_one and sort.by == "kind"))
            column = "d.stack_id" if is_first else "d.stack_id || ''"
            conditions.append(f"{column} = {named}" if is_one else f"{column} IN {named}")
        return conditions

    def _of(self, there: Collection[Kind], kinds: Collection[Kind], values: Values) -> list[str]:
        """The condition that it is of these kinds, where there are others. No index is used for it."""
        if len(kinds) == len(there):
            return []
        every = []
        for kind in sorted(kinds):
            status, cause = _text(kind.status, values), _text(kind.cause, values)
            rank, is_snoozed = Severity(kind.severity).rank, int(kind.is_snoozed)
            every.append(
                f"(d.status || '' = {status} AND d.cause || '' = {cause}"
                f" AND d.is_snoozed + 0 = {is_snoozed} AND d.severity_rank + 0 = {rank})"
            )
        return [" OR ".join(every).join("()")]


async def search(tx: Tx, wanted: Wanted) -> Search:
    """With the counts that are kept, and the best way to what is wanted."""
    counts = await _counted(tx, wanted)
    found, words = Found(counts), [*wanted.words, *wanted.hints]
    if wanted.only:
        found = Found(counts, "1 = 1")
    elif wanted.is_of_changed:
        found = Found(counts, "d.status = 'detected' AND d.decision_id IS NOT NULL")
    elif words and await tx.count_found(words, FEW + 1) <= FEW:
        found = Found(counts, *tx.search(words))
    return Search(tx, wanted, found)


async def _counted(tx: Tx, wanted: Wanted) -> dict[Kind, int]:
    """How many drifts of each kind the wanted stacks have, from the table that triggers keep."""
    values: Values = {}
    where = " AND ".join(["c.amount > 0", *of_stacks(wanted, values)])
    beside = " JOIN stacks s ON s.id = c.stack_id" if values else ""
    rows = await tx.all(
        f"SELECT c.status, c.cause, c.severity, c.is_snoozed, sum(c.amount) FROM drift_counts c{beside}"
        f" WHERE {where} GROUP BY c.status, c.cause, c.severity, c.is_snoozed",
        **values,
    )
    return {Kind(row[0], row[1], row[2], bool(row[3])): int(row[4]) for row in rows}


def _beside_severity(kind: Kind) -> tuple[Any, ...]:
    return kind.status, kind.cause, int(kind.is_snoozed)


def _fixed(fixed: tuple[Any, ...], values: Values) -> list[str]:
    columns = zip(("status", "cause", "is_snoozed", "severity_rank"), fixed, strict=False)
    return [f"d.{column} = {_text(part, values) if isinstance(part, str) else part}" for column, part in columns]


def _text(value: str, values: Values) -> str:
    name = f"k_{value}"
    values[name] = value
    return f":{name}"


def _span(sort: Sort, after: Place, horizon: Place | None, values: Values, rank: int | None = None) -> list[str] | None:
    """The conditions that an entry stands behind the place where the page before ended, and not behind `horizon`.

    `rank`: of all severities of a walk. The other columns then say where in it, by the index; None: nowhere.
    """
    alone = rank if sort.columns[0] == "severity_rank" else None
    columns = sort.columns if alone is None else sort.columns[1:]
    named = ", ".join(f"d.{column}" for column in columns)
    conditions = []
    for name, place, signs in (("after", after, "><"), ("until", horizon or (), ("<=", ">="))):
        if place and alone is not None and alone != place[0]:
            is_behind = (alone < int(place[0])) == sort.is_descending
            if is_behind != (name == "after"):
                return None
        elif place:
            values.update(zip([f"{name}_{column}" for column in sort.columns[-len(place) :]], place, strict=True))
            address = f"(SELECT p.address FROM drifts p WHERE p.id = :{name}_id)"
            there = [address if column == "address" else f":{name}_{column}" for column in columns]
            conditions.append(f"({named}) {signs[sort.is_descending]} ({', '.join(there)})")
    return conditions
