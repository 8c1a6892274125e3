"""One verdict on all that a list shows: what matches is looked for again in the transaction that decides."""

import asyncio
import re
from html import unescape

import pytest

from driftsentry.db import Row
from driftsentry.drifts import bulk, bulk_queries, list_tools
from tests.drifts.test_bulk import NAMES, REASON, drifts, picks, said, scan, statuses
from tests.ingest.samples import entry, plan
from tests.live.test_live import address, heard
from tests.site import Browser, Site

__all__ = ["drifts"]


async def everything(browser: Browser, path: str = "/drifts", **more: str) -> dict[str, str]:
    """What the form of that list sends when all of it is selected."""
    page = await browser.text(path)
    assert 'name="all"' in page
    sent = {name: re.findall(rf'name="{name}" value="([^"]*)" form="selection"', page) for name in ("count", "seq")}
    query = re.findall(r'<form id="selection".*?name="query" value="([^"]*)"', page, re.S)
    form = {name: found[0] for name, found in (sent | {"query": query}).items()}
    return {"all": "yes", "verdict": "rejected", "reason": REASON} | {k: unescape(v) for k, v in form.items()} | more


@pytest.fixture
def _in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if they were more than one statement takes."""
    monkeypatch.setattr(bulk_queries, "_PART", 2)


@pytest.mark.usefixtures("_in_parts")
async def test_all_that_match_are_decided_and_nothing_else(site: Site, drifts: list[Row]) -> None:
    await site.post_body(plan(entry({"a": "1"}, {"a": "2"}, address="demo.other", name="other")), "dev/lab")
    engineer = await site.as_engineer()
    form = await everything(engineer, "/drifts?stack=prod/app")
    assert form["count"] == "5"
    text = await said(await engineer.post("/drifts/bulk", form))
    assert "5 drifts rejected" in text
    assert await statuses(site) == ["rejected"] * 5 + ["detected"]
    told = await site.events("drift.rejected")
    assert {event.data["reason"] for event in told} == {REASON}
    assert [event.stack_id for event in told] == [drift["stack_id"] for drift in drifts]
    same = "x.fingerprint = d.fingerprint AND x.changes = d.changes AND x.drift_id = d.id"
    assert await site.value(f"SELECT count(*) FROM decisions x JOIN drifts d ON d.decision_id = x.id AND {same}") == 5
    assert {event.drift_id: event.data["decision_id"] for event in told} == {
        row[0]: row[1] for row in await site.rows("SELECT id, decision_id FROM drifts WHERE status = 'rejected'")
    }

    before = await site.tables()
    assert "5 drifts rejected" in await said(await engineer.post("/drifts/bulk", form)), "twice"
    assert await site.tables() == before
    viewer = await site.as_viewer()
    assert (await viewer.post("/drifts/bulk", form)).status_code == 403
    assert await site.tables("sessions") == {name: rows for name, rows in before.items() if name != "sessions"} | {
        "users": (await site.tables())["users"]
    }


async def test_when_another_number_matches_nothing_is_done_and_the_new_one_is_said(
    site: Site, drifts: list[Row]
) -> None:
    engineer = await site.as_engineer()
    form = await everything(engineer)
    await site.post_body(plan(entry({"a": "1"}, {"a": "2"}, address="demo.late", name="late")), "dev/lab")
    text = await said(await engineer.post("/drifts/bulk", form), 409)
    assert "6 drifts match now, not 5" in text
    assert f">{REASON}</textarea>" in text
    assert await statuses(site) == ["detected"] * 6
    again = {name: re.findall(rf'name="{name}" value="([^"]*)"', text)[0] for name in ("all", "count", "seq", "query")}
    assert again["count"] == "6"
    repeated = await engineer.post("/drifts/bulk", {"verdict": "approved", "reason": REASON} | again)
    assert "6 drifts approved" in await said(repeated)


async def test_as_many_but_not_the_same_leaves_the_new_ones_out(site: Site, drifts: list[Row]) -> None:
    engineer = await site.as_engineer()
    form = await everything(engineer)
    other = await site.browser_of(await site.person("Erik"))
    one = {"verdict": "approved", "reason": REASON, "fingerprint": drifts[0]["fingerprint"]}
    await other.post(f"/drifts/{drifts[0]['id']}/decision", one)
    await site.post_body(plan(entry({"a": "1"}, {"a": "2"}, address="demo.late", name="late")), "dev/lab")
    text = await said(await engineer.post("/drifts/bulk", form))
    assert "4 drifts rejected, 1 left out" in text
    assert "changed since you loaded" in text
    assert "demo.late" in text
    assert await statuses(site) == ["approved", *["rejected"] * 4, "detected"]


async def test_who_wakes_while_another_leaves_is_as_new_as_one_that_came(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    drifts = await sqlite_site.rows("SELECT * FROM drifts ORDER BY id")
    engineer, other = await sqlite_site.as_engineer(), await sqlite_site.browser_of(await sqlite_site.person("Erik"))
    await other.post(f"/drifts/{drifts[4]['id']}/snooze", {"fingerprint": drifts[4]["fingerprint"], "until": "1 week"})
    form = await everything(engineer)
    one = {"verdict": "approved", "reason": REASON, "fingerprint": drifts[0]["fingerprint"]}
    await other.post(f"/drifts/{drifts[0]['id']}/decision", one)
    await other.post(f"/drifts/{drifts[4]['id']}/wake")
    assert "3 drifts rejected, 1 left out" in await said(await engineer.post("/drifts/bulk", form))
    assert await statuses(sqlite_site) == ["approved", *["rejected"] * 3, "detected"]


async def test_what_is_open_again_is_not_taken_for_done(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    engineer, drifts = await sqlite_site.as_engineer(), await sqlite_site.rows("SELECT * FROM drifts ORDER BY id")
    form = {"seq": (await everything(engineer))["seq"], "verdict": "rejected"}
    snooze = picks(drifts[1:2], **form | {"verdict": "snoozed", "reason": "", "until": "1 week"})
    for once_more in (False, True):  # on the page of the first time, with the same words
        [drift] = await sqlite_site.rows("SELECT * FROM drifts WHERE id = :id", id=drifts[0]["id"])
        assert "1 drift rejected" in await said(await engineer.post("/drifts/bulk", picks([drift], **form)))
        assert "1 drift snoozed" in await said(await engineer.post("/drifts/bulk", snooze))
        assert await statuses(sqlite_site) == ["rejected", *["detected"] * 4]
        assert await sqlite_site.value("SELECT sum(is_snoozed) FROM drifts") == 1
        if not once_more:
            await sqlite_site.post_body(scan(2, NAMES[0]))
            await engineer.post(f"/drifts/{drifts[1]['id']}/wake")
    assert len(await sqlite_site.events("drift.rejected", "drift.snoozed")) == 4


async def test_the_same_words_on_another_list_are_not_counted_here(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    await sqlite_site.post_body(plan(entry({"a": "1"}, {"a": "2"}, address="demo.other", name="other")), "dev/lab")
    engineer = await sqlite_site.as_engineer()
    forms = [await everything(engineer, f"/drifts?environment={environment}") for environment in ("dev", "prod")]
    assert "1 drift rejected" in await said(await engineer.post("/drifts/bulk", forms[0]))
    assert "5 drifts rejected" in await said(await engineer.post("/drifts/bulk", forms[1]))


async def test_two_at_once_one_wins_and_the_other_hears_of_it(site: Site, drifts: list[Row]) -> None:
    browsers = [await site.as_engineer(), await site.browser_of(await site.person("Erik"))]
    forms = [await everything(browser) for browser in browsers]
    answers = await asyncio.gather(
        *(browser.post("/drifts/bulk", form) for browser, form in zip(browsers, forms, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await site.value("SELECT count(*) FROM decisions") == 5


async def test_too_many_are_refused_with_what_to_do(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await sqlite_site.post_body(scan(1))
    engineer = await sqlite_site.as_engineer()
    form = await everything(engineer)
    monkeypatch.setattr(bulk, "MOST", 4)
    monkeypatch.setattr(list_tools.Tools, "most_at_once", 4, raising=False)
    text = await said(await engineer.post("/drifts/bulk", form), 422)
    assert "More than 4 drifts match" in text
    assert "Narrow the list" in text
    assert "<textarea" not in text, "to press again would not help"
    assert await statuses(sqlite_site) == ["detected"] * 5


@pytest.mark.parametrize(
    "wrong", [{"seq": ""}, {"seq": "x"}, {"count": "0"}, {"count": "-1"}, {"query": "status=gone"}, {"count": "9" * 30}]
)
async def test_what_no_list_sends_decides_nothing(sqlite_site: Site, wrong: dict[str, str]) -> None:
    await sqlite_site.post_body(scan(1))
    engineer = await sqlite_site.as_engineer()
    response = await engineer.post("/drifts/bulk", await everything(engineer, **wrong))
    assert response.status_code in (409, 422)
    assert await statuses(sqlite_site) == ["detected"] * 5


async def test_what_waits_for_nobody_is_left_out_unless_there_is_nothing_else(site: Site, drifts: list[Row]) -> None:
    engineer = await site.as_engineer()
    noise = {"mode": "managed", "before": {"a": None}, "after": {"a": []}}
    await site.post_body(plan(entry(noise["before"], noise["after"], address="demo.noise", name="noise")), "dev/lab")
    form = {"until": "change", "fingerprint": drifts[0]["fingerprint"]}
    await engineer.post(f"/drifts/{drifts[0]['id']}/snooze", form)
    assert [row[0] for row in await site.rows("SELECT cause FROM drifts ORDER BY id")][-1] == "informational"
    text = await said(await engineer.post("/drifts/bulk", await everything(engineer, "/drifts?status=all")))
    assert "4 drifts rejected, 2 left out" in text
    assert "Snoozed: it waits for nobody" in text
    assert "Informational: it waits for nobody" in text
    for tab, row in (("snoozed", 0), ("informational", 5)):
        path = f"/drifts?status={tab}"
        text = await said(await engineer.post("/drifts/bulk", await everything(engineer, path)))
        assert "1 drift rejected" in text
        assert (await statuses(site))[row] == "rejected"


@pytest.mark.usefixtures("_in_parts")
async def test_several_are_snoozed_at_once(site: Site, drifts: list[Row]) -> None:
    engineer = await site.as_engineer()
    form = await everything(engineer, verdict="snoozed", until="1 week", reason="")
    assert "5 drifts snoozed" in await said(await engineer.post("/drifts/bulk", form))
    rows = await site.rows("SELECT is_snoozed, snoozed_until, version FROM drifts")
    assert {(row[0], row[1] is not None, row[2]) for row in rows} == {(1, True, drifts[0]["version"] + 1)}
    assert {event.data["asked"] for event in await site.events("drift.snoozed")} == {"1 week"}
    before = await site.tables()
    assert "5 drifts snoozed" in await said(await engineer.post("/drifts/bulk", form)), "twice"
    other = [*picks(drifts[:1]), ("verdict", "snoozed"), ("until", "change"), ("reason", "")]
    text = await said(await engineer.post("/drifts/bulk", [pair for pair in other if pair[1] not in ("approved",)]))
    assert "snoozed already" in text
    wrong = form | {"until": "for ever"}
    assert (await engineer.post("/drifts/bulk", wrong)).status_code == 422
    assert await site.tables() == before


async def test_a_fragment_answers_where_it_was_said_and_brings_the_rows(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    engineer = await sqlite_site.as_engineer()
    form = await everything(engineer)
    htmx = {"HX-Request": "true"}
    text = await said(await engineer.post("/drifts/bulk", form | {"reason": "short"}, htmx), 422)
    assert "<html" not in text
    assert "10 to 1000 characters" in text
    text = await said(await engineer.post("/drifts/bulk", form | {"count": "4"}, htmx), 409)
    assert 'hx-swap-oob="outerMorph" id="select-all-label"' in text
    assert "> Select all 5 that match" in text
    await sqlite_site.run("UPDATE stacks SET last_report_at = '2026-01-01T00:00:00.000000Z'")
    text = await said(await engineer.post("/drifts/bulk", form, htmx))
    assert "5 drifts rejected" in text
    assert text.count('hx-swap-oob="outerMorph" id="drift-') == 5
    assert text.count("fresh-stale") == 5, "as on the page"


async def test_everybody_hears_of_it_in_one_message(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    engineer = await sqlite_site.as_engineer()
    form = await everything(engineer)
    async with engineer.socket(await address(sqlite_site, "drifts")) as socket:
        await sqlite_site.connected()
        await engineer.post("/drifts/bulk", form)
        frame = await heard(socket)
        assert len(re.findall(r'id="drift-\d+"', frame)) == 5
        assert frame.count("live-cursor") == 1


async def test_a_viewer_sees_no_checkboxes(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    viewer, engineer = await sqlite_site.as_viewer(), await sqlite_site.as_engineer()
    page, other = await viewer.text("/drifts"), await engineer.text("/drifts")
    for mark in ('data-picks="yes"', 'name="all"', 'id="selection"'):
        assert mark not in page
        assert mark in other
