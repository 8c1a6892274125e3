"""How it runs, for admins: the processes, who is connected, and how fast changes reach the pages."""

import platform

from quart import Blueprint

from driftsentry import VERSION, answers, migrations
from driftsentry.admin import status_queries
from driftsentry.web import Access, allow, app

MOST_ROOMS = 50

blueprint = Blueprint("admin_status", __name__)


@blueprint.get("/admin/status")
@allow(Access.ADMIN)
async def index() -> str:
    live = app().extensions["presence"].status()
    async with app().db.read() as tx:
        return await answers.page(
            tx, "admin/status.html", "Status", active="admin", live_status=live, most_rooms=MOST_ROOMS,
            engine=tx.engine, size=await status_queries.select_size(tx), schema=await migrations.version(tx),
            version=VERSION, python=platform.python_version(),
        )  # fmt: skip
