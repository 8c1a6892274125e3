"""A stack: one unit of code that is planned alone, and how fresh its last report is."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from driftsentry.stacks.rhythm import DEFAULT, Schedule, Source, words_of

SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
SLUG_LENGTH = 200


class Freshness(StrEnum):
    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"
    ERRORED = "errored"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Stack:
    """`announced`: drifts that HCP Terraform has counted since the last report, and that no plan has named yet."""

    id: str
    slug: str
    environment: str
    created_at: datetime
    schedule: Schedule = DEFAULT
    newest_scan_at: datetime | None = None
    last_report_id: str | None = None
    last_report_at: datetime | None = None
    last_complete_at: datetime | None = None
    incomplete_reason: str = ""
    is_errored: bool = False
    announced: int = 0
    announced_at: datetime | None = None
    newest_whole_at: datetime | None = None  # of the newest complete report, by the tool's own time

    def freshness(self, now: datetime) -> Freshness:
        """How far the pages may rely on what is known of this stack."""
        if self.is_errored:
            return Freshness.ERRORED
        if self.last_report_at is None:
            return Freshness.NEVER
        age = now - self.last_report_at
        if age <= self.schedule.late_after:
            return Freshness.FRESH
        return Freshness.LATE if age <= self.schedule.stale_after else Freshness.STALE


@dataclass(frozen=True, slots=True)
class LearnedAttribute:
    """An attribute that has another value on each scan. `path` is JSON text; in it null stands for any index."""

    resource_type: str
    path: str
    learned_at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How many drifts of a stack wait for a decision, by severity, and how many are in any other state."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    decided: int = 0
    informational: int = 0
    snoozed: int = 0

    @property
    def waiting(self) -> int:
        return self.critical + self.high + self.medium + self.low


@dataclass(frozen=True, slots=True)
class Entry:
    """A stack as lists show it."""

    stack: Stack
    tally: Tally
    freshness: Freshness
    freshness_text: str


def knowledge(stack: Stack, freshness: Freshness) -> str:
    """What the freshness means, in words: pages never say "in sync" for what was not checked."""
    expected = f"expected every {words_of(stack.schedule.interval)}"
    if stack.schedule.source is Source.LEARNED:
        expected += " (learned)"
    sentences = {
        Freshness.FRESH: f"reported in time, {expected}",
        Freshness.LATE: f"the next report is overdue, {expected}",
        Freshness.STALE: f"nobody knows its state now: no report for long, {expected}",
        Freshness.ERRORED: "the last run failed, so nothing is known since the one before",
        Freshness.NEVER: "no report has come yet",
    }
    return sentences[freshness]


def is_slug(text: str) -> bool:
    """Whether `text` may name a stack: parts of letters, digits and . _ - between slashes."""
    return len(text) <= SLUG_LENGTH and SLUG.fullmatch(text) is not None


def environment_of(slug: str) -> str:
    """The environment that a slug speaks of: its first part (`prod` of `prod/network`)."""
    first, slash, _rest = slug.partition("/")
    return first if slash else "default"
