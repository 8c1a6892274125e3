"""Which regions of the overview change with a decision or a report: all but its charts, which are of when it came."""

from collections.abc import Sequence

from driftsentry import clock, regions, stacks
from driftsentry.db import Database
from driftsentry.events import Event
from driftsentry.overview import views
from driftsentry.regions import Region
from driftsentry.templating import render

_REGIONS = ("_freshness", "_total", "_calm", "_table", "_recent", "_first")


async def draw(db: Database, batch: Sequence[Event], rooms: frozenset[str]) -> list[Region]:
    if "drifts" not in rooms or not any(event.stack_id for event in batch):
        return []
    now = clock.now()
    async with db.read() as tx:
        listed = await stacks.select_stacks(tx)
        table, recent = await views.table(tx, listed), await views.recent(tx)
    values = {"table": table, "freshness": views.freshness(listed, now), "recent": recent, "now": now}
    drawn = [render(f"overview/{name}.html", **values) for name in _REGIONS]
    return [regions.for_all("drifts", regions.in_place(html)) for html in drawn]
