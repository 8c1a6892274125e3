"""One drift and its timeline for programs: what it says, its ETag, and what who is not signed in sees of it."""

from collections.abc import AsyncIterator
from typing import Any

import jsonschema_rs
import pytest

from driftsentry import clock
from tests.api.program import Program, as_ci, as_nobody, as_role, refusal
from tests.drifts.test_decision import scan
from tests.ingest.samples import entry, plan
from tests.site import Site, running_site

REASON = "the vendor asked us to keep it"
SECRET, VALUE = "hunter2-old-password", "value-that-is-no-secret"
PATHS = ("/drifts", "/drifts/1", "/drifts/1/timeline")
DRIFTED = plan(
    entry(
        {"password": SECRET, "a": VALUE, "n": 1, "rule": [{"cidr_blocks": ["10.0.0.0/8"], "from_port": 22}]},
        {"password": "new", "a": {"k": [1]}, "n": 12345678901234567890123, "rule": [{"cidr_blocks": ["0.0.0.0/0"]}]},
        address='module.m["x"].demo.x',
        module_address='module.m["x"]',
        deposed="abcd1234",
    )
)


@pytest.fixture
async def public_site(database_url: str) -> AsyncIterator[Site]:
    """With PUBLIC_READ."""
    async with running_site(database_url, PUBLIC_READ="true") as running:
        yield running


async def decided(site: Site) -> Program:
    """A drift that Emil has approved and written about."""
    await site.post_body(DRIFTED)
    engineer = await as_role(site, "engineer")
    await engineer.post("/drifts/1/approve", json={"reason": REASON, "until": "2199-01-01T00:00:00Z"})
    await engineer.post("/drifts/1/comments", json={"text": "a remark of mine"})
    return engineer


async def test_one_drift_is_told_with_its_masked_differences(site: Site) -> None:
    await site.post_body(DRIFTED)
    answer = await (await as_role(site, "viewer")).get("/drifts/1")
    found, row = answer.data, await site.drift('module.m["x"].demo.x')
    assert (found["id"], found["type"], found["name"], found["module"]) == ("1", "demo", "x", 'module.m["x"]')
    assert (found["stack"], found["environment"], found["deposed"]) == ("prod/app", "prod", "abcd1234")
    assert (found["severity"], found["severityReason"]) == ("critical", "rule now allows 0.0.0.0/0")
    assert (found["fingerprint"], found["detectedAt"]) == (row["fingerprint"], row["detected_at"])
    assert (found["decision"], found["approvedAt"], found["reopened"], found["version"]) == (None, None, 0, 1)
    changes = {change["path"]: change for change in found["changes"]}
    assert (changes["a"]["before"], changes["a"]["after"], changes["a"]["keys"]) == (VALUE, {"k": [1]}, ["a"])
    assert changes["n"]["after"] == 12345678901234567890123
    hidden = changes["password"]
    assert (hidden["isSensitive"], hidden["before"], hidden["after"]) == (True, None, None)
    assert SECRET not in repr(answer.body)


async def test_an_entry_of_the_list_is_the_drift_without_its_differences(site: Site) -> None:
    engineer = await decided(site)
    [listed], one = (await engineer.get("/drifts")).data, (await engineer.get("/drifts/1")).data
    assert one.pop("changes")
    assert listed == one


async def test_a_decision_on_other_facts_stays_and_says_so(site: Site) -> None:
    await site.post_body(scan("2"))
    engineer = await as_role(site, "engineer")
    await engineer.post("/drifts/1/reject", json={"reason": REASON})
    await site.post_body(scan("3", minute=1))
    found = (await engineer.get("/drifts/1")).data
    assert (found["status"], found["isChangedSinceDecision"], found["rejectedBy"]) == ("detected", True, None)
    assert found["decision"]["fingerprint"] != found["fingerprint"]
    timeline = (await engineer.get("/drifts/1/timeline")).data
    assert [event["kind"] for event in timeline] == ["drift.detected", "drift.rejected", "drift.changed"]
    assert (timeline[2]["after"], timeline[1]["verdict"], timeline[1]["reason"]) == ("rejected", "rejected", REASON)


async def test_it_was_seen_by_every_complete_report(site: Site) -> None:
    await site.post_body(scan("2"))
    program = await as_role(site, "viewer")
    first = (await program.get("/drifts/1")).data
    await site.post_body(scan("2", minute=1))
    second = (await program.get("/drifts/1")).data
    assert second["lastSeenAt"] > first["lastSeenAt"]
    assert second | {"lastSeenAt": ""} == first | {"lastSeenAt": ""}


async def test_an_unknown_drift_is_not_found(site: Site) -> None:
    program = await as_role(site, "viewer")
    for path in ("/drifts/1", "/drifts/1/timeline", "/drifts/2147483648", "/drifts/x", "/drifts/1/x"):
        assert refusal(await program.get(path)) == (404, "NOT_FOUND"), path


