"""A report that lacks most of a stack's open drifts resolves nothing until an engineer has confirmed it."""

import asyncio
from typing import Any

import pytest
from quart import Response

from tests.alerts.plans import decide, door, post, size, told
from tests.browser.plans import noise
from tests.site import Browser, Site


def machines(first: int, last: int) -> list[dict[str, Any]]:
    return [size(f"m{number:02}") for number in range(first, last)]


async def lacking(site: Site, before: int, after: int) -> dict[str, Any]:
    """The answer to a report that shows only `after` of the `before` open drifts."""
    await post(site, 1, *machines(0, before))
    return await post(site, 2, *machines(0, after))


async def statuses(site: Site) -> dict[str, int]:
    rows = await site.rows("SELECT status, count(*) FROM drifts WHERE cause = 'out_of_band' GROUP BY status")
    return {row[0]: int(row[1]) for row in rows}


async def answer(browser: Browser, verdict: str, report_id: str, stack: str = "prod/app") -> Response:
    return await browser.post(f"/stacks/{stack}/held", {"verdict": verdict, "report": report_id})


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [(40, 19, 21), (40, 20, 0), (42, 21, 0), (43, 21, 22), (20, 0, 0), (21, 0, 21), (100, 79, 0)],
    ids=["21 of 40", "20 of 40", "exactly half", "one more than half", "20 of 20", "21 of 21", "21 of 100"],
)
async def test_more_than_half_and_more_than_twenty_are_held(site: Site, before: int, after: int, held: int) -> None:
    answered = await lacking(site, before, after)
    gone = before - after
    assert answered["report"]["held"] == held
    assert answered["report"]["incompleteReason"] is None
    assert (answered["drifts"]["resolved"], answered["drifts"]["unchanged"]) == (0 if held else gone, after)
    assert (await statuses(site)).get("resolved", 0) == (0 if held else gone)
    assert [event.data["held"] for event in await site.events("report.held")] == ([held] if held else [])
    [row] = await site.rows("SELECT held, held_until FROM reports WHERE id = :id", id=answered["report"]["id"])
    assert tuple(row) == (held, None)


async def test_everything_else_of_a_held_report_is_applied(site: Site) -> None:
    await post(site, 1, *machines(0, 40))
    answered = await post(site, 2, size("m00", "m5.huge"), size("m01"), door("new"))
    assert answered["drifts"] == {
        "detected": 1, "changed": 1, "unchanged": 1, "reopened": 0, "resolved": 0, "informational": 0,
    }  # fmt: skip
    assert answered["report"]["held"] == 38
    assert await statuses(site) == {"detected": 41}


async def test_decided_drifts_count_as_open_and_noise_does_not(site: Site) -> None:
    await post(site, 1, *machines(0, 21), *(noise(f"r{number}") for number in range(30)))
    await decide(site, "aws_instance.m00")
    answered = await post(site, 2)
    assert answered["report"]["held"] == 21
    assert await site.value("SELECT count(*) FROM drifts WHERE status = 'resolved'") == 0
    await answer(await site.as_engineer(), "confirmed", answered["report"]["id"])
    assert await site.value("SELECT count(*) FROM drifts WHERE status <> 'resolved'") == 0


async def test_a_held_report_alerts_once_and_not_again_for_the_same_drifts(site: Site) -> None:
    answered = await lacking(site, 40, 2)
    [alert] = await told(site)
    assert (alert.kind, alert.drifts, alert.report_id) == ("held", 38, answered["report"]["id"])
    assert (alert.title, alert.href) == ("38 drifts of prod/app missing at once", "/stacks/prod/app#stack-held")
    await post(site, 3, *machines(0, 2))
    assert len(await site.events("report.held")) == 2
    assert len(await told(site)) == 1
    await post(site, 4)
    assert len(await told(site)) == 2


async def test_an_engineer_confirms_and_they_are_resolved_by_him(site: Site) -> None:
    report_id = (await lacking(site, 40, 2))["report"]["id"]
    engineer = await site.as_engineer()
    response = await answer(engineer, "confirmed", report_id)
    assert (response.status_code, response.location) == (303, "/stacks/prod/app")
    assert await statuses(site) == {"detected": 2, "resolved": 38}
    resolved = await site.events("drift.resolved")
    assert {(event.actor.name, event.report_id) for event in resolved} == {("Emil", report_id)}
    assert {event.data["after"] for event in resolved} == {"detected"}
    [confirmed] = await site.events("report.confirmed")
    assert (confirmed.actor.name, confirmed.report_id, confirmed.data["resolved"]) == ("Emil", report_id, 38)
    assert await site.value("SELECT held_until FROM reports WHERE id = :id", id=report_id) is not None
    drift = await site.drift("aws_instance.m30")
    assert "confirmed that it is gone" in await engineer.text(f"/drifts/{drift['id']}")


async def test_an_engineer_dismisses_and_nothing_changes(site: Site) -> None:
    report_id = (await lacking(site, 40, 2))["report"]["id"]
    before = await site.tables("events", "event_head", "reports", "users", "sessions")
    assert (await answer(await site.as_engineer(), "dismissed", report_id)).status_code == 303
    assert await site.tables("events", "event_head", "reports", "users", "sessions") == before
    assert len(await site.events("report.dismissed")) == 1
    assert await site.events("drift.resolved", "report.confirmed") == []


