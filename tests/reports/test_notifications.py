"""Case 29: notifications of HCP Terraform count what drifted; they are believed by their signature alone."""

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from quart import Response

from driftsentry import clock, errors, reports
from driftsentry.auth import Scope, ci_tokens, revoke_token
from driftsentry.events import SYSTEM
from driftsentry.reports import Notice
from tests.ingest.samples import entry, plan
from tests.site import Site

DRIFTED, FAILED, CHECK = "assessment:drifted", "assessment:failed", "assessment:check_failure"
VERIFICATION = {
    "payload_version": 1,
    "notification_configuration_id": "nc-1",
    **dict.fromkeys(("run_url", "run_id", "run_message", "run_created_at", "workspace_id", "organization_name")),
    "notifications": [{"message": "Verification of x", "trigger": "verification", "run_status": None}],
}
RUN = VERIFICATION | {"run_id": "run-1", "notifications": [{"trigger": "run:completed", "run_status": "applied"}]}


def assessment(trigger: str = DRIFTED, result: str = "asmtres-1", at: str = "", **more: Any) -> dict[str, Any]:
    new = {
        "id": result,
        "url": f"https://app.terraform.io/api/v2/assessment-results/{result}",
        "succeeded": trigger != FAILED,
        "drifted": trigger == DRIFTED,
        "resources_drifted": 4 if trigger == DRIFTED else 0,
        "resources_undrifted": 55,
        "created_at": at or clock.to_text(clock.now()),
    }
    return {
        "payload_version": "2",
        "trigger_scope": "assessment",
        "trigger": trigger,
        "message": "Drift Detected",
        "details": {"new_assessment_result": new | more, "prior_assessment_result": None, "workspace_name": "x"},
    }


async def token_of(
    site: Site, *stacks: str, lifetime: timedelta = timedelta(days=9), scope: Scope = Scope.REPORT
) -> str:
    globs = [] if scope is Scope.METRICS else list(stacks or ("*",))
    return (await ci_tokens.create_token(site.db, SYSTEM, "hcp", globs, lifetime, scope))[0].id


def signed(site: Site, token: str, body: bytes) -> str:
    secret = reports.secret_of(site.app.settings.data_key, token)
    return hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()


async def send(
    site: Site, token: str, content: Any, stack: str = "prod/app", signature: str | None = None
) -> tuple[int, dict[str, Any]]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {"X-TFE-Notification-Signature": signed(site, token, body) if signature is None else signature}
    client = site.app.test_client(use_cookies=False)
    path = f"/api/v1/notifications/{token}/{stack}"
    response: Response = await client.post(path, data=body, headers=headers | {"Content-Type": "application/json"})
    return response.status_code, dict(await response.get_json())


async def test_case_29_what_hcp_counted_is_shown_until_the_next_report_and_alerted_once(site: Site) -> None:
    token, other, viewer = await token_of(site), await token_of(site), await site.as_viewer()
    first = await asyncio.gather(*[send(site, token, assessment()) for _ in range(2)])
    again = await send(site, other, assessment(message="sent by another configuration"))
    assert [status for status, _ in [*first, again]] == [200, 200, 200]
    assert sorted(answer["data"]["recorded"] for _, answer in first) == [False, True]
    assert (again[1]["data"]["recorded"], again[1]["meta"]["duplicate"]) == (False, True)
    [report] = await site.rows("SELECT * FROM reports")
    assert (report["format"], report["announced"], report["is_complete"], report["run_id"]) == (
        "hcp_notification", 4, 0, "asmtres-1",
    )  # fmt: skip
    [alert] = await site.rows("SELECT * FROM alerts")
    assert (alert["kind"], alert["drifts"], alert["severity"]) == ("drifts", 4, None)
    for page in ("/stacks", "/stacks/prod/app"):
        assert "HCP Terraform counted 4 drifts" in await viewer.text(page)
    alerts = await viewer.text("/alerts")
    assert "HCP Terraform counted 4 drifts" in alerts
    assert "its plan has not come yet" in alerts
    assert await site.value("SELECT count(*) FROM drifts") == 0
    assert (await site.post_body(plan(entry({"a": 1}, {"a": 2})))).status_code == 201
    assert "HCP Terraform counted" not in await viewer.text("/stacks")
    [event] = await site.events("report.announced")
    assert (event.actor.kind, event.data["announced"], event.data["result"]) == ("token", 4, "asmtres-1")


async def test_case_29_what_is_not_about_drift_is_answered_and_changes_nothing(site: Site) -> None:
    token = await token_of(site)
    before = await site.tables()
    workspace = {"payload_version": 2, "trigger_scope": "workspace", "trigger": "workspace:auto_destroy_reminder"}
    for content in (VERIFICATION, RUN, workspace, {}, {"trigger": ["x"]}, {"trigger": "assessment:of_tomorrow"}):
        status, answer = await send(site, token, content)
        assert (status, answer["data"]) == (200, {"recorded": False})
    assert await site.tables() == before


