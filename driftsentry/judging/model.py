"""How much a drift matters, and which rule says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
class Rule:
    """`matches` answers False, True (then `reason` is the sentence), or the sentence itself."""

    name: str
    severity: Severity
    matches: Callable[[Finding], bool | str]
    reason: str


def significant(finding: Finding) -> list[Change]:
    """The changes that count: noise never raises a severity."""
    return [change for change in finding.changes if not change.noise]


def attribute_of(change: Change) -> str:
    """The last name in the path: the attribute or block attribute that changed."""
    return next((part for part in reversed(change.path) if isinstance(part, str)), "")
