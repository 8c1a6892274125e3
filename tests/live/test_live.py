"""`/live` in this process: who is told what, when, and when a socket ends."""

import asyncio
import re
import time
from typing import Any
from urllib.parse import quote

import pytest
from quart.testing.connections import WebsocketDisconnectError

from driftsentry import auth, clock, events
from driftsentry.live.hub import HEARTBEAT, Hub
from driftsentry.live.pushing import reload_at
from driftsentry.live.socket import MESSAGES_A_MINUTE, MOST_FRAMES, Member, Socket
from driftsentry.live.wire import Wire
from tests.ingest.samples import entry, plan
from tests.site import Site

REASON = "the vendor asked us to keep it"


def scan(minute: int, value: str = "2") -> bytes:
    return plan(entry({"a": "1"}, {"a": value}), timestamp=f"2026-11-20T10:{minute:02}:00Z")


def hub(site: Site) -> Hub:
    found = site.app.extensions["hub"]
    assert isinstance(found, Hub)
    return found


async def heard(socket: Any, seconds: float = 5) -> str:
    """What is pushed next, but for who is viewing."""
    while "-viewers" in (frame := str(await asyncio.wait_for(socket.receive(), seconds))):
        pass
    return frame


async def closed(socket: Any, seconds: float = 5) -> int:
    """The code of the close, whatever is pushed before it."""
    try:
        while True:
            await heard(socket, seconds)
    except WebsocketDisconnectError as close:
        return int(str(close.args[0]))


async def latest(site: Site) -> int:
    return int(await site.value("SELECT seq FROM event_head"))


async def address(site: Site, *rooms: str, after: int | None = None) -> str:
    await site.caught_up()  # else a push may still be under way that the page knows of already
    start = await latest(site) if after is None else after
    return f"/live?after={start}" + "".join(f"&room={room}" for room in rooms)


async def connected(site: Site, amount: int = 1) -> None:
    async with asyncio.timeout(5):
        while len(hub(site)) < amount:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def decide(site: Site, verdict: str = "approved") -> None:
    drift = await site.drift("demo.x")
    form = {"verdict": verdict, "reason": REASON, "fingerprint": drift["fingerprint"]}
    assert (await (await site.as_engineer()).post(f"/drifts/{drift['id']}/decision", form)).status_code == 303


async def test_a_decision_is_pushed_within_a_second_with_the_row_of_the_page(site: Site) -> None:
    await site.post_body(scan(1))
    viewer = await site.as_viewer()
    async with viewer.socket(await address(site, "drifts")) as socket:
        await connected(site)
        await decide(site)
        frame = await heard(socket, 1)
    page = await viewer.text("/drifts?status=all")
    row = re.search(r'<li id="drift-1".*?</li>', page, re.DOTALL)
    assert row
    pushed = re.search(r'<li hx-swap-oob="outerMorph" id="drift-1".*?</li>', frame, re.DOTALL)
    assert pushed
    assert pushed[0].replace(' hx-swap-oob="outerMorph"', "") == row[0]
    assert 'data-status="approved"' in pushed[0]
    assert f'data-seq="{await latest(site)}"' in frame


async def test_a_viewers_frames_hold_no_form_and_no_button(site: Site) -> None:
    await site.post_body(scan(1))
    viewer, engineer = await site.as_viewer(), await site.as_engineer()
    rooms = ("drifts", "drift:1")
    async with viewer.socket(await address(site, *rooms)) as low, engineer.socket(await address(site, *rooms)) as high:
        await connected(site, 2)
        await site.post_body(scan(2, "3"))
        for_viewers, for_deciders = await heard(low), await heard(high)
        await decide(site)
        for_viewers += await heard(low)
    for control in ("<form", "<textarea", "hx-post", "/decision", 'name="verdict"'):
        assert control not in for_viewers
    buttons = re.findall(r"<button[^>]*>", for_viewers)
    assert [button for button in buttons if 'class="copy' not in button] == []
    assert for_viewers != for_deciders


