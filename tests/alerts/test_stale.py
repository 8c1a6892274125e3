"""A stack that stops reporting is told once for each silence, whatever many processes look."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from driftsentry import alerts, clock, stacks
from driftsentry.db import Database
from driftsentry.events import Log
from tests.alerts.plans import in_days, post, size, told
from tests.site import Site


@pytest.fixture
async def other(site: Site, database_url: str) -> AsyncIterator[Database]:
    """Another process on the same database."""
    db = Database(database_url)
    db.before_commit = alerts.before_commit(Log(site.app.settings.data_key))
    await db.connect()
    yield db
    await db.disconnect()


async def note(db: Database, days: int) -> int:
    with clock.pretend(in_days(days)):
        return await stacks.note_silence(db)


async def test_a_stack_that_is_silent_for_three_intervals_alerts_once(site: Site) -> None:
    await post(site, 1, size("a"))
    assert [await note(site.db, days) for days in (0, 1, 2, 4, 4, 9)] == [0, 0, 1, 1, 0, 0]  # late, then stale
    [alert] = await told(site)
    assert (alert.kind, alert.title, alert.href) == ("stale", "prod/app stopped reporting", "/stacks/prod/app")
    [stale] = await site.events("stack.stale")
    assert (stale.actor.kind, stale.data["stack"]) == ("system", "prod/app")


async def test_two_processes_that_look_at_once_tell_it_once(site: Site, other: Database) -> None:
    for number in range(3):
        await post(site, 1, size("a"), stack=f"prod/s{number}")
    found = await asyncio.gather(*(note(db, 4) for db in (site.db, other, site.db, other)))
    assert sorted(found) == [0, 0, 0, 3]
    assert len(await site.events("stack.stale")) == len(await told(site)) == 3


async def test_the_next_silence_alerts_again(site: Site) -> None:
    await post(site, 1, size("a"))
    assert await note(site.db, 4) == 1
    await post(site, 2, size("a"))
    assert await note(site.db, 0) == 0
    assert await note(site.db, 4) == 1
    assert len(await told(site)) == 2


async def test_a_report_that_comes_between_the_look_and_the_note_wins(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post(site, 1, size("a"))
    seen = stacks.queries.select_unnoted  # type: ignore[attr-defined]

    async def look_then_report(*about: object) -> object:
        found = await seen(*about)
        await post(site, 2, size("a"))
        return found

    monkeypatch.setattr("driftsentry.stacks.queries.select_unnoted", look_then_report)
    assert await note(site.db, 4) == 0
    assert await told(site) == []


async def test_a_stack_without_a_report_and_one_that_fails_are_not_silent(site: Site) -> None:
    async with site.db.write() as tx:
        await stacks.ensure(tx, "prod/never", clock.now())
    await post(site, 1, errored=True)
    assert await note(site.db, 9) == 0
