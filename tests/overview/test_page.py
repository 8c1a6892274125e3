"""The overview: what needs somebody now, how much of it is known, and that it says so of what is not."""

import re
from datetime import UTC, datetime, timedelta

from driftsentry import clock, events, stacks
from driftsentry.overview import fragments, views
from driftsentry.stacks import Stack
from tests.alerts.plans import REASON, decide
from tests.browser.plans import Entry, door, noise, plan_of, size
from tests.site import Site

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def report(site: Site, stack: str, *entries: Entry) -> None:
    response = await site.post_body(plan_of(entries), stack)
    assert response.status_code == 201, await response.get_data()


def text_of(html: str) -> str:
    """What is read, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def part_of(html: str, region: str) -> str:
    """From the region's start to the end of its section."""
    return html.split(f'id="{region}"')[1].split("</section>", maxsplit=1)[0]


async def test_the_most_urgent_come_first_and_each_number_leads_to_what_it_counts(site: Site) -> None:
    await report(site, "prod/app", *(size(f"m{number}") for number in range(9)), door("web"), noise("role"))
    await report(site, "staging/app", door("lab"), size("m"))
    await report(site, "shared/dns")
    viewer = await site.as_viewer()
    page = await viewer.text("/")
    rows = re.findall(r'<li id="drift-(\d+)" class="row"', page)
    assert len(rows) == 8
    addresses = {row["id"]: row["address"] for row in await site.rows("SELECT id, address FROM drifts")}
    assert {addresses[int(number)] for number in rows[:2]} == {"aws_security_group.web", "aws_security_group.lab"}
    table = part_of(page, "overview-table")
    lines = [text_of(line).split(" ") for line in table.split("<tr")[2:]]
    assert [line[1] for line in lines] == ["prod", "shared", "staging", "All"], "by name: nothing moves as numbers do"
    cells = re.findall(r'<a class="cell[^"]*" href="([^"]+)">([\d,]+)<', table)
    assert [int(amount) for _href, amount in cells] == [1, 9, 10, 1, 1, 2, 2, 10, 12]
    for href, amount in cells[:6]:
        listed = await viewer.text(href.replace("&amp;", "&"))
        assert len(re.findall(r'<li id="drift-\d+"', listed)) == int(amount), href
    assert "All 12" in text_of(page)


async def test_where_nothing_is_to_decide_it_says_what_was_looked_at_and_when(sqlite_site: Site) -> None:
    await report(sqlite_site, "prod/app", door("web"), noise("role"))
    await report(sqlite_site, "prod/net")
    await decide(sqlite_site, "aws_security_group.web")
    viewer = await sqlite_site.as_viewer()
    calm = text_of(part_of(await viewer.text("/"), "overview-calm"))
    assert "Nothing needs a decision All 2 stacks reported in time, the last one just now" in calm
    assert "1 informational" in calm
    assert "not known" not in calm
    await sqlite_site.run("UPDATE stacks SET is_errored = 1 WHERE slug = 'prod/net'")
    page = await viewer.text("/?days=90")  # no event tells of what was written by hand
    assert "1 of 2 stacks reported in time, that was just now" in text_of(page)
    assert "How it is in the other one is not known." in text_of(page)
    assert "Run failed prod/net" in text_of(part_of(page, "overview-freshness"))
    await sqlite_site.run("UPDATE stacks SET is_errored = 1")
    page = text_of(await (await sqlite_site.as_engineer()).text("/"))
    assert "no stack has reported in time: what your infrastructure looks like now is not known" in page
    assert "in sync" not in page.lower()


async def test_an_empty_machine_says_how_to_begin_and_a_push_that_it_has(sqlite_site: Site) -> None:
    viewer = await sqlite_site.as_viewer()
    page = await viewer.text("/")
    assert "Waiting for the first report" in page
    assert "<svg role" not in page
    await report(sqlite_site, "prod/app", door("web"))
    drawn = await draw(sqlite_site)
    assert "The first report is here 1 drift needs a decision." in text_of(drawn["overview-first"])
    assert "Waiting for the first report" not in await viewer.text("/")


async def draw(site: Site) -> dict[str, str]:
    """The regions that the newest events push, by their ids."""
    batch = await site.events()
    regions = await fragments.draw(site.db, batch[-3:], frozenset({"drifts"}))
    found = {re.findall(r'id="([^"]+)"', region.for_viewers)[0]: region.for_viewers for region in regions}
    assert len(found) == len(regions)
    return found


