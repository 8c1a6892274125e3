"""`/`."""

from quart import Blueprint

from driftsentry import answers, clock, drifts, events
from driftsentry.auth import guards
from driftsentry.overview import views
from driftsentry.web import Access, allow, app

ROWS = 8

blueprint = Blueprint("overview", __name__)


@blueprint.get("/")
@allow(Access.VIEWER)
async def index() -> str:
    async with app().db.read() as tx:
        after = await events.latest_seq(tx)
        return await answers.page(
            tx,
            "overview/index.html",
            "Overview",
            active="overview",
            live=f"/live?after={after}&room=drifts",
            rows=await drifts.most_urgent(tx, ROWS),
            table=await views.table(tx),
            freshness=await views.freshness(tx, clock.now()),
            recent=await views.recent(tx),
            can_decide=guards.person().can_decide,
        )
