"""The list of drifts: what a search finds on both databases, in every order; tabs, facets, and what mistakes do."""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from driftsentry import clock
from driftsentry.drifts import filter, queries, walk_queries
from driftsentry.drifts.filter import ORDERS
from tests.api.program import as_nobody, as_role
from tests.ingest.samples import entry, plan
from tests.site import Site

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def demo(name: str, kind: str = "demo", before: Any = None, after: Any = None, **fields: Any) -> dict[str, Any]:
    before, after = before or {"size": 1}, after if after is not None or "change" in fields else {"size": 2}
    return entry(before, after, address=f"{kind}.{name}", name=name, type=kind, **fields)


async def fill(site: Site) -> None:
    """Ten drifts of three stacks, told apart by their numbers; each is something that a search can ask for."""
    gone = {"change": {"actions": ["delete"]}}
    with clock.pretend(NOW - 10 * DAY):
        await site.post_body(plan(demo("web"), demo("a%b"), demo('q["x y"]'), complete=False), "prod/app")
        open_door = {"cidr_blocks": ["10.0.0.0/8"]}, {"cidr_blocks": ["0.0.0.0/0"]}
        await site.post_body(plan(demo("ssh", "aws_security_group", *open_door), complete=False), "prod/net_1")
    with clock.pretend(NOW - 2 * DAY):
        tags = {"tags": {"Name": "a"}}, {"tags": {"Name": "b"}}
        others = (demo("log", "aws_s3_bucket", *tags), demo("log", "aws_s3_bucket_policy"), demo("old", **gone))
        await site.post_body(plan(*others, complete=False), "dev/lab")
        await site.post_body(plan(demo("x1"), demo("x2"), demo("x3"), complete=False), "prod/app")
    users = [(await site.person(name)).id for name in ("Emil", "Eva Maria")]
    for number, (verdict, user) in {8: ("approved", 0), 9: ("rejected", 1), 10: ("approved", 1)}.items():
        await site.run(
            "INSERT INTO decisions (id, drift_id, user_id, verdict, reason, fingerprint, changes, decided_at)"
            " SELECT :id, id, :user, :verdict, 'because of this', fingerprint, changes, updated_at FROM drifts"
            " WHERE id = :drift_id",
            id=f"d{number}", drift_id=number, user=users[user], verdict=verdict,
        )  # fmt: skip
        await site.run(
            "UPDATE drifts SET decision_id = :id, status = :verdict WHERE id = :drift_id",
            id=f"d{number}", verdict=verdict, drift_id=number,
        )  # fmt: skip
    await site.run("UPDATE drifts SET status = 'detected', fingerprint = 'another', reopened = 2 WHERE id = 10")
    await site.run("UPDATE drifts SET status = 'resolved', resolved_at = updated_at WHERE id = 3")
    await site.run("UPDATE drifts SET is_snoozed = 1 WHERE id = 2")
    await site.run("UPDATE drifts SET cause = 'informational', ignored_changes = 3 WHERE id = 6")


