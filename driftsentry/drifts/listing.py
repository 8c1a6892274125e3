"""Drifts as programs list them: what a list is narrowed to, its order, and one entry of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from driftsentry.drifts.model import Kind
from driftsentry.drifts.query import Query, Term
from driftsentry.ingest import Change

Place = tuple[str | int, ...]
_WORD = re.compile(r"[^\W_]+")
_PLAIN_WORD = re.compile(r"[a-z][a-z0-9]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sort:
    """An order with no two equal. `columns` are SQL names; the last is the id.

    `by`: what is walked apart and merged, because an index is in this order only within one of them.
    """

    columns: tuple[str, ...]
    is_descending: bool = False
    by: str = ""  # "kind", "status" (and cause), or "" for one walk

    def order(self, prefix: str = "") -> str:
        """As SQL."""
        return ", ".join(prefix + column + (" DESC" if self.is_descending else "") for column in self.columns)

    def turned_round(self) -> "Sort":
        return replace(self, is_descending=not self.is_descending)

    def told(self, place: Place) -> Place:
        """What is told of a place. Of an address only the id: it can be longer than an address line."""
        return place[-1:] if "address" in self.columns else place


_ORDERS = {
    "detectedAt": (("detected_at", "id"), "kind"),
    "updatedAt": (("updated_at", "id"), "status"),
    "severity": (("severity_rank", "detected_at", "id"), "kind"),
    "address": (("address", "id"), ""),
    "id": (("id",), ""),
}
SORTS = {
    f"{'-' if is_descending else ''}{name}": Sort(columns, is_descending, by)
    for name, (columns, by) in _ORDERS.items()
    for is_descending in (False, True)
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; empty means all, and all of `queries` must hold.

    `says`: which kinds there may be. `trait`: what must be so of each drift, as in `is:changed`. `me`: the id of
    whoever asks. `is_bare`: only the kinds count, whatever else was asked.
    """

    statuses: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    cause: str = ""
    is_snoozed: bool | None = None
    says: Callable[[Kind], bool] | None = None
    trait: str = ""
    queries: tuple[Query, ...] = ()
    only: tuple[int, ...] = ()
    me: str = ""
    is_bare: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return () if self.is_bare else tuple(dict.fromkeys(word for query in self.queries for word in query.words))

    @property
    def hints(self) -> tuple[str, ...]:
        """Beginnings of words that are in the full text of whatever matches an address."""
        globs = [group[0].values[0] for group in self.groups() if _is_one(group, "address")]
        return tuple(dict.fromkeys(word for glob in globs for word in _words_in(glob)))

    @property
    def is_countable(self) -> bool:
        """Whether the counts that are kept know how many match."""
        return not (self.words or self.trait or self.only or [1 for group in self.groups() if not _is_of_stacks(group)])

    @property
    def is_of_one_stack(self) -> bool:
        return any(_is_one(group, "stack") and "*" not in group[0].values[0] for group in self.groups())

    @property
    def is_of_changed(self) -> bool:
        """Whether all that match were decided, and are open again."""
        return self.trait == "changed" or any(
            _is_one(group, "is") and group[0].values == ("changed",) for group in self.groups()
        )

    def groups(self) -> list[tuple[Term, ...]]:
        """What stands beside the kind: of each, one term must hold."""
        return [] if self.is_bare else [group for query in self.queries for group in query.groups(is_of_kind=False)]

    def bare(self) -> "Wanted":
        """The same kinds, whatever else was asked."""
        return replace(self, trait="", only=(), is_bare=True)

    def includes(self, kind: Kind) -> bool:
        return (
            (not self.statuses or kind.status in self.statuses)
            and (not self.severities or kind.severity in self.severities)
            and self.cause in ("", kind.cause)
            and self.is_snoozed in (None, kind.is_snoozed)
            and (self.says is None or self.says(kind))
            and all(query.holds(kind) for query in self.queries)
        )


def _is_of_stacks(group: tuple[Term, ...]) -> bool:
    return group[0].key in ("stack", "env")


def _is_one(group: tuple[Term, ...], key: str) -> bool:
    """Whether it is one plain value of that key."""
    term = group[0]
    return term.key == key and len(group) == len(term.values) == 1 and not term.is_negated


def _words_in(glob: str) -> list[str]:
    """The words that begin within a glob. Those of other alphabets are left out: engines cut them differently."""
    found = []
    for number, part in enumerate(glob.lower().split("*")):
        begun = [match for match in _WORD.finditer(part) if not (number and match.start() == 0)]
        found += [match[0] for match in begun if _PLAIN_WORD.fullmatch(match[0])]
    return found


@dataclass(frozen=True, slots=True)
class Decided:
    """The last decision, as text."""

    verdict: str
    user_id: str
    user_name: str
    reason: str
    fingerprint: str
    at: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One drift. Times are text, as they are kept and as programs get them: a page holds hundreds of them."""

    id: int
    stack: str
    environment: str
    address: str
    deposed: str
    type: str
    name: str
    module: str
    provider: str
    status: str
    cause: str
    cause_reason: str
    action: str
    severity: str
    severity_rank: int
    severity_rule: str
    severity_reason: str
    fingerprint: str
    attributes: tuple[str, ...]
    hidden_changes: int
    first_seen_at: str
    detected_at: str
    last_seen_at: str
    updated_at: str
    resolved_at: str | None
    reopened: int
    version: int
    is_snoozed: bool
    snoozed_until: str | None
    decision: Decided | None
    changes: tuple[Change, ...] | None  # None in a list

    @property
    def is_changed_since_decision(self) -> bool:
        """Whether the last decision was made on other facts than those of now."""
        is_open, made = self.status == "detected", self.decision
        return is_open and made is not None and made.fingerprint != self.fingerprint

    def place(self, sort: Sort) -> Place:
        """Where it stands in that order, as it is told."""
        return sort.told(tuple(getattr(self, column) for column in sort.columns))


def is_place(sort: Sort, place: Place) -> bool:
    """Whether `place` can be one of that order; it comes from outside."""
    columns = ("id",) if "address" in sort.columns else sort.columns
    return len(place) == len(columns) and all(map(_fits, columns, place))


def _fits(column: str, part: str | int) -> bool:
    if column.endswith("_at"):
        return isinstance(part, str) and part.isprintable()
    return type(part) is int and 0 <= part < 2**31
