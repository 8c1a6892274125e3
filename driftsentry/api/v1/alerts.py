"""Alerts, as whoever asks has read them."""

from typing import Annotated, Literal

from msgspec import Meta
from quart import Blueprint, Response

from driftsentry import alerts, errors
from driftsentry.alerts import Alert
from driftsentry.api.paging import CursorQuery, cursor_of, page_meta, start_of
from driftsentry.api.schema import Output, answer, gives, takes
from driftsentry.auth import guards
from driftsentry.clock import to_text
from driftsentry.db import Tx
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_alerts", __name__, url_prefix="/api/v1/alerts")
KindName = Literal["drifts", "lapsed", "stale", "failing", "held"]


class AlertQuery(CursorQuery, frozen=True):
    unread: Annotated[bool, Meta(description="true: only those that one has not read.")] = False
    stack: Annotated[str, Meta(max_length=200)] = ""
    kind: KindName | Literal[""] = ""


class AlertOutput(Output, frozen=True):
    id: str
    kind: KindName
    title: str
    reason: str
    stack: str
    environment: str
    drift_id: str | None
    report_id: str | None
    severity: Literal["low", "medium", "high", "critical"] | None
    drifts: int
    critical: int
    created_at: str
    read: bool


class UnreadOutput(Output, frozen=True):
    unread: Annotated[int, Meta(description="Counted up to 1,000.")]


class ReadOutput(Output, frozen=True):
    read: int


@blueprint.get("")
@allow(Access.PUBLIC)
@gives(list[AlertOutput])
@takes(query=AlertQuery)
async def list_alerts(query: AlertQuery) -> Response:
    """Alerts, the newest first"""
    before = start_of(query, Annotated[int, Meta(ge=0, lt=2**31)])
    narrow = {"unread_only": query.unread, "stack": query.stack, "kind": query.kind}
    async with app().db.read() as tx:
        found = await alerts.select_alerts(
            tx,
            _reader_id(),
            limit=query.page_size + 1,
            offset=query.offset,
            before=before,
            **narrow,  # type: ignore[arg-type]
        )
        total = await alerts.count_alerts(tx, _reader_id(), **narrow)  # type: ignore[arg-type]
    shown, has_more = found[: query.page_size], len(found) > query.page_size
    next_cursor = cursor_of(shown[-1].id) if has_more else None
    meta = page_meta(query, total=total, has_more=has_more, next_cursor=next_cursor)
    return answer([alert_output(alert) for alert in shown], meta=meta)


@blueprint.get("/unread-count")
@allow(Access.PUBLIC)
@gives(UnreadOutput)
async def count_unread() -> Response:
    """How many alerts one has not read"""
    async with app().db.read() as tx:
        return answer(UnreadOutput(unread=await _unread(tx)))


@blueprint.post("/<int(max=2147483647):alert_id>/read")
@allow(Access.VIEWER)
@gives(AlertOutput)
async def read_alert(alert_id: int) -> Response:
    """Mark an alert as read, for oneself"""
    await alerts.read(app().db, guards.actor(), alert_id)
    async with app().db.read() as tx:
        alert = await alerts.select_alert(tx, guards.person().id, alert_id)
    if alert is None:
        raise errors.NotFound("There is no such alert.")
    return answer(alert_output(alert))


@blueprint.post("/read-all")
@allow(Access.VIEWER)
@gives(ReadOutput)
async def read_all_alerts() -> Response:
    """Mark all alerts as read, for oneself"""
    return answer(ReadOutput(read=await alerts.read_all(app().db, guards.actor())))


def _reader_id() -> str | None:
    reader = guards.reader()
    return reader.id if reader else None


async def _unread(tx: Tx) -> int:
    reader_id = _reader_id()
    if reader_id is None:  # nobody has read anything
        return min(await alerts.count_alerts(tx, None), alerts.UNREAD_LIMIT)
    return await alerts.count_unread(tx, reader_id)


def alert_output(alert: Alert) -> AlertOutput:
    return AlertOutput(
        id=str(alert.id),
        kind=alert.kind.value,
        title=alert.title,
        reason=alert.reason,
        stack=alert.stack,
        environment=alert.environment,
        drift_id=str(alert.drift_id) if alert.drift_id is not None else None,
        report_id=alert.report_id,
        severity=alert.severity,  # type: ignore[arg-type]
        drifts=alert.drifts,
        critical=alert.critical,
        created_at=to_text(alert.created_at),
        read=alert.is_read,
    )