async def test_rooms_bring_only_what_was_asked_for(site: Site) -> None:
    await site.post_body(scan(1))
    viewer = await site.as_viewer()
    async with (
        viewer.socket(await address(site, "drift:1")) as one,
        viewer.socket(await address(site, "drift:2")) as two,
    ):
        await connected(site, 2)
        await decide(site)
        mine, other = await heard(one), await heard(two)
    assert 'id="drift-1-timeline"' in mine
    assert 'class="row"' not in mine
    assert re.fullmatch(r'<i hx-swap-oob="outerMorph" id="live-cursor" data-seq="\d+"[^<>]*></i>', other)
    assert "demo.x" not in other


@pytest.mark.parametrize("room", ["drifts'", "drift:x", "drift:" + "1" * 10, "stack:<b>", "users", "", "drift:1 OR 1"])
async def test_a_room_that_does_not_exist_brings_nothing(site: Site, room: str) -> None:
    await site.post_body(scan(1))
    async with (await site.as_viewer()).socket(f"/live?after={await latest(site)}&room={room}") as socket:
        await connected(site)
        await decide(site)
        assert (await heard(socket)).startswith('<i hx-swap-oob="outerMorph" id="live-cursor"')


@pytest.mark.parametrize("from_database", [False, True])
async def test_what_came_between_render_and_connect_is_caught_up(site: Site, from_database: bool) -> None:
    await site.post_body(scan(1))
    rendered_at = await latest(site)
    await decide(site)
    await site.caught_up()
    if from_database:
        hub(site)._recent.clear()
    async with (await site.as_viewer()).socket(await address(site, "drifts", after=rendered_at)) as socket:
        frame = await heard(socket)
    assert 'data-status="approved"' in frame


async def test_a_page_that_missed_nothing_hears_nothing(site: Site) -> None:
    await site.post_body(scan(1))
    await site.caught_up()
    async with (await site.as_viewer()).socket(await address(site, "drifts")) as socket:
        with pytest.raises(TimeoutError):
            await heard(socket, 0.3)


async def test_a_page_that_missed_too_much_is_told_to_reload(site: Site) -> None:
    async with site.db.write() as tx:
        for number in range(events.BATCH + 5):
            events.record(tx, "thing.done", events.SYSTEM, at=clock.now(), number=number)
    await site.caught_up()
    async with (await site.as_viewer()).socket(await address(site, "drifts", after=0)) as socket:
        assert await heard(socket) == reload_at(await latest(site)).text


@pytest.mark.parametrize("after", ["", "x", "-1", "²", "9" * 30, "9" * 5000])
async def test_a_cursor_that_is_none_does_no_harm(site: Site, after: str) -> None:
    await site.post_body(scan(1))
    async with (await site.as_viewer()).socket(f"/live?after={quote(after)}&room=drifts") as socket:
        await connected(site)
        await decide(site)
        while 'data-status="approved"' not in await heard(socket):
            pass


async def test_signing_out_closes_the_sockets_of_that_session_within_a_second(site: Site) -> None:
    leaving, staying = await site.as_engineer(), await site.as_engineer()
    async with leaving.socket("/live?room=drifts") as gone, staying.socket("/live?room=drifts") as kept:
        await connected(site, 2)
        started = time.monotonic()
        await leaving.post("/logout")
        assert await closed(gone) == 4401
        assert time.monotonic() - started < 1
        await site.post_body(scan(1))
        while "drift-1" not in await heard(kept):
            pass


@pytest.mark.parametrize("column", ["revoked_at", "expires_at", "last_seen_at"])
async def test_a_session_that_ended_without_a_word_ends_its_socket(site: Site, column: str) -> None:
    """One that ran out, or that was revoked in the moment between the handshake's check and the hub's knowing of it."""
    browser = await site.as_viewer()
    async with browser.socket(await address(site, "drifts")) as socket:
        await connected(site)
        settings = site.app.settings
        assert await auth.dead_sessions(site.app.db, settings, hub(site).session_ids()) == set()
        async with site.app.db.write() as tx:
            await tx.run(f"UPDATE sessions SET {column} = '2020-01-01T00:00:00.000000Z'")
        hub(site).end_sessions(await auth.dead_sessions(site.app.db, settings, hub(site).session_ids()))
        assert await closed(socket) == 4401


