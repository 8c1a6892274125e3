"""Drifts: the list, one of them, its timeline, and what people decide and write."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, convert
from quart import Blueprint, Response, request

from driftsentry import clock, drifts, errors
from driftsentry.api.idempotency import Once, repeatable
from driftsentry.api.paging import CursorQuery, cursor_of, page_meta, start_of
from driftsentry.api.schema import Handler, Input, answer, gives, takes
from driftsentry.api.v1.drift_outputs import (
    CauseName,
    DriftEntryOutput,
    DriftOutput,
    SeverityName,
    StatusName,
    TimelineOutput,
    drift_output,
    entry_output,
    timeline_output,
)
from driftsentry.auth import guards
from driftsentry.drifts import SORTS, Listed, Verdict, Wanted, Wish
from driftsentry.errors import Problem
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_drifts", __name__, url_prefix="/api/v1/drifts")

_ONE = "/<int(max=2147483647):drift_id>"
_TAG = re.compile(r'"([1-9][0-9]{0,8})-full"')
_VARY = {"Vary": "Authorization"}
_NO_NUL = r"^[^\x00]*$"
_STACK = r"^[A-Za-z0-9._/*-]*$"
SortName = Literal[
    "detectedAt", "-detectedAt", "updatedAt", "-updatedAt", "severity", "-severity", "id", "-id", "address", "-address"
]
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the drift as it was seen: it must be that still.",
    "schema": {"type": "string", "pattern": '^(\\*|"[1-9][0-9]{0,8}-full")$'},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of the copy that one has; 304 when it is good still.",
    "schema": {"type": "string"},
}
_REASON = Meta(
    min_length=10,
    max_length=1000,
    description="10 to 1000 characters; blanks around them do not count.",
    extra_json_schema={"pattern": r"^\s*\S[\s\S]{8,998}\S\s*$"},
)
_TEXT = Meta(min_length=1, max_length=4000, description="More than blanks.", extra_json_schema={"pattern": r"\S"})
_SEEN = Meta(min_length=1, max_length=200, description="Of the facts that one decides on; 409 when they are others.")
_UNTIL = Meta(tz=True, description="When the approval lapses.")


class DriftQuery(CursorQuery, frozen=True):
    status: Annotated[list[StatusName], Meta(max_length=10)] = []
    severity: Annotated[list[SeverityName], Meta(max_length=10)] = []
    stack: Annotated[str, Meta(max_length=200, pattern=_STACK, description="`*`: any characters, slashes too.")] = ""
    environment: Annotated[str, Meta(max_length=200, pattern=_NO_NUL)] = ""
    type: Annotated[str, Meta(max_length=200, pattern=_NO_NUL, description="Of the resource; `*` as for stack.")] = ""
    action: Annotated[str, Meta(max_length=100, pattern=_NO_NUL)] = ""
    cause: CauseName | Literal[""] = ""
    q: Annotated[str, Meta(max_length=200, description="Words: of stack, address and attributes.")] = ""
    sort: Annotated[SortName, Meta(description="`-`: descending.")] = "-detectedAt"


class ApproveInput(Input, frozen=True):
    reason: Annotated[str, _REASON]
    fingerprint: Annotated[str, _SEEN] | None = None
    until: Annotated[datetime, _UNTIL] | None = None


class RejectInput(Input, frozen=True):
    reason: Annotated[str, _REASON]
    fingerprint: Annotated[str, _SEEN] | None = None


class CommentInput(Input, frozen=True):
    text: Annotated[str, _TEXT]


def _header(parameter: dict[str, Any]) -> Callable[[Handler], Handler]:
    """Documents a header that the handler reads."""

    def mark(handler: Handler) -> Handler:
        handler.headers = [*getattr(handler, "headers", []), parameter]  # type: ignore[attr-defined]
        return handler

    return mark


@blueprint.get("")
@allow(Access.PUBLIC)
@gives(list[DriftEntryOutput])
@takes(query=DriftQuery)
async def list_drifts(query: DriftQuery) -> Response:
    """Drifts, by default the latest first

    Filters narrow together. total is exact as long as only status, severity, cause, stack and environment narrow;
    otherwise counting stops at 10,000. nextCursor goes on at any depth for the same cost.
    """
    sort, after = SORTS[query.sort], _drift_place(query)
    async with app().db.read() as tx:
        found = await drifts.select_list(
            tx, _wanted(query), sort, limit=query.page_size, offset=query.offset, after=after
        )
    next_cursor = cursor_of([query.sort, *found.drifts[-1].place(sort)]) if found.has_more else None
    meta = page_meta(
        query, total=found.total, has_more=found.has_more, next_cursor=next_cursor, is_capped=found.is_capped
    )
    entries = [entry_output(each, is_signed_in=_is_signed_in()) for each in found.drifts]
    return _varying(answer(entries, meta=meta))


@blueprint.get(_ONE)
@allow(Access.PUBLIC)
@gives(DriftOutput, fails=(304,))
@_header(_IF_NONE_MATCH)
async def show_drift(drift_id: int) -> Response:
    """One drift, with every difference

    ETag names the version, for If-Match of a decision and for If-None-Match.
    """
    listed = await _require(drift_id)
    if request.if_none_match.contains_weak(_version(listed)):
        response = Response("", 304)
        response.headers.pop("Content-Type")
        response.set_etag(_version(listed))
        return _varying(response)
    return _drift(listed)


@blueprint.get(_ONE + "/timeline")
@allow(Access.PUBLIC)
@gives(list[TimelineOutput])
@takes(query=CursorQuery)
async def show_timeline(drift_id: int, query: CursorQuery) -> Response:
    """What happened to a drift, the oldest first"""
    after = start_of(query, Annotated[int, Meta(ge=0, le=2**63 - 1)]) or 0
    async with app().db.read() as tx:
        if await drifts.select_listed(tx, drift_id) is None:
            raise errors.NotFound("There is no such drift.")
        found = await drifts.select_timeline(tx, drift_id, after=after, limit=query.page_size + 1, offset=query.offset)
        total = await drifts.count_timeline(tx, drift_id)
    shown, has_more = found[: query.page_size], len(found) > query.page_size
    next_cursor = cursor_of(shown[-1].seq) if has_more else None
    meta = page_meta(query, total=total, has_more=has_more, next_cursor=next_cursor)
    return _varying(answer([timeline_output(event, is_signed_in=_is_signed_in()) for event in shown], meta=meta))


@blueprint.post(_ONE + "/approve")
@allow(Access.ENGINEER)
@gives(DriftOutput, fails=(409,))
@_header(_IF_MATCH)
@takes(body=ApproveInput)
async def approve_drift(drift_id: int, body: ApproveInput) -> Response:
    """Approve: keep reality, change the code

    fingerprint, or If-Match, names the facts that were seen; without both those of this moment count. The same
    request again is answered as the first time. 409: DRIFT_CHANGED, ALREADY_DECIDED, or CONFLICT when it is resolved;
    details hold status, fingerprint and version of now.
    """
    return await _decide(drift_id, Wish(Verdict.APPROVED, body.reason, body.fingerprint, _until(body), _seen_version()))


@blueprint.post(_ONE + "/reject")
@allow(Access.ENGINEER)
@gives(DriftOutput, fails=(409,))
@_header(_IF_MATCH)
@takes(body=RejectInput)
async def reject_drift(drift_id: int, body: RejectInput) -> Response:
    """Reject: revert reality to the code

    As approve, but without an end.
    """
    return await _decide(drift_id, Wish(Verdict.REJECTED, body.reason, body.fingerprint, None, _seen_version()))


@blueprint.post(_ONE + "/comments")
@allow(Access.ENGINEER)
@gives(TimelineOutput, status=201, fails=(409,))
@repeatable()
@takes(body=CommentInput)
async def comment_on_drift(drift_id: int, body: CommentInput, once: Once | None) -> Response:
    """Write into the timeline

    A comment can be neither edited nor removed.
    """
    actor = guards.actor()
    await drifts.comment(app().db, actor, drift_id, body.text, once)
    async with app().db.read() as tx:
        event = await drifts.select_last_of_request(tx, drift_id, actor.request_id)
    return answer(timeline_output(event, is_signed_in=True), status=201)


# -- What was asked for --------------------------------------------------------------------------------------------


def _is_signed_in() -> bool:
    return guards.reader() is not None


def _wanted(query: DriftQuery) -> Wanted:
    return Wanted(
        statuses=frozenset(query.status),
        severities=frozenset(query.severity),
        cause=query.cause,
        stack=query.stack,
        environment=query.environment,
        type=query.type,
        action=query.action,
        q=query.q,
    )


def _drift_place(query: DriftQuery) -> tuple[str | int, ...]:
    """Where the page starts; () at the beginning. Raises `Invalid` for the cursor of another order."""
    start = start_of(query, Annotated[list[str | int], Meta(min_length=1)])
    if start is None:
        return ()
    name, *place = start
    if name != query.sort or not drifts.is_place(SORTS[query.sort], tuple(place)):
        sentence = "This cursor belongs to another sort. Take it from nextCursor, with the same sort and filters."
        raise errors.Invalid(sentence, status=400, problems=[Problem("cursor", sentence)])
    return tuple(place)


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


def _until(body: ApproveInput) -> datetime | None:
    """Within the years that can be written in UTC."""
    try:
        return convert(clock.to_text(body.until), datetime) if body.until else None
    except OverflowError:
        sentence = "The end date must be before the year 9999 ends, in UTC."
        raise errors.Invalid(sentence, problems=[Problem("until", sentence)]) from None


# -- Answers -------------------------------------------------------------------------------------------------------


async def _decide(drift_id: int, wish: Wish) -> Response:
    await drifts.decide(app().db, guards.actor(), drift_id, wish)
    return _drift(await _require(drift_id))


async def _require(drift_id: int) -> Listed:
    async with app().db.read() as tx:
        listed = await drifts.select_listed(tx, drift_id)
    if listed is None:
        raise errors.NotFound("There is no such drift.")
    return listed


def _drift(listed: Listed) -> Response:
    response = answer(drift_output(listed, is_signed_in=_is_signed_in()))
    response.set_etag(_version(listed))
    return _varying(response)


def _version(listed: Listed) -> str:
    return f"{listed.version}-{'full' if _is_signed_in() else 'public'}"


def _varying(response: Response) -> Response:
    response.headers.update(_VARY)
    return response
