"""Who is there: on the page of a drift, for programs, and over all processes of one database."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from driftsentry import clock, errors, ids
from driftsentry.live import presence as presence_module
from driftsentry.live import presence_queries as queries
from driftsentry.live import presence_telling
from driftsentry.live.hub import Hub
from driftsentry.live.presence import Presence, Timing
from driftsentry.live.presence_here import Here
from driftsentry.live.presence_queries import Process
from driftsentry.live.socket import Member, Socket
from driftsentry.live.wire import Wire
from driftsentry.templating import render
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site, running_site

DRIFT = "/live?after=0&room=drifts&room=drift:1"
QUICK = 0.05
VIEWERS = re.compile(r'id="drift-1-viewers"[^>]*>(.*?)</p>')


def presence(site: Site) -> Presence:
    found = site.app.extensions["presence"]
    assert isinstance(found, Presence)
    return found


def hub(site: Site) -> Hub:
    found = site.app.extensions["hub"]
    assert isinstance(found, Hub)
    return found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All in good time, but for people who wait for tests."""
    for module, name in (
        (presence_module, "WRITE_SECONDS"),
        (presence_module, "ROUND_SECONDS"),
        (presence_telling, "COUNTED_SECONDS"),
        (presence_telling, "TOLD_SECONDS"),
    ):
        monkeypatch.setattr(module, name, QUICK)


@pytest.fixture
async def sites(database_url: str) -> AsyncIterator[tuple[Site, Site]]:
    """Two processes, as far as the database can tell."""
    async with running_site(database_url) as one, running_site(database_url) as two:
        yield one, two


async def shown(page: Any, seconds: float = 5) -> str:
    """What the page is told next of who is viewing."""
    async with asyncio.timeout(seconds):
        while True:
            if found := VIEWERS.search(str(await page.receive())):
                return re.sub("<[^>]*>", "", found[1])


async def until(is_so: Callable[[], bool | Awaitable[bool]], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while True:
            answer = is_so()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)


async def stuck(_message: object = None) -> None:
    await asyncio.Event().wait()


class Deaf(Socket):
    """Takes nothing: what it is given stays in its queue. No session of it is known, and nobody can end it."""

    def end(self, code: int) -> None: ...


def program(name: str, *rooms: str, is_program: bool = True) -> Socket:
    member = Member(name.lower(), name, ids.new(), False)
    return Deaf(Wire(stuck, stuck), member, frozenset(rooms), is_program)


def heard(socket: Socket) -> list[Any]:
    """(kind, room, data) of the messages that wait, which are taken away."""
    messages = [json.loads(frame.text) for frame in socket._waiting]
    socket._waiting.clear()
    return [(message["type"], message["room"], message["data"]) for message in messages]


async def settled(site: Site) -> None:
    """Until everything that happened before is told: it is told in order."""
    telling = presence(site)._telling
    telling.look_at(frozenset({"drifts", "drift:0"}))
    await until(lambda: not telling._named._rooms and not telling._counted._rooms)


# -- The page of a drift ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("viewers", "more", "sentence"),
    [
        ([], 0, ""),
        (["Emil"], 0, "Emil is viewing"),
        (["Ada", "Emil"], 0, "Ada and Emil are viewing"),
        (["Ada", "Emil"], 3, "Ada, Emil and 3 more are viewing"),
    ],
)
def test_the_sentence_names_two(viewers: list[str], more: int, sentence: str) -> None:
    html = render("drifts/_viewers.html", drift={"id": "7"}, viewers=viewers, more=more)
    assert re.sub("<[^>]*>", "", html).strip() == sentence


async def test_a_page_shows_the_others_and_never_oneself(site: Site) -> None:
    emil, ada = await site.as_engineer(), await site.as_admin()
    async with emil.socket(DRIFT) as his:
        assert await shown(his) == ""
        async with ada.socket(DRIFT) as hers, ada.socket(DRIFT) as again, emil.socket(DRIFT) as second:
            assert await shown(his) == "Ada is viewing"
            assert await shown(second) == "Ada is viewing"
            assert await shown(hers) == await shown(again) == "Emil is viewing"
            await hers.disconnect()  # her other window stays
            await settled(site)
        assert await shown(his) == ""  # and nothing before it


