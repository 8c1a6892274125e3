"""`/`."""

from quart import Blueprint, request

from driftsentry import answers, clock, drifts, events, stacks
from driftsentry.auth import guards
from driftsentry.overview import views
from driftsentry.overview.trends import SPANS, span_of, trends
from driftsentry.web import Access, allow, app

ROWS = 8

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
@allow(Access.VIEWER)
async def index() -> str:
    now = clock.now()
    async with app().db.read() as tx:
        after = await events.latest_seq(tx)
        listed = await stacks.select_stacks(tx)
        rows = await drifts.most_urgent(tx, ROWS)
        return await answers.page(
            tx,
            "overview/index.html",
            "Overview",
            active="overview",
            live=f"/live?after={after}&room=drifts",
            rows=rows,
            worries=views.worries(listed, {row.stack for row in rows}, now),
            table=await views.table(tx, listed),
            freshness=views.freshness(listed, now),
            recent=await views.recent(tx),
            trends=await trends(tx, now, span_of(request.args.get("days", ""))),
            spans=SPANS,
            can_decide=guards.person().can_decide,
        )
