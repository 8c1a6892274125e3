"""To comment on a drift."""

import asyncio
from time import perf_counter

import pytest

from driftsentry.drifts import comments
from tests.ingest.samples import entry, plan
from tests.site import Site

HTMX = {"HX-Request": "true"}


@pytest.fixture
async def site(sqlite_site: Site) -> Site:
    """With one drift. No SQL here is another one on another database."""
    await sqlite_site.post_body(plan(entry({"a": "1"}, {"a": "2"})))
    return sqlite_site


async def test_an_engineer_comments_and_everybody_reads_it(site: Site) -> None:
    response = await (await site.as_engineer()).post("/drifts/1/comments", {"text": " I asked the vendor.\r\nWait. "})
    assert (response.status_code, response.location) == (303, "/drifts/1")
    [event] = await site.events("drift.commented")
    assert (event.actor.name, event.data["text"]) == ("Emil", "I asked the vendor.\nWait.")
    assert "I asked the vendor.<br>\nWait." in await (await site.as_viewer()).text("/drifts/1")


async def test_htmx_gets_the_timeline(site: Site) -> None:
    response = await (await site.as_engineer()).post("/drifts/1/comments", {"text": "hello there"}, HTMX)
    text = await response.get_data(as_text=True)
    assert response.status_code == 200
    assert text.lstrip().startswith('<section id="drift-1-timeline"')
    assert "hello there" in text


async def test_a_comment_changes_nothing_but_the_timeline(site: Site) -> None:
    before = await site.tables("events", "event_head", "users", "sessions")
    await (await site.as_engineer()).post("/drifts/1/comments", {"text": "hello there"})
    assert await site.tables("events", "event_head", "users", "sessions") == before


async def test_a_viewer_may_not_and_sees_no_form(site: Site) -> None:
    viewer = await site.as_viewer()
    assert "/comments" not in await viewer.text("/drifts/1")
    for headers in ({}, HTMX):
        response = await viewer.post("/drifts/1/comments", {"text": "hello there"}, headers)
        assert response.status_code == 403
        assert "needs the role engineer" in await response.get_data(as_text=True)
    assert await site.events("drift.commented") == []


async def test_somebody_signed_out_is_sent_to_the_login(site: Site) -> None:
    assert (await site.anonymous().post("/drifts/1/comments", {"text": "hello"})).status_code == 303
    response = await site.anonymous().post("/drifts/1/comments", {"text": "hello"}, HTMX)
    assert (response.status_code, "HX-Redirect" in response.headers) == (401, True)
    assert await site.events("drift.commented") == []


@pytest.mark.parametrize(
    ("text", "status"), [("", 422), (" \n", 422), ("x", 303), ("x" * 4000, 303), ("x" * 4001, 422)]
)
async def test_a_comment_has_1_to_4000_characters(site: Site, text: str, status: int) -> None:
    response = await (await site.as_engineer()).post("/drifts/1/comments", {"text": text})
    assert response.status_code == status
    assert len(await site.events("drift.commented")) == (status == 303)


async def test_the_same_words_twice_are_two_comments(site: Site) -> None:
    """Nothing tells a retry from somebody who says it again."""
    engineer = await site.as_engineer()
    for _ in range(2):
        await engineer.post("/drifts/1/comments", {"text": "still waiting"})
    assert len(await site.events("drift.commented")) == 2


async def test_a_comment_is_text_to_the_page_and_stays_as_it_was_typed(site: Site) -> None:
    evil = "<img src=x onerror=alert(1)> \u202e\u0000 {{ 7*7 }} **bold**"
    engineer = await site.as_engineer()
    response = await engineer.post("/drifts/1/comments", {"text": evil}, HTMX)
    fragment, page = await response.get_data(as_text=True), await engineer.text("/drifts/1")
    for text in (fragment, page):
        assert "<img src=x" not in text
        assert "\u202e" not in text
        assert "{{ 7*7 }} <strong>bold</strong>" in text
    [event] = await site.events("drift.commented")
    assert event.data["text"] == evil.replace("\0", "")


async def test_what_is_written_to_be_slow_keeps_nobody_else_waiting(site: Site) -> None:
    engineer = await site.as_engineer()
    for number in range(6):
        await engineer.post("/drifts/1/comments", {"text": f"{number}" + "![" * 1990})
    comments.html_of.cache_clear()
    started = last = perf_counter()
    longest = 0.0
    async with site.db.read() as tx:
        reading = asyncio.ensure_future(comments.timeline_of(tx, 1))
        while not reading.done():
            await asyncio.sleep(0.001)
            longest, last = max(longest, perf_counter() - last), perf_counter()
    assert len([entry for entry in reading.result() if entry.comment]) == 6
    assert longest < (last - started) / 2
