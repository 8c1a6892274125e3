"""Stacks: what waits in each, and how fresh it is."""

from typing import Annotated, Literal

from msgspec import Meta
from quart import Blueprint, Response

from driftsentry import clock, stacks
from driftsentry.api.paging import PageQuery, page_meta
from driftsentry.api.schema import Output, answer, gives, takes
from driftsentry.clock import maybe_to_text, to_text
from driftsentry.stacks import Entry
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_stacks", __name__, url_prefix="/api/v1/stacks")


class TallyOutput(Output, frozen=True):
    """Drifts that wait for a decision by severity; those that are decided, informational or snoozed apart."""

    critical: int
    high: int
    medium: int
    low: int
    decided: int
    informational: int
    snoozed: int


class StackOutput(Output, frozen=True):
    id: str
    slug: str
    environment: str
    interval_seconds: Annotated[int, Meta(description="A report is expected this often.")]
    grace_seconds: Annotated[int, Meta(description="It may come that much later.")]
    interval_source: Literal["default", "learned", "set"]
    freshness: Literal["fresh", "late", "stale", "errored", "never"]
    last_report_at: str | None
    last_complete_at: str | None
    incomplete_reason: str | None
    announced_drifts: Annotated[int, Meta(description="Counted by HCP Terraform since the last report.")]
    announced_at: str | None
    created_at: str
    drifts: TallyOutput


@blueprint.get("")
@allow(Access.VIEWER)
@gives(list[StackOutput])
@takes(query=PageQuery)
async def list_stacks(query: PageQuery) -> Response:
    """All stacks, by name"""
    async with app().db.read() as tx:
        entries = await stacks.entries(tx, clock.now())
    shown = [_stack(entry) for entry in entries[query.offset : query.offset + query.page_size]]
    has_more = query.offset + len(shown) < len(entries)
    return answer(shown, meta=page_meta(query, total=len(entries), has_more=has_more))


@blueprint.get("/<path:slug>")
@allow(Access.VIEWER)
@gives(StackOutput)
async def show_stack(slug: str) -> Response:
    """One stack"""
    async with app().db.read() as tx:
        return answer(_stack(await stacks.require_entry(tx, slug, clock.now())))


def _stack(entry: Entry) -> StackOutput:
    stack, tally = entry.stack, entry.tally
    return StackOutput(
        id=stack.id,
        slug=stack.slug,
        environment=stack.environment,
        interval_seconds=int(stack.schedule.interval.total_seconds()),
        grace_seconds=int(stack.schedule.grace.total_seconds()),
        interval_source=stack.schedule.source.value,
        freshness=entry.freshness.value,
        last_report_at=maybe_to_text(stack.last_report_at),
        last_complete_at=maybe_to_text(stack.last_complete_at),
        incomplete_reason=stack.incomplete_reason or None,
        announced_drifts=stack.announced,
        announced_at=maybe_to_text(stack.announced_at),
        created_at=to_text(stack.created_at),
        drifts=TallyOutput(
            critical=tally.critical,
            high=tally.high,
            medium=tally.medium,
            low=tally.low,
            decided=tally.decided,
            informational=tally.informational,
            snoozed=tally.snoozed,
        ),
    )
