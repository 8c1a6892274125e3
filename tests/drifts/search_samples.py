"""Values for the templates of the list, with hostile text wherever text comes from outside."""

from datetime import datetime

from driftsentry.drifts import filter
from driftsentry.drifts.facets import Choice, Facet
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.surroundings import Order, Surroundings, TabView
from driftsentry.drifts.waiting import Waiting
from driftsentry.drifts.walk_queries import Found, Places


def wanted(evil: str) -> Filter:
    """A list that is narrowed to something that cannot be understood whole."""
    found = filter.parse({"q": f'stack:"{evil}" sevrity:high', "environment": "prod"}, ["7"])
    assert found.problem
    return found


def around(evil: str, now: datetime) -> Surroundings:
    href = "/drifts?q=" + evil
    chosen = [Choice(evil, 3, href, is_on=True), Choice(evil, None, href, is_on=False)]
    return Surroundings(
        found=Found({}),
        first=Places([], None),
        waiting=Waiting(3, 1),
        tabs=[
            TabView("open", "Needs decision", 3, href, is_current=True, is_capped=True),
            TabView("done", "Done", None, href, is_current=False),
        ],
        facets=[Facet(key, "Facet", chosen, more=4, is_least=True) for key in ("severity", "stack")],
        orders=[Order("Urgency", href, is_current=True), Order("Newest", href, is_current=False)],
        total=2,
        is_capped=True,
        has_stacks=True,
        doubts=[],
        worries={evil: "late"},
    )
