"""Drifts: the list, one of them, its timeline, and what people write there."""

from functools import partial
from typing import Annotated, Literal

from msgspec import Meta
from quart import Blueprint, Response, request

from driftsentry import drifts, errors
from driftsentry.api.idempotency import Once, repeatable
from driftsentry.api.paging import CursorQuery, cursor_of, page_meta, start_of
from driftsentry.api.schema import Input, answer, gives, takes
from driftsentry.api.v1.drift_answers import ONE, drift_answer, header, is_signed_in, require, varying, version_of
from driftsentry.api.v1.drift_outputs import (
    CauseName,
    DriftEntryOutput,
    DriftOutput,
    SeverityName,
    StatusName,
    TimelineOutput,
    comment_output,
    entry_output,
    timeline_output,
)
from driftsentry.auth import guards
from driftsentry.drifts import SORTS, Wanted
from driftsentry.errors import Problem
from driftsentry.kept_answers import kept_answer
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_drifts", __name__, url_prefix="/api/v1/drifts")

_NO_NUL = r"^[^\x00]*$"
_STACK = r"^[A-Za-z0-9._/*-]*$"
SortName = Literal[
    "detectedAt", "-detectedAt", "updatedAt", "-updatedAt", "severity", "-severity", "id", "-id", "address", "-address"
]
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of the copy that one has; 304 when it is good still.",
    "schema": {"type": "string"},
}
_TEXT = Meta(min_length=1, max_length=4000, description="More than blanks.", extra_json_schema={"pattern": r"\S"})


class DriftQuery(CursorQuery, frozen=True):
    status: Annotated[list[StatusName], Meta(max_length=10)] = []
    severity: Annotated[list[SeverityName], Meta(max_length=10)] = []
    stack: Annotated[str, Meta(max_length=200, pattern=_STACK, description="`*`: any characters, slashes too.")] = ""
    environment: Annotated[str, Meta(max_length=200, pattern=_NO_NUL)] = ""
    type: Annotated[str, Meta(max_length=200, pattern=_NO_NUL, description="Of the resource; `*` as for stack.")] = ""
    action: Annotated[str, Meta(max_length=100, pattern=_NO_NUL)] = ""
    cause: CauseName | Literal[""] = ""
    snoozed: Annotated[bool | None, Meta(description="Only those that are put off, or only those that are not.")] = None
    q: Annotated[str, Meta(max_length=500, description="The language of the page's search box, see docs/api.md.")] = ""
    sort: Annotated[SortName, Meta(description="`-`: descending.")] = "-detectedAt"


class CommentInput(Input, frozen=True):
    text: Annotated[str, _TEXT]


@blueprint.get("")
@allow(Access.PUBLIC)
@gives(list[DriftEntryOutput], fails=(422,))
@takes(query=DriftQuery)
async def list_drifts(query: DriftQuery) -> Response:
    """Drifts, by default the latest first

    Filters narrow together. total is exact as long as only status, severity, cause, stack and environment narrow,
    be it in q; of words counting stops at 10,000. nextCursor goes on at any depth for the same cost. For what no
    index knows, be it type, action or most of q, one answer looks through 5,000 drifts in the order of the list, and
    total is what they hold: lookedThrough says that it ended there, perhaps with no entry at all. Then nextCursor
    looks further; page does not.
    """
    return await kept_answer(partial(_list, query))


async def _list(query: DriftQuery) -> Response:
    sort, after = SORTS[query.sort], _drift_place(query)
    async with app().db.read() as tx:
        found = await drifts.select_list(
            tx, _wanted(query), sort, limit=query.page_size, offset=query.offset, after=after
        )
    next_cursor = cursor_of([query.sort, *found.end]) if found.end else None
    # By numbers of pages there is an end where looking was given up: who counts them would ask for empty ones for ever.
    has_more = found.end is not None and bool(found.drifts or query.cursor or query.page == 1)
    meta = page_meta(query, total=found.total, has_more=has_more, next_cursor=next_cursor, is_capped=found.is_capped)
    if found.is_cut:
        meta["lookedThrough"] = drifts.FAR
    is_full = is_signed_in()
    entries = [entry_output(each, is_signed_in=is_full) for each in found.drifts]
    return varying(answer(entries, meta=meta))


@blueprint.get(ONE)
@allow(Access.PUBLIC)
@gives(DriftOutput, fails=(304,))
@header(_IF_NONE_MATCH)
async def show_drift(drift_id: int) -> Response:
    """One drift, with every difference

    ETag names the version, for If-Match of a decision and for If-None-Match.
    """
    listed = await require(drift_id)
    if request.if_none_match.contains_weak(version_of(listed)):
        response = Response("", 304)
        response.headers.pop("Content-Type")
        response.set_etag(version_of(listed))
        return varying(response)
    return drift_answer(listed)


@blueprint.get(ONE + "/timeline")
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
    return varying(answer([timeline_output(event, is_signed_in=is_signed_in()) for event in shown], meta=meta))


@blueprint.post(ONE + "/comments")
@allow(Access.ENGINEER)
@gives(TimelineOutput, status=201, fails=(409,))
@repeatable()
@takes(body=CommentInput)
async def comment_on_drift(drift_id: int, body: CommentInput, once: Once | None) -> Response:
    """Write into the timeline

    A comment can be neither edited nor removed.
    """
    actor = guards.actor()
    stored = await drifts.comment(app().db, actor, drift_id, body.text, once)
    # Nothing is read again: where that failed, an answer of 503 would have it sent, and stored, once more.
    return answer(comment_output(stored, actor), status=201)


# -- What was asked for --------------------------------------------------------------------------------------------


def _wanted(query: DriftQuery) -> Wanted:
    """Raises `Invalid` for a `q` that cannot be understood."""
    asked, reader = drifts.parse_query(query.q), guards.reader()
    if problem := asked.problem:
        meant = " or ".join(text for _label, text in problem.meant)
        sentence = problem.message + (f" Did you mean {meant}?" if meant else "")
        raise errors.Invalid(sentence, problems=[Problem("q", sentence)])
    if reader is None and any(term.key == "by" for term in asked.terms):
        raise errors.SignedOut("by: tells who decided. Ask with a token.")
    beside = drifts.asking_for(stack=query.stack, env=query.environment, type=query.type, action=query.action)
    return Wanted(
        statuses=frozenset(query.status),
        severities=frozenset(query.severity),
        cause=query.cause,
        is_snoozed=query.snoozed,
        queries=(beside, asked),
        me=reader.id if reader else "",
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