ALL = set(range(1, 11))
SEARCHES: list[tuple[str, set[int]]] = [
    ("status=all", ALL),
    ("", {1, 4, 5, 7, 10}),
    ("status=done", {3, 8, 9}),
    ("status=changed", {10}),
    ("status=snoozed", {2}),
    ("tab=informational", {6}),
    ("q=is:open", {1, 4, 5, 7, 10}),
    ("status=approved&q=is:open", {1, 4, 5, 7, 10}),
    ("q=is:open is:changed", {10}),
    ("q=is:approved,rejected", {8, 9}),
    ("q=is:resolved is:snoozed", {2, 3}),
    ("status=all&q=-is:open", {2, 3, 6, 8, 9}),
    ("status=all&q=is:reopened", {10}),
    ("status=all&q=is:ignored", {6}),
    ("status=all&q=is:changed,ignored", {6, 10}),
    ("status=all&q=is:approved,ignored", {6, 8}),
    ("q=severity:critical", {4}),
    ("severity=critical", {4}),
    ("status=all&q=severity:critical,high", {4, 7}),
    ("status=all&q=stack:prod/*", {1, 2, 3, 4, 8, 9, 10}),
    ("status=all&q=stack:PROD/a*", {1, 2, 3, 8, 9, 10}),
    ("status=all&q=stack:prod/net_1", {4}),
    ("status=all&q=stack:prod/net*1,dev/lab", {4, 5, 6, 7}),
    ("status=all&q=stack:prod/netx1", set()),
    ("status=all&q=stack:prod/n__*", set()),
    ("status=all&q=-stack:prod/app", {4, 5, 6, 7}),
    ("status=all&stack=dev/lab&environment=dev", {5, 6, 7}),
    ("status=all&q=env:dev", {5, 6, 7}),
    ("status=all&q=-env:dev -env:prod", set()),
    ("status=all&q=type:aws_s3_*", {5, 6}),
    ("status=all&q=type:aws_s3_bucket", {5}),
    ("status=all&q=-type:demo", {4, 5, 6}),
    ("status=all&q=address:demo.*", {1, 2, 3, 7, 8, 9, 10}),
    ("status=all&q=address:*.log", {5, 6}),
    ("status=all&q=address:*.lo_", set()),
    ("status=all&q=address:demo.a%b", {2}),
    ("status=all&q=address:demo.a%*", {2}),
    ("status=all&q=address:demo.a*b", {2}),
    (r'status=all&q=address:"demo.q[\"x y\"]"', {3}),
    ('status=all&q=address:*"]', {3}),
    ("status=all&q=address:aws_security_group.ssh", {4}),
    ("status=all&q=action:delete", {7}),
    ("status=all&q=cause:informational", {6}),
    ("status=all&q=attr:cidr_blocks", {4}),
    ("status=all&q=attr:cidr*", {4}),
    ("status=all&q=attr:tags*", {5}),
    ("status=all&q=attr:blocks", set()),
    ("status=all&q=-attr:size", {4, 5, 7}),
    ("status=all&q=by:emil", {8}),
    ("status=all&q=by:EMIL@example.com", {8}),
    ('status=all&q=by:"eva maria"', {9, 10}),
    ("status=all&q=by:e*", {8, 9, 10}),
    ("status=all&q=-by:e*", ALL - {8, 9, 10}),
    ("status=all&q=by:me", {8}),
    ("status=all&q=age:>7d", {1, 2, 3, 4}),
    ("status=all&q=age:<1w", {5, 6, 7, 8, 9, 10}),
    ("status=all&q=age:>1d age:<3d", {5, 6, 7, 8, 9, 10}),
    ("status=all&q=detected:2026-11-12", {1, 2, 3, 4}),
    ("status=all&q=detected:>2026-11-12", {5, 6, 7, 8, 9, 10}),
    ("status=all&q=detected:<2026-11-12", set()),
    ("status=all&q=detected:20261112", {1, 2, 3, 4}),
    ("status=all&q=detected:>20261112", {5, 6, 7, 8, 9, 10}),
    ("status=all&q=detected:<=2026-W46-4", {1, 2, 3, 4}),
    ("status=all&q=detected:<=2026-11-12", {1, 2, 3, 4}),
    ("status=all&q=seen:>=2026-11-13", {5, 6, 7, 8, 9, 10}),
    ("status=all&q=log", {5, 6}),
    ("status=all&q=log policy", {6}),
    ("status=all&q=log -policy", {5}),
    ('status=all&q="prod app" -x1 -x2 -x3', {1, 2, 3}),
    ("status=all&q=s3 severity:<=high is:informational", {6}),
    ("status=all&q=nothing", set()),
    ("status=all&drift=3&drift=8&drift=99", {3, 8}),
    ("status=all&drift=3&drift=8&q=by:*", {8}),
    ("status=all&q=by:'; DROP TABLE users --", set()),
]


