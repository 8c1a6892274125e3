"""Stacks, reports, alerts and the audit log by the API: found, in pages, for who may, and nothing twice."""

from pathlib import Path
from typing import Any

import pytest

from tests.alerts.plans import door, post, size
from tests.api.program import Program, as_ci, as_nobody, as_role
from tests.site import Site, running_site


@pytest.fixture
async def vera(site: Site) -> Program:
    return await as_role(site, "viewer")


async def walk(program: Program, path: str) -> list[dict[str, Any]]:
    """Everything, from cursor to cursor."""
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(50):
        answer = await program.get(f"{path}&cursor={cursor}" if cursor else path)
        found += answer.data
        assert answer.meta["hasMore"] is ("nextCursor" in answer.meta)
        if not answer.meta["hasMore"]:
            return found
        cursor = answer.meta["nextCursor"]
    raise AssertionError("the cursors do not end")


async def test_stacks_come_by_name_with_what_waits_in_them(site: Site, vera: Program) -> None:
    await post(site, 1, size("a"), door("b"), stack="prod/app")
    await post(site, 2, size("a"), stack="dev/app")
    answer = await vera.get("/stacks")
    assert [(stack["slug"], stack["environment"], stack["freshness"]) for stack in answer.data] == [
        ("dev/app", "dev", "fresh"), ("prod/app", "prod", "fresh"),
    ]  # fmt: skip
    assert answer.meta == {"page": 1, "pageSize": 20, "total": 2, "hasMore": False}
    assert answer.data[1]["drifts"] | {"medium": 1, "critical": 1} == answer.data[1]["drifts"]
    assert (await vera.get("/stacks/prod/app")).data == answer.data[1]
    assert [stack["slug"] for stack in (await vera.get("/stacks?pageSize=1&page=2")).data] == ["prod/app"]
    assert (await vera.get("/stacks?pageSize=1")).meta["hasMore"] is True
    assert (await vera.get("/stacks?page=9")).data == []


async def test_a_stack_that_is_not_there_is_404(vera: Program) -> None:
    for slug in ("nothing", "prod/nothing", "a/reports/b", "%2e%2e/%2e%2e", "x" * 300):
        assert (await vera.get(f"/stacks/{slug}")).code == "NOT_FOUND"
        assert (await vera.get(f"/stacks/{slug}/reports")).code == "NOT_FOUND"


async def test_reports_of_a_stack_come_newest_first_and_never_those_of_another(site: Site, vera: Program) -> None:
    for minute in range(1, 6):
        await post(site, minute, size("a", f"m5.{minute % 2 + 1}xlarge"))
    await post(site, 9, size("a"), stack="dev/app")
    ids = [row[0] for row in await site.rows(
        "SELECT r.id FROM reports r JOIN stacks s ON s.id = r.stack_id WHERE s.slug = 'prod/app'"
        " ORDER BY r.received_at DESC"
    )]  # fmt: skip
    pages = [await vera.get(f"/stacks/prod/app/reports?pageSize=2&page={page}") for page in (1, 2, 3)]
    assert [each["report"]["id"] for page in pages for each in page.data] == ids
    assert [page.meta["hasMore"] for page in pages] == [True, True, False]
    assert {page.meta["total"] for page in pages} == {5}
    newest = pages[0].data[0]
    assert newest["drifts"] == {
        "detected": 0, "changed": 1, "unchanged": 0, "reopened": 0, "resolved": 0, "informational": 0,
    }  # fmt: skip
    assert (newest["report"]["stack"], newest["report"]["complete"], newest["report"]["late"]) == (
        "prod/app", True, False,
    )  # fmt: skip


async def test_alerts_come_newest_first_and_the_cursor_goes_through_all(site: Site, vera: Program) -> None:
    for minute in range(1, 8):
        await post(site, minute, door("web"), stack=f"prod/app{minute}")
    slugs = [f"prod/app{minute}" for minute in range(7, 0, -1)]
    assert [alert["stack"] for alert in (await vera.get("/alerts")).data] == slugs
    assert [alert["stack"] for alert in await walk(vera, "/alerts?pageSize=3")] == slugs
    assert [alert["stack"] for alert in (await vera.get("/alerts?pageSize=3&page=3")).data] == slugs[6:]
    assert [alert["stack"] for alert in (await vera.get("/alerts?stack=prod/app3")).data] == ["prod/app3"]
    assert (await vera.get("/alerts?kind=stale")).meta["total"] == 0
    assert (await vera.get("/alerts?kind=nothing")).status == 400


