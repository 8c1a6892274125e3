"""Scans of one stack over time give the right counts, one after the other."""

import json

import pytest

from tests.site import RECORDED, Site

# In order: detected, changed, unchanged, reopened, resolved, informational.
SEQUENCE = {
    "seqa-t0-clean": (0, 0, 0, 0, 0, 0),
    "seqa-t1-alpha": (1, 0, 0, 0, 0, 0),
    "seqa-t2-alpha-again": (0, 0, 1, 0, 0, 0),
    "seqa-t3-alpha-beta-pw": (2, 0, 1, 0, 0, 0),
    "seqa-t4-alpha-reverted": (0, 0, 2, 0, 1, 0),
    "seqa-t5-alpha-new-value": (0, 1, 1, 1, 0, 0),
    "seqa-t6-beta-deleted": (0, 1, 2, 0, 0, 0),
    "seqa-t7-target-only-gamma": (0, 0, 0, 0, 0, 0),
    "seqa-t8-after-remediation": (0, 0, 0, 0, 3, 0),
}
STORY = {
    "1-noise-only": (0, 0, 0, 0, 0, 11),
    "2-clean": (0, 0, 0, 0, 0, 0),
    "3-first-drift": (3, 0, 0, 0, 0, 0),
    "4-more-drift": (3, 0, 3, 0, 0, 1),
    "5-ssh-fixed": (2, 0, 5, 0, 1, 2),
    "6-ssh-again": (0, 0, 7, 1, 0, 2),
}


async def test_nine_scans_in_order_are_counted_right(site: Site) -> None:
    found = {name: await site.post_plan(f"tfplan-sequence/{name}.json") for name in SEQUENCE}
    assert {name: tuple(counts.values()) for name, counts in found.items()} == SEQUENCE
    assert [row["status"] for row in await site.rows("SELECT status FROM drifts")] == ["resolved"] * 3


async def test_the_story_is_counted_right_as_normal_plans_and_as_refresh_only_plans(site: Site) -> None:
    for kind in ("plan", "refresh"):
        found = {name: await site.post_plan(f"story/{name}/{kind}.json", f"prod/{kind}") for name in STORY}
        assert {name: tuple(counts.values()) for name, counts in found.items()} == STORY, kind
    again = await site.drift_of("prod/refresh", "aws_security_group.web")
    assert (again["status"], again["reopened"]) == ("detected", 1)


async def test_the_counts_of_the_answer_are_those_of_the_tables(site: Site) -> None:
    for name in STORY:
        await site.post_plan(f"story/{name}/refresh.json")
    open_now = "SELECT count(*) FROM drifts WHERE cause = 'out_of_band' AND status = 'detected'"
    assert await site.value(open_now) == 8
    kept = "SELECT status, cause, severity, amount FROM drift_counts WHERE amount <> 0"
    counted = "SELECT status, cause, severity, count(*) FROM drifts GROUP BY status, cause, severity"
    assert {tuple(row) for row in await site.rows(kept)} == {tuple(row) for row in await site.rows(counted)}


@pytest.mark.parametrize(
    "name", ["tf1.0-shop-fresh-normal", "tf1.11-shop-fresh-normal", "tf1.11-shop-fresh-refresh-only"]
)
async def test_the_phantom_drifts_of_a_clean_stack_are_all_informational(site: Site, name: str) -> None:
    counts = await site.post_plan(f"tfplan/gen-{name}.json")
    assert tuple(counts.values()) == (0, 0, 0, 0, 0, 20)
    page = await (await site.as_viewer()).text("/drifts")
    assert "Nothing needs a decision" in page or "drift-1" not in page


async def test_real_edits_are_told_from_the_noise_around_them(site: Site) -> None:
    for name in ("tf1.11-shop-drifted-refresh-only", "tf1.11-shop-drifted-normal", "tf1.15-shop-drifted-normal"):
        assert tuple((await site.post_plan(f"tfplan/gen-{name}.json", f"prod/{name}")).values()) == (21, 0, 0, 0, 0, 2)


async def test_planned_changes_are_not_counted_as_drift(site: Site) -> None:
    assert (await site.post_plan("tfplan/gen-tf1.11-life-normal.json"))["detected"] == 4
    assert await site.value("SELECT count(*) FROM drifts") == 4


async def test_another_order_of_the_same_drifts_changes_nothing(site: Site) -> None:
    plan = json.loads((RECORDED / "tfplan/gen-tf1.11-shop-drifted-normal.json").read_bytes())
    await site.post_body(json.dumps(plan).encode())
    plan["resource_drift"].reverse()
    plan["timestamp"] = "2026-11-21T19:11:00Z"
    response = await site.post_body(json.dumps(plan).encode())
    assert tuple((await response.get_json())["data"]["drifts"].values()) == (0, 0, 21, 0, 0, 2)


async def test_a_large_plan_is_taken_in_whole(site: Site) -> None:
    assert (await site.post_plan("tfplan/gen-tf1.11-big-refresh-only-2.5MB.json"))["detected"] == 275


async def test_gzip_and_a_byte_order_mark_are_undone(site: Site) -> None:
    packed = (RECORDED / "tfplan-encoding/gzip.json.gz").read_bytes()
    announced = await site.post_body(packed, "prod/a", headers={"Content-Encoding": "gzip"})
    silent = await site.post_body(packed, "prod/b")
    marked = await site.post_body((RECORDED / "tfplan-encoding/utf8-bom.json").read_bytes(), "prod/c")
    for response in (announced, silent, marked):
        assert response.status_code == 201
        assert (await response.get_json())["data"]["drifts"]["detected"] == 4


async def test_the_answer_says_what_the_report_was(site: Site) -> None:
    body = (RECORDED / "tfplan-sequence/seqa-t7-target-only-gamma.json").read_bytes()
    about = {"runId": "77", "runUrl": "https://ci.example.com/77", "commit": "c0ffee", "exitCode": "0"}
    response = await site.post_body(body, "prod/network/eu", **about)
    answer = await response.get_json()
    report = answer["data"]["report"]
    assert (answer["success"], answer["meta"]) == (True, {"duplicate": False})
    assert report | {"id": "", "receivedAt": "", "incompleteReason": ""} == {
        "id": "", "stack": "prod/network/eu", "receivedAt": "", "scannedAt": "2026-11-21T19:30:45.000000Z",
        "format": "terraform_plan", "tool": "terraform", "toolVersion": "1.11.4", "mode": report["mode"],
        "complete": False, "incompleteReason": "", "late": False, "held": 0, "runId": "77",
        "runUrl": "https://ci.example.com/77", "commit": "c0ffee", "announced": 0, "durationSeconds": None,
    }  # fmt: skip
    assert "target" in report["incompleteReason"]
    stack = await (await site.as_viewer()).text("/stacks/prod/network/eu")
    assert "Last report incomplete" in stack
    assert "https://ci.example.com/77" in stack


async def test_every_report_is_an_event_and_so_is_every_drift_that_changed(site: Site) -> None:
    for name in list(SEQUENCE)[:6]:
        await site.post_plan(f"tfplan-sequence/{name}.json")
    kinds = [event.kind for event in await site.events() if event.kind.startswith(("report", "drift"))]
    assert kinds.count("report.received") == 6
    assert [kinds.count(f"drift.{what}") for what in ("detected", "changed", "reopened", "resolved")] == [3, 1, 1, 1]
