"""A list of drifts that somebody gave a name: for himself, for everybody, or to open with."""

import asyncio
import re
from html import unescape
from typing import Any

import pytest

from driftsentry.drifts import view_model
from driftsentry.drifts.query_tokens import quoted
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site
from tests.template_values import EVIL

QUERY = "status=open&severity=critical&stack=prod%2Fapp"


async def saved(browser: Browser, name: str, query: str = QUERY, **more: str) -> Any:
    return await browser.post("/drifts/views", {"name": name, "query": query} | more)


async def views(site: Site) -> list[tuple[Any, ...]]:
    rows = await site.rows("SELECT name, query, is_shared FROM saved_views ORDER BY name")
    return [tuple(row) for row in rows]


async def id_of(site: Site, name: str) -> str:
    return str(await site.value("SELECT id FROM saved_views WHERE name = :name", name=name))


async def test_a_private_view_is_a_link_above_the_lists_of_its_owner_only(site: Site) -> None:
    viewer, other = await site.as_viewer(), await site.as_engineer()
    before = await site.events()
    response = await saved(viewer, "  Mine \n today ")
    assert response.status_code == 303
    href = response.location
    page = unescape(await viewer.text(str(href)))
    assert re.search(rf'href="{re.escape(str(href))}" aria-current="page"[^>]*><bdi>Mine today</bdi>', page)
    assert "Mine today" not in await other.text("/drifts")
    assert "Mine today" in await viewer.text("/drifts/views")
    assert await site.events() == before, "what is private is nobody's business"

    again = await saved(viewer, "Mine today")
    assert (again.status_code, again.location) == (303, href), "twice"
    assert len(await views(site)) == 1
    assert (await saved(viewer, "Mine today", "status=all")).status_code == 422
    assert len(await views(site)) == 1


async def test_a_shared_view_is_everybodys_and_in_the_log(site: Site) -> None:
    engineer, viewer = await site.as_engineer(), await site.as_viewer()
    assert (await saved(viewer, "For all", shared="yes")).status_code == 403
    assert await views(site) == []
    await saved(engineer, "For all", shared="yes")
    assert "For all" in await viewer.text("/drifts")
    path = f"/drifts/views/{await id_of(site, 'For all')}"
    await engineer.post(path, {"name": "For us all", "shared": "yes"})
    await engineer.post(path, {"name": "For us all", "shared": "yes"})
    await engineer.post(path, {"name": "For us all"})
    assert "For us all" not in await viewer.text("/drifts")
    await engineer.post(path, {"name": "For us all", "shared": "yes"})
    await engineer.post(f"{path}/delete")
    told = [event for event in await site.events() if event.kind.startswith("view.")]
    kinds = ["view.shared", "view.renamed", "view.unshared", "view.shared", "view.removed"]
    assert [event.kind for event in told] == kinds
    assert (told[1].data["old"], told[1].data["name"]) == ("For all", "For us all")
    assert await views(site) == []


async def test_nobody_changes_what_is_not_his(sqlite_site: Site) -> None:
    site = sqlite_site
    owner, admin = await site.as_engineer(), await site.as_admin()
    other = await site.browser_of(await site.person("Erik"))
    await saved(owner, "Private")
    await saved(owner, "Shared", shared="yes")
    private, shared = [f"/drifts/views/{await id_of(site, name)}" for name in ("Private", "Shared")]
    for browser in (other, admin):
        for path in (private, f"{private}/delete"):
            assert (await browser.post(path, {"name": "x"})).status_code == 404, "that it is there is not told"
        assert (await browser.post("/drifts/default-view", {"view": private[-26:]})).status_code == 404
        assert (await browser.post(shared, {"name": "x"})).status_code == 403
    assert (await other.post(f"{shared}/delete")).status_code == 403
    assert len(await views(site)) == 2
    assert (await admin.post(f"{shared}/delete")).status_code == 303
    [event] = await site.events("view.removed")
    assert (event.actor_name, event.data["owner"]) == ("Ada", "Emil")
    assert (await owner.post(f"{shared}/delete")).status_code == 404, "twice"
    assert [view[0] for view in await views(site)] == ["Private"]
    for path in (private, "/drifts/views", "/drifts/default-view"):
        assert str((await site.anonymous().post(path)).location).startswith("/login")