@pytest.mark.parametrize("same", ['"1-full"', 'W/"1-full"', '"7-full", "1-full"', "*"])
async def test_a_good_copy_is_not_sent_again(site: Site, same: str) -> None:
    await site.post_body(scan("2"))
    program = await as_role(site, "viewer")
    assert (await program.get("/drifts/1")).headers["ETag"] == '"1-full"'
    answer = await program.get("/drifts/1", headers={"If-None-Match": same})
    assert (answer.status, answer.body) == (304, None)
    assert (answer.headers["ETag"], answer.headers["Vary"]) == ('"1-full"', "Authorization")
    await site.post_body(scan("3", minute=1))
    if same != "*":
        again = await program.get("/drifts/1", headers={"If-None-Match": same})
        assert (again.status, again.headers["ETag"]) == (200, '"2-full"')


# -- Timeline ------------------------------------------------------------------------------------------------------


async def test_a_timeline_is_walked_by_page_and_by_cursor(site: Site) -> None:
    engineer = await decided(site)
    for number in range(5):
        await engineer.post("/drifts/1/comments", json={"text": f"remark {number}"})
    whole = await engineer.get("/drifts/1/timeline")
    assert (whole.meta["total"], len(whole.data), whole.meta["hasMore"]) == (8, 8, False)
    assert [event["seq"] for event in whole.data] == sorted(event["seq"] for event in whole.data)
    pages = [await engineer.get(f"/drifts/1/timeline?pageSize=3&page={page}") for page in (1, 2, 3, 4)]
    assert [event for page in pages for event in page.data] == whole.data
    found, cursor = [], ""
    for _page in range(3):
        page = await engineer.get(f"/drifts/1/timeline?pageSize=3{cursor}")
        found += page.data
        cursor = f"&cursor={page.meta.get('nextCursor')}"
    assert (found, page.meta["hasMore"]) == (whole.data, False)
    for query in ("cursor=x", "cursor=LTE", "cursor=Mw&page=1", "sort=id"):
        assert (await engineer.get(f"/drifts/1/timeline?{query}")).status == 400, query


# -- Who is not signed in ------------------------------------------------------------------------------------------


async def test_without_public_read_nobody_else_sees_anything(site: Site) -> None:
    await decided(site)
    for program in (as_nobody(site), await as_ci(site)):
        for path in PATHS:
            assert refusal(await program.get(path)) == (401, "AUTHENTICATION_REQUIRED")


async def test_with_public_read_everybody_sees_what_there_is_but_no_value_and_no_name(public_site: Site) -> None:
    site = public_site
    engineer = await decided(site)
    fingerprint = (await engineer.get("/drifts/1")).data["fingerprint"]
    withheld = (SECRET, VALUE, REASON, "0.0.0.0", "a remark", "Emil", site.people["Emil"].id, fingerprint, '"ci"')
    for program in (as_nobody(site), await as_ci(site)):
        answers = [await program.get(path) for path in PATHS]
        for answer in answers:
            assert answer.headers["Vary"] == "Authorization"
            assert [text for text in withheld if text in repr(answer.body)] == []
        [listed], one, timeline = [answer.data for answer in answers]
        assert one == listed | {"changes": None}
        assert (one["status"], one["severityReason"], one["fingerprint"]) == ("approved", None, None)
        assert one["decision"] | {"at": ""} == {
            "verdict": "approved", "by": None, "reason": None, "at": "", "until": "2199-01-01T00:00:00.000000Z",
            "fingerprint": None,
        }  # fmt: skip
        assert (one["approvedBy"], one["approvedAt"]) == (None, one["decision"]["at"])
        assert {name for event in timeline for name, value in event.items() if value is not None} == {
            "seq",
            "at",
            "kind",
        }
        assert answers[1].headers["ETag"] == '"2-public"'
        for tag, status in (('"2-public"', 304), ('"2-full"', 200)):
            assert (await program.get("/drifts/1", headers={"If-None-Match": tag})).status == status
        assert (await program.post("/drifts/1/reject", json={"reason": REASON})).status in (401, 403)
    assert (await engineer.get("/drifts/1")).headers["ETag"] == '"2-full"'
    dead = Program(site.app, "forged.token.x")
    assert {(await dead.get(path)).status for path in PATHS} == {401}


# -- The specification ---------------------------------------------------------------------------------------------


def schema_of(document: Any, path: str, status: int = 200, method: str = "get") -> Any:
    content = document["paths"][path][method]["responses"][str(status)]["content"]["application/json"]
    return content["schema"] | {"components": document["components"]}


async def test_answers_are_what_the_specification_says(public_site: Site) -> None:
    engineer = await decided(public_site)
    document = (await engineer.get("/openapi.json")).body
    for program in (engineer, as_nobody(public_site)):
        for path in ("", "/{drift_id}", "/{drift_id}/timeline"):
            answer = await program.get("/drifts" + path.format(drift_id=1))
            jsonschema_rs.validator_for(schema_of(document, "/api/v1/drifts" + path)).validate(answer.body)
    said = await engineer.post("/drifts/1/comments", json={"text": "hello"})
    jsonschema_rs.validator_for(schema_of(document, "/api/v1/drifts/{drift_id}/comments", 201, "post")).validate(
        said.body
    )
    assert clock.from_text(said.data["at"]).tzinfo is not None
