"""A drift and what happened to it, as programs get them: whole, or without values for who is not signed in."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from driftsentry import drifts
from driftsentry.api.schema import Output
from driftsentry.clock import to_text
from driftsentry.drifts import Comment, Listed
from driftsentry.events import Actor, Event
from driftsentry.ingest import Change

StatusName = Literal["detected", "approved", "rejected", "resolved"]
SeverityName = Literal["low", "medium", "high", "critical"]
CauseName = Literal["out_of_band", "informational"]
NoiseName = Literal["empty", "mirror", "computed", "volatile", "same_json", "order", "learned", "ignored"]
VerdictName = Literal["approved", "rejected"]
# Numbers keep every digit, so they are not read into a float on the way.
_values = msgspec.json.Encoder(decimal_format="number")


class PersonOutput(Output, frozen=True):
    id: str
    name: str


class DecisionOutput(Output, frozen=True):
    """`by`, `reason` and `fingerprint`: null for who is not signed in."""

    verdict: VerdictName
    by: PersonOutput | None
    reason: str | None
    at: str
    until: str | None
    fingerprint: str | None


class ChangeOutput(Output, frozen=True):
    """One line of the difference, masked: both sides are null where `isSensitive`.

    `path` is for people, `keys` for programs. `before`: what the code's state holds, `after`: what is real.
    """

    path: str
    keys: list[str | int]
    kind: Literal["added", "removed", "changed", "reordered"]
    before: Any
    after: Any
    is_sensitive: bool
    is_member: Annotated[bool, Meta(description="A member of a set, which has no place in it.")]
    in_json: Annotated[bool, Meta(description="Inside a text that is JSON.")]
    is_noise: bool
    noise: NoiseName | None
    forces_replacement: bool


class DriftEntryOutput(Output, frozen=True):
    """`fingerprint` and `severityReason`: null for who is not signed in."""

    id: str
    stack: str
    environment: str
    address: str
    deposed: str | None
    type: str
    name: str
    module: str | None
    provider: str
    status: StatusName
    cause: CauseName
    cause_reason: str
    action: Annotated[str, Meta(description="update, delete, replace, or what the tool says beside these.")]
    severity: SeverityName
    severity_rule: str
    severity_reason: str | None
    fingerprint: str | None
    attributes: Annotated[list[str], Meta(description="Names of what differs, the first 20.")]
    hidden_changes: Annotated[int, Meta(description="Changes beyond those that are kept.")]
    first_seen_at: str
    detected_at: str
    last_seen_at: str
    updated_at: str
    resolved_at: str | None
    reopened: Annotated[int, Meta(description="How often it came back after it was resolved.")]
    decision: Annotated[DecisionOutput | None, Meta(description="The last one, also when the facts changed since.")]
    is_changed_since_decision: bool
    snoozed: Annotated[bool, Meta(description="Put off: it does not wait for a decision now.")]
    snoozed_until: Annotated[str | None, Meta(description="Of one that is snoozed, null: until its facts change.")]
    approved_at: str | None
    approved_by: PersonOutput | None
    rejected_at: str | None
    rejected_by: PersonOutput | None
    version: int


class DriftOutput(DriftEntryOutput, frozen=True):
    """`changes`: null for who is not signed in."""

    changes: list[ChangeOutput] | None


class ActorOutput(Output, frozen=True):
    kind: Literal["user", "token", "system"]
    id: str
    name: str


class TimelineOutput(Output, frozen=True):
    """Who is not signed in gets `seq`, `at` and `kind`; everything else is null."""

    seq: int
    at: str
    kind: str
    actor: ActorOutput | None
    verdict: VerdictName | None
    reason: str | None
    text: str | None
    until: str | None
    fingerprint: str | None
    severity: str | None
    action: str | None
    after: Annotated[str | None, Meta(description="The status, or the decision, that this put an end to.")]
    report_id: str | None


def entry_output(listed: Listed, *, is_signed_in: bool) -> DriftEntryOutput:
    return DriftEntryOutput(**_facts(listed, is_signed_in))


def drift_output(listed: Listed, *, is_signed_in: bool) -> DriftOutput:
    changes = [_change(change) for change in listed.changes or ()] if is_signed_in else None
    return DriftOutput(**_facts(listed, is_signed_in), changes=changes)


def timeline_output(event: Event, *, is_signed_in: bool) -> TimelineOutput:
    plain: dict[str, Any] = {"seq": event.seq, "at": to_text(event.at), "kind": event.kind}
    if not is_signed_in:
        withheld: dict[str, Any] = dict.fromkeys((*_TOLD, "actor", "verdict", "report_id"))
        return TimelineOutput(**plain, **withheld)
    past = event.kind.rpartition(".")[2]
    told: dict[str, Any] = {name: event.data.get(name) for name in _TOLD}
    return TimelineOutput(
        **plain,
        **told,
        actor=ActorOutput(kind=event.actor.kind, id=event.actor.id, name=event.actor.name),  # type: ignore[arg-type]
        verdict=past if past in ("approved", "rejected") else None,  # type: ignore[arg-type]
        report_id=event.report_id,
    )


def comment_output(stored: Comment, actor: Actor) -> TimelineOutput:
    """As `timeline_output` will show it."""
    told: dict[str, Any] = dict.fromkeys(_TOLD) | {"text": stored.text}
    return TimelineOutput(
        seq=stored.seq,
        at=to_text(stored.at),
        kind="drift.commented",
        **told,
        actor=ActorOutput(kind="user", id=actor.id, name=actor.name),
        verdict=None,
        report_id=None,
    )


_TOLD = ("reason", "text", "until", "fingerprint", "severity", "action", "after")


def _facts(listed: Listed, is_signed_in: bool) -> dict[str, Any]:
    decision = _decision(listed, is_signed_in)
    is_approved, is_rejected = listed.status == "approved", listed.status == "rejected"
    return {name: getattr(listed, name) for name in _PLAIN} | {
        "id": str(listed.id),
        "deposed": listed.deposed or None,
        "module": listed.module or None,
        "severity_reason": listed.severity_reason if is_signed_in else None,
        "fingerprint": listed.fingerprint if is_signed_in else None,
        "attributes": list(listed.attributes),
        "decision": decision,
        "is_changed_since_decision": listed.is_changed_since_decision,
        "snoozed": listed.is_snoozed,
        "approved_at": decision.at if decision and is_approved else None,
        "approved_by": decision.by if decision and is_approved else None,
        "rejected_at": decision.at if decision and is_rejected else None,
        "rejected_by": decision.by if decision and is_rejected else None,
    }


_PLAIN = (
    "stack environment address type name provider status cause cause_reason action severity severity_rule"
    " hidden_changes first_seen_at detected_at last_seen_at updated_at resolved_at reopened version snoozed_until"
).split()


def _decision(listed: Listed, is_signed_in: bool) -> DecisionOutput | None:
    made = listed.decision
    if made is None:
        return None
    return DecisionOutput(
        verdict=made.verdict,  # type: ignore[arg-type]
        by=PersonOutput(id=made.user_id, name=made.user_name) if is_signed_in else None,
        reason=made.reason if is_signed_in else None,
        at=made.at,
        until=made.until,
        fingerprint=made.fingerprint if is_signed_in else None,
    )


def _change(change: Change) -> ChangeOutput:
    return ChangeOutput(
        path=drifts.path_text(change.path),
        keys=list(change.path),
        kind=change.kind,
        before=msgspec.Raw(_values.encode(change.before)),
        after=msgspec.Raw(_values.encode(change.after)),
        is_sensitive=change.is_sensitive,
        is_member=change.is_member,
        in_json=change.in_json,
        is_noise=change.noise != "",
        noise=change.noise or None,
        forces_replacement=change.forces_replacement,
    )
