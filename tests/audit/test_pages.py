"""The audit log as admins see it: who may, what it shows, what it is narrowed to, page by page."""

import asyncio
import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest

from driftsentry import audit, clock
from driftsentry.audit import Filter, queries
from driftsentry.events import SYSTEM, Actor
from tests.audit.conftest import EVIL, add_stack, note, person
from tests.site import Browser, Site

PATHS = ("/audit", "/audit/export?format=csv", "/audit/verification")


def shown(page: str) -> list[int]:
    return [int(seq) for seq in re.findall(r'id="entry-(\d+)"', page)]


async def seqs(site: Site, wanted: Filter) -> list[int]:
    async with site.db.read() as tx:
        return [entry.seq for entry in await audit.select_entries(tx, wanted, before=None, limit=1000)]


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_for_admins_only(sqlite_site: Site, path: str) -> None:
    for role in ("viewer", "engineer"):
        response = await (await sqlite_site.as_role(role)).get(path)
        assert response.status_code == 403
        assert "admin" in await response.get_data(as_text=True)
    assert (await sqlite_site.anonymous().get(path)).status_code == 303
    assert not await sqlite_site.events("audit.exported", "audit.verified")


async def test_only_admins_find_it_in_the_navigation(sqlite_site: Site) -> None:
    assert 'href="/audit"' in (await (await sqlite_site.as_admin()).text("/")).partition("</nav>")[0]
    for role in ("viewer", "engineer"):
        assert 'href="/audit"' not in await (await sqlite_site.as_role(role)).text("/")


async def test_an_admin_who_is_none_any_more_sees_nothing(site: Site) -> None:
    browser = await site.as_admin()
    await site.run("UPDATE users SET role = 'engineer'")
    assert (await browser.get("/audit")).status_code == 403


async def test_it_says_who_did_what_from_where_with_before_and_after(site: Site, admin: Browser) -> None:
    emil = await site.person("Emil")
    await note(site, "user.role_changed", person("Ada"), user_id=emil.id, old="viewer", new="engineer")
    page = await admin.text("/audit")
    plain = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page))
    assert "Ada made Emil an engineer (was viewer)" in plain
    for text in (
        "192.0.2.7",
        "request-of-Ada",
        "<del><bdi>viewer</bdi></del>",
        "<ins><bdi>engineer</bdi></ins>",
        "Today, ",
    ):
        assert text in page
    assert (await site.events())[-1].hash in page


async def test_foreign_text_is_neither_markup_nor_turned_around(site: Site, admin: Browser) -> None:
    actor = Actor("user", EVIL, EVIL, EVIL, EVIL)
    await note(site, "user.role_changed", actor, email=EVIL, old=EVIL, new=EVIL, reason=EVIL)
    await note(site, "comet.seen", actor, **{"a<b": {EVIL: EVIL}})
    page = await admin.text("/audit")
    visible = re.sub(r'(?:value|href)="[^"]*"', "", page)
    assert "<img" not in page
    assert "\u202e" not in visible
    assert "\\u202e" in visible


async def test_paging_shows_every_entry_once_while_new_ones_arrive(site: Site, admin: Browser) -> None:
    await note(site, "thing.done", person("Ada"), 170)
    latest = (await site.events())[-1].seq
    found: list[int] = []
    path: str | None = "/audit"
    while path:
        page = await admin.text(path)
        found += shown(page)
        await note(site, "thing.done", person("Eve"), 7)
        link = re.search(r'rel="next" href="([^"]+)"', page)
        path = link[1].replace("&amp;", "&") if link else None
    assert found == list(range(latest, 0, -1))


async def test_pages_of_a_filter_keep_it(site: Site, admin: Browser) -> None:
    for name in ("Ada", "Eve"):
        await note(site, "thing.done", person(name), 60)
    page = await admin.text("/audit?actor=Ada&kind=thing.done")
    assert len(shown(page)) == 50
    assert "60 entries" in page
    link = re.search(r'rel="next" href="([^"]+)"', page)
    assert link
    rest = await admin.text(link[1].replace("&amp;", "&"))
    assert len(shown(rest)) == 10
    assert not set(shown(page)) & set(shown(rest))


FILTERS = [
    ({"actor": "ada"}, {1, 3, 6}), ({"actor": "u-eve"}, {2, 4}), ({"actor": "DriftSentry"}, {5}),
    ({"actor": "Ad"}, set()),
    ({"q": "A"}, {1, 3, 6}), ({"q": "e"}, {2, 4, 5}), ({"q": "nobody"}, set()), ({"kind": "thing.done"}, {1, 2, 3}),
    ({"kind": "thing"}, {1, 2, 3}), ({"kind": "token.revoked"}, {4, 6}), ({"kind": "thing", "actor": "Ada"}, {1, 3}),
    ({"address": "192.0.2.7"}, {1, 3, 6}), ({"address": "192.0.2"}, set()), ({"drift": "9"}, {3}),
    ({"drift": "#9"}, {3}),
    ({"drift": "9", "actor": "Eve"}, set()), ({"stack": "prod/app"}, {2, 3}),
    ({"stack": "prod/app", "actor": "Eve"}, {2}),
    ({"since": "2026-11-02"}, {2, 3, 4, 5, 6}), ({"until": "2026-11-02"}, {1, 2}),
    ({"since": "2026-11-02", "until": "2026-11-02"}, {2}), ({"since": "2026-11-02", "q": "ada"}, {3, 6}),
    ({"until": "9999-12-31"}, {1, 2, 3, 4, 5, 6}),
]  # fmt: skip