async def test_the_page_holds_an_empty_line_that_no_push_of_the_drift_touches(sqlite_site: Site) -> None:
    site = sqlite_site
    await site.post_body(plan(entry({"a": "1"}, {"a": "2"})))
    text = await (await site.as_viewer()).text("/drifts/1")
    assert text.count('<p id="drift-1-viewers" class="drift-viewers" hx-ignore></p>') == 1
    assert text.index("drift-1-viewers") < text.index('id="drift-1-page"') < text.index('id="drift-1-head"')


async def test_a_name_that_is_markup_stays_text(sqlite_site: Site) -> None:
    evil = await sqlite_site.browser_of(await sqlite_site.person("<img src=x>\u202e"))
    async with (await sqlite_site.as_engineer()).socket(DRIFT) as his, evil.socket(DRIFT):
        frame = ""
        while "viewing" not in frame:
            frame = str(await asyncio.wait_for(his.receive(), 5))
    assert "<img" not in frame
    assert "\u202e" not in frame
    assert "&lt;img src=x&gt;\\u202e</bdi> is viewing" in frame


async def test_whoever_says_nothing_any_more_is_gone_before_his_connection_is(sqlite_site: Site) -> None:
    site = sqlite_site
    async with (await site.as_engineer()).socket(DRIFT) as his, (await site.as_admin()).socket(DRIFT):
        while await shown(his) != "Ada is viewing":
            pass
        [silent] = [socket for socket in hub(site).members if socket.member.name == "Ada"]
        silent.heard_at -= presence(site)._timing.patience + 1
        assert await shown(his) == ""
        assert (presence(site).count("drift:1"), len(hub(site))) == (1, 2)
        silent.heard_at = monotonic()
        assert await shown(his) == "Ada is viewing"


def test_nobody_is_called_silent_before_he_was_asked() -> None:
    assert Timing.of(presence=45, ping=30).patience == 45
    assert Timing.of(presence=2, ping=30).patience == 45
    assert Timing.of(presence=2, ping=1).patience == 2


def test_one_who_goes_while_he_is_silent_is_gone_once() -> None:
    here, rooms = Here(patience=45), frozenset({"drifts", "drift:1"})
    one, other = program("Ada", *rooms), program("Ada", *rooms)
    for socket in (one, other):
        here.note(socket, rooms, frozenset())
    one.heard_at -= 60
    assert here.look([one, other]) == frozenset()
    assert here.note(other, frozenset(), rooms) == rooms
    assert here.people == {}
    here.note(one, frozenset(), rooms)
    assert here.people == {}


# -- Programs --------------------------------------------------------------------------------------------------


async def test_the_others_in_a_room_of_one_thing_are_told_who_came_and_went(sqlite_site: Site) -> None:
    members, room = hub(sqlite_site).members, "stack:prod/app"
    mine = program("Emil", room)
    members.add(mine)
    here = presence(sqlite_site)
    assert here.count(room) == 1
    page, second = program("Ada", room, is_program=False), program("Ada", room)
    members.add(page)
    members.add(second)
    await settled(sqlite_site)
    user = {"id": "ada", "name": "Ada"}
    assert heard(mine) == [("room:joined", room, {"members": 2, "user": user})]
    assert heard(second) == heard(page) == []
    members.remove(page)
    await settled(sqlite_site)
    assert heard(mine) == []
    members.move(second, frozenset())
    await settled(sqlite_site)
    assert heard(mine) == [("room:left", room, {"members": 1, "user": user})]
    assert heard(second) == []
    members.remove(second)
    members.remove(mine)
    assert here.rooms() == frozenset()