@pytest.mark.parametrize("second", ["confirmed", "dismissed"])
async def test_the_second_answer_is_a_conflict(site: Site, second: str) -> None:
    report_id = (await lacking(site, 40, 2))["report"]["id"]
    engineer = await site.as_engineer()
    await answer(engineer, "dismissed", report_id)
    assert (await answer(engineer, second, report_id)).status_code == 409
    assert await statuses(site) == {"detected": 40}


async def test_of_many_answers_at_once_one_wins(site: Site) -> None:
    report_id = (await lacking(site, 40, 2))["report"]["id"]
    browsers = [await site.browser_of(await site.person(name)) for name in ("Eva", "Egon", "Elli", "Eli")]
    verdicts = ["confirmed", "dismissed", "confirmed", "dismissed"]
    answers = await asyncio.gather(
        *(answer(browser, verdict, report_id) for browser, verdict in zip(browsers, verdicts, strict=True))
    )
    assert sorted(response.status_code for response in answers) == [303, 409, 409, 409]
    [event] = await site.events("report.confirmed", "report.dismissed")
    assert await statuses(site) == (
        {"detected": 40} if event.kind == "report.dismissed" else {"detected": 2, "resolved": 38}
    )


async def test_who_may_not_answer_changes_nothing(site: Site) -> None:
    report_id = (await lacking(site, 40, 2))["report"]["id"]
    viewer, anonymous = await site.as_viewer(), site.anonymous()
    assert (await answer(viewer, "confirmed", report_id)).status_code == 403
    assert (await answer(anonymous, "confirmed", report_id)).status_code == 303
    assert await statuses(site) == {"detected": 40}
    assert await site.events("report.confirmed") == []
    page = await viewer.text("/stacks/prod/app")
    assert "Are 38 drifts gone?" in page
    assert 'action="/stacks/prod/app/held"' not in page


async def test_wrong_answers_are_refused(site: Site) -> None:
    report_id = (await lacking(site, 40, 2))["report"]["id"]
    await post(site, 1, size("x"), stack="prod/other")
    engineer = await site.as_engineer()
    assert (await answer(engineer, "maybe", report_id)).status_code == 422
    assert (await answer(engineer, "confirmed", "x")).status_code == 409
    assert (await answer(engineer, "confirmed", report_id, "prod/other")).status_code == 409
    assert (await answer(engineer, "confirmed", report_id, "prod/none")).status_code == 404
    assert await statuses(site) == {"detected": 41}


async def test_the_next_complete_report_is_the_newer_word(site: Site) -> None:
    first = (await lacking(site, 40, 2))["report"]["id"]
    back = await post(site, 3, *machines(0, 40))
    assert (back["drifts"]["unchanged"], back["report"]["held"]) == (40, 0)
    assert (await answer(await site.as_engineer(), "confirmed", first)).status_code == 409
    assert await statuses(site) == {"detected": 40}


async def test_the_next_report_that_lacks_them_too_is_held_in_its_place(site: Site) -> None:
    first = (await lacking(site, 40, 2))["report"]["id"]
    second = (await post(site, 3, *machines(0, 3)))["report"]
    assert second["held"] == 37
    engineer = await site.as_engineer()
    assert (await answer(engineer, "confirmed", first)).status_code == 409
    assert (await answer(engineer, "confirmed", second["id"])).status_code == 303
    assert await statuses(site) == {"detected": 3, "resolved": 37}


async def test_a_run_that_failed_says_nothing_so_the_question_stays(site: Site) -> None:
    first = (await lacking(site, 40, 2))["report"]["id"]
    await post(site, 3, errored=True)
    assert (await answer(await site.as_engineer(), "confirmed", first)).status_code == 303
    assert await statuses(site) == {"detected": 2, "resolved": 38}


async def test_what_a_targeted_report_still_shows_is_not_resolved_by_an_old_answer(site: Site) -> None:
    first = (await lacking(site, 40, 2))["report"]["id"]
    await post(site, 3, size("m30"), complete=False)
    assert (await answer(await site.as_engineer(), "confirmed", first)).status_code == 409
    assert await statuses(site) == {"detected": 40}


async def test_a_drift_with_other_facts_than_those_that_were_held_stays_open(site: Site) -> None:
    report_id = (await lacking(site, 40, 2))["report"]["id"]
    await site.run("UPDATE drifts SET fingerprint = 'another' WHERE address = 'aws_instance.m30'")
    await answer(await site.as_engineer(), "confirmed", report_id)
    assert (await site.drift("aws_instance.m30"))["status"] == "detected"
    assert await statuses(site) == {"detected": 3, "resolved": 37}


async def test_the_same_body_again_is_answered_as_the_first_time(site: Site) -> None:
    answered = await lacking(site, 40, 2)
    assert (await post(site, 2, *machines(0, 2)))["report"] == answered["report"]
    assert len(await site.events("report.held")) == 1


async def test_a_stack_may_be_called_held(site: Site) -> None:
    await post(site, 1, size("x"), stack="prod/held")
    assert "prod/held" in await (await site.as_viewer()).text("/stacks/prod/held")


async def test_a_decision_keeps_since_when_the_drift_had_waited(site: Site) -> None:
    await post(site, 1, size("x"))
    await decide(site, "aws_instance.x")
    drift = await site.drift("aws_instance.x")
    assert await site.value("SELECT detected_at FROM decisions") == drift["detected_at"]
