"""Numbers about everything."""

from typing import Annotated

from msgspec import Meta
from quart import Blueprint, Response

from driftsentry import clock
from driftsentry.api.schema import Output, answer, gives
from driftsentry.auth import guards
from driftsentry.clock import to_text
from driftsentry.metrics import Summary, summarise
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_metrics", __name__, url_prefix="/api/v1/metrics")


class DriftNumbers(Output, frozen=True):
    total: int
    snoozed: Annotated[int, Meta(description="Detected, and put off: they do not wait for a decision now.")]
    by_status: dict[str, int]
    by_severity: Annotated[dict[str, int], Meta(description="Of those that wait for a decision.")]
    by_cause: dict[str, int]
    by_stack: Annotated[dict[str, int], Meta(description="Of those that wait for a decision.")]


class AlertNumbers(Output, frozen=True):
    total: int
    unread: int


class OldestOutput(Output, frozen=True):
    id: str
    address: str
    stack: str
    detected_at: str


class ReportNumbers(Output, frozen=True):
    total: int
    last_day: int


class StackNumbers(Output, frozen=True):
    total: int
    by_freshness: dict[str, int]


class SummaryOutput(Output, frozen=True):
    drifts: DriftNumbers
    alerts: AlertNumbers
    oldest_open: OldestOutput | None
    median_seconds_to_decision: Annotated[float | None, Meta(description="Of the newest 1,000 decisions.")]
    median_seconds_to_resolution: Annotated[float | None, Meta(description="Of the newest 1,000 resolved drifts.")]
    reports: ReportNumbers
    stacks: StackNumbers


@blueprint.get("/summary")
@allow(Access.PUBLIC)
@gives(SummaryOutput)
async def show_summary() -> Response:
    """All numbers at once"""
    reader = guards.reader()
    async with app().db.read() as tx:
        found = await summarise(tx, reader.id if reader else None, clock.now())
    return answer(_summary(found))


def _summary(found: Summary) -> SummaryOutput:
    oldest = found.oldest
    return SummaryOutput(
        drifts=DriftNumbers(
            total=found.total,
            snoozed=found.snoozed,
            by_status=found.by_status,
            by_severity=found.by_severity,
            by_cause=found.by_cause,
            by_stack=found.by_stack,
        ),
        alerts=AlertNumbers(total=found.alerts, unread=found.unread),
        oldest_open=OldestOutput(
            id=str(oldest.drift_id),
            address=oldest.address,
            stack=oldest.stack,
            detected_at=to_text(oldest.detected_at),
        )
        if oldest
        else None,
        median_seconds_to_decision=found.median_to_decision,
        median_seconds_to_resolution=found.median_to_resolution,
        reports=ReportNumbers(total=found.reports, last_day=found.reports_today),
        stacks=StackNumbers(total=sum(found.by_freshness.values()), by_freshness=found.by_freshness),
    )