async def test_in_the_rooms_of_everybody_only_the_number_is_told_and_not_at_once(sqlite_site: Site) -> None:
    members = hub(sqlite_site).members
    mine, others = program("Emil", "drifts"), [program(f"P{n}", "drifts") for n in range(50)]
    members.add(mine)
    for other in others:
        members.add(other)
    await settled(sqlite_site)
    assert heard(mine) == [("room:joined", "drifts", {"members": 51})]
    assert heard(others[-1]) == []  # it was let in with this number
    assert heard(others[0]) == [("room:joined", "drifts", {"members": 51})]
    for other in others:
        members.remove(other)
    await settled(sqlite_site)
    assert heard(mine) == [("room:left", "drifts", {"members": 1})]
    members.remove(mine)


# -- Several processes -----------------------------------------------------------------------------------------


async def pair(one: Site, two: Site) -> tuple[Browser, Browser, Browser]:
    """Emil at both processes, and Ada at the second."""
    emil, ada = await one.person("Emil"), await one.person("Ada", "admin")
    return await one.browser_of(emil), await two.browser_of(emil), await two.browser_of(ada)


async def test_two_processes_know_of_each_other(sites: tuple[Site, Site]) -> None:
    one, two = sites
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
    assert await one.value("SELECT count(*) FROM events") == 0


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


async def test_a_killed_process_is_swept_45_seconds_after_its_last_sign_by_one(
    sites: tuple[Site, Site], caplog: pytest.LogCaptureFixture
) -> None:
    one, two = sites
    async with (await one.as_engineer()).socket(DRIFT) as his:
        left = await ghost(one, age=40)
        await presence(two).sync()
        while await shown(his) != "Gerd is viewing":
            pass
        assert presence(two).people("drift:1")["u1"] == "Gerd"
        assert presence(one).count("drifts") == 2
        past = clock.to_text(left.seen_at - timedelta(seconds=6))
        await one.run("UPDATE live_processes SET seen_at = :past WHERE id = :id", past=past, id=left.id)
        await asyncio.gather(presence(one).sync(), presence(two).sync())
        assert await shown(his) == ""
        assert presence(one).count("drifts") == 1
        assert "u1" not in presence(two).people("drift:1")
    assert await one.value("SELECT count(*) FROM live_rooms WHERE process_id = :id", id=left.id) == 0
    assert [record.pid for record in caplog.records if record.message == "live.process_gone"] == [4711]  # type: ignore[attr-defined]


async def test_a_process_that_gave_a_sign_in_the_last_moment_is_not_swept(site: Site) -> None:
    left = await ghost(site)
    before = left.seen_at + timedelta(seconds=1)
    async with site.db.write() as tx:
        assert await queries.update_process(tx, Process(**_fields(left) | {"seen_at": before}), has_changed=False)
        assert not await queries.delete_process(tx, left.id, before)
        assert await queries.delete_process(tx, left.id, before + timedelta(seconds=1))
        assert not await queries.delete_process(tx, left.id, before + timedelta(seconds=1))


def _fields(process: Process) -> dict[str, Any]:
    return {name: getattr(process, name) for name in Process.__slots__}


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
    sockets = [program(f"P{n}", "drifts", "alerts", f"drift:{n % 5}", is_program=False) for n in range(200)]
    for number, socket in enumerate(sockets):
        await hub(one).join(socket, hub(one).seq)
        if number % 20 == 0:
            await asyncio.sleep(0.05)
    await until(lambda: presence(two).count("drifts") == presence(two).count("alerts") == 200)
    assert sum(presence(two).count(f"drift:{n}") for n in range(5)) == 200
    changes = "SELECT changes FROM live_processes WHERE id = :id"
    written = await one.value(changes, id=presence(one).id)
    assert written <= 20  # 10 rounds of 50 ms, and some that a busy machine had more
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
    left = await ghost(site)
    here._db, kept = _Away(), here._db  # type: ignore[assignment]
    watcher, other = program("Emil", "drift:1"), program("Ada", "drift:1")
    hub(site).members.add(watcher)
    hub(site).members.add(other)
    await settled(site)
    assert [data["user"]["name"] for _kind, _room, data in heard(watcher)] == ["Ada"]
    with clock.pretend(left.seen_at + timedelta(seconds=46)):
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
    assert (row["sockets"], row["changes"]) == (0, 1)
    assert presence(sqlite_site).processes()[0].id == row["id"]