async def test_case_29_whatever_is_wrong_with_the_signature_or_the_token_is_the_same_401(site: Site) -> None:
    good, narrow = await token_of(site), await token_of(site, "dev/*")
    expired = await token_of(site, lifetime=timedelta(seconds=-1))
    revoked, metrics = await token_of(site), await token_of(site, scope=Scope.METRICS)
    await revoke_token(site.db, SYSTEM, revoked)
    before = await site.tables()
    body = json.dumps(assessment()).encode()
    right = signed(site, good, body)
    tried = [
        await send(site, good, body, signature=""),
        await send(site, good, body, signature="é"),
        await send(site, good, body, signature="0" * 128),
        await send(site, good, body, signature=right[:-1]),
        await send(site, good, body + b" ", signature=right),
        await send(site, good, body, signature=signed(site, narrow, body)),
        await send(site, narrow, body),
        await send(site, expired, body),
        await send(site, revoked, body),
        await send(site, metrics, body),
        await send(site, "0" * 26, body),
        await send(site, "a%20b", body, signature=right),
        await send(site, good, body, stack="-/x"),
    ]
    said = {(status, answer["error"]["code"], answer["error"]["message"]) for status, answer in tried}
    assert len(said) == 1
    assert next(iter(said))[:2] == (401, "INVALID_TOKEN")
    assert await site.tables() == before
    assert (await send(site, good, body, signature=right.upper()))[0] == 200  # hexadecimal digits are digits


async def test_a_signed_body_that_is_no_notification_is_refused(sqlite_site: Site) -> None:
    site = sqlite_site
    token = await token_of(site)
    before = await site.tables()
    wrong: list[tuple[Any, int]] = [
        (b"", 400),
        (b"[]", 400),
        (b'{"a":1,"a":2}', 400),
        (b"{" * 100_000, 400),
        (b'{"trigger":"\\ud800"}', 400),
        (b" " * 300_000, 413),
        ({"trigger": DRIFTED}, 422),
        ({"trigger": DRIFTED, "details": {"new_assessment_result": None}}, 422),
        (assessment(id=""), 422),
        (assessment(id="a\nb"), 422),
        (assessment(id="x" * 201), 422),
        (assessment(resources_drifted="4"), 422),
        (assessment(resources_drifted=True), 422),
        (assessment(resources_drifted=-1), 422),
        (assessment(resources_drifted=2**31), 422),
    ]
    for content, status in wrong:
        assert (await send(site, token, content))[0] == status, content
    assert await site.tables() == before


async def test_a_failed_assessment_is_a_failed_run_and_forgets_nothing(site: Site) -> None:
    token = await token_of(site)
    await site.post_body(plan(entry({"a": 1}, {"a": 2})))
    await send(site, token, assessment())
    await send(site, token, assessment(FAILED, "asmtres-2"))
    await send(site, token, assessment(FAILED, "asmtres-3"))
    [stack] = await site.rows("SELECT * FROM stacks")
    assert (stack["is_errored"], stack["announced_drifts"]) == (1, 4)
    kinds = [row["kind"] for row in await site.rows("SELECT kind FROM alerts WHERE kind <> 'drifts'")]
    assert kinds == ["failing"]
    assert (await site.drift("demo.x"))["status"] == "detected"


async def test_a_check_that_failed_is_recorded_and_no_more(sqlite_site: Site) -> None:
    site = sqlite_site
    status, answer = await send(site, await token_of(site), assessment(CHECK))
    assert (status, answer["data"]["recorded"]) == (200, True)
    [report] = await site.rows("SELECT * FROM reports")
    assert (report["announced"], report["is_late"]) == (0, 0)
    assert await site.value("SELECT announced_at FROM stacks") is None
    assert await site.rows("SELECT * FROM alerts") == []


async def test_an_assessment_older_than_the_newest_plan_moves_nothing(sqlite_site: Site) -> None:
    site = sqlite_site
    await site.post_body(plan(timestamp=clock.to_text(clock.now())))
    for trigger in (DRIFTED, FAILED):
        old = assessment(trigger, at="2020-01-01T00:00:00Z")
        assert (await send(site, await token_of(site), old))[1]["data"]["recorded"]
    [stack] = await site.rows("SELECT * FROM stacks")
    assert (stack["announced_drifts"], stack["is_errored"]) == (0, 0)
    assert await site.value("SELECT count(*) FROM reports WHERE is_late = 1") == 2
    assert await site.rows("SELECT * FROM alerts") == []


async def test_the_address_for_reports_refuses_it_and_names_the_right_one(sqlite_site: Site) -> None:
    response = await sqlite_site.post_body(json.dumps(assessment()).encode())
    assert response.status_code == 415
    assert "/notifications/" in (await response.get_json())["error"]["message"]


async def test_address_and_token_are_shown_once_beside_a_new_token(sqlite_site: Site) -> None:
    admin = await sqlite_site.as_admin()
    form = {"name": "hcp", "scope": "report:write", "stacks": "prod/*", "days": "9"}
    page = str(await (await admin.post("/admin/tokens", form)).get_data(as_text=True))
    [token] = await sqlite_site.rows("SELECT id FROM tokens WHERE name = 'hcp'")
    secret = reports.secret_of(sqlite_site.app.settings.data_key, token["id"])
    assert f"/api/v1/notifications/{token['id']}/prod/app" in page
    assert secret in page
    assert secret not in await admin.text("/admin/tokens")
    assert len(secret) == 43
    response = await admin.post("/admin/tokens", form | {"scope": "metrics:read", "stacks": ""})
    metrics = str(await response.get_data(as_text=True))
    assert "notifications" not in metrics


def test_secrets_differ_by_token_and_by_server() -> None:
    made = {reports.secret_of(key, token) for key in (b"a" * 32, b"b" * 32) for token in ("1", "2")}
    assert len(made) == 4


def test_times_that_are_none_do_not_count() -> None:
    for text in ("", "soon", "2026-11-21T19:11:44", 5, None, "0001-01-01T00:00:00+14:00"):
        assert reports.notice_of(assessment(created_at=text)) == Notice(DRIFTED, "asmtres-1", 4, None)
    with pytest.raises(errors.Invalid):
        reports.notice_of({"trigger": DRIFTED, "details": []})
