"""The log of `plan -json`, of Terraform and OpenTofu: which resources differ, without a single value.

One message a line, or all of them in one JSON list. Texts of people (`@message`, diagnostics) may quote values, so
nothing of them is kept. `change_summary` does not count drift: it only tells that the plan came to its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import UNSET, Raw, structs

from driftsentry.ingest import limits
from driftsentry.ingest.completeness import LogFacts, reason_log_incomplete, reports_drift
from driftsentry.ingest.formats.plan_shape import require_unique
from driftsentry.ingest.formats.terraform_log_messages import (
    Message,
    diagnostic_of,
    hook_of,
    read_change,
    read_message,
    summary_of,
    version_of,
)
from driftsentry.ingest.model import Hints, Mode, Move, Refused
from driftsentry.ingest.sniff import MAKE_PLAN, UI_MODULES, unsupported, wrong_file
from driftsentry.ingest.survey import Observed, Survey
from driftsentry.ingest.values import read_time

FORMAT = "terraform_log"

# The words of the log that differ from those of a plan.
_PROPOSED = {
    "noop": ("no-op",),
    "move": ("no-op",),
    "import": ("no-op",),
    "remove": ("forget",),
    "replace": ("delete", "create"),
}
_ERROR = Raw(b'"error"')
_APPLIES = frozenset({"apply", "destroy"})


@dataclass(slots=True)
class _Log:
    """What was read so far."""

    tool: str = ""
    version: str = ""
    first: datetime | None = None
    last: datetime | None = None
    drifts: dict[str, Observed] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    proposed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    plans: int = 0
    messages: int = 0
    is_broken: bool = False
    is_errored: bool = False
    is_targeted: bool = False
    is_applied: bool = False
    is_refreshed: bool = False


def read(documents: Sequence[bytes], *, hints: Hints) -> Survey:
    """Raises Refused. A document that is no JSON counts as a damaged message."""
    log = _Log()
    for number, document in enumerate(documents, 1):
        _take(log, document, f"message {number} of the log")
    _require_plan(log)
    mode = _mode(log)
    facts = LogFacts(
        mode=mode,
        has_summary=log.plans > 0,
        is_cut=log.is_broken,
        is_errored=log.is_errored,
        is_targeted=log.is_targeted,
        is_applied=log.is_applied,
        is_refreshed=log.is_refreshed or bool(log.drifts),
        has_drift_data=reports_drift(log.version) is not False,
    )
    return Survey(
        format=FORMAT,
        tool=log.tool or "terraform",
        tool_version=log.version,
        mode=mode,
        timestamp=log.first,
        incomplete_reason=reason_log_incomplete(facts, hints),
        is_errored=log.is_errored or hints.exit_code == 1,
        observed=tuple(_observed(log, mode)),
        moves=tuple(log.moves),
        has_drift_data=facts.has_drift_data,
        duration=_duration(log),
    )


def _take(log: _Log, document: bytes, name: str) -> None:
    message = read_message(document, name)
    if message is None:
        log.is_broken = True
        return
    if message.level is UNSET or not (message.module is UNSET or message.module in UI_MODULES):
        return  # what other programs log, and Terraform itself with TF_LOG, says nothing of the plan
    log.messages += 1
    _note_time(log, message)
    if message.level == _ERROR:
        log.is_errored = True
    kind = message.type or ""
    if kind in _READERS:
        require_unique(document, message, name)
        _READERS[kind](log, message, name)
    elif kind.startswith("refresh_"):
        log.is_refreshed = True


def _note_time(log: _Log, message: Message) -> None:
    time = read_time(message.time or "")
    if time:
        log.first = log.first or time
        log.last = time


def _take_version(log: _Log, message: Message, name: str) -> None:
    log.tool = "terraform" if message.tofu is UNSET else "opentofu"
    log.version = version_of(message, name)


def _take_drift(log: _Log, message: Message, name: str) -> None:
    change, resource, previous = read_change(message, name)
    if previous:
        log.moves.append(Move(previous, resource.addr))
    if change.action in ("move", "noop"):
        return
    known = log.drifts.get(resource.addr)
    if known and known.action != "update":
        return  # a deposed object has the address of its successor: the worse of the two is told
    if len(log.drifts) >= limits.MAX_RESOURCES:
        raise limits.refuse_hostile(f"it holds more than {limits.MAX_RESOURCES:,} resources")
    log.drifts[resource.addr] = Observed(
        address=resource.addr,
        action="forget" if change.action == "remove" else change.action[:64],
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        module_address=resource.module,
        provider=resource.implied_provider,
        previous_address=previous or None,
        is_unknown=True,
    )


def _take_proposal(log: _Log, message: Message, name: str) -> None:
    change, resource, _ = read_change(message, name)
    log.proposed[resource.addr] = _PROPOSED.get(change.action, (change.action[:64],))


def _take_summary(log: _Log, message: Message, name: str) -> None:
    operation = summary_of(message, name).operation
    log.is_applied |= operation in _APPLIES
    log.plans += operation not in _APPLIES


def _take_diagnostic(log: _Log, message: Message, name: str) -> None:
    found = diagnostic_of(message, name)
    log.is_errored |= found.severity == "error"
    log.is_targeted |= found.severity == "warning" and "targeting is in effect" in found.summary.lower()


def _take_apply(log: _Log, message: Message, name: str) -> None:
    # A data source that is read while planning is announced like this too.
    log.is_applied |= hook_of(message, name).action not in ("read", "")


def _take_deferral(log: _Log, message: Message, name: str) -> None:
    log.is_targeted = True


_READERS = {
    "version": _take_version,
    "resource_drift": _take_drift,
    "planned_change": _take_proposal,
    "change_summary": _take_summary,
    "diagnostic": _take_diagnostic,
    "apply_start": _take_apply,
    "deferred_change": _take_deferral,
}


def _require_plan(log: _Log) -> None:
    if not log.messages:
        raise unsupported(f"There is no message of Terraform or OpenTofu in this log. {MAKE_PLAN}")
    if log.plans > 1:
        message = (
            f"There are {log.plans} runs in this log, and nobody can say which one is meant. Send one run a report."
        )
        raise Refused(400, "VALIDATION_ERROR", message)
    if log.is_applied and not log.plans:
        raise wrong_file(f"This is the log of an apply, which looks for no drift. {MAKE_PLAN}")
    if not (log.plans or log.drifts or log.proposed or log.is_refreshed or log.is_errored or log.is_broken):
        raise wrong_file(f"There is no plan in this log: it ends before one. {MAKE_PLAN}")


def _mode(log: _Log) -> Mode:
    """A refresh-only plan proposes nothing. A destroy plan proposes to delete all, and lists no drift."""
    changes = [actions for actions in log.proposed.values() if actions != ("read",)]
    if not changes:
        return "refresh_only"
    return "destroy" if not log.drifts and all(actions == ("delete",) for actions in changes) else "normal"


def _observed(log: _Log, mode: Mode) -> Iterator[Observed]:
    for each in log.drifts.values():
        # What a normal plan leaves alone is not in its log.
        proposed = log.proposed.get(each.address, ("no-op",)) if mode == "normal" else None
        yield structs.replace(each, proposed=proposed)


def _duration(log: _Log) -> float | None:
    if log.first is None or log.last is None or log.last <= log.first:
        return None
    return (log.last - log.first).total_seconds()
