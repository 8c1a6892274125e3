"""What stands around the rows of a list: tabs, facets, totals, and how fresh the stacks are.

All of it is what the last event left behind, so for one list it is worked out once between two events.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from driftsentry import clock, stacks
from driftsentry.db import Database, Tx
from driftsentry.drifts.facet_queries import select_amounts, select_sample
from driftsentry.drifts.facets import Facet, Ground, facets
from driftsentry.drifts.filter import ORDERS, Filter
from driftsentry.drifts.model import Kind
from driftsentry.drifts.search_queries import of_stacks
from driftsentry.drifts.tabs import KINDS, SHOWN, TABS
from driftsentry.drifts.waiting import Waiting, count_waiting, waiting_in
from driftsentry.drifts.walk_queries import Found, Places, search
from driftsentry.kept import Kept, minute_of
from driftsentry.stacks import Doubt, Freshness, Stack

PAGE = 50
COUNT_LIMIT = 1_000  # of what no index counts; a bulk decision takes as many
CHANGED_LIMIT = 100
SAMPLE = 300
_WORRYING = (Freshness.LATE, Freshness.STALE, Freshness.ERRORED)


@dataclass(frozen=True, slots=True)
class TabView:
    """`count`: None where it is not counted; with `is_capped` there are more."""

    key: str
    label: str
    count: int | None
    href: str
    is_current: bool
    is_capped: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    label: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`worries`: how fresh the stacks are that are not, by their slugs. `found`: what a search needs to know again.

    `first`: the drifts of its first page. `waiting`: of all drifts, whatever the list is narrowed to.
    """

    found: Found
    first: Places
    waiting: Waiting
    tabs: list[TabView]
    facets: list[Facet]
    orders: list[Order]
    total: int
    is_capped: bool
    has_stacks: bool
    doubts: list[Doubt]
    worries: Mapping[str, str]


_kept = Kept[Surroundings](64)


async def surroundings_of(db: Database, tx: Tx, wanted: Filter, seq: int) -> Surroundings:
    """`seq`: of the last event, read in `tx`. Time counts too, by the minute."""
    now = clock.now()
    key = (wanted.url(), _me(wanted), seq, minute_of(now))
    return await _kept.get(db, key, partial(_surroundings, tx, wanted, now))


def look_of(wanted: Filter, seq: int, now: datetime) -> Hashable:
    """All that a page of this list depends on, beside who looks: as it was asked for, with its mistakes."""
    return wanted.url(), wanted.after, wanted.typed, wanted.problem, _me(wanted), seq, minute_of(now)


def _me(wanted: Filter) -> str:
    """Who asks, where that makes a difference to what is found."""
    return wanted.me if any(term.key == "by" for term in wanted.query.terms) else ""


async def tabs_of(tx: Tx, wanted: Filter, counts: Mapping[Kind, int], total: int | None = None) -> list[TabView]:
    """As links that keep what the list is narrowed to. `total`: of the current one, where the counts do not know it."""
    query, found = wanted.query.without_state(), []
    for tab in (TABS[key] for key in SHOWN):
        is_current = tab is wanted.tab or wanted.tab.within == tab.key != "open"
        other = replace(wanted, tab=tab, query=query, only=())
        if not replace(other.wanted, trait="").is_countable:
            count, is_capped = (total if tab is wanted.tab else None), False
        elif tab.trait:
            amount = await (await search(tx, other.wanted)).count(CHANGED_LIMIT)
            count, is_capped = min(amount, CHANGED_LIMIT), amount > CHANGED_LIMIT
        else:
            count, is_capped = sum(amount for kind, amount in counts.items() if other.wanted.includes(kind)), False
        order = wanted.order if tab.is_by_urgency == wanted.tab.is_by_urgency else ""
        found.append(TabView(tab.key, tab.label, count, other.url(order=order), is_current, is_capped))
    return found


async def worries_of(tx: Tx, slugs: set[str], now: datetime) -> dict[str, str]:
    """As `Surroundings.worries`, of these few stacks."""
    return _worries([stack for slug in slugs if (stack := await stacks.select_stack(tx, slug))], now)


async def _surroundings(tx: Tx, wanted: Filter, now: datetime) -> Surroundings:
    listed, asked = await stacks.select_stacks(tx), await search(tx, wanted.wanted)
    is_wanted = wanted.query.stack_test()
    # One look for what is counted and what is sampled: what no index knows is expensive to find.
    places = await asked.places(wanted.sort, limit=SAMPLE if asked.is_countable else COUNT_LIMIT, is_bounded=True)
    total = asked.amount if asked.is_countable else len(places.found)
    sample = await select_sample(tx, places.ids[:SAMPLE])
    is_part = places.end is not None or len(places.found) > SAMPLE
    by_id = {stack.id: stack for stack in listed}
    if asked.is_countable:
        kinds = [kind for kind in KINDS if wanted.wanted.includes(kind)]
        ground = Ground(by_id, asked.counts, await select_amounts(tx, kinds), sample, is_part)
    else:
        ground = Ground(by_id, None, {}, sample, is_part)
    is_of_all = not of_stacks(wanted.wanted, {})
    return Surroundings(
        found=asked.found,
        first=places.first(PAGE, wanted.sort),
        waiting=waiting_in(asked.counts) if is_of_all else await count_waiting(tx),
        tabs=await tabs_of(tx, wanted, asked.counts, total),
        facets=facets(wanted, ground),
        orders=[Order(label, wanted.url(order=key), key == wanted.order_key) for key, (label, _sort) in ORDERS.items()],
        total=total,
        is_capped=places.end is not None and not asked.is_countable,
        has_stacks=bool(listed),
        doubts=stacks.doubts([each for each in listed if is_wanted(each.slug, each.environment)], now),
        worries=_worries(listed, now),
    )


def _worries(listed: list[Stack], now: datetime) -> dict[str, str]:
    found = {stack.slug: stack.freshness(now) for stack in listed}
    return {slug: freshness.value for slug, freshness in found.items() if freshness in _WORRYING}
