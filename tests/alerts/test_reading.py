"""Unread per person: read one, read all, and what each role may."""

import asyncio

import pytest

from driftsentry import alerts, errors
from driftsentry.alerts import UNREAD_LIMIT
from driftsentry.auth.model import User
from tests.alerts.plans import actor_of, door, post, told
from tests.site import PEOPLE, Site

EVERYBODY = ["viewer", "engineer", "admin"]


async def unread(site: Site, user: User) -> int:
    async with site.db.read() as tx:
        return await alerts.count_unread(tx, user.id)


async def three(site: Site) -> None:
    for number in range(3):
        await post(site, 1, door("web"), stack=f"prod/s{number}")


@pytest.mark.parametrize("role", EVERYBODY)
async def test_everybody_reads_for_himself(site: Site, role: str) -> None:
    reader, other = await site.person(PEOPLE[role], role), await site.person("Otto")  # type: ignore[index]
    await three(site)
    alert = await alerts.read(site.db, actor_of(reader), 2)
    assert (alert.id, alert.is_read) == (2, True)
    assert [each.is_read for each in await told(site, reader)] == [False, True, False]
    assert [each.is_read for each in await told(site, other)] == [False] * 3
    assert (await unread(site, reader), await unread(site, other)) == (2, 3)
    assert await alerts.read_all(site.db, actor_of(reader)) == 2
    assert (await unread(site, reader), await unread(site, other)) == (0, 3)
    assert [each.is_read for each in await told(site, reader)] == [True] * 3
    await post(site, 2, door("more"), stack="prod/s1")
    assert await unread(site, reader) == 1


async def test_reading_twice_is_recorded_once(site: Site) -> None:
    vera = await site.person("Vera", "viewer")
    await three(site)
    actor = actor_of(vera)
    await asyncio.gather(*(alerts.read(site.db, actor, 2) for _ in range(5)))
    assert sorted(await asyncio.gather(*(alerts.read_all(site.db, actor) for _ in range(3)))) == [0, 0, 2]
    assert (await alerts.read(site.db, actor, 3)).is_read
    found = [{key: event.data[key] for key in sorted(event.data)} for event in await site.events("alert.read")]
    assert found == [{"alert_id": 2, "user_id": vera.id}, {"alerts": 2, "up_to": 3, "user_id": vera.id}]
    assert await site.value("SELECT count(*) FROM alert_reads") == 0


async def test_what_came_after_the_page_was_loaded_stays_unread(site: Site) -> None:
    vera = await site.person("Vera", "viewer")
    await three(site)
    assert await alerts.read_all(site.db, actor_of(vera), 2) == 2
    assert [each.is_read for each in await told(site, vera)] == [True, True, False]
    assert await alerts.read_all(site.db, actor_of(vera), 1) == 0
    assert await unread(site, vera) == 1
    assert await alerts.read_all(site.db, actor_of(vera), 2_000_000_000) == 1
    await post(site, 9, door("later"))
    assert await unread(site, vera) == 1


async def test_who_comes_later_has_nothing_to_catch_up_with(site: Site) -> None:
    await three(site)
    new = await site.person("Nina", "viewer")
    assert await unread(site, new) == 0
    await post(site, 1, door("web"))
    assert await unread(site, new) == 1


async def test_what_does_not_exist_cannot_be_read(site: Site) -> None:
    vera = await site.person("Vera", "viewer")
    with pytest.raises(errors.NotFound):
        await alerts.read(site.db, actor_of(vera), 1)
    assert await alerts.read_all(site.db, actor_of(vera)) == 0
    assert await site.events("alert.read") == []


async def test_somebody_who_was_disabled_reads_nothing(site: Site) -> None:
    otto = await site.person("Otto", "viewer")
    await three(site)
    await site.disable(otto)
    for verb in (alerts.read(site.db, actor_of(otto), 1), alerts.read_all(site.db, actor_of(otto))):
        with pytest.raises(errors.Forbidden):
            await verb
    assert await site.events("alert.read") == []


async def test_counting_stops_at_a_thousand(sqlite_site: Site) -> None:
    site = sqlite_site
    vera = await site.person("Vera", "viewer")
    await three(site)
    async with site.db.write() as tx:
        stack_id = await tx.value("SELECT id FROM stacks LIMIT 1")
        sql = (
            "INSERT INTO alerts (id, kind, once_key, stack_id, created_at)"
            " VALUES (:id, 'stale', :key, :stack, '2026-11-20T10:00:00.000000Z')"
        )
        await tx.run_many(sql, [{"id": n, "key": f"k{n}", "stack": stack_id} for n in range(10, UNREAD_LIMIT + 50)])
    assert await unread(site, vera) == UNREAD_LIMIT
    assert "999+" in await (await site.as_viewer()).text("/alerts")


async def test_the_list_is_narrowed_paged_and_counted(site: Site) -> None:
    vera = await site.person("Vera", "viewer")
    await three(site)
    await post(site, 2, errored=True, stack="prod/s1")
    await alerts.read(site.db, actor_of(vera), 1)
    async with site.db.read() as tx:

        async def ids(user_id: str | None, limit: int = 10, **narrowed: object) -> list[int]:
            found = await alerts.select_alerts(tx, user_id, limit=limit, **narrowed)  # type: ignore[arg-type]
            if limit == 10 and not narrowed.keys() & {"offset", "before"}:
                assert await alerts.count_alerts(tx, user_id, **narrowed) == len(found)  # type: ignore[arg-type]
            return [each.id for each in found]

        assert await ids(vera.id) == [4, 3, 2, 1]
        assert await ids(vera.id, unread_only=True) == [4, 3, 2]
        assert await ids(None, unread_only=True) == [4, 3, 2, 1]
        assert await ids(vera.id, stack="prod/s1") == [4, 2]
        assert await ids(vera.id, stack="prod/s1", kind="failing", unread_only=True) == [4]
        assert await ids(vera.id, limit=2) == [4, 3]
        assert await ids(vera.id, limit=2, offset=2) == [2, 1]
        assert await ids(vera.id, before=3, unread_only=True) == [2]
        assert [each.is_read for each in await alerts.select_alerts(tx, None, limit=9)] == [False] * 4
        one = await alerts.select_alert(tx, vera.id, 1)
        assert one is not None
        assert one.is_read
        assert await alerts.select_alert(tx, vera.id, 99) is None
        assert await alerts.count_unread(tx, "nobody") == 0
