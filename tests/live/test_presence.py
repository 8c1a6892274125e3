"""Who is there: on the page of a drift, and for programs."""

import asyncio
import re
from collections.abc import Sequence
from time import monotonic
from typing import cast

import pytest

from driftsentry.live import presence_telling
from driftsentry.live.hub import Hub
from driftsentry.live.presence import Presence, Timing
from driftsentry.live.presence_here import Here
from driftsentry.live.presence_telling import Telling
from driftsentry.live.socket import Socket
from driftsentry.live.wire import Frame
from driftsentry.templating import render
from tests.ingest.samples import entry, plan
from tests.live.viewers import DRIFT, VIEWERS, heard, hub, presence, program, settled, shown
from tests.site import Site

pytestmark = pytest.mark.usefixtures("quick")

SCAN = plan(entry({"a": "1"}, {"a": "2"}))


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
    await site.post_body(SCAN)
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
    await site.post_body(SCAN)
    text = await (await site.as_viewer()).text("/drifts/1")
    assert text.count('<p id="drift-1-viewers" class="drift-viewers" hx-ignore></p>') == 1
    assert text.index("drift-1-viewers") < text.index('id="drift-1-page"') < text.index('id="drift-1-head"')


async def test_a_name_that_is_markup_stays_text(sqlite_site: Site) -> None:
    await sqlite_site.post_body(SCAN)
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
    await site.post_body(SCAN)
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


def test_however_many_look_at_a_drift_it_is_drawn_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = presence_telling._drawn

    def counted(room: str, named: Sequence[str], more: int) -> Frame:
        drawn.append(more)
        return draw(room, named, more)

    monkeypatch.setattr(presence_telling, "_drawn", counted)
    pushed: dict[str, str] = {}
    crowd = [program(f"P{number:03}", "drift:1", is_program=False) for number in range(500)]
    names = {socket.member.user_id: socket.member.name for socket in crowd}

    class Told:
        def push(self, socket: Socket, frame: Frame) -> None:
            pushed[socket.member.name] = re.sub("<[^>]*>", "", VIEWERS.findall(frame.text)[0])

    telling = Telling(cast(Hub, Told()), presence=cast(Presence, None))
    telling._show("drift:1", names, crowd)
    assert (pushed["P000"], pushed["P001"]) == (
        "P001, P002 and 497 more are viewing",
        "P000, P002 and 497 more are viewing",
    )
    assert {pushed[socket.member.name] for socket in crowd[2:]} == {"P000, P001 and 497 more are viewing"}
    assert len(drawn) == 3
    silent = crowd[300].member.user_id
    telling._show("drift:1", {user_id: name for user_id, name in names.items() if user_id != silent}, crowd)
    assert pushed["P300"] == "P000, P001 and 497 more are viewing"
    assert pushed["P499"] == "P000, P001 and 496 more are viewing"
    assert len(drawn) == 7


async def test_a_page_is_only_in_rooms_that_exist(sqlite_site: Site) -> None:
    await sqlite_site.post_body(SCAN)
    slug = await sqlite_site.value("SELECT slug FROM stacks")
    wanted = [
        "drifts",
        "drift:1",
        f"stack:{slug}",
        "drift:2",
        "drift:01",
        "stack:made/up",
        "stack:.",
        "drift:999999999",
    ]
    viewer = await sqlite_site.as_viewer()
    async with viewer.socket("/live?after=0&" + "&".join(f"room={room}" for room in wanted)) as page:
        await sqlite_site.connected()
        assert presence(sqlite_site).rooms() == frozenset(wanted[:3])
        await page.disconnect()
    async with viewer.socket("/live?after=0&room=drifts&room=drift:2") as page:  # of one that is not there any more
        await page.receive()


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
