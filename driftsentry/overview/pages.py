"""`/`."""

from datetime import datetime
from functools import partial

from markupsafe import Markup
from quart import Blueprint, Response, request

from driftsentry import answers, clock, drifts, events, stacks
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.kept import Kept, minute_of
from driftsentry.kept_answers import kept_answer
from driftsentry.overview import views
from driftsentry.overview.trends import SPANS, span_of, trends
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

ROWS = 8
Drawn = tuple[Markup, tuple[int, int]]  # with how many drifts wait, and the critical ones

_kept = Kept[Drawn](16)

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
@allow(Access.VIEWER)
async def index() -> Response:
    return await kept_answer(_page)


async def _page() -> str:
    now, span, can_decide = clock.now(), span_of(request.args.get("days", "")), guards.person().can_decide
    async with app().db.read() as tx:
        seq = await events.latest_seq(tx)
        look = (seq, minute_of(now), span, can_decide)
        drawn, waiting = await _kept.get(app().db, look, partial(_draw, tx, now, span, can_decide))
        frame = {"active": "overview", "live": f"/live?after={seq}&room=drifts"}
        return await answers.page(tx, "overview/index.html", "Overview", waiting, **frame, drawn=drawn)


async def _draw(tx: Tx, now: datetime, span: int, can_decide: bool) -> Drawn:
    """The same for all who may do the same."""
    listed = await stacks.select_stacks(tx)
    rows = await drifts.most_urgent(tx, ROWS)
    table = await views.table(tx, listed)
    text = render(
        "overview/_main.html",
        now=now,
        rows=rows,
        worries=views.worries(listed, {row.stack for row in rows}, now),
        table=table,
        freshness=views.freshness(listed, now),
        recent=await views.recent(tx),
        trends=await trends(tx, now, span),
        spans=SPANS,
        can_decide=can_decide,
    )
    return Markup(text), (table.waiting, table.critical)  # noqa: S704 - it was escaped when it was drawn
