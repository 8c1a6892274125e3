"""Whether a drift that is missing from a plan, or from the log of one, is gone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from driftsentry.ingest.model import Hints, Mode

_version = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_FIRST_WITH_DRIFT = (0, 15, 4)

NO_DRIFT_DATA = "there is no drift data in this plan: Terraform before 0.15.4 does not report it"
DESTROYS = "it is a destroy plan, which lists no drift"
FAILED = "the plan failed (errored, or exit code 1)"
TARGETED = "the plan was targeted (-target, -invoke) or had deferred changes"
SAID_SO = "the sender said that the report is not complete"


def numbers_of(version: str) -> tuple[int, ...]:
    """(1, 11, 4); () for what is no version."""
    found = _version.match(version[:64])
    return tuple(int(number) for number in found.groups()) if found else ()


def reports_drift(version: str) -> bool | None:
    """Whether that version of Terraform or OpenTofu reports drift; None when the version is not known."""
    numbers = numbers_of(version)
    return numbers >= _FIRST_WITH_DRIFT if numbers else None


def reason_incomplete(
    *, mode: Mode, complete: bool | None, is_errored: bool, has_drift_data: bool, has_drift: bool, hints: Hints
) -> str:
    """Why missing drifts stay as they are, in one sentence; "" when they are resolved."""
    broken = _reason_broken(mode, complete, is_errored, has_drift_data, hints)
    if broken or mode == "refresh_only" or hints.complete is True:
        return broken
    # Entries exist only after a refresh, so one of them proves it; their absence proves nothing, because
    # -refresh=false and a clean stack look the same.
    if complete is True and has_drift:
        return ""
    if complete is True:
        return "a normal plan without drift looks the same as -refresh=false: use -refresh-only, or send complete=true"
    return "this version does not say whether the plan was targeted: use -refresh-only, or send complete=true"


def _reason_broken(mode: Mode, complete: bool | None, is_errored: bool, has_drift_data: bool, hints: Hints) -> str:
    """What no hint can mend."""
    if is_errored or hints.exit_code == 1:
        return FAILED
    if complete is False:
        return TARGETED
    if mode == "destroy":
        return DESTROYS
    if not has_drift_data:
        return NO_DRIFT_DATA
    return SAID_SO if hints.complete is False else ""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the log of a run says about how far it can be relied on."""

    mode: Mode
    has_summary: bool
    is_cut: bool  # its last line, or one in between, is no whole message
    is_errored: bool
    is_targeted: bool
    is_applied: bool
    is_refreshed: bool
    has_drift_data: bool


def reason_log_incomplete(facts: LogFacts, hints: Hints) -> str:
    """As `reason_incomplete`, for a log. What the summary counts says nothing: drift is not in it."""
    is_refreshed = facts.is_refreshed or hints.complete is True
    reasons = (
        (facts.is_errored or hints.exit_code == 1, FAILED),
        (facts.is_cut, "the log is cut or damaged: a line in it is no whole message"),
        (not facts.has_summary, "the log ends before the summary of the plan: the run was killed, or the log was cut"),
        (facts.is_targeted, TARGETED),
        (
            facts.mode == "destroy",
            "all that the plan proposes is to delete, as a destroy plan does, which lists no drift",
        ),
        (facts.is_applied, "an apply followed the plan in this log: what it repaired shows in the next plan only"),
        (not facts.has_drift_data, NO_DRIFT_DATA),
        (hints.complete is False, SAID_SO),
        (not is_refreshed, "the log does not show that anything was refreshed: refresh, or send complete=true"),
    )
    return next((reason for holds, reason in reasons if holds), "")
