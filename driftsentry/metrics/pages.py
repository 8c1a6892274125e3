"""`/metrics`, in the text format of Prometheus: to this machine, or with a token that has the right metrics:read."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from quart import Blueprint, Response

from driftsentry import clock, stacks
from driftsentry.db import Tx
from driftsentry.metrics import queries
from driftsentry.metrics.live_feed import LiveFeed
from driftsentry.metrics.summary import Summary, summarise
from driftsentry.web import Access, allow, app

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@allow(Access.METRICS)
async def metrics() -> Response:
    registry = CollectorRegistry()
    async with app().db.read() as tx:
        await _count_drifts(registry, tx)
        await _tell_freshness(registry, tx)
        _tell_rest(registry, await summarise(tx, None, clock.now()))
    registry.register(LiveFeed(app().extensions["presence"].status()))
    text = generate_latest(registry) + generate_latest(app().latency_registry)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


async def _count_drifts(registry: CollectorRegistry, tx: Tx) -> None:
    labels = ["stack", "status", "cause", "severity", "snoozed"]
    text = "Drifts by stack, status, cause, severity, and whether they are snoozed"
    gauge = Gauge("driftsentry_drifts", text, labels, registry=registry)
    for count in await queries.select_counts(tx):
        snoozed = "true" if count.is_snoozed else "false"
        gauge.labels(count.stack, count.status, count.cause, count.severity, snoozed).set(count.amount)


async def _tell_freshness(registry: CollectorRegistry, tx: Tx) -> None:
    states = Gauge("driftsentry_stacks", "Stacks by freshness", ["freshness"], registry=registry)
    ages = Gauge(
        "driftsentry_stack_report_age_seconds", "Since the last report of a stack", ["stack"], registry=registry
    )
    now = clock.now()
    for state in stacks.Freshness:
        states.labels(state.value).set(0)
    for stack in await stacks.select_stacks(tx):
        states.labels(stack.freshness(now).value).inc()
        if stack.last_report_at:
            ages.labels(stack.slug).set((now - stack.last_report_at).total_seconds())


def _tell_rest(registry: CollectorRegistry, found: Summary) -> None:
    Gauge("driftsentry_reports", "Reports received until now", registry=registry).set(found.reports)
    Gauge("driftsentry_alerts", "Alerts made until now", registry=registry).set(found.alerts)
