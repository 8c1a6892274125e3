"""An alert: that something new needs people, and why they are told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlencode

UNREAD_LIMIT = 1000  # counting stops here: nobody reads on from a larger number


class Kind(StrEnum):
    DRIFTS = "drifts"
    LAPSED = "lapsed"
    STALE = "stale"
    FAILING = "failing"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as one person sees it. `is_read` is that person's, and False for nobody.

    `drift_id` and `drift_address` are there when it is about one drift. `severity`: the highest of its drifts.
    `because`: why that one drift has this severity, if it still has.
    """

    id: int
    kind: Kind
    stack: str
    stack_id: str
    environment: str
    drift_id: int | None
    drift_address: str | None
    report_id: str | None
    severity: str | None
    drifts: int
    critical: int
    created_at: datetime
    is_read: bool
    title: str
    reason: str
    because: str = ""

    @property
    def href(self) -> str:
        """The page where somebody does something about it."""
        if self.drift_id is not None:
            return f"/drifts/{self.drift_id}"
        if self.kind in (Kind.DRIFTS, Kind.LAPSED) and self.severity:
            return "/drifts?" + urlencode({"status": "open", "stack": self.stack})
        if self.kind is Kind.FAILING and self.report_id:
            return f"/stacks/{self.stack}#report-{self.report_id}"
        return f"/stacks/{self.stack}" + ("#stack-held" if self.kind is Kind.HELD else "")


@dataclass(frozen=True, slots=True)
class Mark:
    """That a drift was alerted with these facts. `occurrence` tells it from the same facts at another time."""

    drift_id: int
    fingerprint: str
    reason: str
    occurrence: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An alert that is about to be made. `once_key`: what it is about, in the whole database only once."""

    kind: Kind
    once_key: str
    stack_id: str
    created_at: datetime
    report_id: str | None = None
    drift_id: int | None = None
    severity: str | None = None
    drifts: int = 0
    critical: int = 0
    marks: tuple[Mark, ...] = ()
