"""A page is drawn once for who asks again; he never sees what was before an event, nor what is somebody else's."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from driftsentry import clock, events, kept_answers
from driftsentry.api.v1 import drifts as drift_routes
from driftsentry.auth import people
from driftsentry.auth.model import Person, Role
from driftsentry.auth.preferences import Preferences
from driftsentry.db import Database
from driftsentry.drifts import actions, detail_pages
from driftsentry.drifts import pages as drift_pages
from driftsentry.drifts.model import Verdict
from driftsentry.overview import pages as overview_pages
from tests.alerts.plans import door, post
from tests.api import program
from tests.ingest.samples import entry, plan
from tests.site import Site

NOW = datetime(2026, 11, 22, 12, 0, 20, tzinfo=UTC)
REASON = {"reason": "the vendor asked for it", "verdict": "approved"}


def demo(name: str) -> dict[str, Any]:
    return entry({"size": 1}, {"size": 2}, address=f"demo.{name}", name=name, type="demo")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been drawn, in its order: not what was kept."""
    found: list[str] = []

    def note(module: Any, function: str, name: str) -> None:
        draw = getattr(module, function)

        async def noted(*args: Any) -> Any:
            found.append(name)
            return await draw(*args)

        monkeypatch.setattr(module, function, noted)

    note(overview_pages, "_page", "overview")
    note(drift_pages, "_list", "list")
    note(detail_pages, "_page", "drift")
    note(drift_routes, "_list", "JSON")
    return found


async def test_what_is_asked_again_is_drawn_once_until_something_happens(sqlite_site: Site, drawn: list[str]) -> None:
    site = sqlite_site
    with clock.pretend(NOW):
        await site.post_body(plan(demo("web"), demo("log"), complete=False))
        emil = await site.as_engineer()
        paths = ["/", "/drifts", "/drifts/1"]
        first = [await emil.text(path) for path in paths]
        assert [await emil.text(path) for path in paths] == first
        assert drawn == ["overview", "list", "drift"]
        seen = {"fingerprint": (await site.drift("demo.web"))["fingerprint"]}
        assert (await emil.post("/drifts/1/decision", REASON | seen)).status_code == 303
        after = [await emil.text(path) for path in paths]
        assert all(text != before for text, before in zip(after, first, strict=True))
        assert "demo.web" not in after[1], "decided a moment ago"
    with clock.pretend(NOW + timedelta(minutes=5)):
        assert "5 min ago" in await emil.text("/drifts")
    assert drawn == [*["overview", "list", "drift"] * 2, "list"]


async def test_it_does_not_matter_which_process_has_written(site: Site, drawn: list[str]) -> None:
    await site.post_body(plan(demo("web"), demo("log"), complete=False))
    viewer, emil = await site.as_viewer(), await site.person("Emil")
    paths = ["/", "/drifts", "/drifts/1"]
    first = [await viewer.text(path) for path in paths]
    other = Database(site.app.settings.database_url)  # that of another process
    other.before_commit = site.db.before_commit
    await other.connect()
    try:
        seen = str((await site.drift("demo.web"))["fingerprint"])
        wish = actions.Wish(Verdict.APPROVED, REASON["reason"], seen)
        await actions.decide(other, events.Actor("user", emil.id, emil.name), 1, wish)
    finally:
        await other.disconnect()
    assert all([await viewer.text(path) != text for path, text in zip(paths, first, strict=True)])
    assert drawn == ["overview", "list", "drift"] * 2


async def test_its_badge_and_its_clock_are_those_of_now(sqlite_site: Site, drawn: list[str]) -> None:
    viewer, badge = await sqlite_site.as_viewer(), 'id="nav-alerts" class="badge">'
    with clock.pretend(NOW):
        await post(sqlite_site, 1, door("web"))
        assert badge in await viewer.text("/drifts")
        await viewer.post("/alerts/read-all")
        text = await viewer.text("/drifts")
    assert badge not in text
    assert 'data-now="2026-11-22T12:00:20Z"' in text
    with clock.pretend(NOW + timedelta(seconds=30)):
        text = await viewer.text("/drifts")
    assert 'data-now="2026-11-22T12:00:50Z"' in text
    assert drawn == ["list", "list"]


def test_all_that_is_known_of_somebody_is_part_of_his_look() -> None:
    ada = Person("1", "ada@example.com", "Ada", Role.ADMIN, "auto", "s", NOW, Preferences(), 1)
    others: dict[str, Any] = {"role": Role.VIEWER, "preferences": Preferences(keys=False)}
    for field in fields(Person):
        if field.name in ("session_id", "last_seen_at", "as_of"):
            continue
        assert replace(ada, **{field.name: others.get(field.name, "other")}).look != ada.look, field.name


