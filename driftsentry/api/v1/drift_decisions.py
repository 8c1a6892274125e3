"""What people decide on a drift: to approve, to reject, or not to decide yet."""

import re
from datetime import datetime
from typing import Annotated

from msgspec import Meta, convert
from quart import Blueprint, Response, request

from driftsentry import clock, drifts, errors
from driftsentry.api.schema import Input, gives, takes
from driftsentry.api.v1.drift_answers import ONE, drift_answer, header, require
from driftsentry.api.v1.drift_outputs import DriftOutput
from driftsentry.auth import guards
from driftsentry.drifts import UNTIL_CHANGE, Snooze, Verdict, Wish
from driftsentry.errors import Problem
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_drift_decisions", __name__, url_prefix="/api/v1/drifts")

_TAG = re.compile(r'"([1-9][0-9]{0,8})-full"')
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the drift as it was seen: it must be that still.",
    "schema": {"type": "string", "pattern": '^(\\*|"[1-9][0-9]{0,8}-full")$'},
}
_REASON = Meta(
    min_length=10,
    max_length=1000,
    description="10 to 1000 characters; blanks around them do not count.",
    extra_json_schema={"pattern": r"^\s*\S[\s\S]{8,998}\S\s*$"},
)
_SEEN = Meta(min_length=1, max_length=200, description="Of the facts that one decides on; 409 when they are others.")
_UNTIL = Meta(tz=True, description="When the approval lapses.")
_AWAKE = Meta(tz=True, description="At most 366 days from now; null or absent: until the facts change.")


class ApproveInput(Input, frozen=True):
    reason: Annotated[str, _REASON]
    fingerprint: Annotated[str, _SEEN] | None = None
    until: Annotated[datetime, _UNTIL] | None = None


class RejectInput(Input, frozen=True):
    reason: Annotated[str, _REASON]
    fingerprint: Annotated[str, _SEEN] | None = None


class SnoozeInput(Input, frozen=True):
    until: Annotated[datetime, _AWAKE] | None = None
    reason: Annotated[str, Meta(max_length=1000)] = ""
    fingerprint: Annotated[str, _SEEN] | None = None


@blueprint.post(ONE + "/approve")
@allow(Access.ENGINEER)
@gives(DriftOutput, fails=(409,))
@header(_IF_MATCH)
@takes(body=ApproveInput)
async def approve_drift(drift_id: int, body: ApproveInput) -> Response:
    """Approve: keep reality, change the code

    fingerprint, or If-Match, names the facts that were seen; without both those of this moment count. The same
    request again is answered as the first time. 409: DRIFT_CHANGED, ALREADY_DECIDED, or CONFLICT when it is resolved;
    details hold status, fingerprint and version of now.
    """
    wish = Wish(Verdict.APPROVED, body.reason, body.fingerprint, _in_utc(body.until), _seen_version())
    return await _decide(drift_id, wish)


@blueprint.post(ONE + "/reject")
@allow(Access.ENGINEER)
@gives(DriftOutput, fails=(409,))
@header(_IF_MATCH)
@takes(body=RejectInput)
async def reject_drift(drift_id: int, body: RejectInput) -> Response:
    """Reject: revert reality to the code

    As approve, but without an end.
    """
    return await _decide(drift_id, Wish(Verdict.REJECTED, body.reason, body.fingerprint, None, _seen_version()))


@blueprint.post(ONE + "/snooze")
@allow(Access.ENGINEER)
@gives(DriftOutput, fails=(409,))
@header(_IF_MATCH)
@takes(body=SnoozeInput)
async def snooze_drift(drift_id: int, body: SnoozeInput) -> Response:
    """Snooze: decide later

    It stays detected, but is not counted as waiting: until a time, or until its facts change, which wakes it in any
    case. The same request again is answered as the first time. 409: DRIFT_CHANGED, or CONFLICT when it does not wait.
    """
    until = _in_utc(body.until)
    asked = clock.to_text(until) if until else UNTIL_CHANGE
    wish = Snooze(asked, body.fingerprint, body.reason, _seen_version())
    await drifts.snooze(app().db, guards.actor(), drift_id, wish)
    return drift_answer(await require(drift_id))


@blueprint.post(ONE + "/wake")
@allow(Access.ENGINEER)
@gives(DriftOutput)
async def wake_drift(drift_id: int) -> Response:
    """Wake a snoozed drift

    It waits for a decision again. One that is awake stays as it is.
    """
    await drifts.wake(app().db, guards.actor(), drift_id)
    return drift_answer(await require(drift_id))


# -- What was asked for --------------------------------------------------------------------------------------------


async def _decide(drift_id: int, wish: Wish) -> Response:
    await drifts.decide(app().db, guards.actor(), drift_id, wish)
    return drift_answer(await require(drift_id))


def _seen_version() -> int | None:
    """The version that If-Match names. Raises `Invalid` (400) for what no drift has had as its ETag."""
    header = ", ".join(request.headers.getlist("If-Match"))
    if header == "*" or "If-Match" not in request.headers:
        return None
    match = _TAG.fullmatch(header)
    if match is None:
        sentence = 'If-Match takes one ETag of a drift, such as "3-full", or *.'
        raise errors.Invalid(sentence, status=400, problems=[Problem("If-Match", sentence)])
    return int(match[1])


def _in_utc(until: datetime | None) -> datetime | None:
    """Within the years that can be written in UTC."""
    try:
        return convert(clock.to_text(until), datetime) if until else None
    except OverflowError:
        sentence = "The end date must be before the year 9999 ends, in UTC."
        raise errors.Invalid(sentence, problems=[Problem("until", sentence)]) from None
