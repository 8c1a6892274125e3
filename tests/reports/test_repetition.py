"""The same report again, two at once, and one that comes late."""

import asyncio
from datetime import timedelta

from driftsentry import clock
from tests.site import RECORDED, Site

SEQ = "tfplan-sequence/seqa-"
ALPHA, LATER, NEWEST = f"{SEQ}t1-alpha.json", f"{SEQ}t3-alpha-beta-pw.json", f"{SEQ}t5-alpha-new-value.json"
TIMELESS = "tfplan/gen-tf1.0-shop-fresh-normal.json"


def body(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


async def state(site: Site, stack: str) -> set[tuple[object, ...]]:
    """What the drifts of a stack say."""
    rows = await site.rows(
        "SELECT d.address, d.status, d.action, d.attributes, d.severity FROM drifts d"
        " JOIN stacks s ON s.id = d.stack_id WHERE s.slug = :slug",
        slug=stack,
    )
    return {tuple(row) for row in rows}


async def test_the_same_body_again_is_a_duplicate_and_changes_nothing(site: Site) -> None:
    first = await (await site.post_body(body(LATER))).get_json()
    before = await site.tables()
    for _ in range(3):
        again = await site.post_body(body(LATER))
        assert again.status_code == 200
        answer = await again.get_json()
        assert answer["meta"] == {"duplicate": True}
        assert answer["data"] == first["data"]
    assert await site.tables() == before


async def test_the_same_body_for_another_stack_is_its_own_report(site: Site) -> None:
    assert (await site.post_body(body(LATER), "prod/a")).status_code == 201
    assert (await site.post_body(body(LATER), "prod/b")).status_code == 201
    assert await site.value("SELECT count(*) FROM drifts") == 6


async def test_equal_bodies_in_parallel_are_one_report(site: Site) -> None:
    await site.ci_token()
    answers = await asyncio.gather(*[site.post_body(body(LATER)) for _ in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({(await answer.get_json())["data"]["report"]["id"] for answer in answers}) == 1
    assert await site.value("SELECT count(*) FROM reports") == 1
    assert await site.value("SELECT count(*) FROM drifts") == 3
    assert len(await site.events("drift.detected")) == 3


async def test_different_bodies_in_parallel_end_as_one_after_the_other(site: Site) -> None:
    for name in (ALPHA, LATER, NEWEST):
        await site.post_plan(name, "prod/in-order")
    for number in range(4):
        names = (NEWEST, ALPHA, LATER) if number % 2 else (ALPHA, LATER, NEWEST)
        answers = await asyncio.gather(*[site.post_body(body(name), f"prod/{number}") for name in names])
        assert {answer.status_code for answer in answers} == {201}
        assert await state(site, f"prod/{number}") == await state(site, "prod/in-order")
    assert await site.value("SELECT count(*) FROM stacks") == 5


async def test_an_older_report_that_comes_late_is_recorded_and_changes_nothing(site: Site) -> None:
    await site.post_plan(NEWEST)
    before = await site.tables("reports", "events", "event_head", "tokens")
    response = await site.post_body(body(LATER))
    answer = (await response.get_json())["data"]
    assert (response.status_code, answer["report"]["late"]) == (201, True)
    assert set(answer["drifts"].values()) == {0}
    assert await site.tables("reports", "events", "event_head", "tokens") == before
    assert [row[0] for row in await site.rows("SELECT is_late FROM reports ORDER BY received_at")] == [0, 1]
    assert [event.data["is_late"] for event in await site.events("report.received")] == [False, True]


async def test_a_late_report_sent_again_is_a_duplicate(site: Site) -> None:
    await site.post_plan(NEWEST)
    await site.post_plan(LATER)
    before = await site.tables()
    assert (await site.post_body(body(LATER))).status_code == 200
    assert await site.tables() == before


async def test_a_plan_without_a_time_is_a_duplicate_soon_and_the_next_scan_later(site: Site) -> None:
    """Two scans of Terraform before 1.5 with the same outcome are the same bytes."""
    now = clock.now()
    assert (await site.post_body(body(TIMELESS))).status_code == 201
    with clock.pretend(now + timedelta(minutes=14)):
        assert (await site.post_body(body(TIMELESS))).status_code == 200
    with clock.pretend(now + timedelta(hours=24)):
        tomorrow = await site.post_body(body(TIMELESS))
        assert tomorrow.status_code == 201
        assert (await tomorrow.get_json())["data"]["drifts"]["informational"] == 20
        assert (await site.post_body(body(TIMELESS))).status_code == 200
    assert await site.value("SELECT count(*) FROM reports") == 2
    assert await site.value("SELECT count(*) FROM drifts") == 20


async def test_a_plan_without_a_time_of_another_run_is_the_next_scan(site: Site) -> None:
    assert (await site.post_body(body(TIMELESS), runId="1")).status_code == 201
    assert (await site.post_body(body(TIMELESS), runId="1")).status_code == 200
    assert (await site.post_body(body(TIMELESS), runId="2")).status_code == 201


async def test_a_time_far_in_the_future_does_not_make_all_later_reports_late(site: Site) -> None:
    with clock.pretend(clock.from_text("2026-11-20T12:00:00+00:00")):
        await site.post_plan(NEWEST)  # it says that it is from tomorrow
    with clock.pretend(clock.from_text("2026-11-21T19:31:00+00:00")):
        response = await site.post_body(body(f"{SEQ}t6-beta-deleted.json"))
    answer = (await response.get_json())["data"]
    assert not answer["report"]["late"]
    assert answer["drifts"]["changed"] == 1


async def test_the_same_plan_sent_again_as_complete_is_no_repetition(site: Site) -> None:
    await site.post_plan("story/1-noise-only/plan.json")
    clean = (RECORDED / "story/2-clean/plan.json").read_bytes()
    first = (await (await site.post_body(clean)).get_json())["data"]["report"]
    assert first["complete"] is False
    again = await site.post_body(clean, complete="true")
    answer = await again.get_json()
    assert (again.status_code, answer["data"]["report"]["complete"]) == (201, True)
    assert await site.value("SELECT count(*) FROM drifts WHERE status <> 'resolved'") == 0
    assert (await site.post_body(clean, complete="true")).status_code == 200
