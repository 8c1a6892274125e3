"""Ignore rules: works, wrong role, anonymous, twice, lost race; what is never hidden, and what comes back."""

import asyncio
import html
import re
from datetime import timedelta
from typing import Any

from driftsentry import clock, drifts, ids, rules
from driftsentry.db import Database
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site

REASON = "the scanner writes it every night"
SCAN = plan(
    entry({"scanned": "1", "size": 1}, {"scanned": "2", "size": 1}, address="demo.quiet", name="quiet"),
    entry({"scanned": "1", "size": 1}, {"scanned": "2", "size": 9}, address="demo.both", name="both"),
    entry({"scanned": "1"}, None, address="demo.gone", name="gone", change={"actions": ["delete"]}),
    timestamp="2026-11-20T10:00:00Z",
)


def form(**more: str) -> dict[str, str]:
    """A rule for the attribute `scanned` everywhere."""
    until = str((clock.now() + timedelta(days=30)).date())
    typed = {"stack_glob": "*", "resource_type": "demo", "address_glob": "demo.*", "path": "scanned", "value_glob": "*"}
    return {"id": ids.new(), **typed, "reason": REASON, "until": until, "step": "save"} | more


async def add(site: Site, browser: Browser, **more: str) -> str:
    """The id of a new rule."""
    typed = form(**more)
    drift = await site.value("SELECT min(id) FROM drifts")
    response = await browser.post(f"/drifts/{drift}/ignore", typed)
    assert response.status_code == 303, await response.get_data(as_text=True)
    return typed["id"]


async def facts(site: Site) -> dict[str, Any]:
    rows = await site.rows("SELECT address, status, cause, ignored_changes FROM drifts ORDER BY address")
    return {row["address"].partition(".")[2]: (row["status"], row["cause"], row["ignored_changes"]) for row in rows}


async def ignored_lines(site: Site) -> dict[str, int]:
    """Hidden lines of drifts, as the table has it that says which rule hides them."""
    rows = await site.rows("SELECT d.address, i.lines FROM ignored_drifts i JOIN drifts d ON d.id = i.drift_id")
    return {row["address"].partition(".")[2]: row["lines"] for row in rows}


SEEN = {
    "both": ("detected", "out_of_band", 0),
    "gone": ("detected", "out_of_band", 0),
    "quiet": ("detected", "out_of_band", 0),
}
HIDDEN = SEEN | {"both": ("detected", "out_of_band", 1), "quiet": ("detected", "informational", 1)}


async def test_from_the_line_of_a_drift_to_a_rule_and_back_again(site: Site) -> None:
    await site.post_body(SCAN)
    engineer, both = await site.as_engineer(), await site.drift("demo.both")
    page = await engineer.text(f"/drifts/{both['id']}")
    links = re.findall(r'href="(/drifts/\d+/ignore\?line=\d+)"', page)
    assert len(links) == 2
    blank = await engineer.text(links[0])
    for value in ("prod/app", "demo.both", "scanned", "*", str((clock.now() + timedelta(days=30)).date())):
        assert f'value="{value}"' in blank
    before = await site.tables("sessions")
    shown = await (await engineer.post(f"/drifts/{both['id']}/ignore", form(step="preview", reason="")))\
        .get_data(as_text=True)  # fmt: skip
    assert "Now: 2 differences of 2 drifts." in shown
    assert "In the last 30 days: 2 differences of 2 drifts" in shown
    assert "demo.quiet" in shown
    assert "demo.gone" not in shown
    assert await site.tables("sessions") == before

    rule = await add(site, engineer)
    assert await facts(site) == HIDDEN
    assert await ignored_lines(site) == {"both": 1, "quiet": 1}
    viewer = await site.as_viewer()
    page = await viewer.text(f"/drifts/{both['id']}")
    assert "1 difference ignored" in page
    assert f"/ignore-rules#rule-{rule}" in page
    assert f"by Emil: {REASON}" in page
    assert "/ignore?line" not in page
    listed = await viewer.text("/ignore-rules")
    assert re.search(r'Hides 2 differences of <a href="/drifts\?status=all&amp;drift=\d&amp;drift=\d">2 drifts', listed)
    assert REASON in listed
    assert "/end" not in listed
    await site.post_body(SCAN.replace(b"10:00:00", b"11:00:00"))
    assert await facts(site) == HIDDEN

    other = await site.browser_of(await site.person("Eva"))
    response = await other.post(f"/ignore-rules/{rule}/end")
    assert (response.status_code, response.location) == (303, "/ignore-rules?done=ended")
    assert await facts(site) == SEEN
    assert await ignored_lines(site) == {}
    added, ended = await site.events("rule.ignore_added", "rule.ignore_ended")
    assert (added.actor.name, ended.actor.name) == ("Emil", "Eva")
    assert (added.data["reason"], added.data["attribute"], ended.data["rule_id"]) == (REASON, "scanned", rule)
    back = [event for event in await site.events("drift.detected") if event.data.get("after") == "ignored"]
    assert {event.drift_id for event in back} >= {(await site.drift("demo.quiet"))["id"]}
    assert "by <bdi>Eva</bdi>" in await viewer.text("/ignore-rules")
    assert REASON in await (await site.as_admin()).text("/audit")