async def test_what_is_pushed_is_what_the_page_shows(sqlite_site: Site) -> None:
    viewer = await sqlite_site.as_viewer()
    await report(sqlite_site, "prod/app", door("web"))
    await decide(sqlite_site, "aws_security_group.web")
    drawn, page = await draw(sqlite_site), await viewer.text("/")
    shown = {"overview-freshness", "overview-total", "overview-calm", "overview-table", "overview-recent"}
    assert drawn.keys() == shown | {"overview-first"}
    for region in shown:
        assert 'hx-swap-oob="outerMorph"' in drawn[region]
        assert drawn[region].replace(' hx-swap-oob="outerMorph"', "").strip() in page
    assert 'id="drifts-news"' in page
    await report(sqlite_site, "prod/app", door("web", port=23), door("other"))
    assert "2 drifts need a decision now" in text_of((await draw(sqlite_site))["overview-calm"])
    batch = await sqlite_site.events()
    assert await fragments.draw(sqlite_site.db, batch, frozenset({"alerts"})) == [], "nobody looks"
    signed_in = [event for event in batch if not event.stack_id]
    assert await fragments.draw(sqlite_site.db, signed_in, frozenset({"drifts"})) == []


async def test_decisions_of_one_person_with_one_reason_are_told_once(sqlite_site: Site) -> None:
    await report(sqlite_site, "prod/app", *(size(f"m{number}") for number in range(4)))
    for number in range(3):
        await decide(sqlite_site, f"aws_instance.m{number}")
    await decide(sqlite_site, "aws_instance.m3", "rejected")
    async with sqlite_site.db.read() as tx:
        recent = await views.recent(tx)
    assert [(one.verdict, one.address, one.more) for one in recent] == [
        ("rejected", "aws_instance.m3", 0),
        ("approved", "aws_instance.m2", 2),
    ]
    page = text_of(part_of(await (await sqlite_site.as_viewer()).text("/"), "overview-recent"))
    assert page.count(REASON) == 2
    assert "aws_instance.m2 and 2 others" in page


async def test_charts_reach_back_as_far_as_is_asked_for(sqlite_site: Site) -> None:
    await report(sqlite_site, "prod/app", door("web"))
    viewer = await sqlite_site.as_viewer()
    for query, days in (("", 30), ("?days=90", 90), ("?days=7", 30), ("?days=%00<script>", 30)):
        page = await viewer.text("/" + query)
        assert page.count('class="plot-spot"') == 2 * days + 13, query
        assert f'<a href="/?days={days}#trends" aria-current="true">' in page
    assert "1 waits for a decision now." in page
    assert "<title>" + f"{clock.now().day} {clock.now():%b}: 1 critical</title>" in page


def stack_of(slug: str, hours: float | None, **more: object) -> Stack:
    at = None if hours is None else NOW - timedelta(hours=hours)
    values = {"last_report_at": at, "last_report_id": "r"} | more
    return Stack(slug, slug, slug.split("/", maxsplit=1)[0], NOW - timedelta(days=9), **values)  # type: ignore[arg-type]


def test_stacks_in_doubt_are_named_the_gravest_and_the_longest_silent_first() -> None:
    listed = [stack_of(f"prod/s{number}", 24 * 30 + number) for number in range(8)]
    listed += [stack_of("prod/new", None), stack_of("prod/bad", 1, is_errored=True), stack_of("prod/good", 1)]
    listed += [stack_of("prod/part", 2, incomplete_reason="targeted"), stack_of("prod/hcp", 2, announced=3)]
    found = views.freshness(listed, NOW)
    assert dict(found.states) == {"fresh": 3, "late": 0, "stale": 8, "errored": 1, "never": 1}
    assert [(trouble.state, len(trouble.stacks), trouble.more) for trouble in found.troubles] == [
        ("errored", 1, 0),
        ("stale", 6, 2),
        ("never", 1, 0),
        ("announced", 1, 0),
        ("incomplete", 1, 0),
    ]
    assert [one.slug for one in found.troubles[1].stacks] == [f"prod/s{number}" for number in range(7, 1, -1)]
    assert (found.newest, found.oldest) == (NOW - timedelta(hours=1), NOW - timedelta(hours=2))


async def test_of_many_environments_the_fullest_are_shown_and_all_are_summed(sqlite_site: Site) -> None:
    for number in range(3):
        await report(sqlite_site, f"e{number}/app", *(door(f"d{one}") for one in range(number)))
    async with sqlite_site.db.read() as tx:
        listed = await stacks.select_stacks(tx)
        empty = [stack_of(f"none{number:02}/app", 1) for number in range(60)]
        table = await views.table(tx, [*listed, *empty])
        assert (len(table.places), table.more, table.waiting) == (40, 23, 3)
        assert [place.name for place in table.places[:4]] == ["e0", "e1", "e2", "none00"]
        assert [cell.amount for cell in table.totals] == [3, 0, 0, 0]


async def test_the_page_goes_on_where_its_numbers_end(sqlite_site: Site) -> None:
    await report(sqlite_site, "prod/app", door("web"))
    page = await (await sqlite_site.as_viewer()).text("/")
    async with sqlite_site.db.read() as tx:
        latest = await events.latest_seq(tx)
    assert f"/live?after={latest}&amp;room=drifts" in page
