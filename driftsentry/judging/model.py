"""How much a drift matters, and which rule says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from driftsentry.ingest.model import Change, Finding


class Severity(StrEnum):
    """Ordered by `rank`, from 1 (low) to 4 (critical); as text it orders like any text."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity, start=1)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The severity of one finding, the name of the rule that gave it, and its sentence for people."""

    severity: Severity
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """What one changed attribute looks like. `attributes`: globs over its path, see `searchable`; `before` and
    `after`: see `patterns`. What is left empty may be anything."""

    attributes: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a rule matches: everything that is said must be so; of several in one place, one.

    `types`, `except_types`, `addresses`, `environments`, `actions`: globs. `lines`: a difference that counts looks
    like one of them; with `every`, all of them do. Lines say nothing of an object that is gone, unless `actions`
    does. `asks`: a question by name, for what no line can say.
    """

    types: tuple[str, ...] = ()
    except_types: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    every: bool = False
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """`key` never changes, `name` is what people see. `reason` is a sentence; `{attribute}`, `{before}`, `{after}`,
    `{type}`, `{address}` and, of a question, `{answer}` are filled in."""

    key: str
    name: str
    severity: Severity
    reason: str
    conditions: Conditions = field(default_factory=Conditions)


def significant(finding: Finding) -> list[Change]:
    """The changes that count: noise never raises a severity."""
    return [change for change in finding.changes if not change.noise]


def attribute_of(change: Change) -> str:
    """The last name in the path: the attribute or block attribute that changed."""
    return next((part for part in reversed(change.path) if isinstance(part, str)), "")