async def found_by(site: Site, query: str) -> set[int]:
    """The ids of all pages, which must be as many as were counted."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    picks = [value for name, _is, value in pairs if name == "drift"]
    wanted = filter.parse({name: value for name, _is, value in pairs}, picks, site.people["Emil"].id)
    async with site.db.read() as tx:
        count = await (await walk_queries.search(tx, wanted.wanted)).count(100, wanted.sort)
        rows, after = [], ""
        while True:
            page = await queries.select_page(tx, replace(wanted, after=filter.place_of(after, wanted)), 3)
            rows += [row.id for row in page.rows]
            after = page.after or ""
            if not after:
                break
    assert (len(rows), len(set(rows))) == (count, count), query
    return set(rows)


@pytest.fixture(params=["few", "many"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few drifts are sorted, many are walked along indexes: both find the same."""
    if request.param == "many":
        monkeypatch.setattr(walk_queries, "FEW", 0)


async def test_searches_find_the_same_on_both_databases(site: Site, how: None) -> None:
    await fill(site)
    with clock.pretend(NOW):
        for query, ids in SEARCHES:
            for order in ORDERS:
                assert await found_by(site, f"{query}&sort={order}") == ids, (query, order)


async def test_a_search_for_what_no_index_knows_goes_on_where_it_was_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_queries, "FEW", 0)
    monkeypatch.setattr(walk_queries, "FAR", 3)
    await fill(site)
    for order in ORDERS:
        wanted, pages = filter.parse({"status": "all", "q": "type:demo", "sort": order}, []), []
        async with site.db.read() as tx:
            assert await (await walk_queries.search(tx, wanted.wanted)).count(100, wanted.sort) <= 3
            while True:
                page = await queries.select_page(tx, wanted, 50)
                pages.append([row.id for row in page.rows])
                assert (page.after is not None) is page.is_cut
                if not page.after:
                    break
                wanted = replace(wanted, after=filter.place_of(page.after, wanted))
        assert len(pages) == 4, order
        assert sorted(drift_id for page_of in pages for drift_id in page_of) == [1, 2, 3, 7, 8, 9, 10]
    text = await (await site.as_viewer()).text("/drifts?status=all&q=type:demo")
    assert "Look further" in text
    assert "no index knows what you search for" in text


async def test_the_page_says_what_it_found_and_offers_what_there_is(sqlite_site: Site) -> None:
    await fill(sqlite_site)
    with clock.pretend(NOW):
        viewer = await sqlite_site.as_viewer()
        page = await viewer.text("/drifts")
    tabs = re.findall(r'id="drifts-tab-(\w+)">([\d+]*)<', page)
    assert tabs == [("open", "5"), ("critical", "1"), ("changed", "1"), ("informational", "1"), ("done", "3")]
    assert choices(page, "severity")["critical"] == ("1", "/drifts?status=open&q=severity%3Acritical")
    assert choices(page, "stack")["prod/app"] == ("2", "/drifts?status=open&q=stack%3Aprod%2Fapp")
    assert choices(page, "env") == {
        "prod": ("3", "/drifts?status=open&q=env%3Aprod"),
        "dev": ("2", "/drifts?status=open&q=env%3Adev"),
    }
    assert choices(page, "type")["aws_s3_bucket"][0] == "1"
    assert choices(page, "action")["delete"][0] == "1"
    assert {name: count for name, (count, _href) in choices(page, "status").items()} == {
        "Snoozed": "1", "Approved": "1", "Rejected": "1", "Resolved": "1", "All": "10",
    }  # fmt: skip
    assert choices(await viewer.text("/drifts?status=done"), "by")["Emil"][0] == "1"
    assert "5 of 5 drifts" in page


async def test_what_is_chosen_can_be_taken_off_or_exchanged(sqlite_site: Site) -> None:
    await fill(sqlite_site)
    page = await (await sqlite_site.as_viewer()).text("/drifts?status=all&severity=medium&environment=prod&q=-is:open")
    assert 'value="-is:open severity:medium env:prod"' in page
    assert choices(page, "env")["dev"][1] == "/drifts?status=all&q=-is%3Aopen+severity%3Amedium+env%3Adev"
    assert choices(page, "env")["prod"][1] == "/drifts?status=all&q=-is%3Aopen+severity%3Amedium"
    assert page.count('aria-current="true" title="Take this off"') == 3, "severity, environment, and the status"
    assert re.search(r'data-fits="[^"]*data-severity=', page)
    assert 'data-says="Something changed"' in page
    assert "4 of 4 drifts" in page


