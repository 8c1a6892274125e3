"""What a report of any tool but Terraform's plan is read into: resources and their differences, still in clear.

A format is a pure module that turns a body into a `Survey`; what seals, compares and hashes is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from driftsentry.ingest.model import Cause, Mode, Move, Noise


@dataclass(frozen=True, slots=True)
class Difference:
    """Two values at one path; () is the whole object. None: not set on that side. Numbers are `int` or `Decimal`.

    `before` is what code or its state says, `after` is what is real. A mask mirrors its value and is true at a
    secret, as in a plan of Terraform: True hides the whole value. `noise` and `why`: what the tool itself says.
    """

    path: tuple[str | int, ...]
    before: object
    after: object
    before_mask: object = None
    after_mask: object = None
    noise: Noise = ""
    why: str = ""


class Observed(msgspec.Struct, frozen=True):
    """One resource that differs. (`address`, `deposed`) is unique in a survey.

    `action`: update, delete, replace, or the tool's own word. `is_unknown`: it differs, but the tool does not say in
    what. `proposed`: what a plan would do about it; None where the tool has not asked. `cause` and `cause_reason`:
    where the tool settles it (what is in the cloud alone is informational); None leaves it to the differences.
    """

    address: str
    action: str
    differences: tuple[Difference, ...] = ()
    resource_type: str = ""
    resource_name: str = ""
    module_address: str = ""
    provider: str = ""
    deposed: str = ""
    previous_address: str | None = None
    is_unknown: bool = False
    proposed: tuple[str, ...] | None = None
    cause: Cause | None = None
    cause_reason: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """A whole report, see `Scan`. `incomplete_reason`: "" where a drift that is missing here is gone."""

    format: str
    tool: str
    tool_version: str
    mode: Mode
    timestamp: datetime | None
    incomplete_reason: str
    is_errored: bool
    observed: tuple[Observed, ...]
    moves: tuple[Move, ...] = ()
    has_drift_data: bool = True
    duration: float | None = None
