"""A drift: one resource instance whose real state differs from what the code's state says."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from driftsentry.ingest import Change

REASON_LENGTH = (10, 1000)
COMMENT_LENGTH = (1, 4000)


class Status(StrEnum):
    DETECTED = "detected"
    APPROVED = "approved"
    REJECTED = "rejected"
    RESOLVED = "resolved"


class Verdict(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


class Kind(NamedTuple):
    """What drifts are counted by."""

    status: str
    cause: str
    severity: str
    is_snoozed: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether somebody should decide now."""
        return (self.status, self.cause, self.is_snoozed) == ("detected", "out_of_band", False)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person decided on the facts behind one fingerprint."""

    id: str
    drift_id: int
    user_id: str
    user_name: str
    verdict: Verdict
    reason: str
    fingerprint: str
    changes: tuple[Change, ...]
    until: datetime | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Drift:
    """One drift with all that its page shows. `changes` is masked: no secret is in here."""

    id: int
    stack_id: str
    stack: str
    environment: str
    address: str
    deposed: str
    module_address: str
    resource_type: str
    resource_name: str
    provider: str
    status: Status
    cause: str
    cause_reason: str
    action: str
    severity: str
    severity_rule: str
    severity_reason: str
    fingerprint: str
    changes: tuple[Change, ...]
    attributes: tuple[str, ...]
    hidden_changes: int
    version: int
    first_seen_at: datetime
    detected_at: datetime
    seen_at: datetime
    updated_at: datetime
    reopened: int
    resolved_at: datetime | None
    decision: Decision | None
    ignored_changes: int = 0
    is_snoozed: bool = False
    snoozed_until: datetime | None = None  # of one that is snoozed, None: until it changes

    @property
    def is_open(self) -> bool:
        """Whether somebody must decide, be it later."""
        return self.status is Status.DETECTED

    @property
    def is_changed_since_decision(self) -> bool:
        """Whether a decision was made on other facts than those of now."""
        return self.is_open and self.decision is not None and self.decision.fingerprint != self.fingerprint


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether something can still be done to a drift."""

    id: int
    stack_id: str
    status: Status
    cause: str
    is_snoozed: bool
    fingerprint: str
    decision: Decision | None  # the last one, without its changes

    @property
    def is_open(self) -> bool:
        return self.status is Status.DETECTED

    @property
    def is_waiting(self) -> bool:
        """Whether somebody should decide now."""
        return self.is_open and self.cause == "out_of_band" and not self.is_snoozed


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: no attribute values."""

    id: int
    stack: str
    environment: str
    address: str
    deposed: str
    status: Status
    cause: str
    action: str
    severity: str
    severity_reason: str
    attributes: tuple[str, ...]
    version: int
    detected_at: datetime
    updated_at: datetime
    reopened: int
    decided_by: str
    decided_at: datetime | None
    fingerprint: str
    has_other_facts: bool  # decided once, on facts that have changed since
    is_snoozed: bool = False

    @property
    def pick(self) -> str:
        """What the row's checkbox sends: the drift and the facts that were seen."""
        return f"{self.id}:{self.fingerprint}"
