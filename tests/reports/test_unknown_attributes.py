"""A log says that a resource differs and not in what; a later plan of the same state says it."""

import json
from typing import Any

from tests.ingest.samples import body, entry
from tests.reports.test_lasting_drifts import decided, scan
from tests.site import Site


def log(minute: int, *drifts: tuple[str, str]) -> bytes:
    """A log of a refresh-only plan; (address, action) of what drifted."""
    at = f"2026-11-20T10:{minute:02}:00.000000Z"
    plain = {"@level": "info", "@message": "", "@module": "terraform.ui", "@timestamp": at}
    lines: list[dict[str, Any]] = [{"type": "version", "terraform": "1.11.4", "ui": "1.2"}]
    for address, action in drifts:
        kind, name = address.split(".")
        parts = {"module": "", "implied_provider": "demo", "resource_key": None, "resource": address}
        resource = {"addr": address, "resource_type": kind, "resource_name": name, **parts}
        lines.append({"type": "resource_drift", "change": {"resource": resource, "action": action}})
    lines.append({"type": "change_summary", "changes": {"add": 0, "change": 0, "remove": 0, "operation": "plan"}})
    return "\n".join(json.dumps(plain | line) for line in lines).encode()


async def counts(site: Site, report: bytes) -> dict[str, int]:
    response = await site.post_body(report)
    answer = await response.get_json()
    assert response.status_code == 201, answer
    return {name: amount for name, amount in answer["data"]["drifts"].items() if amount}


async def test_a_plan_fills_in_what_a_log_left_open_and_a_log_never_takes_it_away(site: Site) -> None:
    assert await counts(site, log(1, ("demo.x", "update"))) == {"detected": 1}
    unknown = await site.drift("demo.x")
    assert (unknown["is_unknown"], unknown["severity"], unknown["changes"]) == (1, "medium", "[]")
    page = await (await site.as_viewer()).text(f"/drifts/{unknown['id']}")
    assert "attributes unknown: this report was a log" in page

    rule = {"cidr_blocks": ["0.0.0.0/0"], "from_port": 22, "to_port": 22, "protocol": "tcp"}
    plan = scan(2, entry({"ingress": []}, {"ingress": [rule]}, address="demo.x"))
    assert await counts(site, plan) == {"unchanged": 1}
    filled = await site.drift("demo.x")
    assert (filled["id"], filled["status"], filled["is_unknown"]) == (unknown["id"], "detected", 0)
    assert filled["severity"] == "critical"
    assert len(await site.events("drift.filled")) == 1
    assert len(await site.events("alert.created")) == 1  # only now anybody could know

    await decided(site)
    assert await counts(site, log(3, ("demo.x", "update"))) == {"unchanged": 1}
    kept = await site.drift("demo.x")
    assert (kept["status"], kept["fingerprint"], kept["is_unknown"]) == ("approved", filled["fingerprint"], 0)
    assert await counts(site, log(4, ("demo.x", "delete"))) == {"changed": 1}
    assert (await site.drift("demo.x"))["status"] == "detected"


async def test_who_decided_without_knowing_in_what_it_differs_is_asked_again(sqlite_site: Site) -> None:
    site = sqlite_site
    await counts(site, log(1, ("demo.x", "update")))
    await decided(site)
    assert await counts(site, scan(2, entry({"a": 1}, {"a": 2}, address="demo.x"))) == {"changed": 1}
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["is_unknown"]) == ("detected", 0)


async def test_the_recorded_story_told_by_logs_too_ends_as_told_by_plans(sqlite_site: Site) -> None:
    site = sqlite_site
    for name in ("3-first-drift/stream.jsonl", "4-more-drift/refresh.json", "4-more-drift/stream.jsonl"):
        await site.post_body(body(f"story/{name}"), "prod/log")
    await site.post_body(body("story/4-more-drift/refresh.json"), "prod/plan")
    sql = (
        "SELECT address, cause, severity, action, changes, is_unknown FROM drifts d JOIN stacks s ON s.id = d.stack_id"
        " WHERE slug = :slug AND status = 'detected' ORDER BY address"
    )
    by_log, by_plan = [[tuple(row) for row in await site.rows(sql, slug=f"prod/{how}")] for how in ("log", "plan")]
    assert [row[:4] for row in by_log] == [row[:4] for row in by_plan]
    assert len(by_plan) > 3
    assert not any(row[5] for row in by_log)
