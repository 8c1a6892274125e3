"""Drifts as programs list them: what a list is narrowed to, its order, and one entry of it."""

from dataclasses import dataclass

from driftsentry.drifts.filter import WORDS
from driftsentry.drifts.model import Kind
from driftsentry.ingest import Change
from driftsentry.ingest.text import words_of

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """An order with no two equal. `columns` are SQL names; the last is the id.

    `by`: what is walked apart and merged, because an index is in this order only within one of them.
    """

    columns: tuple[str, ...]
    is_descending: bool = False
    by: str = ""  # "kind", "status" (and cause), or "" for one walk


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
    """What a list is narrowed to; empty means all. `*` in `stack` and `type` stands for any characters."""

    statuses: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    cause: str = ""
    stack: str = ""
    environment: str = ""
    type: str = ""
    action: str = ""
    q: str = ""
    is_snoozed: bool | None = None

    @property
    def words(self) -> list[str]:
        return list(words_of(self.q)[:WORDS])

    @property
    def is_countable(self) -> bool:
        """Whether the counts that are kept know how many match."""
        return not (self.type or self.action or self.words)

    @property
    def is_of_one_stack(self) -> bool:
        return bool(self.stack) and "*" not in self.stack

    def includes(self, kind: Kind) -> bool:
        return (
            (not self.statuses or kind.status in self.statuses)
            and (not self.severities or kind.severity in self.severities)
            and self.cause in ("", kind.cause)
            and self.is_snoozed in (None, kind.is_snoozed)
        )


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
        """Where it stands in that order. Of an address only the id is told: it can be longer than an address line."""
        if "address" in sort.columns:
            return (self.id,)
        return tuple(getattr(self, column) for column in sort.columns)


def is_place(sort: Sort, place: Place) -> bool:
    """Whether `place` can be one of that order; it comes from outside."""
    columns = ("id",) if "address" in sort.columns else sort.columns
    return len(place) == len(columns) and all(map(_fits, columns, place))


def _fits(column: str, part: str | int) -> bool:
    if column.endswith("_at"):
        return isinstance(part, str) and part.isprintable()
    return type(part) is int and 0 <= part < 2**31