async def test_a_session_that_was_revoked_while_its_socket_was_opened_gets_none(site: Site) -> None:
    browser = await site.as_viewer()
    session = str(await site.value("SELECT id FROM sessions"))
    await browser.post("/logout")
    await site.caught_up()
    late = Socket(Wire(stuck, stuck), Member("1", "Vera", session, False))  # the handshake had found it alive
    await hub(site).join(late, hub(site).seq)
    assert (late.close_code, len(hub(site))) == (4401, 0)


async def test_who_is_signed_out_behind_much_else_is_not_kept_until_that_is_told(site: Site) -> None:
    browser = await site.as_viewer()
    async with browser.socket(await address(site, "drifts")) as socket:
        await connected(site)
        async with hub(site)._turn:  # nothing can be told
            async with site.db.write() as tx:
                person = str(await tx.value("SELECT id FROM sessions"))
                for _ in range(events.BATCH + 1):
                    events.record(tx, "drift.moved", events.SYSTEM, at=clock.now(), drift_id=1)
                events.record(tx, "session.revoked", events.SYSTEM, at=clock.now(), session_id=person)
            assert await closed(socket) == 4401


async def test_disabling_somebody_closes_all_his_sockets(site: Site) -> None:
    emil = await site.person("Emil")
    one, two = await site.browser_of(emil), await site.browser_of(emil)
    async with one.socket("/live?room=drifts") as first, two.socket("/live?room=drifts") as second:
        await connected(site, 2)
        await site.disable(emil)
        assert (await closed(first), await closed(second)) == (4401, 4401)


async def test_a_socket_that_floods_is_closed_with_1008(site: Site) -> None:
    async with (await site.as_viewer()).socket("/live?room=drifts") as socket:
        await connected(site)
        for _ in range(MESSAGES_A_MINUTE + 1):
            await socket.send("x")
        assert await closed(socket) == 1008


async def test_a_socket_that_answers_every_heartbeat_stays(site: Site) -> None:
    async with (await site.as_viewer()).socket(await address(site, "drifts")) as socket:
        await connected(site)
        for _ in range(10):
            hub(site).beat()
            assert await heard(socket) == HEARTBEAT.text
            await socket.send(HEARTBEAT.text)


async def test_a_silent_peer_is_gone(site: Site) -> None:
    async with (await site.as_viewer()).socket(await address(site, "drifts")) as socket:
        await connected(site)
        hub(site)._silence = 0
        hub(site).beat()
        assert await closed(socket) == 1001
    assert len(hub(site)) == 0


async def test_a_reader_that_is_too_slow_is_dropped_and_the_others_do_not_notice(site: Site) -> None:
    viewer = await site.as_viewer()
    async with viewer.socket(await address(site, "drifts")) as quick:
        session = str(await site.value("SELECT id FROM sessions"))
        slow = Socket(Wire(quick.receive, stuck), Member("1", "Sloane", session, False), rooms=frozenset({"drifts"}))
        await hub(site).join(slow, hub(site).seq)
        await connected(site, 2)
        for _ in range(MOST_FRAMES + 1):
            hub(site).beat()
            assert await heard(quick, 1) == HEARTBEAT.text
        assert slow.close_code == 1013
        hub(site).leave(slow)
    assert hub(site).dropped == 1


async def stuck(*_message: object) -> None:
    await asyncio.Event().wait()


async def test_the_end_of_the_server_tells_every_socket_to_come_back(site: Site) -> None:
    viewer = await site.as_viewer()
    async with viewer.socket("/live?room=drifts") as one, viewer.socket("/live?room=drifts") as two:
        await connected(site, 2)
        ending = asyncio.create_task(hub(site).close())
        assert (await closed(one), await closed(two)) == (1012, 1012)
        await ending
    async with viewer.socket("/live?room=drifts") as late:
        assert await closed(late) == 1012