async def test_reading_an_alert_is_for_oneself_and_counts_once(site: Site, vera: Program) -> None:
    emil = await as_role(site, "engineer")
    await post(site, 1, door("web"))
    await post(site, 2, door("web"), stack="dev/app")
    [newest, older] = (await vera.get("/alerts")).data
    assert (newest["read"], newest["severity"], newest["drifts"]) == (False, "critical", 1)
    for _ in range(2):
        assert (await vera.post(f"/alerts/{newest['id']}/read")).data == newest | {"read": True}
    assert (await vera.get("/alerts/unread-count")).data == {"unread": 1}
    assert (await emil.get("/alerts/unread-count")).data == {"unread": 2}
    assert [alert["id"] for alert in (await vera.get("/alerts?unread=true")).data] == [older["id"]]
    assert [(await vera.post("/alerts/read-all")).data["read"] for _ in range(2)] == [1, 0]
    assert (await vera.get("/alerts?unread=true")).meta["total"] == 0
    assert len(await site.events("alert.read")) == 2
    for alert_id in ("999999", "2147483647", "2147483648", "0", "x", "-1"):
        assert (await vera.post(f"/alerts/{alert_id}/read")).status == 404


async def test_alerts_are_public_to_read_and_never_to_mark(tmp_path: Path) -> None:
    async with running_site(f"sqlite:///{tmp_path / 'test.db'}", PUBLIC_READ="true") as site:
        await post(site, 1, door("web"))
        for program in (as_nobody(site), await as_ci(site)):
            [alert] = (await program.get("/alerts")).data
            assert alert["read"] is False
            assert (await program.get("/alerts/unread-count")).data == {"unread": 1}
            assert (await program.post(f"/alerts/{alert['id']}/read")).status in (401, 403)
            assert (await program.post("/alerts/read-all")).status in (401, 403)


async def test_the_audit_log_is_whole_in_order_and_filtered(site: Site, vera: Program) -> None:
    ada = await as_role(site, "admin")
    await post(site, 1, door("web"))
    await vera.post("/alerts/read-all")
    await ada.post("/users", json={"email": "new@example.com", "name": "New", "role": "viewer"})
    entries = await walk(ada, "/audit-logs?pageSize=2")
    stored = await site.events()
    assert [each["seq"] for each in entries] == [event.seq for event in reversed(stored)]
    assert [each["hash"] for each in entries] == [event.hash for event in reversed(stored)]
    assert [each["previousHash"] for each in entries[:-1]] == [each["hash"] for each in entries[1:]]
    assert (await ada.get("/audit-logs?pageSize=1")).meta["total"] == len(stored)
    [invited] = (await ada.get("/audit-logs?kind=user.invited")).data
    assert (invited["actor"]["name"], invited["address"], invited["data"]["email"]) == (
        "Ada", "127.0.0.1", "new@example.com",
    )  # fmt: skip
    assert invited["sentence"]
    by_vera = (await ada.get("/audit-logs?actor=Vera")).data
    assert {each["kind"] for each in by_vera} == {"alert.read"}
    assert {each["stack"] for each in (await ada.get("/audit-logs?stack=prod/app")).data} == {"prod/app"}
    assert (await ada.get("/audit-logs?until=2020-01-01T00:00:00Z")).data == []
    assert len((await ada.get("/audit-logs?since=2020-01-01T00:00:00%2B02:00")).data) == len(stored)


async def test_the_audit_log_of_a_request_bears_its_id(site: Site) -> None:
    ada = await as_role(site, "admin")
    made = await ada.post("/tokens", json={"name": "ci", "stacks": ["*"]})
    [created] = (await ada.get("/audit-logs?kind=token.created")).data
    assert created["requestId"] == made.headers["X-Request-Id"]
    assert made.data["token"] not in repr(created)
