"""Attributes that have another value on each scan are learned, and open nothing from then on."""

from typing import Any

from driftsentry.ingest import changes_from_json
from tests.ingest.samples import entry
from tests.reports.test_lasting_drifts import decided, scan
from tests.site import Site


def server(version: str, *, size: str = "small", **fields: Any) -> dict[str, Any]:
    before = {"size": "small", "build": "b0", "open": False}
    return entry(before, before | {"build": version, "size": size} | fields, address="demo.x")


async def noises(site: Site) -> dict[str, str]:
    return {str(change.path[0]): change.noise for change in changes_from_json((await site.drift("demo.x"))["changes"])}


async def test_a_value_that_is_another_one_in_four_scans_is_learned_and_opens_nothing_more(site: Site) -> None:
    for minute in (1, 2, 3):
        await site.post_body(scan(minute, server(f"b{minute}", size="large")))
    assert await site.rows("SELECT * FROM learned_attributes") == []
    answer = await (await site.post_body(scan(4, server("b4", size="large")))).get_json()
    assert answer["data"]["drifts"]["unchanged"] == 1
    assert await noises(site) == {"size": "", "build": "learned"}
    [learned] = await site.events("attribute.learned")
    assert (learned.data["resource_type"], learned.data["path"]) == ("demo", '["build"]')

    before = await decided(site)
    answer = await (await site.post_body(scan(5, server("b5", size="large")))).get_json()
    assert answer["data"]["drifts"]["unchanged"] == 1
    assert (await site.drift("demo.x"))["status"] == "approved"
    answer = await (await site.post_body(scan(6, server("b6", size="huge")))).get_json()
    assert answer["data"]["drifts"]["changed"] == 1
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["fingerprint"] != before["fingerprint"]) == ("detected", True)


async def test_what_stands_still_once_or_changes_beside_others_is_not_learned(sqlite_site: Site) -> None:
    site = sqlite_site
    versions = ("b1", "b2", "b3", "b3", "b4", "b5", "b4", "b6")
    scans = [*(server(version) for version in versions), server("b8", size="large"), server("b9", size="large")]
    for minute, each in enumerate(scans, 1):
        await site.post_body(scan(minute, each))
    assert await site.rows("SELECT * FROM learned_attributes") == []


async def test_a_switch_and_what_a_rule_finds_severe_cannot_be_taught_away(sqlite_site: Site) -> None:
    site = sqlite_site
    for minute in range(1, 7):
        flags = entry({"open": None}, {"open": bool(minute % 2)}, address="demo.flag")
        rule = {"cidr_blocks": ["0.0.0.0/0"], "from_port": minute, "to_port": minute, "protocol": "tcp"}
        port = entry({"ingress": []}, {"ingress": [rule]}, address="aws_security_group.x", type="aws_security_group")
        secret = {"actions": ["update"], "before_sensitive": {"key": True}, "after_sensitive": {"key": True}}
        hidden = entry({"key": "a"}, {"key": f"s{minute}"}, address="demo.secret", change=secret)
        await site.post_body(scan(minute, flags, port, hidden))
    assert await site.rows("SELECT * FROM learned_attributes") == []
    assert {row["cause"] for row in await site.rows("SELECT cause FROM drifts")} == {"out_of_band"}


async def test_what_only_changes_by_itself_needs_no_decision_until_it_is_forgotten(sqlite_site: Site) -> None:
    site = sqlite_site
    for minute in range(1, 5):
        await site.post_body(scan(minute, server(f"b{minute}")))
    drift = await site.drift("demo.x")
    assert (drift["cause"], drift["severity"]) == ("informational", "low")
    engineer = await site.as_engineer()
    form = {"type": "demo", "path": '["build"]'}
    assert (await engineer.post("/stacks/prod/app/learned/forget", form)).status_code == 303
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["cause"], await noises(site)) == ("detected", "out_of_band", {"build": ""})
    assert (await site.events("drift.detected"))[-1].data["after"] == "ignored"
