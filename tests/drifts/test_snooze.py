"""To put a drift off: works, wrong role, anonymous, twice, lost race, by API; and how it comes back."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from driftsentry import clock, drifts, stacks
from driftsentry.db import Database
from driftsentry.drifts import snooze_queries
from driftsentry.overview import views as overview_views
from tests.api.program import as_role
from tests.ingest.samples import entry, plan
from tests.site import Site

HTMX = {"HX-Request": "true"}


def scan(value: str, minute: int = 0) -> bytes:
    return plan(entry({"a": "1"}, {"a": value}), timestamp=f"2026-11-20T10:{minute:02}:00Z")


async def snoozed(site: Site, until: str = "change", **more: str) -> Any:
    """The drift, put off by Emil."""
    drift = await site.drift("demo.x")
    form = {"until": until, "fingerprint": drift["fingerprint"]} | more
    response = await (await site.as_engineer()).post(f"/drifts/{drift['id']}/snooze", form)
    assert response.status_code == 303, await response.get_data(as_text=True)
    return await site.drift("demo.x")


async def waiting(site: Site) -> dict[str, Any]:
    """How many wait, wherever that is told."""
    program = await as_role(site, "viewer")
    summary = (await program.get("/metrics/summary")).data
    async with site.db.read() as tx:
        found = {
            "badge": (await drifts.count_waiting(tx)).waiting,
            "urgent": len(await drifts.most_urgent(tx, 8)),
            "environments": (await overview_views.table(tx, await stacks.select_stacks(tx))).waiting,
        }
    stack = (await program.get("/stacks/prod/app")).data["drifts"]
    found["stack"] = sum(stack[severity] for severity in ("critical", "high", "medium", "low"))
    found["summary"] = sum(summary["drifts"]["bySeverity"].values())
    found["by stack"] = summary["drifts"]["byStack"].get("prod/app", 0)
    found["oldest"] = int(summary["oldestOpen"] is not None)
    text = await site.anonymous().text("/metrics")
    found["prometheus"] = sum(
        int(float(line.rpartition(" ")[2]))
        for line in text.splitlines()
        if line.startswith("driftsentry_drifts{") and 'snoozed="false",' in line and 'status="detected"' in line
    )
    return found


async def test_it_stays_detected_waits_for_nobody_and_is_listed_apart(site: Site) -> None:
    await site.post_body(scan("2"))
    assert set((await waiting(site)).values()) == {1}
    drift = await snoozed(site, reason="after the release")
    assert (drift["status"], drift["is_snoozed"], drift["snoozed_until"]) == ("detected", 1, None)
    assert set((await waiting(site)).values()) == {0}
    [event] = await site.events("drift.snoozed")
    assert (event.actor.name, event.data["reason"], event.data["until"]) == ("Emil", "after the release", None)
    viewer = await site.as_viewer()
    assert "demo.x" not in await viewer.text("/drifts")
    listed = await viewer.text("/drifts?status=snoozed")
    assert "demo.x" in listed
    assert "Snoozed" in listed
    page = await viewer.text("/drifts/1")
    assert "Snoozed until it changes" in page
    assert "/wake" not in page
    program = await as_role(site, "viewer")
    for query, ids in (("status=detected", ["1"]), ("snoozed=true", ["1"]), ("snoozed=false", [])):
        assert [each["id"] for each in (await program.get(f"/drifts?{query}")).data] == ids, query
    listed = (await program.get("/drifts?snoozed=true")).data[0]
    assert (listed["snoozed"], listed["snoozedUntil"], listed["status"]) == (True, None, "detected")

    response = await (await site.as_admin()).post("/drifts/1/wake")
    assert (response.status_code, response.location) == (303, "/drifts/1")
    assert set((await waiting(site)).values()) == {1}
    before = await site.tables("sessions")
    assert (await (await site.as_admin()).post("/drifts/1/wake")).status_code == 303
    assert await site.tables("sessions") == before
    [woken] = await site.events("drift.woken")
    assert woken.actor.name == "Ada"
    assert "woke it" in await viewer.text("/drifts/1")


async def test_who_may_not_is_refused_and_nothing_changes(site: Site) -> None:
    await site.post_body(scan("2"))
    drift, viewer = await site.drift("demo.x"), await site.as_viewer()
    before = await site.tables("sessions", "users")
    form = {"until": "1 day", "fingerprint": drift["fingerprint"]}
    for path in ("/drifts/1/snooze", "/drifts/1/wake"):
        assert (await viewer.post(path, form)).status_code == 403
        assert (await site.anonymous().post(path, form)).location == "/login?next=/"
    program = await as_role(site, "viewer")
    assert (await program.post("/drifts/1/snooze", json={})).status == 403
    assert (await program.post("/drifts/1/wake")).status == 403
    assert '/snooze"' not in await viewer.text("/drifts/1")
    engineer = await site.as_engineer()
    for until in ("", "yesterday", "2020-01-01", "9999-12-31", "2026-01-01T10:00", "-1 day", "1e9"):
        response = await engineer.post("/drifts/1/snooze", form | {"until": until, "reason": "kept <typed>"})
        assert (response.status_code, until) == (422, until)
        assert "kept &lt;typed&gt;" in await response.get_data(as_text=True)
    assert (await engineer.post("/drifts/1/snooze", form | {"reason": "x" * 1001})).status_code == 422
    assert (await engineer.post("/drifts/99/snooze", form)).status_code == 404
    assert await site.tables("sessions", "users") == before


async def test_twice_is_once_and_of_twenty_at_once_one_wins(site: Site) -> None:
    await site.post_body(scan("2"))
    await snoozed(site, "1 week", reason="busy")
    first = await site.tables("sessions", "users")
    await asyncio.sleep(0.01)
    await snoozed(site, "1 week", reason=" busy\r\n")
    assert await site.tables("sessions", "users") == first
    drift = await site.drift("demo.x")
    other = await site.browser_of(await site.person("Eva"))
    form = {"until": "1 week", "reason": "busy", "fingerprint": drift["fingerprint"]}
    response = await other.post("/drifts/1/snooze", form)
    assert response.status_code == 409
    assert "Emil has snoozed this drift already" in await response.get_data(as_text=True)
    mine = await (await site.as_engineer()).post("/drifts/1/snooze", form | {"until": "30 days"}, HTMX)
    assert mine.status_code == 409
    text = await mine.get_data(as_text=True)
    assert "You have snoozed this drift already" in text
    assert "<html" not in text
    assert await site.tables("sessions", "users") == first

    await other.post("/drifts/1/wake")
    crowd = [await site.browser_of(await site.person(f"Engineer{number}")) for number in range(20)]
    answers = await asyncio.gather(*[who.post("/drifts/1/snooze", form) for who in crowd])
    assert Counter(answer.status_code for answer in answers) == {303: 1, 409: 19}
    assert len(await site.events("drift.snoozed")) == 2


async def test_on_facts_that_changed_it_is_409_with_the_new_facts(site: Site) -> None:
    await site.post_body(scan("2"))
    stale = {"until": "change", "reason": "typed before", "fingerprint": (await site.drift("demo.x"))["fingerprint"]}
    await site.post_body(scan("3", 1))
    engineer = await site.as_engineer()
    response = await engineer.post("/drifts/1/snooze", stale)
    text = await response.get_data(as_text=True)
    assert response.status_code == 409
    assert "changed since you loaded the page" in text
    assert "typed before" in text
    assert (await site.drift("demo.x"))["fingerprint"] in text
    fragment = await engineer.post("/drifts/1/snooze", stale, HTMX)
    assert "Show the new facts" in await fragment.get_data(as_text=True)
    assert (await site.drift("demo.x"))["is_snoozed"] == 0
    await site.post_plan("tfplan/gen-tf1.11-shop-drifted-normal.json", "prod/shop")
    noise = (await site.rows("SELECT id, fingerprint FROM drifts WHERE cause = 'informational'"))[0]
    form = {"until": "change", "fingerprint": noise["fingerprint"]}
    assert (await engineer.post(f"/drifts/{noise['id']}/snooze", form)).status_code == 409


async def test_other_facts_a_decision_and_the_end_wake_it(site: Site) -> None:
    await site.post_body(scan("2"))
    await snoozed(site)
    await site.post_body(scan("2", 1))
    assert (await site.drift("demo.x"))["is_snoozed"] == 1
    await site.post_body(scan("3", 2))
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["is_snoozed"]) == ("detected", 0)
    [changed] = await site.events("drift.changed")
    assert changed.data["after"] == "snoozed"
    [alert] = await site.rows("SELECT * FROM alerted_drifts WHERE reason = 'changed'")
    assert alert["drift_id"] == drift["id"]

    await snoozed(site, "30 days")
    form = {"verdict": "approved", "reason": "fine after all", "fingerprint": drift["fingerprint"]}
    await (await site.as_engineer()).post("/drifts/1/decision", form)
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["is_snoozed"], drift["snoozed_until"]) == ("approved", 0, None)
    assert (await (await site.as_engineer()).post("/drifts/1/snooze", form | {"until": "change"})).status_code == 409

    await site.post_body(plan(entry({"b": "1"}, {"b": "2"}), timestamp="2026-11-20T10:03:00Z"))
    await snoozed(site, "1 day")
    await site.post_body(plan(timestamp="2026-11-20T10:04:00Z"))
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["is_snoozed"]) == ("resolved", 0)


async def test_when_its_time_comes_it_wakes_once_though_two_processes_look(site: Site, database_url: str) -> None:
    await site.post_body(scan("2"))
    drift = await snoozed(site, "1 day")
    assert await drifts.wake_due(site.db) == 0
    other = Database(database_url)
    other.before_commit = site.db.before_commit
    await other.connect()
    try:
        with clock.pretend(clock.now() + timedelta(days=1, seconds=1)):
            assert sorted(await asyncio.gather(*map(drifts.wake_due, (site.db, other, site.db, other)))) == [0, 0, 0, 1]
            async with other.write() as tx:  # past the look before the write, too
                assert await snooze_queries.update_due(tx, clock.now()) == []
    finally:
        await other.disconnect()
    [woken] = await site.events("drift.woken")
    assert (woken.actor.kind, woken.drift_id) == ("system", drift["id"])
    assert set((await waiting(site)).values()) == {1}
    assert await site.rows("SELECT * FROM alerts") == []
    drift = await snoozed(site, str((clock.now() + timedelta(days=2)).date()))
    assert drift["snoozed_until"].endswith("T00:00:00.000000Z")


async def test_pages_that_are_open_see_it_go_and_come_back(site: Site) -> None:
    await site.post_body(scan("2"))
    drift, engineer, viewer = await site.drift("demo.x"), await site.as_engineer(), await site.as_viewer()
    async with engineer.socket("/live?after=0&room=drifts&room=drift:1") as mine:
        async with viewer.socket("/live?after=0&room=drifts&room=drift:1") as theirs:
            await site.connected(2)
            await snoozed(site)
            for socket, may in ((mine, True), (theirs, False)):
                text = await _until(socket, "Snoozed until it changes")
                assert ("/drifts/1/wake" in text) is may
                assert drift["fingerprint"] not in text.partition('id="drift-1-snooze"')[2].partition("</section>")[0]
            await engineer.post("/drifts/1/wake")
            assert 'data-of="drift-1"' in await _until(theirs, "drifts-news-items")


async def _until(socket: Any, words: str) -> str:
    async with asyncio.timeout(5):
        while words not in (text := str(await socket.receive())):
            pass
        return text


async def test_by_api_it_is_the_same(site: Site) -> None:
    await site.post_body(scan("2"))
    program, drift = await as_role(site, "engineer"), await site.drift("demo.x")
    until = clock.to_text(clock.now() + timedelta(days=3))
    body = {"until": until, "reason": "later", "fingerprint": drift["fingerprint"]}
    answer = await program.post("/drifts/1/snooze", json=body)
    assert (answer.status, answer.data["snoozed"], answer.data["snoozedUntil"]) == (200, True, until)
    assert (await program.post("/drifts/1/snooze", json=body)).data["version"] == answer.data["version"]
    assert (await program.post("/drifts/1/snooze", json={})).status == 409
    woken = await program.post("/drifts/1/wake")
    assert (woken.data["snoozed"], woken.data["snoozedUntil"]) == (False, None)
    stale = await program.post(
        "/drifts/1/snooze", json={"until": None}, headers={"If-Match": f'"{drift["version"]}-full"'}
    )
    assert stale.status == 409
    assert (await program.post("/drifts/1/snooze", json={"fingerprint": "other"})).code == "DRIFT_CHANGED"
    for until in ("2020-01-01T00:00:00Z", "9999-01-01T00:00:00Z"):
        assert (await program.post("/drifts/1/snooze", json={"until": until})).status == 422