async def test_a_deletion_and_a_replacement_are_never_hidden(site: Site) -> None:
    await site.post_body(SCAN)
    engineer, gone = await site.as_engineer(), await site.drift("demo.gone")
    assert "/ignore?line" not in await engineer.text(f"/drifts/{gone['id']}")
    assert (await engineer.get(f"/drifts/{gone['id']}/ignore?line=0")).status_code == 409
    await add(site, engineer, address_glob="demo.gone", resource_type="*")
    await site.run("UPDATE drifts SET action = 'replace', fingerprint = 'x' WHERE address = 'demo.both'")
    await add(site, engineer)
    assert (await facts(site))["gone"] == ("detected", "out_of_band", 0)
    assert (await facts(site))["both"] == ("detected", "out_of_band", 0)
    assert (await facts(site))["quiet"] == ("detected", "informational", 1)


async def test_who_may_not_is_refused_and_what_is_wrong_is_said(site: Site) -> None:
    await site.post_body(SCAN)
    viewer, engineer = await site.as_viewer(), await site.as_engineer()
    for path, typed in (("/drifts/1/ignore", form()), (f"/ignore-rules/{ids.new()}/end", {})):
        assert (await viewer.post(path, typed)).status_code == 403
        assert (await site.anonymous().post(path, typed)).location == "/login?next=/"
    assert (await viewer.get("/drifts/1/ignore?line=0")).status_code == 403
    for line in ("", "99", "-1", "x", "9999999999"):
        assert (await engineer.get(f"/drifts/1/ignore?line={line}")).status_code == 404
    assert (await engineer.post("/drifts/99/ignore", form(step="preview"))).status_code == 404
    assert (await engineer.post(f"/ignore-rules/{ids.new()}/end")).status_code == 404
    assert (await engineer.post("/ignore-rules/%00/end")).status_code == 404
    today = clock.now()
    for wrong in (
        {"reason": "short"}, {"reason": "x" * 1001}, {"reason": " " * 20}, {"until": ""}, {"until": "9999-12-31"},
        {"until": str((today - timedelta(days=1)).date())}, {"until": str((today + timedelta(days=368)).date())},
        {"stack_glob": ""}, {"stack_glob": "a" * 501}, {"address_glob": "a\0b"}, {"value_glob": ""}, {"path": ""},
        {"path": "[*]"}, {"path": "[0]"}, {"path": "a..b"}, {"path": 'a["\\ud800"]'}, {"path": "a" * 2001},
        {"id": "mine"},
    ):  # fmt: skip
        typed = form(**wrong)
        response = await engineer.post("/drifts/1/ignore", typed)
        assert response.status_code == 422, wrong
        if "id" not in wrong and "\0" not in typed["address_glob"]:
            assert f'value="{typed["value_glob"]}"' in await response.get_data(as_text=True)
    await site.run("UPDATE users SET role = 'viewer'")
    assert (await engineer.post("/drifts/1/ignore", form())).status_code == 403
    assert await site.value("SELECT count(*) FROM ignore_rules") == 0
    assert await facts(site) == SEEN


async def test_sent_twice_it_is_one_rule_and_two_who_end_it_end_it_once(site: Site) -> None:
    await site.post_body(SCAN)
    engineer, other = await site.as_engineer(), await site.browser_of(await site.person("Eva"))
    typed = form()
    answers = await asyncio.gather(*[engineer.post("/drifts/1/ignore", typed) for _ in range(5)])
    assert {answer.status_code for answer in answers} == {303}
    assert await site.value("SELECT count(*) FROM ignore_rules") == 1
    assert len(await site.events("rule.ignore_added")) == 1
    assert (await other.post("/drifts/1/ignore", typed)).status_code == 409
    assert (await engineer.post("/drifts/1/ignore", typed | {"path": "size"})).status_code == 409
    path = f"/ignore-rules/{typed['id']}/end"
    answers = await asyncio.gather(*[who.post(path) for who in (engineer, other) * 5])
    assert {answer.status_code for answer in answers} == {303}
    assert len(await site.events("rule.ignore_ended")) == 1
    assert await facts(site) == SEEN
    assert len([event for event in await site.events("drift.detected") if event.data.get("after") == "ignored"]) == 2


