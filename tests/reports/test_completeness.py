"""A drift that a report lacks is resolved only when that report was complete."""

import json

import pytest

from tests.ingest.samples import entry, plan
from tests.site import Site

DRIFTED = plan(entry({"a": "1"}, {"a": "2"}), timestamp="2026-11-20T10:00:00Z")
# A normal plan of a clean stack looks the same as one that was not refreshed.
NORMAL = {"planned_values": {"root_module": {"resources": []}}, "resource_changes": []}


def clean(**top: object) -> bytes:
    return plan(**({"timestamp": "2026-11-20T11:00:00Z", "resource_drift": []} | top))


async def status_after(site: Site, body: bytes, **query: str) -> tuple[str, str]:
    """The drift's status and the stack's reason, when `body` follows on a report with one drift."""
    await site.post_body(DRIFTED)
    response = await site.post_body(body, **query)
    assert response.status_code == 201, await response.get_json()
    [row] = await site.rows("SELECT status, incomplete_reason FROM drifts JOIN stacks ON stacks.id = stack_id")
    return row[0], row[1]


async def test_a_complete_refresh_only_plan_resolves(site: Site) -> None:
    assert await status_after(site, clean()) == ("resolved", "")
    assert (await site.drift("demo.x"))["resolved_at"] is not None


@pytest.mark.parametrize(
    ("top", "query", "why"),
    [
        ({"errored": True}, {}, "failed"),
        ({"complete": False}, {}, "targeted"),
        ({}, {"exitCode": "1"}, "exit code 1"),
        ({}, {"complete": "false"}, "sender said"),
        (NORMAL, {}, "refresh=false"),
        (NORMAL | {"complete": None}, {}, "complete=true"),
        ({"errored": True}, {"complete": "true"}, "failed"),
        ({"complete": False}, {"complete": "true"}, "targeted"),
        ({}, {"exitCode": "1", "complete": "true"}, "exit code 1"),
    ],
)
async def test_an_incomplete_plan_resolves_nothing_and_says_why(
    site: Site, top: dict[str, object], query: dict[str, str], why: str
) -> None:
    status, reason = await status_after(site, clean(**top), **query)
    assert status == "detected"
    assert why in reason
    page = await (await site.as_viewer()).text("/stacks")
    assert "Last report incomplete" in page


@pytest.mark.parametrize("code", ["0", "2"])
async def test_exit_codes_of_a_plan_that_worked_do_not_matter(site: Site, code: str) -> None:
    assert (await status_after(site, clean(), exitCode=code))[0] == "resolved"


async def test_the_sender_may_say_that_a_normal_plan_was_complete(site: Site) -> None:
    assert await status_after(site, clean(**NORMAL), complete="true") == ("resolved", "")


async def test_a_destroy_plan_resolves_nothing(site: Site) -> None:
    await site.post_plan("tfplan/gen-tf1.11-life-refresh-only.json")
    counts = await site.post_plan("tfplan/gen-tf1.11-life-destroy.json", complete="true")
    assert set(counts.values()) == {0}
    assert await site.value("SELECT count(*) FROM drifts WHERE status = 'detected'") == 4
    assert "destroy" in await site.value("SELECT incomplete_reason FROM stacks")


async def test_a_failed_run_shows_as_errored_and_the_next_good_one_as_fresh(site: Site) -> None:
    viewer = await site.as_viewer()
    await status_after(site, clean(errored=True))
    assert 'data-freshness="errored"' in await viewer.text("/stacks")
    await site.post_body(clean(timestamp="2026-11-20T12:00:00Z"))
    assert 'data-freshness="fresh"' in await viewer.text("/stacks")
    assert (await site.drift("demo.x"))["status"] == "resolved"


async def test_only_the_drifts_of_the_same_stack_are_resolved(site: Site) -> None:
    await site.post_body(DRIFTED, "prod/a")
    await site.post_body(DRIFTED, "prod/b")
    await site.post_body(clean(), "prod/a")
    assert (await site.drift_of("prod/a", "demo.x"))["status"] == "resolved"
    assert (await site.drift_of("prod/b", "demo.x"))["status"] == "detected"


async def test_a_plan_without_drift_data_is_not_taken_for_a_clean_one(site: Site) -> None:
    old = json.dumps(
        {"format_version": "0.1", "terraform_version": "0.13.7", "planned_values": {}, "resource_changes": []}
    )
    status, reason = await status_after(site, old.encode(), complete="true")
    assert status == "detected"
    assert "no drift data" in reason
