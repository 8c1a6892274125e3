"""What alerts, what does not, and never twice: together with its cause, or not at all."""

import asyncio
import time
from typing import Any

import pytest

from driftsentry import alerts, clock, drifts, errors, events
from driftsentry.db import Tx
from driftsentry.events import Log
from tests.alerts.plans import decide, door, in_days, post, scan, size, told
from tests.browser.plans import noise
from tests.site import Site


async def test_a_new_critical_drift_is_told_with_its_address(site: Site) -> None:
    await post(site, 1, door("web"), size("m"))
    [alert] = await told(site)
    drift = await site.drift("aws_security_group.web")
    assert (alert.kind, alert.drift_id, alert.drifts, alert.critical) == ("drifts", drift["id"], 1, 1)
    assert (alert.severity, alert.stack, alert.environment) == ("critical", "prod/app", "prod")
    assert (alert.title, alert.drift_address) == ("New: aws_security_group.web", "aws_security_group.web")
    assert alert.reason == "A report showed a drift that was not known, and its severity is critical."
    assert alert.href == f"/drifts/{drift['id']}"


async def test_many_of_one_report_and_stack_come_as_one(site: Site) -> None:
    await post(site, 1, *(door(f"d{number}") for number in range(3)), size("m"))
    await post(site, 1, door("other"), stack="prod/other")
    first, second = await told(site)
    assert (first.title, first.drift_id, first.drifts, first.critical) == ("3 drifts, 3 critical", None, 3, 3)
    assert first.reason == "One report brought them: 3 new."
    assert first.href == "/drifts?status=open&stack=prod%2Fapp"
    assert (second.stack, second.drifts) == ("prod/other", 1)


async def test_medium_and_noise_never_alert(site: Site) -> None:
    await post(site, 1, size("m"), noise("role"))
    assert await told(site) == []


async def test_the_event_stands_behind_its_cause_and_before_nothing_else(site: Site) -> None:
    await post(site, 1, door("web"))
    kinds = [event.kind for event in await site.events() if event.kind != "token.created"]
    assert kinds == ["drift.detected", "report.received", "alert.created"]
    [created] = await site.events("alert.created")
    assert created.data == {
        "alert_id": 1,
        "alert_kind": "drifts",
        "about_drift": 1,
        "severity": "critical",
        "drifts": 1,
        "critical": 1,
    }
    assert (created.actor.kind, created.drift_id, created.report_id is not None) == ("system", None, True)


async def test_a_commit_that_fails_leaves_neither_the_alert_nor_its_cause(site: Site) -> None:
    await site.ci_token()
    before = await site.tables()
    whole = site.db.before_commit
    assert whole is not None

    async def fails(tx: Tx) -> None:
        await whole(tx)
        assert await tx.value("SELECT count(*) FROM alerts") == 1
        raise errors.Unavailable("the disk is full")

    site.db.before_commit = fails
    assert (await site.post_body(scan(1, door("web")))).status_code == 503
    site.db.before_commit = whole
    assert await site.tables() == before
    await post(site, 1, door("web"))
    assert len(await told(site)) == 1


