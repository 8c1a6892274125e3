"""The list of stacks: the least fresh first, narrowed by name, environment and freshness, a hundred on a page."""

import re
from datetime import timedelta

import pytest

from driftsentry import clock, ids
from driftsentry.stacks import fragments, listing
from tests.alerts.plans import door, post
from tests.site import Browser, Site

EVIL = '"><img src=x onerror=alert(1)>'


async def stack(site: Site, slug: str, age: timedelta | None = timedelta(hours=1), *, is_errored: bool = False) -> None:
    now = clock.now()
    await site.run(
        "INSERT INTO stacks (id, slug, environment, interval_seconds, grace_seconds, created_at, last_report_at,"
        " is_errored) VALUES (:id, :slug, :environment, 86400, 21600, :at, :reported, :errored)",
        id=ids.new(),
        slug=slug,
        environment=slug.partition("/")[0],
        at=clock.to_text(now),
        reported=clock.to_text(now - age) if age else None,
        errored=int(is_errored),
    )


async def shown(browser: Browser, path: str) -> list[str]:
    return re.findall(r'class="stack-link" href="/stacks/([^"]+)"', await browser.text(path))


async def test_it_is_narrowed_by_links_and_a_form(sqlite_site: Site) -> None:
    viewer = await sqlite_site.as_viewer()
    await stack(sqlite_site, "prod/network")
    await stack(sqlite_site, "prod/data", timedelta(days=9))
    await stack(sqlite_site, "staging/network", None)
    await stack(sqlite_site, "dev/app", is_errored=True)
    assert await shown(viewer, "/stacks") == ["dev/app", "prod/data", "staging/network", "prod/network"]
    assert await shown(viewer, "/stacks?q=NET%20work") == ["staging/network", "prod/network"]
    assert await shown(viewer, "/stacks?environment=prod") == ["prod/data", "prod/network"]
    assert await shown(viewer, "/stacks?freshness=stale") == ["prod/data"]
    assert await shown(viewer, "/stacks?environment=prod&freshness=never") == []
    assert await shown(viewer, "/stacks?freshness=nonsense&page=%C2%B2") == await shown(viewer, "/stacks")
    page = await viewer.text("/stacks?environment=prod")
    facets = re.findall(r'<a href="(/stacks\?[^"]*)"[^>]*>(?:<span[^>]*>)?(\w+)(?:</span>)? <b>(\d+)</b>', page)
    assert facets == [
        ("/stacks?environment=prod", "All", "2"),
        ("/stacks?environment=prod&amp;freshness=stale", "stale", "1"),
        ("/stacks?environment=prod&amp;freshness=fresh", "fresh", "1"),
    ]
    assert '<option value="prod" selected>' in page
    assert "Connect a stack" not in page
    nothing = await viewer.text("/stacks?q=" + EVIL)
    assert "No stack is like that." in nothing
    assert "<img" not in nothing


async def test_a_hundred_stand_on_a_page(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    viewer = await sqlite_site.as_viewer()
    for number in range(5):
        await stack(sqlite_site, f"prod/s{number}")
    found, path = [], "/stacks?q=prod"
    for _ in range(3):
        page = await viewer.text(path)
        found += await shown(viewer, path)
        path = (re.findall(r'rel="next" href="([^"]+)"', page) or [""])[0].replace("&amp;", "&")
    assert found == [f"prod/s{number}" for number in range(5)]
    assert path == ""
    assert await shown(viewer, "/stacks?page=99999") == ["prod/s4"]


async def test_a_new_stack_waits_beside_the_list_that_is_open(sqlite_site: Site) -> None:
    viewer = await sqlite_site.as_viewer()
    page = await viewer.text("/stacks")
    assert re.search(r'id="stacks-news"[^>]* hidden', page)
    await post(sqlite_site, 1, door("a"), stack="prod/new")
    first = await sqlite_site.events()
    await post(sqlite_site, 2, door("b"), stack="prod/new")
    later = (await sqlite_site.events())[len(first) :]
    pushed, again = [
        "".join(region.for_viewers for region in await fragments.draw(sqlite_site.db, batch, frozenset({"drifts"})))
        for batch in (first, later)
    ]
    assert 'Reported for the first time: <a href="/stacks/prod/new">' in pushed
    assert pushed.count("hx-swap-oob") == 2
    assert 'id="stack-' in again
    assert "stacks-news" not in again
