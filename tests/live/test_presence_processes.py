"""Who is there, over all processes of one database; and what is written of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from driftsentry import clock, errors, ids
from driftsentry.live import presence_queries as queries
from driftsentry.live.presence_queries import Process
from driftsentry.live.presence_watch import Watch
from tests.ingest.samples import entry, plan
from tests.live.viewers import DRIFT, heard, hub, presence, program, settled, shown, until
from tests.site import Browser, Site, running_site

pytestmark = pytest.mark.usefixtures("quick")

SCAN = plan(entry({"a": "1"}, {"a": "2"}))


@pytest.fixture
async def sites(database_url: str) -> AsyncIterator[tuple[Site, Site]]:
    """Two processes, as far as the database can tell."""
    async with running_site(database_url) as one, running_site(database_url) as two:
        yield one, two


async def pair(one: Site, two: Site) -> tuple[Browser, Browser, Browser]:
    """Emil at both processes, and Ada at the second."""
    emil, ada = await one.person("Emil"), await one.person("Ada", "admin")
    return await one.browser_of(emil), await two.browser_of(emil), await two.browser_of(ada)


async def test_two_processes_know_of_each_other(sites: tuple[Site, Site]) -> None:
    one, two = sites
    await one.post_body(SCAN)
    events = await one.value("SELECT count(*) FROM events")
    emil, there, ada = await pair(one, two)
    async with emil.socket(DRIFT) as his:
        assert await shown(his) == ""
        async with ada.socket(DRIFT) as hers, there.socket(DRIFT):
            assert await shown(his) == "Ada is viewing"
            while await shown(hers) != "Emil is viewing":
                pass
            await until(lambda: presence(two)._elsewhere.keys() == {"drifts", "drift:1"})
            for room in ("drifts", "drift:1"):
                assert presence(one).count(room) == presence(two).count(room) == 2
        assert await shown(his) == ""
    await until(lambda: not presence(one).rooms() and not presence(two).rooms())
    assert await one.value("SELECT count(*) FROM live_rooms") == 0
    assert await one.value("SELECT count(*) FROM events") == events


async def test_it_takes_two_seconds_at_most(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    monkeypatch.undo()
    async with running_site(sqlite_url) as one, running_site(sqlite_url) as two:
        sockets = [program(name, "drift:1") for name in ("Ada", "Emil")]
        for socket in sockets:  # the second comes when the first has just been written
            hub(two).members.add(socket)
            started = monotonic()
            await until(lambda: presence(one).people("drift:1") == presence(two).people("drift:1"))
            assert monotonic() - started < 2.5  # half a second for a machine that has more to do
        for socket in sockets:
            hub(two).members.remove(socket)


async def test_an_orderly_end_takes_everything_back_at_once(database_url: str) -> None:
    async with running_site(database_url) as one:
        async with running_site(database_url) as two:
            hub(two).members.add(program("Ada", "drifts", "drift:1"))
            await until(lambda: presence(one).count("drift:1") == 1)
            assert len(presence(one).processes()) == 2
            hub(two).members.remove(*hub(two).members)
        assert await one.value("SELECT count(*) FROM live_processes WHERE id = :id", id=presence(two).id) == 0
        await until(lambda: presence(one).rooms() == frozenset())
        await until(lambda: len(presence(one).processes()) == 1)


async def ghost(site: Site, age: float = 0) -> Process:
    """What a killed process leaves behind. `age`: seconds since its last sign."""
    now = clock.now() - timedelta(seconds=age)
    left = Process(ids.new(), "far-away", 4711, now, now, 3)
    async with site.db.write() as tx:
        await queries.insert_process(tx, left)
        await queries.upsert_rooms(tx, left.id, {"drift:1": {"u1": "Gerd"}, "drifts": {"u1": ""}})
    await presence(site).sync()
    return left


@pytest.mark.parametrize("hours", [-1, 0, 1])
async def test_a_killed_process_is_swept_after_45_seconds_without_a_sign_by_one(
    sites: tuple[Site, Site], caplog: pytest.LogCaptureFixture, hours: float
) -> None:
    """`hours`: by which its clock is ahead of ours."""
    one, two = sites
    await one.post_body(SCAN)
    async with (await one.as_engineer()).socket(DRIFT) as his:
        left = await ghost(one, age=-hours * 3600)
        await presence(two).sync()
        while await shown(his) != "Gerd is viewing":
            pass
        assert presence(two).people("drift:1")["u1"] == "Gerd"
        assert presence(one).count("drifts") == 2
        for watch in (presence(one)._watch, presence(two)._watch):
            watch._signs[left.id].silence += 46
        await asyncio.gather(presence(one).sync(), presence(two).sync())
        assert await shown(his) == ""
        assert presence(one).count("drifts") == 1
        assert "u1" not in presence(two).people("drift:1")
    assert await one.value("SELECT count(*) FROM live_rooms WHERE process_id = :id", id=left.id) == 0
    assert [record.pid for record in caplog.records if record.message == "live.process_gone"] == [4711]  # type: ignore[attr-defined]


async def test_a_process_that_gave_a_sign_in_the_last_moment_is_not_swept(site: Site) -> None:
    left = await ghost(site)
    async with site.db.write() as tx:
        [seen] = [process for process in await queries.select_processes(tx) if process.id == left.id]
        later = replace(seen, seen_at=seen.seen_at + timedelta(seconds=1))
        assert await queries.update_process(tx, later, has_changed=False)
        assert not await queries.sweep_process(tx, seen)
        assert await queries.sweep_process(tx, later)
        assert not await queries.sweep_process(tx, later)


def sign(age: float = 0, changes: int = 1) -> Process:
    at = clock.now() - timedelta(seconds=age)
    return Process("one", "far-away", 4711, at, at, 3, changes)


def test_what_a_process_finds_at_its_start_counts_when_it_is_recent_or_gives_a_sign() -> None:
    watch, old, recent = Watch(45), sign(age=60), replace(sign(age=40), id="two")
    watch.look([old, recent])
    assert [watch.lives(process) for process in (old, recent)] == [False, True]
    assert not watch.is_gone(old)  # its clock may be a minute behind ours: its next sign will show
    moved = replace(old, changes=2)
    watch.look([moved, recent])
    assert watch.lives(moved)
    for _ in range(2):
        assert not watch.is_gone(recent)
        watch._looked_at = monotonic() - 22.5
        watch.look([replace(moved, changes=3), recent])
    assert watch.is_gone(recent)
    assert not watch.lives(recent)
    assert watch._signs.keys() == {"one", "two"}
    watch.look([])
    assert not watch._signs
    assert not watch.lives(moved)


def test_an_outage_in_which_nobody_could_give_a_sign_kills_nobody() -> None:
    watch, other = Watch(45), sign()
    watch.look([other])
    watch._looked_at = monotonic() - 3600
    assert not watch.lives(other)  # as far as anybody can know meanwhile
    watch.look([other])
    assert watch.lives(other)
    assert not watch.is_gone(other)


async def test_what_was_swept_and_is_written_anew_is_read_anew(sqlite_site: Site) -> None:
    site, left = sqlite_site, await ghost(sqlite_site)
    async with site.db.write() as tx:
        await queries.delete_process(tx, left.id)
        await queries.insert_process(tx, replace(left, seen_at=left.seen_at + timedelta(seconds=1)))
        await queries.upsert_rooms(tx, left.id, {"drift:2": {"u2": "Hans"}})
    await presence(site).sync()
    assert presence(site).rooms() == {"drift:2"}


async def test_a_process_that_others_took_for_dead_writes_itself_anew(site: Site) -> None:
    await ghost(site)
    hub(site).members.add(program("Ada", "drifts", "drift:7"))
    mine = "SELECT room FROM live_rooms WHERE process_id = :id ORDER BY room"

    async def is_written() -> bool:
        return [row[0] for row in await site.rows(mine, id=presence(site).id)] == ["drift:7", "drifts"]

    await until(is_written)
    async with site.db.write() as tx:
        await queries.delete_process(tx, presence(site).id)
    assert await site.rows(mine, id=presence(site).id) == []
    presence(site)._wrote_at -= 60  # its next sign is due
    await presence(site).sync()
    assert await is_written()
    hub(site).members.remove(*hub(site).members)


# -- The database ----------------------------------------------------------------------------------------------


async def test_two_hundred_who_come_make_few_writes(sites: tuple[Site, Site]) -> None:
    one, two = sites
    changes = "SELECT changes FROM live_processes WHERE id = :id"
    presence(one)._wrote_at -= 60
    await presence(one).sync()
    before = await one.value(changes, id=presence(one).id)
    sockets = [program(f"P{n}", "drifts", "alerts", f"drift:{n % 5}", is_program=False) for n in range(200)]
    for number, socket in enumerate(sockets):
        await hub(one).join(socket, hub(one).seq)
        if number % 20 == 0:
            await asyncio.sleep(0.05)
    await until(lambda: presence(two).count("drifts") == presence(two).count("alerts") == 200)
    assert sum(presence(two).count(f"drift:{n}") for n in range(5)) == 200
    written = await one.value(changes, id=presence(one).id)
    assert written - before <= 20  # 10 rounds of 50 ms, and some that a busy machine had more
    assert await one.value("SELECT count(*) FROM live_rooms") == 7
    for socket in sockets[:100]:  # who goes and comes back within the second makes none
        hub(one).leave(socket)
        await hub(one).join(socket, hub(one).seq)
    await presence(one).sync()
    assert await one.value(changes, id=presence(one).id) == written
    for socket in sockets:
        hub(one).leave(socket)


async def test_without_the_database_this_process_still_tells_and_then_catches_up(
    sqlite_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site, here = sqlite_site, presence(sqlite_site)
    await ghost(site)
    here._db, kept = _Away(), here._db  # type: ignore[assignment]
    watcher, other = program("Emil", "drift:1"), program("Ada", "drift:1")
    hub(site).members.add(watcher)
    hub(site).members.add(other)
    await settled(site)
    assert [data["user"]["name"] for _kind, _room, data in heard(watcher)] == ["Ada"]
    assert here._watch._looked_at is not None
    here._watch._looked_at -= 46
    await here.sync()
    await here.sync()
    here._db = kept
    assert here.people("drift:1") == {"emil": "Emil", "ada": "Ada"}  # of the far process nobody knows any more
    assert [record.message for record in caplog.records].count("live.presence_delayed") == 1
    await here.sync()

    async def is_written() -> bool:
        return await site.value("SELECT count(*) FROM live_rooms WHERE process_id = :id", id=here.id) == 1

    await until(is_written)
    hub(site).members.remove(watcher)
    hub(site).members.remove(other)


class _Away:
    """A database that cannot be reached."""

    def read(self) -> Any:
        raise errors.Unavailable("away")

    write = read


async def test_a_quiet_process_writes_nothing_until_its_first_sign_is_due(sqlite_site: Site) -> None:
    await presence(sqlite_site).sync()
    assert await sqlite_site.value("SELECT count(*) FROM live_processes") == 0
    presence(sqlite_site)._wrote_at -= 16
    await presence(sqlite_site).sync()
    row = (await sqlite_site.rows("SELECT * FROM live_processes"))[0]
    assert row["sockets"] == 0
    assert row["changes"] == int(clock.from_text(row["seen_at"]).timestamp() * 1000)
    assert presence(sqlite_site).processes()[0].id == row["id"]
