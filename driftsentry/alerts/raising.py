"""Alerts for the events of a transaction, made inside it: both are there, or neither."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from driftsentry import events
from driftsentry.alerts import queries
from driftsentry.alerts.model import Draft, Kind, Mark
from driftsentry.alerts.queries import Facts
from driftsentry.db import Tx
from driftsentry.events import SYSTEM, Entry, Log
from driftsentry.judging import Severity

_REASONS = {
    "drift.detected": "detected",
    "drift.filled": "detected",
    "drift.reopened": "reopened",
    "drift.changed": "changed",
    "drift.lapsed": "lapsed",
}
_URGENT = (Severity.HIGH, Severity.CRITICAL)


def before_commit(log: Log) -> Callable[[Tx], Awaitable[None]]:
    """What `Database.before_commit` is set to: alerts for what was recorded, then the seal over all of it."""

    async def seal(tx: Tx) -> None:
        await raise_for(tx)
        await log.seal(tx)

    return seal


async def raise_for(tx: Tx) -> None:
    """Make the alerts that the events of this transaction call for, and record `alert.created` for each."""
    noted = list(tx.entries)
    drafts = [*await _of_drifts(tx, noted), *[draft for entry in noted if (draft := _of_stack(entry))]]
    if not drafts:
        return
    next_id = await queries.select_latest_id(tx) + 1
    for draft in drafts:
        if await queries.insert_alert(tx, next_id, draft):
            await queries.insert_marks(tx, next_id, draft.marks)
            _tell(tx, next_id, draft)
            next_id += 1


def _tell(tx: Tx, alert_id: int, draft: Draft) -> None:
    # The drift is data, not the event's own: its timeline would tell everything twice.
    events.record(
        tx,
        "alert.created",
        SYSTEM,
        at=draft.created_at,
        stack_id=draft.stack_id,
        report_id=draft.report_id,
        alert_id=alert_id,
        alert_kind=draft.kind.value,
        about_drift=draft.drift_id,
        severity=draft.severity,
        drifts=draft.drifts,
        critical=draft.critical,
    )


@dataclass(frozen=True, slots=True)
class _Cause:
    entry: Entry
    facts: Facts
    mark: Mark

    @property
    def group(self) -> tuple[str, str, str]:
        """What becomes one alert: the drifts of one report, or of one round of lapses, in one stack."""
        kind = Kind.LAPSED if self.mark.reason == "lapsed" else Kind.DRIFTS
        return kind.value, self.entry.stack_id or "", self.entry.report_id or ""


async def _of_drifts(tx: Tx, noted: list[Entry]) -> list[Draft]:
    candidates = {entry.drift_id: entry for entry in noted if entry.drift_id is not None and _may_alert(entry)}
    if not candidates:
        return []
    facts = await queries.select_facts(tx, candidates)
    marked = await queries.select_marks(tx, candidates)
    causes = [_cause(entry, facts[drift_id]) for drift_id, entry in candidates.items()]
    fresh = [cause for cause in causes if _is_urgent(cause) and cause.mark not in marked]
    grouped = groupby(sorted(fresh, key=lambda cause: cause.group), key=lambda cause: cause.group)
    return [_draft(Kind(kind), list(of_group)) for (kind, _stack, _report), of_group in grouped]


def _may_alert(entry: Entry) -> bool:
    if entry.kind == "drift.changed":
        return entry.data.get("after") in ("approved", "snoozed")
    return entry.kind in _REASONS


def _cause(entry: Entry, facts: Facts) -> _Cause:
    reason = _REASONS[entry.kind]
    # Each approval may lapse once, also where the facts are those of the one before.
    occurrence = facts.decisions if reason == "lapsed" else facts.reopened
    return _Cause(entry, facts, Mark(facts.drift_id, facts.fingerprint, reason, occurrence))


def _is_urgent(cause: _Cause) -> bool:
    if cause.facts.cause == "informational":
        return False
    return cause.mark.reason in ("changed", "lapsed") or cause.facts.severity in _URGENT


def _draft(kind: Kind, causes: list[_Cause]) -> Draft:
    entry, first = causes[0].entry, causes[0].mark
    assert entry.stack_id is not None, "events of drifts name their stack"
    return Draft(
        kind=kind,
        once_key=f"{kind}:{first.drift_id}:{first.reason}:{first.fingerprint}:{first.occurrence}",
        stack_id=entry.stack_id,
        created_at=entry.at,
        report_id=entry.report_id,
        drift_id=first.drift_id if len(causes) == 1 else None,
        severity=_highest(cause.facts.severity for cause in causes),
        drifts=len(causes),
        critical=sum(cause.facts.severity is Severity.CRITICAL for cause in causes),
        marks=tuple(cause.mark for cause in causes),
    )


def _highest(severities: Iterable[Severity]) -> str:
    return max(severities, key=lambda severity: severity.rank).value


def _of_stack(entry: Entry) -> Draft | None:
    """Of the stack itself: it went silent, its runs began to fail, or what a report says is held back."""
    if entry.stack_id is None:
        return None
    if entry.kind == "stack.stale":
        key = f"stale:{entry.stack_id}:{entry.report_id}"
        return Draft(Kind.STALE, key, entry.stack_id, entry.at, entry.report_id)
    if entry.kind == "report.received" and entry.data.get("is_failing"):
        return Draft(Kind.FAILING, f"failing:{entry.report_id}", entry.stack_id, entry.at, entry.report_id)
    if entry.kind == "report.announced" and entry.data["announced"] and not entry.data["is_late"]:
        key, counted = f"announced:{entry.stack_id}:{entry.data['result']}", entry.data["announced"]
        return Draft(Kind.DRIFTS, key, entry.stack_id, entry.at, entry.report_id, drifts=counted)
    if entry.kind == "report.held" and not entry.data["is_again"]:
        key, held = f"held:{entry.report_id}", entry.data["held"]
        return Draft(Kind.HELD, key, entry.stack_id, entry.at, entry.report_id, drifts=held)
    return None
