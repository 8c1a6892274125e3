"""A drift is one row for life: what was decided about it stays with it as long as its facts do."""

from typing import Any

from quart import Response

from driftsentry import clock
from driftsentry.db import Row
from tests.ingest.samples import entry, plan
from tests.site import Site

REASON = "the vendor asked us to keep it"


def scan(minute: int, *entries: dict[str, Any], **top: object) -> bytes:
    return plan(*entries, timestamp=f"2026-11-20T10:{minute:02}:00Z", **top)


def named(address: str, after: str = "2", **fields: Any) -> dict[str, Any]:
    _type, name = address.split(".")
    return entry({"a": "1"}, {"a": after}, address=address, name=name, **fields)


async def decided(site: Site, verdict: str = "approved", address: str = "demo.x") -> Row:
    drift = await site.drift(address)
    engineer = await site.as_engineer()
    form = {"verdict": verdict, "reason": REASON, "fingerprint": drift["fingerprint"]}
    response: Response = await engineer.post(f"/drifts/{drift['id']}/decision", form)
    assert response.status_code == 303
    return await site.drift(address)


async def test_an_approved_drift_stays_approved_while_its_facts_are_the_same(site: Site) -> None:
    await site.post_body(scan(1, named("demo.x")))
    before = await decided(site)
    response = await site.post_body(scan(2, named("demo.x")))
    assert (await response.get_json())["data"]["drifts"]["unchanged"] == 1
    assert tuple(await site.drift("demo.x")) == tuple(before)


async def test_other_facts_put_an_approved_drift_back_and_say_what_was_decided(site: Site) -> None:
    await site.post_body(scan(1, named("demo.x")))
    approved = await decided(site)
    response = await site.post_body(scan(2, named("demo.x", "3")))
    assert (await response.get_json())["data"]["drifts"]["changed"] == 1
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["id"], drift["decision_id"]) == ("detected", approved["id"], approved["decision_id"])
    assert drift["fingerprint"] != approved["fingerprint"]
    [changed] = await site.events("drift.changed")
    assert (changed.data["after"], changed.data["decided_by"]) == ("approved", "Emil")
    assert clock.from_text(changed.data["decided_at"]) <= clock.now()
    row = await (await site.as_viewer()).text("/drifts")
    assert "Changed since <bdi>Emil</bdi> decided" in row


async def test_a_rejected_drift_is_put_back_by_other_facts_too(site: Site) -> None:
    await site.post_body(scan(1, named("demo.x")))
    await decided(site, "rejected")
    await site.post_body(scan(2, named("demo.x", "3")))
    assert (await site.drift("demo.x"))["status"] == "detected"
    [changed] = await site.events("drift.changed")
    assert changed.data["after"] == "rejected"


async def test_an_approved_drift_that_a_complete_report_lacks_is_resolved(site: Site) -> None:
    await site.post_body(scan(1, named("demo.x")))
    await decided(site)
    await site.post_body(scan(2, complete=False))
    assert (await site.drift("demo.x"))["status"] == "approved"
    await site.post_body(scan(3))
    assert (await site.drift("demo.x"))["status"] == "resolved"
    [resolved] = await site.events("drift.resolved")
    assert resolved.data["after"] == "approved"


async def test_a_resolved_drift_that_comes_back_is_the_same_row_opened_again(site: Site) -> None:
    await site.post_body(scan(1, named("demo.x")))
    approved = await decided(site)
    await site.post_body(scan(2))
    response = await site.post_body(scan(3, named("demo.x")))
    assert (await response.get_json())["data"]["drifts"]["reopened"] == 1
    drift = await site.drift("demo.x")
    assert (drift["id"], drift["status"], drift["reopened"], drift["resolved_at"]) == (
        approved["id"],
        "detected",
        1,
        None,
    )
    assert await site.value("SELECT count(*) FROM decisions") == 1


async def test_a_late_report_does_not_reopen(site: Site) -> None:
    await site.post_body(scan(1, named("demo.x")))
    await site.post_body(scan(5))
    await site.post_body(scan(3, named("demo.x", "9")))
    assert (await site.drift("demo.x"))["status"] == "resolved"


async def test_a_move_takes_the_decision_and_the_timeline_along(site: Site) -> None:
    await site.post_body(scan(1, named("demo.x")))
    approved = await decided(site)
    engineer = await site.as_engineer()
    await engineer.post(f"/drifts/{approved['id']}/comments", {"text": "seen by the team"})
    response = await site.post_body(scan(2, named("demo.y", previous_address="demo.x")))
    counts = (await response.get_json())["data"]["drifts"]
    assert (counts["detected"], counts["resolved"]) == (0, 0)
    assert await site.value("SELECT count(*) FROM drifts") == 1
    drift = await site.drift("demo.y")
    assert (drift["id"], drift["decision_id"]) == (approved["id"], approved["decision_id"])
    page = await engineer.text(f"/drifts/{drift['id']}")
    assert "seen by the team" in page
    assert "demo.y" in page


async def test_a_move_without_another_change_keeps_the_drift_open_at_its_new_address(site: Site) -> None:
    await site.post_plan("tfplan/gen-tf1.11-life-refresh-only.json")
    assert await site.value("SELECT count(*) FROM drifts") == 4


async def test_a_deposed_object_is_a_drift_beside_the_current_one(site: Site) -> None:
    both = scan(1, named("demo.x"), named("demo.x", "3", deposed="ab12cd34"))
    response = await site.post_body(both)
    assert (await response.get_json())["data"]["drifts"]["detected"] == 2
    rows = await site.rows("SELECT address, deposed FROM drifts ORDER BY deposed")
    assert [tuple(row) for row in rows] == [("demo.x", ""), ("demo.x", "ab12cd34")]
    await site.post_body(scan(2, named("demo.x")))
    rows = await site.rows("SELECT deposed, status FROM drifts ORDER BY deposed")
    assert [tuple(row) for row in rows] == [("", "detected"), ("ab12cd34", "resolved")]


async def test_noise_that_becomes_a_real_drift_is_new(site: Site) -> None:
    phantom = entry({"a": None}, {"a": {}})
    assert (await (await site.post_body(scan(1, phantom))).get_json())["data"]["drifts"]["informational"] == 1
    counts = (await (await site.post_body(scan(2, named("demo.x")))).get_json())["data"]["drifts"]
    assert (counts["detected"], counts["changed"], counts["reopened"]) == (1, 0, 0)
    assert await site.value("SELECT count(*) FROM drifts") == 1


async def test_a_delete_is_never_informational(site: Site) -> None:
    gone = entry({"a": None}, None, change={"actions": ["delete"], "after_sensitive": False})
    await site.post_body(scan(1, gone))
    drift = await site.drift("demo.x")
    assert (drift["cause"], drift["action"]) == ("out_of_band", "delete")


async def test_a_changed_secret_is_another_fact_though_both_sides_are_masked(site: Site) -> None:
    def secret(value: str) -> dict[str, Any]:
        masks = {"before_sensitive": {"pw": True}, "after_sensitive": {"pw": True}}
        return entry({"pw": "first-one"}, {"pw": value}, change=masks)

    await site.post_body(scan(1, secret("second-one")))
    before = await decided(site)
    await site.post_body(scan(2, secret("third-one")))
    after = await site.drift("demo.x")
    assert after["status"] == "detected"
    assert after["fingerprint"] != before["fingerprint"]
    assert not [value for value in tuple(after) if "-one" in str(value)]