async def test_drifts_alone_opens_with_the_chosen_view(site: Site) -> None:
    viewer, engineer = await site.as_viewer(), await site.as_engineer()
    await saved(engineer, "Ours", shared="yes")
    view_id = await id_of(site, "Ours")
    assert (await viewer.get("/drifts")).status_code == 200
    for _time in range(2):
        assert (await viewer.post("/drifts/default-view", {"view": view_id})).status_code == 303
    opened = await viewer.get("/drifts")
    assert opened.status_code == 302
    assert str(opened.location).startswith("/drifts?")
    assert "prod/app" in unescape(await viewer.text(str(opened.location)))
    assert (await viewer.get("/drifts?status=open")).status_code == 200, "with parameters it is what they say"
    assert (await engineer.get("/drifts")).status_code == 200, "his own choice only"

    await engineer.post(f"/drifts/views/{view_id}", {"name": "Ours"})
    assert (await viewer.get("/drifts")).status_code == 200, "it is private now"
    await engineer.post(f"/drifts/views/{view_id}", {"name": "Ours", "shared": "yes"})
    assert (await viewer.get("/drifts")).status_code == 302
    await engineer.post(f"/drifts/views/{view_id}/delete")
    assert (await viewer.get("/drifts")).status_code == 200
    assert await site.value("SELECT count(*) FROM default_views") == 0


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", QUERY), (" \0\n ", QUERY), ("x" * 61, QUERY), ("fine", "status=gone"), ("fine", "severity=enormous"),
        ("fine", f"q=address:{'é' * 150}&" + "&".join(f"drift={number}" for number in range(900_000_000, 900_000_200))),
    ],
)  # fmt: skip
async def test_what_cannot_be_saved_is_kept_in_the_form(sqlite_site: Site, name: str, query: str) -> None:
    response = await saved(await sqlite_site.as_viewer(), name, query)
    text = unescape(str(await response.get_data(as_text=True)))
    assert response.status_code == 422
    assert 'role="alert"' in text
    assert f'name="query" value="{query}"' in text
    assert await views(sqlite_site) == []


async def test_hostile_names_and_queries_are_only_text(sqlite_site: Site) -> None:
    engineer = await sqlite_site.as_engineer()
    name = EVIL[:60]
    await saved(engineer, name, f"q={quoted(EVIL)}&next=//evil.example", shared="yes")
    [(kept, query, _shared)] = await views(sqlite_site)
    assert "evil.example" not in query, "only what a list is made of"
    for path in ("/drifts", "/drifts/views", f"/drifts?{query}"):
        page = await engineer.text(path)
        assert "<img" not in page
        assert "\u202e" not in re.sub(r'(value|href|content|hx-[a-z]+|data-[a-z]+)="[^"]*"', "", page)
    assert kept == " ".join(name.split())


async def test_fifty_are_enough_and_at_once_they_are_no_more(site: Site) -> None:
    viewer = await site.as_viewer()
    columns = "id, owner_id, name, query, is_shared, created_at"
    row = f"INSERT INTO saved_views ({columns}) VALUES (:id, :user, :id, '', 0, '')"
    for number in range(view_model.MOST - 1):
        await site.run(row, id=f"v{number}", user=site.people["Vera"].id)
    answers = await asyncio.gather(*(saved(viewer, name) for name in ("one", "two")))
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    assert len(await views(site)) == view_model.MOST
    page = await viewer.text("/drifts")
    assert "44 more</summary>" in page


async def test_what_each_reader_chose_to_see_is_on_his_list(sqlite_site: Site) -> None:
    await sqlite_site.post_body(plan(entry({"a": 1}, {"a": 2})))
    viewer = await sqlite_site.as_viewer()
    assert 'data-columns="stack action status age" data-density="comfortable"' in await viewer.text("/drifts")
    form = [("columns", ""), ("columns", "age"), ("columns", "stack"), ("density", "compact"), ("next", "/drifts?q=x")]
    response = await viewer.post("/account/preferences", form)
    assert response.location == "/drifts?q=x"
    page = await viewer.text("/drifts")
    assert 'data-columns="stack age" data-density="compact"' in page
    assert re.findall(r'name="(\w+)" value="(\w+)" checked', page) == [
        ("columns", "stack"), ("columns", "age"), ("density", "compact"),
    ]  # fmt: skip
    other = await sqlite_site.as_engineer()
    assert re.findall(r'<li id="drift-1".*?</li>', page, re.S) == re.findall(
        r'<li id="drift-1".*?</li>', await other.text("/drifts"), re.S
    ), "a row is the same for everybody: it is pushed to all"
