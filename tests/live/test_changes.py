"""`/live/changes`: pages without a socket are told the same, and nobody is kept signed in by it."""

import asyncio

import pytest

from driftsentry import clock, events
from tests.live.test_live import address, decide, heard, latest, scan
from tests.site import Site


def changes(after: int, *rooms: str) -> str:
    return f"/live/changes?after={after}" + "".join(f"&room={room}" for room in rooms)


async def test_it_answers_what_a_socket_that_comes_back_is_told(site: Site) -> None:
    await site.post_body(scan(1))
    known = await latest(site)
    await decide(site)
    await site.caught_up()
    for browser in (await site.as_viewer(), await site.as_engineer()):
        async with browser.socket(await address(site, "drifts", "drift:1", "alerts", after=known)) as socket:
            told = ""
            while "live-cursor" not in told:
                told += await heard(socket)
        response = await browser.get(changes(known, "drifts", "drift:1", "alerts"))
        answered = await response.get_data(as_text=True)
        assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8")
        assert answered == told
        assert 'id="drift-1"' in answered
        assert 'id="drift-1-timeline"' in answered
        assert f'data-seq="{await latest(site)}"' in answered


async def test_it_is_empty_where_nothing_happened(site: Site) -> None:
    await site.post_body(scan(1))
    await site.caught_up()
    response = await (await site.as_viewer()).get(changes(await latest(site), "drifts"))
    assert (response.status_code, await response.get_data()) == (204, b"")
    assert response.headers["Cache-Control"] == "no-store"


async def test_rooms_that_were_not_asked_for_and_cursors_that_are_none_tell_nothing_more(site: Site) -> None:
    await site.post_body(scan(1))
    await decide(site)
    await site.caught_up()
    viewer = await site.as_viewer()
    for query in ("after=0", "after=0&room=drift:2", "after=0&room=drifts'", "", "after=-1", "after=" + "9" * 5000):
        response = await viewer.get(f"/live/changes?{query}")
        text = await response.get_data(as_text=True)
        assert response.status_code == 200, query
        assert text.startswith('<i hx-swap-oob="outerMorph" id="live-cursor"'), query
        assert "demo.x" not in text, query


async def test_where_too_much_was_missed_it_says_so(site: Site) -> None:
    async with site.db.write() as tx:
        for number in range(events.BATCH + 5):
            events.record(tx, "thing.done", events.SYSTEM, at=clock.now(), number=number)
    await site.caught_up()
    response = await (await site.as_viewer()).get(changes(0, "drifts"))
    assert (response.status_code, response.content_type) == (200, "application/json")
    told = await response.get_json()
    assert told == {"type": "reload", "seq": await latest(site)}
    await site.post_body(scan(1))
    await site.caught_up()
    assert 'data-of="drift-1"' in await (await site.as_viewer()).text(changes(told["seq"], "drifts"))


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
async def test_nobody_is_kept_signed_in_by_it(site: Site, headers: dict[str, str]) -> None:
    """A page that is forgotten on a screen would ask for ever."""
    viewer = await site.as_viewer()
    await site.run(
        "UPDATE sessions SET last_seen_at = :at", at=clock.to_text(clock.now() - site.app.settings.session_idle / 2)
    )
    before = await site.value("SELECT last_seen_at FROM sessions")
    assert (await viewer.get(changes(await latest(site), "drifts"), headers)).status_code < 300
    async with viewer.socket(await address(site, "drifts")):
        await site.connected()
    assert await site.value("SELECT last_seen_at FROM sessions") == before
    await viewer.get("/drifts")
    assert await site.value("SELECT last_seen_at FROM sessions") > before


async def test_it_waits_for_no_batch_that_is_being_told_and_brings_it_next_time(site: Site) -> None:
    await site.post_body(scan(1))
    viewer, told = await site.as_viewer(), site.app.extensions["hub"]
    await site.caught_up()
    seq = told.seq
    async with told._turn:
        await decide(site)
        text = await (await asyncio.wait_for(viewer.get(changes(0, "drifts")), 5)).get_data(as_text=True)
        assert f'data-seq="{seq}"' in text
    await site.caught_up()
    text = await viewer.text(changes(seq, "drifts"))
    assert 'data-status="approved"' in text
    assert f'data-seq="{await latest(site)}"' in text