async def test_an_alert_that_cannot_be_made_undoes_its_cause(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.ci_token()
    before = await site.tables()

    async def fails(*_all: Any) -> bool:
        raise errors.Unavailable("the disk is full")

    monkeypatch.setattr("driftsentry.alerts.queries.insert_alert", fails)
    assert (await site.post_body(scan(1, door("web")))).status_code == 503
    assert await site.tables() == before


async def test_the_same_facts_again_alert_no_second_time(site: Site) -> None:
    await post(site, 1, door("web"))
    await post(site, 1, door("web"))
    await post(site, 2, door("web"))
    await post(site, 3, door("web", 443))
    await post(site, 4, door("web"))
    assert len(await told(site)) == 1


async def test_a_drift_that_turns_into_noise_and_back_alerts_once_for_the_same_facts(site: Site) -> None:
    quiet = noise("web") | {"address": "aws_security_group.web", "type": "aws_security_group"}
    for minute, entry in enumerate((door("web"), quiet, door("web"), quiet, door("web", 443)), start=1):
        await post(site, minute, entry)
    assert len(await site.events("drift.detected")) == 3
    assert len(await told(site)) == 2


async def test_of_several_drifts_only_those_that_were_not_told_are_told(site: Site) -> None:
    quiet = noise("web") | {"address": "aws_security_group.web", "type": "aws_security_group"}
    await post(site, 1, door("web"))
    await post(site, 2, quiet)
    await post(site, 3, door("web"), door("other"))
    assert [alert.title for alert in await told(site)] == [
        "New: aws_security_group.web",
        "New: aws_security_group.other",
    ]


async def test_facts_that_come_and_go_between_approvals_alert_once_each(site: Site) -> None:
    await post(site, 1, size("m", "one"))
    for minute, after in enumerate(("two", "one", "two", "one"), start=2):
        await decide(site, "aws_instance.m")
        await post(site, minute, size("m", after))
    assert len(await site.events("drift.changed")) == 4
    assert len(await told(site)) == 2


async def test_two_reports_at_once_bring_one_alert(site: Site) -> None:
    await site.ci_token()
    await asyncio.gather(*(post(site, 1, door("web")) for _ in range(4)))
    assert len(await told(site)) == 1


async def test_a_drift_that_comes_back_alerts_again(site: Site) -> None:
    await post(site, 1, door("web"))
    await post(site, 2)
    await post(site, 3, door("web"))
    await post(site, 4, door("web"))
    assert [alert.title for alert in await told(site)][1:] == ["Back again: aws_security_group.web"]
    await post(site, 5)
    await post(site, 6, door("web"))
    assert len(await told(site)) == 3


async def test_a_change_alerts_only_after_an_approval_and_then_at_any_severity(site: Site) -> None:
    await post(site, 1, size("m"))
    await post(site, 2, size("m", "m5.large2"))
    assert await told(site) == []
    await decide(site, "aws_instance.m")
    await post(site, 3, size("m", "m5.huge"))
    [alert] = await told(site)
    assert (alert.title, alert.severity) == ("Changed after approval or snooze: aws_instance.m", "medium")
    assert "so that no longer holds" in alert.reason
    await decide(site, "aws_instance.m", "rejected")
    await post(site, 4, size("m", "m5.other"))
    assert len(await told(site)) == 1


async def test_what_becomes_noise_after_its_approval_alerts_nobody(site: Site) -> None:
    await post(site, 1, size("m"))
    await decide(site, "aws_instance.m")
    quiet = noise("m") | {"address": "aws_instance.m", "type": "aws_instance"}
    assert (await post(site, 2, quiet))["drifts"]["informational"] == 1
    assert await told(site) == []


async def test_new_and_changed_drifts_of_one_report_come_together(site: Site) -> None:
    await post(site, 1, size("m"))
    await decide(site, "aws_instance.m")
    await post(site, 2, size("m", "m5.huge"), door("web"))
    [alert] = await told(site)
    assert (alert.title, alert.severity) == ("2 drifts, 1 critical", "critical")
    assert alert.reason == "One report brought them: 1 new, 1 changed after approval or snooze."


async def lapse(site: Site, days: int) -> None:
    with clock.pretend(in_days(days)):
        await drifts.lapse(site.db)


async def test_approvals_that_lapse_alert_once_per_stack_and_round(site: Site) -> None:
    await post(site, 1, size("a"), size("b"))
    await post(site, 1, size("c"), stack="dev/lab")
    for name in "abc":
        await decide(site, f"aws_instance.{name}", until=f"{in_days(2):%Y-%m-%d}")
    await lapse(site, 4)
    await lapse(site, 5)
    found = {alert.stack: alert for alert in await told(site)}
    assert {stack: alert.title for stack, alert in found.items()} == {
        "prod/app": "2 approvals ended",
        "dev/lab": "Approval ended: aws_instance.c",
    }
    assert found["dev/lab"].reason == "The last day of its approval has passed, so somebody must decide again."
    assert {alert.kind for alert in found.values()} == {"lapsed"}
    assert len(await told(site)) == 2


async def test_each_approval_may_lapse_once(site: Site) -> None:
    await post(site, 1, size("a"))
    for days in (2, 4):
        await decide(site, "aws_instance.a", until=f"{in_days(days):%Y-%m-%d}")
        await lapse(site, days + 2)
    assert len(await told(site)) == 2


async def test_a_run_that_fails_alerts_when_the_one_before_had_not(site: Site) -> None:
    await post(site, 1, size("a"))
    await post(site, 2, errored=True)
    await post(site, 3, errored=True)
    [alert] = await told(site)
    assert (alert.kind, alert.title, alert.severity, alert.drift_id) == (
        "failing",
        "The run of prod/app failed",
        None,
        None,
    )
    assert alert.href == f"/stacks/prod/app#report-{alert.report_id}"
    await post(site, 4, size("a"))
    await post(site, 5, errored=True)
    assert len(await told(site)) == 2


async def test_a_late_report_that_failed_says_nothing_of_now(site: Site) -> None:
    await post(site, 5, size("a"))
    await post(site, 2, errored=True)
    assert await told(site) == []


async def test_ten_thousand_drifts_are_one_alert_in_a_few_statements(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [door(f"d{number}") for number in range(10_000)]
    await sqlite_site.ci_token()
    asked: list[str] = []
    spent: list[float] = []
    real_all, real_one, raise_for = Tx.all, Tx.one, alerts.raising.raise_for  # type: ignore[attr-defined]

    async def count_all(tx: Tx, sql: str, **values: Any) -> Any:
        asked.append(sql)
        return await real_all(tx, sql, **values)

    async def count_one(tx: Tx, sql: str, **values: Any) -> Any:
        asked.append(sql)
        return await real_one(tx, sql, **values)

    async def measure(tx: Tx) -> None:
        asked.clear()
        started = time.perf_counter()
        await raise_for(tx)
        spent.append(time.perf_counter() - started)
        assert len(asked) < 60 or not tx.entries

    monkeypatch.setattr(Tx, "all", count_all)
    monkeypatch.setattr(Tx, "one", count_one)
    monkeypatch.setattr("driftsentry.alerts.raising.raise_for", measure)
    await post(sqlite_site, 1, *entries)
    [alert] = await told(sqlite_site)
    assert (alert.drifts, alert.critical) == (10_000, 10_000)
    assert max(spent) < 2


async def test_the_log_is_whole_with_alerts_in_it(site: Site) -> None:
    from driftsentry import audit

    await post(site, 1, door("web"))
    found = await audit.verify(site.db, Log(site.app.settings.data_key))
    assert found.problems == []
    assert "alert.created" in {event.kind for event in await site.events()}
    assert events.SYSTEM.name in {event.actor_name for event in await site.events("alert.created")}