async def test_a_mistake_is_named_and_the_list_stays(sqlite_site: Site) -> None:
    await fill(sqlite_site)
    viewer = await sqlite_site.as_viewer()
    asked = "/drifts?status=all&sort=oldest&q=" + quote("sevrity:critical stack:prod/*")
    page = await viewer.text(asked)
    assert "There is no key sevrity." in page
    assert 'href="/drifts?status=all&amp;q=severity%3Acritical+stack%3Aprod%2F%2A&amp;sort=oldest"' in page
    assert 'value="sevrity:critical stack:prod/*"' in page
    assert page.count('<li id="drift-') == 7, "what could be understood"
    response = await viewer.get(asked, {"HX-Request": "true"})
    text = await response.get_data(as_text=True)
    assert (response.status_code, response.headers["HX-Push-Url"]) == (422, "false")
    assert text.strip().startswith('<div class="filter-problem" id="filter-problem" role="alert">')
    assert "<li" not in text
    hostile = await viewer.text("/drifts?q=" + quote('<img src=x onerror=alert(1)>:1 is:"<svg>\u202e"'))
    assert "<img" not in hostile
    assert "<svg>" not in hostile


async def test_rows_say_when_nobody_knows_how_it_is_now(sqlite_site: Site) -> None:
    await fill(sqlite_site)
    viewer = await sqlite_site.as_viewer()
    with clock.pretend(NOW - 2 * DAY):
        page = await viewer.text("/drifts?stack=dev/lab&status=all")
    assert page.count('<span class="fresh fresh-') == 0
    with clock.pretend(NOW + 30 * DAY):
        page = await (await sqlite_site.as_viewer()).text("/drifts?stack=dev/lab&status=all")
    assert page.count('<span class="fresh fresh-stale"') == 3


async def test_programs_search_in_the_same_language(sqlite_site: Site) -> None:
    await fill(sqlite_site)
    program, nobody = await as_role(sqlite_site, "viewer"), as_nobody(sqlite_site)
    found = await program.get("/drifts?status=detected&sort=id&q=" + quote("type:aws_s3_* -attr:size by:*,me"))
    assert (found.data, found.meta["total"]) == ([], 0)
    found = await program.get("/drifts?sort=id&q=" + quote("stack:prod/* is:open,approved"))
    assert [each["id"] for each in found.data] == ["1", "4", "8", "10"]
    found = await program.get("/drifts?stack=prod/app&q=" + quote("stack:prod/net_1"))
    assert found.data == [], "the parameter and the search narrow together"
    for text in ("sevrity:high", "is:opn"):
        refused = await program.get("/drifts?q=" + quote(text))
        assert (refused.status, refused.code, set(refused.refused)) == (422, "VALIDATION_ERROR", {"q"})
        assert "Did you mean" in refused.refused["q"]
    assert (await nobody.get("/drifts?q=by:emil")).status == 401


def choices(page: str, key: str) -> dict[str, tuple[str, str]]:
    """Of one facet: name -> (count, address)."""
    section = re.search(rf'aria-labelledby="facet-{key}">(.*?)</section>', page, re.DOTALL)
    assert section is not None, key
    found = re.findall(
        r'<a href="([^"]*)".*?<bdi>(.*?)</bdi></span>(?: <span class="facet-count">([\d+]+))?', section[1]
    )
    return {unescape(name): (count, unescape(href)) for href, name, count in found}


@pytest.mark.parametrize("path", ["/drifts?q=env:" + ">" * 490, "/drifts?after=" + b64encode(b"[" * 5000).decode()])
async def test_what_nests_without_end_is_answered_all_the_same(sqlite_site: Site, path: str) -> None:
    assert (await (await sqlite_site.as_viewer()).get(path)).status_code in (200, 422)
