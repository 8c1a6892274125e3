"""Whether somebody has to look at a finding, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from driftsentry.ingest.diff import Line
from driftsentry.ingest.model import Cause, Mode

_NOISE_WORDS = {
    "empty": "values that nobody set (null against empty)",
    "volatile": "values that are new on every scan",
    "same_json": "the writing of JSON, not its meaning",
    "mirror": "attributes that repeat another one",
    "order": "the order of a set",
}
NOTHING = (["no-op"], ["read"])
_PROPOSALS = {
    "update": "the plan proposes to change it back",
    "create": "the plan proposes to create it again",
    "delete": "the plan proposes to delete it",
    "forget": "the plan proposes to forget it",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    cause: Cause
    reason: str


def judge_cause(
    action: str, lines: list[Line], mirrored: Mapping[str, str], proposed: list[str] | None, mode: Mode
) -> Verdict:
    """`proposed`: the actions of a normal plan for the same object, None where there are none."""
    if action != "update":
        return Verdict("out_of_band", _reason_of_action(action, proposed))
    if any(not line.noise for line in lines):
        return Verdict("out_of_band", _reason_of_change(proposed, mode))
    if any(line.noise == "computed" for line in lines):
        return Verdict("informational", "the plan proposes no change here")
    return Verdict("informational", _reason_of_noise(lines, mirrored))


def judge_unknown(proposed: list[str] | None, format_: str) -> Verdict:
    """For an update of which nothing but the fact is known. Only a plan that leaves it alone says that it is noise."""
    what = (
        "attributes unknown: this report was a log" if format_.endswith("_log") else "the report does not say in what"
    )
    if proposed in NOTHING:
        return Verdict("informational", f"{what}; the plan proposes no change here")
    return Verdict("out_of_band", f"{what}; {_proposal(proposed)}" if proposed else what)


def _reason_of_action(action: str, proposed: list[str] | None) -> str:
    fact = {"delete": "the real object is gone", "replace": "the real object was replaced"}.get(
        action, "the tool reports a kind of change that is not known here"
    )
    return f"{fact}; {_proposal(proposed)}" if proposed else fact


def _reason_of_change(proposed: list[str] | None, mode: Mode) -> str:
    if proposed:
        return f"the real object differs from the saved state; {_proposal(proposed)}"
    if mode == "refresh_only":
        return "the real object differs from the saved state"
    if mode == "scan":
        return "the real object differs from what the code says"
    return "the real object differs from the saved state, and the plan does not mention it"


def _proposal(actions: list[str]) -> str:
    if len(actions) > 1:
        return "the plan proposes to replace it"
    return _PROPOSALS.get(actions[0] if actions else "", "the plan proposes something else")


def _reason_of_noise(lines: list[Line], mirrored: Mapping[str, str]) -> str:
    if not lines:
        return "no attribute differs in its value"
    words = [_NOISE_WORDS[kind] for kind in _NOISE_WORDS if any(line.noise == kind for line in lines)]
    reason = "only these differ: " + ", ".join(words)
    owners = sorted(f"{attribute} belongs to {companion}" for attribute, companion in mirrored.items())
    return f"{reason} ({'; '.join(owners)})" if owners else reason