async def test_what_is_long_is_not_kept(sqlite_site: Site, drawn: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "LONGEST", 1000)
    viewer = await sqlite_site.as_viewer()
    assert await viewer.text("/drifts") == await viewer.text("/drifts")
    assert drawn == ["list", "list"]


async def test_a_kept_answer_is_the_same_as_a_drawn_one(sqlite_site: Site, drawn: list[str]) -> None:
    await sqlite_site.post_body(plan(demo("web"), complete=False))
    viewer, hers = await sqlite_site.as_viewer(), await program.as_role(sqlite_site, "viewer")
    for path in ("/", "/drifts", "/drifts/1"):
        drawn_one, kept_one = [await viewer.get(path) for _ in range(2)]
        for each in (drawn_one, kept_one):
            assert each.headers.pop("X-Request-Id")
        assert dict(drawn_one.headers) == dict(kept_one.headers)
        assert await drawn_one.get_data() == await kept_one.get_data()
    fragment = await viewer.get("/drifts", {"HX-Request": "true"})
    assert "<html" not in await fragment.get_data(as_text=True), "part of a page is not the page"
    once, again = [await hers.get("/drifts") for _ in range(2)]
    assert (once.status, once.data, once.meta) == (again.status, again.data, again.meta)
    assert drawn == ["overview", "list", "drift", "list", "JSON"]


async def test_nobody_gets_what_was_kept_for_somebody_else(sqlite_site: Site, drawn: list[str]) -> None:
    site = sqlite_site
    await site.post_body(plan(demo("web"), complete=False))
    emil, viewer = await site.as_engineer(), await site.as_viewer()
    for path in ("/", "/drifts", "/drifts/1"):
        pages = [await each.text(path) for each in (emil, viewer, emil)]
        assert ["Emil" in page for page in pages] == [True, False, True]
    assert drawn == [name for name in ("overview", "list", "drift") for _person in range(2)]
    assert (await site.anonymous().get("/drifts")).status_code == 303


async def test_one_keeps_nothing_when_he_is_signed_out_or_may_do_less(sqlite_site: Site) -> None:
    site = sqlite_site
    await site.post_body(plan(demo("web"), complete=False))
    emil = await site.as_engineer()
    assert 'action="/drifts/bulk"' in await emil.text("/drifts")
    await people.change_role(site.db, events.SYSTEM, site.people["Emil"].id, Role.VIEWER)
    assert (await emil.get("/drifts")).status_code == 303, "another role ends his sessions"
    emil = await site.browser_of(site.people["Emil"])
    assert 'action="/drifts/bulk"' not in await emil.text("/drifts")
    await emil.post("/logout")
    assert (await emil.get("/drifts")).status_code == 303


async def test_what_he_chose_holds_at_once_though_it_is_no_event(sqlite_site: Site) -> None:
    site = sqlite_site
    await site.post_body(plan(demo("web"), complete=False))
    emil = await site.as_engineer()
    assert "Only mine" not in await emil.text("/drifts")
    await emil.post("/drifts/views", {"name": "Only mine", "query": "status=all"})
    assert "Only mine" in await emil.text("/drifts")
    await emil.post("/account/preferences", {"density": "compact", "diff": "split"})
    assert 'data-density="compact"' in await emil.text("/drifts")
    await emil.post("/account/theme", {"theme": "dark"})
    assert all(['data-theme="dark"' in await emil.text(path) for path in ("/", "/drifts", "/drifts/1")])
    view_id = await site.value("SELECT id FROM saved_views")
    await emil.post("/drifts/default-view", {"view": str(view_id)})
    assert (await emil.get("/drifts")).location == "/drifts?status=all"


async def test_the_way_to_a_drift_is_part_of_its_page(sqlite_site: Site) -> None:
    await sqlite_site.post_body(plan(demo("web"), demo("log"), complete=False))
    viewer = await sqlite_site.as_viewer()
    came = {"Referer": "http://localhost/drifts?status=all", "Host": "localhost"}
    pages = [await (await viewer.get("/drifts/1", each)).get_data(as_text=True) for each in (came, {}, came)]
    assert ["status%3Dall" in page for page in pages] == [True, False, True]


async def test_who_is_not_signed_in_gets_no_values_that_were_kept(sqlite_site: Site) -> None:
    site = sqlite_site
    object.__setattr__(site.app.settings, "public_read", True)
    await site.post_body(plan(demo("web"), complete=False))
    hers, nobody = await program.as_role(site, "viewer"), program.as_nobody(site)
    for _ in range(2):
        assert (await hers.get("/drifts")).data[0]["fingerprint"]
        assert (await nobody.get("/drifts")).data[0]["fingerprint"] is None
