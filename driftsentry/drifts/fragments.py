"""Which regions of pages change with a drift, from the partials that the pages themselves use."""

from collections.abc import Sequence
from datetime import datetime

from driftsentry import clock, regions
from driftsentry.db import Database
from driftsentry.drifts import queries
from driftsentry.drifts.comments import timeline_of
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.model import Drift, Row
from driftsentry.drifts.snoozing import CHOICES
from driftsentry.drifts.surroundings import tabs_of, worries_of
from driftsentry.drifts.views import SnoozeForm, knowledge_of
from driftsentry.drifts.waiting import waiting_in
from driftsentry.events import Event
from driftsentry.regions import Region
from driftsentry.templating import render

_NEWS = ("drift.detected", "drift.filled", "drift.reopened", "drift.lapsed", "drift.changed", "drift.woken")
_FACTS = ("drift.changed", "drift.filled", "drift.reopened", "drift.lapsed", "drift.detected", "drift.ignored")


async def draw(db: Database, batch: Sequence[Event], rooms: frozenset[str]) -> list[Region]:
    of_drifts = [event for event in batch if event.drift_id is not None and event.kind.startswith("drift.")]
    touched = list(dict.fromkeys(event.drift_id for event in of_drifts if event.drift_id is not None))
    if not touched:
        return []
    now = clock.now()
    drawn = await _lists(db, of_drifts, touched, now) if "drifts" in rooms else []
    for drift_id in [drift_id for drift_id in touched if f"drift:{drift_id}" in rooms]:
        kinds = {event.kind for event in of_drifts if event.drift_id == drift_id}
        drawn += await _page(db, drift_id, kinds, now)
    return drawn


async def _lists(db: Database, batch: Sequence[Event], touched: list[int], now: datetime) -> list[Region]:
    """Rows in place, counters, and the ids of what is news for a list."""
    async with db.read() as tx:
        shown_rows = touched if len(touched) <= regions.MOST_DRIFTS else []
        rows = {row.id: row for row in await queries.select_rows(tx, shown_rows)}
        worries = await worries_of(tx, {row.stack for row in rows.values()}, now)
        counts = await queries.select_counts(tx)
        shown = await tabs_of(tx, Filter(), counts)
    drawn = [_row(rows[drift_id], worries, now) for drift_id in touched if drift_id in rows]
    drawn += [_in_drifts(render("drifts/_tab_count.html", tab=tab, is_live=True)) for tab in shown]
    drawn.append(_in_drifts(render("_waiting.html", **waiting_in(counts)._asdict())))
    news = {event.drift_id for event in batch if event.kind in _NEWS}
    items = "".join(
        render("drifts/_news.html", row=rows[drift_id]) for drift_id in touched if drift_id in news & set(rows)
    )
    return [*drawn, regions.for_all("drifts", regions.appended("#drifts-news-items", items))] if items else drawn


def _row(row: Row, worries: dict[str, str], now: datetime) -> Region:
    return _in_drifts(render("drifts/_rows.html", rows=[row], worries=worries, now=now))


def _in_drifts(html: str) -> Region:
    return regions.for_all("drifts", regions.in_place(html))


async def _page(db: Database, drift_id: int, kinds: set[str], now: datetime) -> list[Region]:
    """Head, verdicts and timeline of the drift's own page. Its form stays: somebody may be typing."""
    async with db.read() as tx:
        drift = await queries.select_drift(tx, drift_id)
        if drift is None:
            return []
        timeline = await timeline_of(tx, drift_id)
        knowledge = await knowledge_of(tx, drift, now)
    room = f"drift:{drift_id}"
    head = render("drifts/_head.html", drift=drift, knowledge=knowledge, now=now)
    story = render("drifts/_timeline.html", drift=drift, timeline=timeline, now=now)
    drawn = [regions.for_all(room, regions.in_place(html)) for html in (head, story)]
    return drawn if kinds == {"drift.commented"} else [*drawn, *_controls(room, drift, _state(drift, kinds))]


def _controls(room: str, drift: Drift, state: str) -> list[Region]:
    """What one may do with it now. Neither names the facts: the page that is open may show others."""
    values = {"drift": drift, "state": state, "snooze": SnoozeForm(), "choices": [*CHOICES]}

    def draw(name: str) -> Region:
        return regions.for_each_audience(
            room, lambda can_decide: regions.in_place(render(name, can_decide=can_decide, **values))
        )

    return [draw("drifts/_verdicts.html"), draw("drifts/_snooze.html")]


def _state(drift: Drift, kinds: set[str]) -> str:
    """What the buttons become. Facts that changed under an open form need a look before a decision."""
    if not drift.is_open:
        return "decided"
    return "changed" if kinds & set(_FACTS) else "open"
