"""What can be done with a whole list: decide on all of it, save it, take it away as a file, and show it otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from driftsentry.auth import Person
from driftsentry.db import Tx
from driftsentry.drifts import bulk, bulk_views, export, filter, view_queries
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.surroundings import Surroundings
from driftsentry.drifts.view_model import View

# So many views stand above a list; the others are on the page of all views.
SHOWN = 100
AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Tools:
    """Of one list, for one person. `total`: how many match, with `is_capped` at least; `seq`: of the last event."""

    query: str
    total: int
    is_capped: bool
    seq: int
    views: list[View]
    columns: tuple[str, ...]
    density: str
    can_decide: bool
    most_at_once: int = bulk.MOST
    most_in_file: int = export.MOST

    @property
    def can_select_all(self) -> bool:
        return self.can_decide and not self.is_capped and 0 < self.total <= self.most_at_once

    @property
    def choices(self) -> Mapping[str, str]:
        """How long drifts can be put off."""
        return bulk_views.CHOICES

    @property
    def path(self) -> str:
        return f"/drifts?{self.query}"

    @property
    def shown_views(self) -> list[View]:
        return self.views[:AT_ONCE]

    @property
    def more_views(self) -> list[View]:
        return self.views[AT_ONCE:]

    @property
    def current(self) -> View | None:
        """The view that this list is."""
        return next((view for view in self.views if view.query == self.query), None)


async def views_of(tx: Tx, user_id: str) -> list[View]:
    return await view_queries.select_views(tx, user_id, SHOWN)


async def opening_of(tx: Tx, user_id: str, views: list[View]) -> str | None:
    """The address of the view that somebody opens the list with; None for what needs a decision. `views`: his."""
    if chosen := next((view for view in views if view.is_default), None):
        return chosen.href
    query = await view_queries.select_default_query(tx, user_id) if len(views) >= SHOWN else None
    return f"/drifts?{query}" if query else None


def list_of(query: str, me: str) -> Filter:
    """What a query string of `/drifts` means to the person with this id."""
    args = MultiDict(parse_qsl(query))
    return filter.parse(args, args.getlist("drift"), me)


def tools_of(wanted: Filter, person: Person, views: list[View], around: Surroundings, seq: int) -> Tools:
    return Tools(
        wanted.url().partition("?")[2],
        around.total,
        around.is_capped,
        seq,
        views,
        tuple(person.preferences.columns),
        person.preferences.density,
        person.can_decide,
    )
