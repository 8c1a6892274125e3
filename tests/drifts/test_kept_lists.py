"""A list is drawn once between two events, for all who see the same; nobody sees what is another's or what was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from driftsentry import clock, events
from driftsentry.drifts import actions, filter, list_tools, queries, walk_queries
from driftsentry.drifts.model import Verdict
from driftsentry.drifts.walk_queries import Places
from tests.ingest.samples import entry, plan
from tests.site import Site

NOW = datetime(2026, 11, 22, 12, 0, 20, tzinfo=UTC)


def demo(name: str, kind: str = "demo") -> dict[str, Any]:
    return entry({"size": 1}, {"size": 2}, address=f"{kind}.{name}", name=name, type=kind)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The searches of the lists whose rows were read, in their order."""
    found: list[str] = []
    select = queries.select_found

    async def note(*args: Any) -> Any:
        found.append(args[1].q)
        return await select(*args)

    monkeypatch.setattr(queries, "select_found", note)
    return found


async def test_it_is_drawn_once_until_something_happens_or_a_minute_is_over(
    sqlite_site: Site, drawn: list[str]
) -> None:
    site = sqlite_site
    with clock.pretend(NOW):
        await site.post_body(plan(demo("web"), demo("log"), complete=False))
        viewer, ada = await site.as_viewer(), await site.browser_of(await site.person("Ada", "viewer"))
        pages = [await each.text("/drifts?q=demo") for each in (viewer, viewer, ada)]
        fragment = await (await ada.get("/drifts?q=demo", {"HX-Request": "true"})).get_data(as_text=True)
        assert drawn == ["demo"]
        assert all(fragment in page and "2 of 2 drifts" in page for page in pages)
        await site.post_body(plan(demo("new"), complete=False))
        assert "demo.new" in await viewer.text("/drifts?q=demo"), "words too are as the last event left them"
    with clock.pretend(NOW + timedelta(minutes=5)):
        assert "5 min ago" in await ada.text("/drifts?q=demo")
    assert drawn == ["demo"] * 3


async def test_nobody_gets_what_was_drawn_for_somebody_else(sqlite_site: Site, drawn: list[str]) -> None:
    site = sqlite_site
    await site.post_body(plan(demo("web"), demo("log"), complete=False))
    emil, eva, viewer = [await site.browser_of(await site.person(name)) for name in ("Emil", "Eva")] + [
        await site.as_viewer()
    ]
    actor = events.Actor("user", site.people["Emil"].id, "Emil")
    seen = str((await site.drift("demo.log"))["fingerprint"])
    await actions.decide(site.db, actor, 2, actions.Wish(Verdict.APPROVED, "the vendor asked for it", seen))
    by_me = "/drifts?status=all&q=by:me"
    assert "demo.log" in await emil.text(by_me)
    assert "demo.log" not in await eva.text(by_me)
    await emil.post("/drifts/views", {"name": "Only mine", "query": "status=all"})
    await eva.post("/account/preferences", {"density": "compact"})
    pages = [await each.text("/drifts") for each in (emil, eva, viewer)]
    assert ["Only mine" in page for page in pages] == [True, False, False]
    assert ['data-density="compact"' in page for page in pages] == [False, True, False]
    assert ['action="/drifts/bulk"' in page for page in pages] == [True, True, False]
    assert drawn == ["by:me", "by:me", "", "", ""]
    await emil.post("/account/preferences", {"columns": "age"})
    assert 'data-columns="age"' in await emil.text("/drifts"), "his own wish holds at once"


async def test_a_mistake_of_one_is_not_shown_to_the_next(sqlite_site: Site) -> None:
    await sqlite_site.post_body(plan(demo("web"), complete=False))
    viewer = await sqlite_site.as_viewer()
    wrong, right = "/drifts?q=" + quote("sevrity:high type:demo"), "/drifts?q=" + quote("type:demo")
    for path, is_wrong in ((wrong, True), (right, False), (wrong, True)):
        assert ("There is no key sevrity." in await viewer.text(path)) is is_wrong


async def test_the_view_to_open_with_is_found_among_more_than_are_shown(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await sqlite_site.as_viewer()
    for name in ("A", "B"):
        await viewer.post("/drifts/views", {"name": name, "query": f"status=all&q={name}"})
    view_id = await sqlite_site.value("SELECT id FROM saved_views WHERE name = 'B'")
    await viewer.post("/drifts/default-view", {"view": str(view_id)})
    for shown in (2, 1):
        monkeypatch.setattr(list_tools, "SHOWN", shown)
        assert (await viewer.get("/drifts")).location == "/drifts?status=all&q=B"


async def test_one_severity_is_walked_from_where_it_begins(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page the same as all at once, whichever severities are left out between."""
    monkeypatch.setattr(walk_queries, "FEW", 0)
    await site.post_body(plan(*[demo(f"n{number}") for number in range(12)], complete=False))
    for number, severity in enumerate(("critical", "high", "medium", "low") * 3, 1):
        await site.run(
            "UPDATE drifts SET severity = :severity, severity_rank = :rank WHERE id = :id",
            severity=severity, rank=4 - (number - 1) % 4, id=number,
        )  # fmt: skip
    async with site.db.read() as tx:
        for text in ("severity:high", "severity:critical,medium", "-severity:high", "severity:<=medium"):
            for order in ("urgency", "newest"):
                wanted = filter.parse({"q": text, "sort": order}, [])
                whole, ids = await queries.select_page(tx, wanted, 50), []
                while True:
                    page = await queries.select_page(tx, wanted, 2)
                    ids += [row.id for row in page.rows]
                    if not page.after:
                        break
                    wanted = replace(wanted, after=filter.place_of(page.after, wanted))
                assert ids == [row.id for row in whole.rows], (text, order)
                assert len(ids) == {"severity:high": 3, "-severity:high": 9}.get(text, 6)
        if site.db.engine == "sqlite":
            found = await walk_queries.search(tx, filter.parse({"q": "severity:high"}, []).wanted)
            values: dict[str, Any] = {"most": 3}
            sort = filter.ORDERS["urgency"][1]
            walks = found._walks(sort, (3, "2026-11-22T12:00:00.000000Z", 9), values, None)
            plans = await tx.all(f"EXPLAIN QUERY PLAN {found._merged(sort, walks)}", **values)
            searched = [str(row[3]) for row in plans if "SEARCH" in str(row[3])]
            assert len(searched) == 1
            assert "severity_rank=? AND detected_at<?" in searched[0], "nothing more urgent is passed over"


def test_the_first_page_of_a_longer_look_is_the_page_itself() -> None:
    sort = filter.ORDERS["newest"][1]
    rows: list[walk_queries.Place] = [("c", 3), ("b", 2), ("a", 1)]
    assert Places(rows, ("a", 1)).first(2, sort) == Places(rows[:2], ("b", 2))
    assert Places(rows, ("x", 9), is_cut=True).first(3, sort) == Places(rows, ("x", 9), is_cut=True)
    assert Places(rows, None).first(50, sort) == Places(rows, None)