async def test_when_its_day_is_over_it_ends_once_though_two_processes_look(site: Site, database_url: str) -> None:
    await site.post_body(SCAN)
    rule, key = await add(site, await site.as_engineer(), until=str(clock.now().date())), site.app.settings.data_key
    assert await rules.end_due(site.db, key) == 0
    other = Database(database_url)
    other.before_commit = site.db.before_commit
    await other.connect()
    try:
        with clock.pretend(clock.now() + timedelta(days=1)):
            async with site.db.read() as tx:
                assert await rules.select_active(tx, clock.now()) == ()
            ended = await asyncio.gather(*[rules.end_due(db, key) for db in (site.db, other, site.db, other)])
            assert sorted(ended) == [0, 0, 0, 1]
    finally:
        await other.disconnect()
    [event] = await site.events("rule.ignore_ended")
    assert (event.actor.kind, event.data["rule_id"]) == ("system", rule)
    assert await facts(site) == SEEN
    assert len([event for event in await site.events("drift.detected") if event.data.get("after") == "ignored"]) == 2
    assert "its last day has passed" in await (await site.as_viewer()).text("/ignore-rules")


async def test_what_a_dead_process_left_hidden_comes_back_too(site: Site) -> None:
    await site.post_body(SCAN)
    rule, key = await add(site, await site.as_engineer()), site.app.settings.data_key
    await site.run("UPDATE ignore_rules SET ended_at = :at", at=clock.to_text(clock.now()))
    assert await rules.end_due(site.db, key) == 0
    assert await facts(site) == HIDDEN, "somebody may be at it"
    with clock.pretend(clock.now() + timedelta(minutes=3)):
        await rules.end_due(site.db, key)
    assert await facts(site) == SEEN
    assert await site.rows("SELECT * FROM ignored_drifts WHERE rule_id = :rule", rule=rule) == []


async def test_a_preview_counts_what_was_decided_and_resolved_within_30_days(site: Site) -> None:
    await site.post_body(SCAN)
    engineer, both = await site.as_engineer(), await site.drift("demo.both")
    decided = {"verdict": "approved", "reason": REASON, "fingerprint": both["fingerprint"]}
    await engineer.post(f"/drifts/{both['id']}/decision", decided)
    changed = entry({"size": 1}, {"size": 7}, address="demo.both", name="both")
    await site.post_body(plan(changed, timestamp="2026-11-20T12:00:00Z"))
    typed = form(step="preview", address_glob='*"*[' + "*" * 400)
    assert "Now: 0 differences of 0 drifts." in await _text(engineer, typed)
    shown = await _text(engineer, form(step="preview"))
    assert "Now: 0 differences of 0 drifts." in shown
    assert "In the last 30 days: 2 differences of 2 drifts" in shown
    others = {"value_glob": "3", "stack_glob": "prod/ap", "address_glob": "DEMO.*", "resource_type": "de_o"}
    for narrow in ({name: glob} for name, glob in others.items()):
        assert "In the last 30 days: 0 differences" in await _text(engineer, form(step="preview") | narrow)
    assert "In the last 30 days: 2 differences" in await _text(engineer, form(step="preview", value_glob="2"))
    with clock.pretend(clock.now() + timedelta(days=31)):
        later = await site.browser_of(await site.person("Late"))
        assert "In the last 30 days: 0 differences" in await _text(later, form(step="preview"))


async def _text(browser: Browser, typed: dict[str, str]) -> str:
    response = await browser.post("/drifts/1/ignore", typed)
    text = await response.get_data(as_text=True)
    assert response.status_code == 200, text
    return str(text)


async def test_a_rule_for_a_member_of_a_set_begins_with_that_member_alone(site: Site) -> None:
    """Its path is that of all members: with every value it would hide a door that somebody opens tomorrow."""

    def scan(minute: int, *ports: int) -> bytes:
        rules = [{"from_port": port, "cidr_blocks": ["0.0.0.0/0"]} for port in ports]
        group = {"type": "aws_security_group", "address": "aws_security_group.x"}
        drifted = entry({"ingress": rules[:1]}, {"ingress": rules}, **group)
        return plan(drifted, timestamp=f"2026-11-20T10:{minute:02}:00Z")

    await site.post_body(scan(0, 443, 8080))
    engineer = await site.as_engineer()
    blank = await engineer.text("/drifts/1/ignore?line=0")
    [value] = re.findall(r'name="value_glob" value="([^"]*)"', blank)
    assert "8080" in value
    typed = {"resource_type": "aws_security_group", "address_glob": "aws_security_group.x", "path": "ingress"}
    await add(site, engineer, **typed, value_glob=html.unescape(value))
    assert (await facts(site))["x"] == ("detected", "informational", 1)
    await site.post_body(scan(1, 443, 8080, 22))
    assert (await facts(site))["x"] == ("detected", "out_of_band", 1)


async def test_snoozed_or_approved_drifts_keep_their_state_while_a_rule_hides_lines(site: Site) -> None:
    await site.post_body(SCAN)
    engineer, quiet = await site.as_engineer(), await site.drift("demo.quiet")
    decided = {"verdict": "approved", "reason": REASON, "fingerprint": quiet["fingerprint"]}
    await engineer.post(f"/drifts/{quiet['id']}/decision", decided)
    rule = await add(site, engineer)
    assert (await facts(site))["quiet"] == ("approved", "informational", 1)
    await engineer.post(f"/ignore-rules/{rule}/end")
    async with site.db.read() as tx:
        assert (await drifts.require(tx, quiet["id"])).ignored_changes == 0
