"""Whether a drift that is missing from a plan is gone."""

from __future__ import annotations

from driftsentry.ingest.model import Hints, Mode


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
        return "the plan failed (errored, or exit code 1)"
    if complete is False:
        return "the plan was targeted (-target) or had deferred changes"
    if mode == "destroy":
        return "it is a destroy plan, which lists no drift"
    if not has_drift_data:
        return "there is no drift data in this plan: Terraform before 0.15.4 does not report it"
    if hints.complete is False:
        return "the sender said that the report is not complete"
    return ""