@pytest.fixture
async def told(site: Site) -> int:
    """Six entries on six days; the number of the last entry before them."""
    await add_stack(site)
    ada, eve = person("Ada", "u-ada"), person("Eve", "u-eve", "192.0.2.9")
    start = len(await site.events())
    for number, (kind, actor, about) in enumerate(
        [
            ("thing.done", ada, {}), ("thing.done", eve, {"stack_id": "s"}),
            ("thing.done", ada, {"stack_id": "s", "drift_id": 9}), ("token.revoked", eve, {}),
            ("drift.lapsed", SYSTEM, {}), ("token.revoked", ada, {}),
        ]
    ):  # fmt: skip
        with clock.pretend(datetime.fromisoformat("2026-11-01T23:59:59.999999Z") + timedelta(days=number)):
            await note(site, kind, actor, **about)  # type: ignore[arg-type]
    return start


async def test_it_can_be_narrowed_to_anything(site: Site, told: int, admin: Browser) -> None:
    for query, expected in FILTERS:
        page = await admin.text("/audit?" + urlencode(query))
        assert {seq - told for seq in shown(page) if seq > told} == expected, query
        assert 'aria-invalid="true"' not in page


async def test_an_email_finds_whoever_has_it(site: Site, admin: Browser) -> None:
    emil = await site.person("Emil")
    await note(site, "thing.done", Actor("user", emil.id, "As he was called then"))
    assert len(shown(await admin.text("/audit?actor=EMIL@example.com"))) == 1


async def test_each_problem_is_said_and_the_rest_is_used(site: Site, told: int, admin: Browser) -> None:
    page = await admin.text(
        "/audit?since=2026-13-01&until=tomorrow&kind=comet.seen&stack=no/such&drift=x&actor=Eve&before=x"
    )
    for text in ("2026-13-01", "tomorrow", "comet.seen", "no/such", "no number of a drift"):
        assert text in page.partition('id="audit-problems"')[2].partition("</form>")[0]
    assert {seq - told for seq in shown(page)} == {2, 4}
    page = await admin.text("/audit?since=2026-11-05&until=2026-11-01")
    assert "before the first one" in page
    assert shown(page) == []
    for odd in (
        "/audit?drift=99999999999",
        "/audit?before=" + "9" * 30,
        "/audit?actor=%00&q=%F0%9F%92%A9",
        "/audit?before=0",
    ):
        assert (await admin.get(odd)).status_code == 200


async def test_counting_stops_where_nobody_reads_on(site: Site) -> None:
    await note(site, "thing.done", person("Ada"), 30)
    async with site.db.read() as tx:
        assert await audit.count_entries(tx, Filter(kind="thing.done"), limit=20) == 21
        assert await audit.count_entries(tx, Filter(kind="thing.done")) == 30
        assert await audit.count_entries(tx, Filter(text="Eve")) == 0
        assert await audit.count_entries(tx, Filter()) == 30
        page = await audit.select_entries(tx, Filter(actor="Ada"), before=None, limit=10, offset=25)
        assert [entry.seq for entry in page] == [5, 4, 3, 2, 1]


async def test_many_people_and_kinds_at_once_are_found_in_order(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        await note(site, f"thing.done{number % 3}", person(f"Person {number}"), 2)
    expected = list(range(24, 0, -1))
    assert await seqs(site, Filter(text="person", kind="thing")) == expected
    monkeypatch.setattr(queries, "MOST_WALKS", 5)
    assert await seqs(site, Filter(text="person")) == expected
    assert await seqs(site, Filter(text="person", kind="thing.done1")) == [22, 21, 16, 15, 10, 9, 4, 3]
    async with site.db.read() as tx:
        assert await audit.count_entries(tx, Filter(text="person", kind="thing")) == 24


async def test_each_filter_walks_an_index_of_sqlite(sqlite_site: Site) -> None:
    await note(sqlite_site, "thing.done", person("Ada"), 3, stack_id="s", drift_id=1)
    async with sqlite_site.db.read() as tx:
        for column, value in (("actor_id", "ada"), ("kind", "thing.done"), ("stack_id", "s"), ("drift_id", 1)):
            walks = queries._joined([f"e.{column} = :walk0 AND e.seq < :before"])
            rows = await tx.all(f"EXPLAIN QUERY PLAN {walks}", walk0=value, before=9, most=51)
            plan = " ".join(str(row["detail"]) for row in rows)
            assert f"events_by_{column.removesuffix('_id')}" in plan
            assert "TEMP B-TREE" not in plan
        for hop in ("kind", "actor_id"):
            rows = await tx.all(f"EXPLAIN QUERY PLAN {queries._hops(hop)} SELECT value FROM hops")
            assert not [row for row in rows if str(row["detail"]).startswith("SCAN events")]


async def test_twenty_admins_look_at_once(site: Site, admin: Browser) -> None:
    await note(site, "thing.done", person("Ada"), 60)
    pages = await asyncio.gather(*[admin.text("/audit?kind=thing") for _ in range(20)])
    assert {len(shown(page)) for page in pages} == {50}
