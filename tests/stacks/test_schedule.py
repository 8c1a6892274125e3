"""When a report is expected: learned from the first ones, set by engineers, and learned again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from driftsentry import alerts, clock, stacks
from driftsentry.db import Database
from driftsentry.events import Log
from driftsentry.stacks.rhythm import DAY, HOUR, MINUTE
from tests.alerts.plans import START, post, size, told
from tests.api.program import program_of
from tests.site import Site

WEEKLY = {"how": "set", "interval": "7", "interval_unit": "days", "grace": "12", "grace_unit": "h"}


@pytest.fixture
async def other(site: Site, database_url: str) -> AsyncIterator[Database]:
    """Another process on the same database."""
    db = Database(database_url)
    db.before_commit = alerts.before_commit(Log(site.app.settings.data_key))
    await db.connect()
    yield db
    await db.disconnect()


async def post_every(site: Site, gap: timedelta, first: int, last: int) -> None:
    for number in range(first, last):
        with clock.pretend(START + gap * number):
            await post(site, int(gap / MINUTE) * number, size("a"))


async def schedule(site: Site) -> tuple[int, int, str]:
    [row] = await site.rows("SELECT interval_seconds, grace_seconds, interval_source FROM stacks")
    return row[0], row[1], row[2]


async def test_the_interval_is_learned_from_the_fourth_to_the_eighth_report(site: Site) -> None:
    await post_every(site, HOUR, 0, 3)
    assert await schedule(site) == (86400, 21600, "default")
    await post_every(site, HOUR, 3, 4)
    assert await schedule(site) == (3600, 900, "learned")
    [event] = await site.events("stack.scheduled")
    assert (event.actor.kind, event.data["new_interval"], event.data["source"]) == ("system", "1 h", "learned")

    late = await site.post_body(b'{"format_version":"1.2","planned_values":{},"timestamp":"2020-01-01T00:00:00Z"}')
    assert (await late.get_json())["data"]["report"]["late"] is True
    await post_every(site, HOUR, 4, 8)
    await post_every(site, 6 * HOUR, 8, 20)  # it has been known for long by then: these are late
    assert await schedule(site) == (3600, 900, "learned")
    assert len(await site.events("stack.scheduled")) == 1

    response = await (await site.as_engineer()).post("/stacks/prod/app/schedule", {"how": "learn"})
    assert (response.status_code, await schedule(site)) == (303, (21600, 5400, "learned"))
    data = (await site.events("stack.scheduled"))[-1].data
    assert (data["old_interval"], data["new_interval"], data["source"]) == ("1 h", "6 h", "learned")


async def test_an_engineer_sets_it_and_reports_no_longer_change_it(site: Site) -> None:
    await post(site, 1, size("a"))
    engineer, viewer = await site.as_engineer(), await site.as_viewer()
    assert 'name="interval"' not in await viewer.text("/stacks/prod/app")
    assert (await viewer.post("/stacks/prod/app/schedule", WEEKLY)).status_code == 403
    assert (await engineer.post("/stacks/prod/none/schedule", WEEKLY)).status_code == 404

    for _twice in range(2):
        assert (await engineer.post("/stacks/prod/app/schedule", WEEKLY)).status_code == 303
    assert await schedule(site) == (7 * 86400, 12 * 3600, "set")
    [event] = await site.events("stack.scheduled")
    assert (event.actor.name, event.data["old_grace"], event.data["new_grace"]) == ("Emil", "6 h", "12 h")
    page = await engineer.text("/stacks/prod/app")
    assert "every <b>7 days</b>" in page
    assert "expected every 7 days" in page
    audit = await (await site.as_admin()).text("/audit")
    assert "expects a report of" in audit

    await post_every(site, HOUR, 1, 6)
    assert await schedule(site) == (7 * 86400, 12 * 3600, "set")
    [shown] = (await (await program_of(site, await site.person("Vera", "viewer"))).get("/stacks")).data
    assert (shown["intervalSeconds"], shown["graceSeconds"], shown["intervalSource"]) == (604800, 43200, "set")


async def test_what_is_no_schedule_is_refused_and_stays_typed(sqlite_site: Site) -> None:
    site = sqlite_site
    await post(site, 1, size("a"))
    engineer, before = await site.as_engineer(), await site.tables("sessions")
    for wrong, sentence in (
        ({"interval": "4", "interval_unit": "min"}, "Interval: Give a whole number and a unit: 5 min to 366 days."),
        ({"interval": "367"}, "Interval: Give"),
        ({"interval": "1e3"}, "Interval: Give"),
        ({"interval_unit": "weeks"}, "Interval: Give"),
        ({"grace": "999999", "grace_unit": "days"}, "Grace: Give"),
        ({"grace": ""}, "Grace: Give"),
    ):
        response = await engineer.post("/stacks/prod/app/schedule", WEEKLY | wrong)
        text = await response.get_data(as_text=True)
        assert (response.status_code, sentence in text) == (422, True), wrong
        assert f'name="interval" value="{(WEEKLY | wrong)["interval"]}"' in text
    assert await site.tables("sessions") == before


async def test_late_is_noted_once_by_many_processes_and_alerts_nobody(site: Site, other: Database) -> None:
    for number in range(3):
        await post(site, 1, size("a"), stack=f"prod/s{number}")
    with clock.pretend(clock.now() + 1.5 * DAY):
        found = await asyncio.gather(*(stacks.note_silence(db) for db in (site.db, other, site.db, other)))
    assert sorted(found) == [0, 0, 0, 3]
    late = await site.events("stack.late")
    assert [event.data["stack"] for event in late] == ["prod/s0", "prod/s1", "prod/s2"]
    assert await told(site) == []
    with clock.pretend(clock.now() + 4 * DAY):
        assert await stacks.note_silence(site.db) == 3
        assert await stacks.note_silence(other) == 0
    assert len(await site.events("stack.late")) == len(await told(site)) == 3


async def test_a_row_says_that_it_is_late_without_a_reload(sqlite_site: Site) -> None:
    site = sqlite_site
    await post(site, 1, size("a"))
    await site.run("UPDATE stacks SET last_report_at = :at", at=clock.to_text(clock.now() - 1.5 * DAY))
    async with (await site.as_viewer()).socket("/live?after=9&room=drifts") as socket:
        await site.connected()
        await stacks.note_silence(site.db)
        async with asyncio.timeout(5):
            while "the next report is overdue" not in await socket.receive():
                pass
