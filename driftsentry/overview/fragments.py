"""Which regions of the overview change: its tables, after every decision and report."""

from collections.abc import Sequence

from driftsentry import clock, regions
from driftsentry.db import Database
from driftsentry.events import Event
from driftsentry.overview import views
from driftsentry.regions import Region
from driftsentry.templating import render


async def draw(db: Database, batch: Sequence[Event], rooms: frozenset[str]) -> list[Region]:
    if "drifts" not in rooms or not any(event.stack_id for event in batch):
        return []
    now = clock.now()
    async with db.read() as tx:
        drawn = [
            render("overview/_table.html", table=await views.table(tx)),
            render("overview/_freshness.html", freshness=await views.freshness(tx, now)),
            render("overview/_recent.html", recent=await views.recent(tx), now=now),
        ]
    return [regions.for_all("drifts", regions.in_place(html)) for html in drawn]
