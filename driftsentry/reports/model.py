"""A report: one upload for one stack."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from driftsentry.drifts import Counts
from driftsentry.ingest.model import Mode

Direction = Literal["refresh", "preview"]


@dataclass(frozen=True, slots=True)
class Upload:
    """What came with the body: from which run, and what the caller knows of it. `duration`: of the scan, in seconds."""

    run_id: str = ""
    run_url: str = ""
    commit: str = ""
    format: str | None = None
    exit_code: int | None = None
    complete: bool | None = None
    direction: Direction | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`incomplete_reason`: '' when it was complete. `is_late`: older than the newest, changed nothing.

    `duration_ms`: of the scan, where tool or caller says it; `took_ms`: to take it in. `announced`: drifts that a
    notification counts and does not name. `repeat_hash`: see `repeating.py`.
    """

    id: str
    stack_id: str
    stack: str
    token_id: str | None
    token_name: str
    received_at: datetime
    scanned_at: datetime
    body_hash: str
    format: str
    tool: str
    tool_version: str
    mode: Mode
    run_id: str
    run_url: str
    commit_hash: str
    is_late: bool
    is_complete: bool
    incomplete_reason: str
    counts: Counts
    held: int = 0  # drifts whose end waits for an engineer
    held_until: datetime | None = None  # when somebody answered, or a later report made the question void
    duration_ms: int | None = None
    took_ms: int = 0
    announced: int = 0
    repeat_hash: str = ""

    @property
    def is_waiting(self) -> bool:
        """Whether an engineer must still say if what it lacks is gone."""
        return self.held > 0 and self.held_until is None

    @property
    def detected(self) -> int:
        return self.counts.detected

    @property
    def changed(self) -> int:
        return self.counts.changed

    @property
    def unchanged(self) -> int:
        return self.counts.unchanged

    @property
    def reopened(self) -> int:
        return self.counts.reopened

    @property
    def resolved(self) -> int:
        return self.counts.resolved

    @property
    def informational(self) -> int:
        return self.counts.informational


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to an upload. `is_duplicate`: the same body had come before, and nothing changed."""

    report: Report
    is_duplicate: bool
