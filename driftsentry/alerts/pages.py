"""The page of alerts, and reading them."""

from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import alerts, answers, clock, events, regions
from driftsentry.alerts import views
from driftsentry.alerts.views import Shown
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.stacks import is_slug
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

PAGE = 50
LARGEST = 2**31 - 1

blueprint = Blueprint("alerts", __name__)


@blueprint.get("/alerts")
@allow(Access.VIEWER)
async def index() -> Response:
    shown = _shown(request.args.get("show", ""), request.args.get("stack", ""), request.args.get("before", ""))
    async with app().db.read() as tx:
        values = await _list(tx, shown)
        if answers.is_fragment():
            text = render("alerts/_list.html", now=clock.now(), **values)
        else:
            live = f"/live?after={await events.latest_seq(tx)}&room=drifts&room=alerts-list"
            text = await answers.page(tx, "alerts/index.html", "Alerts", active="alerts", live=live, **values)
    return Response(text, headers={"Vary": "HX-Request"})


@blueprint.post("/alerts/<int(max=2147483647):alert_id>/read")
@allow(Access.VIEWER)
async def read(alert_id: int) -> Response:
    alert = await alerts.read(app().db, guards.actor(), alert_id)
    if not answers.is_fragment():
        typed = await request.form
        return cast(Response, redirect(_shown(typed.get("show", ""), typed.get("stack", "")).url(), 303))
    return Response(render("alerts/_row.html", alert=alert, now=clock.now()) + await _badge())


@blueprint.post("/alerts/read-all")
@allow(Access.VIEWER)
async def read_all() -> Response:
    typed = await request.form
    shown = _shown(typed.get("show", ""), typed.get("stack", ""))
    await alerts.read_all(app().db, guards.actor(), _number(typed.get("up_to", "")), shown.stack)
    if not answers.is_fragment():
        return cast(Response, redirect(shown.url(), 303))
    async with app().db.read() as tx:
        values = await _list(tx, shown) | {"has_focus": True}
        text = render("alerts/_list.html", now=clock.now(), **values)
    return Response(text + await _badge())


async def _badge() -> str:
    """The badge beside an answer: also where no socket brings it."""
    async with app().db.read() as tx:
        unread = await alerts.count_unread(tx, guards.person().id)
    return regions.in_place(render("alerts/_unread.html", unread=unread))


def _shown(show: str, stack: str, before: str = "") -> Shown:
    """What cannot be understood is left out."""
    return Shown(show != "all", stack if is_slug(stack) else "", _number(before))


def _number(text: str) -> int | None:
    return min(int(text), LARGEST) if text.isascii() and text.isdecimal() and len(text) < 12 else None


async def _list(tx: Tx, shown: Shown) -> dict[str, object]:
    user_id = guards.person().id
    narrowed = {"unread_only": shown.unread_only, "stack": shown.stack}
    found = await alerts.select_alerts(tx, user_id, **narrowed, limit=PAGE + 1, before=shown.before)  # type: ignore[arg-type]
    rows = found[:PAGE]
    newest = await alerts.select_alerts(tx, user_id, limit=1)
    return {
        "shown": shown,
        "has_focus": False,  # to be given to the tab: what was pressed is gone with this answer
        "spans": views.spans_of(rows, clock.now()),
        "alerted": await alerts.select_alerted_stacks(tx),
        "amount": len(rows),
        "total": await alerts.count_alerts(tx, user_id, **narrowed),  # type: ignore[arg-type]
        "next_url": shown.url(before=rows[-1].id) if len(found) > PAGE else None,
        "newest_id": newest[0].id if newest else 0,
        "unread": await alerts.count_unread(tx, user_id),
    }
