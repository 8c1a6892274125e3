"""Which regions change with an alert: news for all, and for each person what he has not read."""

from collections.abc import Collection, Mapping, Sequence

from driftsentry import clock, regions
from driftsentry.alerts import queries
from driftsentry.db import Database
from driftsentry.events import Event
from driftsentry.regions import OwnRegion, Region
from driftsentry.templating import render

# A page shows 50. Of those that are read at once, more than these are behind several pages.
MOST_ROWS = 200


async def draw(db: Database, batch: Sequence[Event], rooms: frozenset[str]) -> list[Region]:
    """What is new on the page of alerts. It waits there until somebody asks for it."""
    created = [event.data["alert_id"] for event in batch if event.kind == "alert.created"]
    if not created or "alerts-list" not in rooms:
        return []
    async with db.read() as tx:
        alerts = await queries.select_some(tx, None, created)
    items = "".join(render("alerts/_news.html", alert=alert) for alert in alerts)
    return [regions.for_all("alerts-list", regions.appended("#alerts-news-items", items))]


async def draw_unread(db: Database, batch: Sequence[Event], people: Mapping[str, Collection[str]]) -> list[OwnRegion]:
    """The badge in the frame: everybody's for a new alert, and of who has read one. One query for all of them."""
    here = set(people.get("alerts", ()))
    if not any(event.kind == "alert.created" for event in batch):
        here = here & {event.data["user_id"] for event in batch if event.kind == "alert.read"}
    if not here:
        return []
    async with db.read() as tx:
        counted = await queries.count_unread_of(tx, here)
    drawn = {unread: regions.in_place(render("alerts/_unread.html", unread=unread)) for unread in set(counted.values())}
    return [OwnRegion("alerts", user_id, drawn[unread]) for user_id, unread in counted.items()]


async def draw_read(db: Database, batch: Sequence[Event], people: Mapping[str, Collection[str]]) -> list[OwnRegion]:
    """Rows that somebody has read in another window, in place in this one."""
    here = people.get("alerts-list", ())
    events = [event for event in batch if event.kind == "alert.read" and event.data["user_id"] in here]
    drawn = []
    for user_id in {event.data["user_id"] for event in events}:
        of_user = [event for event in events if event.data["user_id"] == user_id]
        drawn.append(OwnRegion("alerts-list", user_id, await _rows(db, of_user, user_id)))
    return drawn


async def _rows(db: Database, batch: Sequence[Event], user_id: str) -> str:
    now = clock.now()
    up_to = max([event.data["up_to"] for event in batch if "up_to" in event.data], default=None)
    single = [event.data["alert_id"] for event in batch if "alert_id" in event.data]
    async with db.read() as tx:
        alerts = await queries.select_some(tx, user_id, single[:MOST_ROWS])
        if up_to is not None:
            alerts += await queries.select_alerts(tx, user_id, limit=MOST_ROWS, before=up_to + 1)
    by_id = {alert.id: alert for alert in alerts}
    return "".join(regions.in_place(render("alerts/_row.html", alert=alert, now=now)) for alert in by_id.values())
