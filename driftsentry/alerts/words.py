"""What an alert says, and its answer to "why did I get this?"."""

from collections.abc import Mapping

from driftsentry.alerts.model import Kind
from driftsentry.templating import plural

_STARTS = {"detected": "New", "reopened": "Back again", "changed": "Changed after approval or snooze"}
_WHY_ONE = {
    "detected": "A report showed a drift that was not known, and its severity is {severity}.",
    "reopened": "A drift that was resolved came back, and its severity is {severity}.",
    "changed": "Its facts are others than those that were approved or snoozed, so that no longer holds.",
}
_OF_STACK = {
    Kind.STALE: "{stack} stopped reporting",
    Kind.FAILING: "The run of {stack} failed",
    Kind.HELD: "{drifts} of {stack} missing at once",
}
_WHY_STACK = {
    Kind.STALE: "No report came for three times the expected interval, so nobody knows its state now.",
    Kind.FAILING: "The run before this one had worked. Nothing new is known of the stack until a run works again.",
    Kind.HELD: (
        "A report no longer shows more than half of the stack's open drifts. They stay as they are until an"
        " engineer confirms that they are gone."
    ),
}
_PARTS = {"detected": "new", "reopened": "back again", "changed": "changed after approval or snooze"}


def title(kind: Kind, stack: str, drifts: int, critical: int, address: str | None, reasons: Mapping[str, int]) -> str:
    """One line. `reasons`: how many of its drifts were alerted for which reason."""
    if kind in _OF_STACK:
        return _OF_STACK[kind].format(stack=stack, drifts=plural(drifts, "drift"))
    if kind is Kind.LAPSED:
        several = f"{plural(drifts, 'approval')} ended"
        return f"Approval ended: {address}" if address else _with_critical(several, critical)
    if address:
        return f"{_STARTS[next(iter(reasons), 'detected')]}: {address}"
    if not reasons:
        return f"HCP Terraform counted {plural(drifts, 'drift')}"
    return _with_critical(plural(drifts, "drift"), critical)


def _with_critical(text: str, critical: int) -> str:
    return f"{text}, {critical:,} critical" if critical else text


def reason(kind: Kind, drifts: int, severity: str | None, reasons: Mapping[str, int]) -> str:
    """Why there is this alert, in one sentence."""
    if kind in _WHY_STACK:
        return _WHY_STACK[kind]
    if kind is Kind.LAPSED:
        whose = "its approval" if drifts == 1 else "their approvals"
        return f"The last day of {whose} has passed, so somebody must decide again."
    if not reasons:
        return "An assessment found drift. It says how much, and not where: its plan has not come yet."
    if drifts == 1:
        return _WHY_ONE[next(iter(reasons), "detected")].format(severity=severity)
    parts = [f"{reasons[name]:,} {words}" for name, words in _PARTS.items() if reasons.get(name)]
    return f"One report brought them: {', '.join(parts)}."
