"""Verifying from the page: the result is kept as an entry, and one walk at a time is enough."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from driftsentry import errors, events
from driftsentry.audit import actions, pages
from driftsentry.audit.verifying import FAILED, Verifier
from driftsentry.events import Actor, Log
from tests.audit.conftest import note, person
from tests.site import Browser, Site


def said(page: str) -> str:
    region = page.partition('id="audit-verification"')[2].partition("</section>")[0]
    return html.unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", "", region)))


async def allow_edits(site: Site) -> None:
    if site.db.engine == "sqlite":
        await site.run("DROP TRIGGER events_refuse_update")
    else:
        await site.run("ALTER TABLE events DISABLE TRIGGER USER")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Verifying waits for this after its first batch."""
    go, real = asyncio.Event(), events.select_raw_after

    async def held(tx: Any, seq: int, limit: int = 500) -> Any:
        if seq:
            await go.wait()
        return await real(tx, seq, limit)

    monkeypatch.setattr(events, "select_raw_after", held)
    monkeypatch.setattr(pages, "PATIENCE", 0.05)
    return go


async def test_a_whole_log_is_verified_and_that_is_an_entry(site: Site, admin: Browser) -> None:
    assert "not been verified" in said(await admin.text("/audit"))
    await note(site, "thing.done", person("Ada"), 1200)
    head = (await site.events())[-1]
    response = await admin.post("/audit/verify")
    assert response.status_code == 200
    assert "1,200 entries verified by Ada" in said(await response.get_data(as_text=True))
    [event] = await site.events("audit.verified")
    assert event.data == {"entries": 1200, "problems": 0, "found": [], "head": f"1200:{head.hash}"}
    await note(site, "thing.done", person("Ada"), 3)
    again = said(await admin.text("/audit"))
    assert "1,200 entries verified" in again
    assert "3 entries since" in again
    assert f"1200:{head.hash}" in again


async def test_a_tampered_entry_is_named(site: Site, admin: Browser) -> None:
    await note(site, "thing.done", person("Ada"), 20)
    await allow_edits(site)
    await site.run("UPDATE events SET actor_name = 'Eve' WHERE seq = 7")
    page = said(await (await admin.post("/audit/verify")).get_data(as_text=True))
    assert "1 problem in 20 entries" in page
    assert "Entry 7 is not what was written." in page
    assert "verified" not in page.replace("1 problem in 20 entries", "").partition("by Ada")[0]
    assert "Entry 7" in said(await admin.text("/audit"))
    assert (await site.events("audit.verified"))[0].data["problems"] == 1


async def test_others_may_not_start_it(site: Site) -> None:
    for browser in (await site.as_viewer(), await site.as_engineer(), site.anonymous()):
        assert (await browser.post("/audit/verify")).status_code in (303, 403)
    emil = await site.person("Emil", "engineer")
    with pytest.raises(errors.Forbidden):
        await Verifier(site.db, Log(b"k")).start(Actor("user", emil.id, "Emil"))
    assert not await site.events("audit.verified")


async def test_two_who_ask_get_one_walk(site: Site, slow: asyncio.Event, admin: Browser) -> None:
    await note(site, "thing.done", person("Ada"), 700)
    eva = await site.browser_of(await site.person("Eva", "admin"))
    first, second = await asyncio.gather(admin.post("/audit/verify"), eva.post("/audit/verify"))
    for response in (first, second):
        assert "Verifying: 500 of 700 entries" in said(await response.get_data(as_text=True))
    region = await admin.text("/audit/verification")
    assert 'hx-trigger="every 2s"' in region
    assert "<button" not in region
    assert (await admin.get("/healthz")).status_code == 200
    slow.set()
    await pages_done(site)
    assert len(await site.events("audit.verified")) == 1
    region = await admin.text("/audit/verification")
    assert "700 entries verified" in said(region)
    assert "hx-trigger" not in region


async def pages_done(site: Site) -> None:
    await site.app.extensions["verifier"].wait(5)


async def test_a_button_of_htmx_gets_the_region_alone(site: Site, admin: Browser) -> None:
    response = await admin.post("/audit/verify", headers={"HX-Request": "true"})
    text = await response.get_data(as_text=True)
    assert text.startswith('<section id="audit-verification"')
    assert "<html" not in text


async def test_a_walk_that_breaks_says_so_and_can_be_started_again(
    site: Site, admin: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_args: object) -> AsyncIterator[dict[str, Any]]:
        raise RuntimeError("what is this?")

    with monkeypatch.context() as patched:
        patched.setattr(events, "select_raw_after", broken)
        page = said(await (await admin.post("/audit/verify")).get_data(as_text=True))
        assert FAILED in page
        assert "what is this?" not in page
        assert "audit.verify_failed" in caplog.text
    caplog.clear()
    assert "0 entries verified" in said(await (await admin.post("/audit/verify")).get_data(as_text=True))


async def test_the_end_of_the_server_ends_the_walk(site: Site, slow: asyncio.Event, admin: Browser) -> None:
    await note(site, "thing.done", person("Ada"), 700)
    await admin.post("/audit/verify")
    await asyncio.wait_for(site.app.extensions["verifier"].stop(), 3)
    assert not await site.events("audit.verified")
    assert actions.MOST_PROBLEMS == 20
