"""What happens is told though it could not be drawn: later, or by a page that is fetched anew."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from driftsentry import errors
from driftsentry.events import Event
from driftsentry.live.hub import Hub
from driftsentry.live.pushing import Drawn, reload_at
from tests.api.program import as_role
from tests.live.feeds import knocking
from tests.live.test_live import address, closed, connected, decide, heard, hub, latest, scan
from tests.site import Site


class Broken:
    """Draws in place of a hub's own, and fails so many times first."""

    def __init__(self, hub: Hub, problem: Exception, times: int = 1) -> None:
        self._draw, self._problem, self.left = hub._pages.draw, problem, times
        hub._pages.draw = self  # type: ignore[method-assign, assignment]

    async def __call__(self, batch: Sequence[Event], *rest: Any) -> Drawn:
        if self.left:
            self.left -= 1
            raise self._problem
        return await self._draw(batch, *rest)


@asynccontextmanager
async def looking_on(site: Site, after: int | None = None) -> AsyncIterator[Any]:
    async with (await site.as_viewer()).socket(await address(site, "drifts", after=after)) as socket:
        yield socket


async def test_while_the_database_is_away_it_waits_and_is_told_then(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    await sqlite_site.caught_up()
    async with looking_on(sqlite_site) as socket:
        await connected(sqlite_site)
        broken = Broken(hub(sqlite_site), errors.Unavailable("It is away."))
        await decide(sqlite_site)
        assert 'data-status="approved"' in await heard(socket)
        assert broken.left == 0


async def test_what_cannot_be_drawn_ends_those_who_look_and_they_get_it_when_they_are_back(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    await sqlite_site.caught_up()
    before = await latest(sqlite_site)
    async with looking_on(sqlite_site) as socket:
        await connected(sqlite_site)
        Broken(hub(sqlite_site), RuntimeError("a fault of ours"))
        await decide(sqlite_site)
        assert await closed(socket) == 1011
    await sqlite_site.caught_up()
    async with looking_on(sqlite_site, before) as socket:
        assert 'data-status="approved"' in await heard(socket)


@pytest.mark.parametrize("times", [1, 3])
async def test_where_not_even_that_can_be_drawn_the_page_is_to_be_fetched_anew(sqlite_site: Site, times: int) -> None:
    await sqlite_site.post_body(scan(1))
    await sqlite_site.caught_up()
    before = await latest(sqlite_site)
    await decide(sqlite_site)
    await sqlite_site.caught_up()
    Broken(hub(sqlite_site), RuntimeError("a fault of ours"), times)
    for _ in range(times):
        async with looking_on(sqlite_site, before) as socket:
            assert await heard(socket) == reload_at(await latest(sqlite_site)).text
    async with looking_on(sqlite_site, before) as socket:
        assert 'data-status="approved"' in await asyncio.wait_for(heard(socket), 5)


async def test_a_program_that_knows_more_than_this_process_by_now_is_told_the_rest_once(sqlite_site: Site) -> None:
    """It comes from another process, which was faster: that is no gap, and nothing comes twice."""
    await sqlite_site.post_body(scan(1))
    await sqlite_site.caught_up()
    program = await as_role(sqlite_site, "viewer")
    async with looking_on(sqlite_site):
        await connected(sqlite_site)
        Broken(hub(sqlite_site), errors.Unavailable("It is away."))  # it hears of the decision a second later
        await decide(sqlite_site)
        behind, known = hub(sqlite_site).seq, await latest(sqlite_site)
        assert behind < known
        async with knocking(sqlite_site, Authorization=f"Bearer {program.token}") as feed:
            await feed.say("resume", after=known)
            await sqlite_site.caught_up()
            await sqlite_site.post_body(scan(2, "3"))
            assert (await feed.hear_of("gap", "drift:approved", "drift:changed"))["type"] == "drift:changed"
