"""Which regions change on pages that list stacks."""

from collections.abc import Sequence

from driftsentry import clock, regions, reports
from driftsentry.db import Database
from driftsentry.events import Event
from driftsentry.regions import Region
from driftsentry.stacks import queries
from driftsentry.stacks.model import Stack, Tally
from driftsentry.stacks.views import NAMED, entry_of
from driftsentry.templating import render


async def draw(db: Database, batch: Sequence[Event], rooms: frozenset[str]) -> list[Region]:
    touched = {event.stack_id for event in batch if event.stack_id}
    if not touched or "drifts" not in rooms:
        return []
    async with db.read() as tx:
        stacks = await queries.select_stacks_by_id(tx, touched)
        tallies = await queries.select_tallies(tx)
    now = clock.now()
    drawn = [
        render("stacks/_row.html", entry=entry_of(stack, tallies.get(stack.id, Tally()), now), now=now)
        for stack in stacks
    ]
    if new := [stack for stack in stacks if _is_new(stack, batch)]:
        drawn.append(render("stacks/_news.html", news=new[:NAMED], more=len(new[NAMED:])))
    return [regions.for_all("drifts", regions.in_place(html)) for html in drawn]


def _is_new(stack: Stack, batch: Sequence[Event]) -> bool:
    """Whether it was made by one of these events: no list shows it yet."""
    return any(event.stack_id == stack.id and event.at == stack.created_at for event in batch)


async def draw_held(db: Database, batch: Sequence[Event], rooms: frozenset[str]) -> list[Region]:
    """The question of a held report on the page of its stack: whenever it is asked, answered, or void."""
    touched = {event.stack_id for event in batch if event.stack_id and event.kind.startswith("report.")}
    if not touched or not any(room.startswith("stack:") for room in rooms):
        return []
    async with db.read() as tx:
        found = [
            (stack.slug, await reports.select_waiting(tx, stack.id))
            for stack in await queries.select_stacks_by_id(tx, touched)
            if f"stack:{stack.slug}" in rooms
        ]
    return [_held(slug, held) for slug, held in found]


def _held(slug: str, held: reports.Report | None) -> Region:
    now = clock.now()

    def draw(can_decide: bool) -> str:
        html = render("stacks/_held.html", slug=slug, held=held, can_decide=can_decide, now=now)
        return regions.in_place(html)

    return regions.for_each_audience(f"stack:{slug}", draw)
