"""Who may report: a CI token, for its stacks, while it lives."""

from datetime import timedelta

import pytest

from driftsentry import drifts, errors
from driftsentry.auth import ci_tokens
from driftsentry.drifts.actions import Wish
from driftsentry.events import SYSTEM, Actor
from tests.site import RECORDED, Site

PLAN = (RECORDED / "tfplan-sequence/seqa-t1-alpha.json").read_bytes()


async def refused(site: Site, status: int, code: str, **rest: object) -> str:
    """The message of a refusal that stored nothing."""
    await site.ci_token()
    before = await site.tables()
    response = await site.post_body(PLAN, **rest)  # type: ignore[arg-type]
    answer = await response.get_json()
    assert (response.status_code, answer["success"]) == (status, False)
    assert (answer["error"]["code"], answer["error"]["statusCode"]) == (code, status)
    assert await site.tables() == before
    return str(answer["error"]["message"])


async def test_without_a_token_the_answer_says_what_to_send(site: Site) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": "Basic Zm9vOmJhcg=="}):
        assert "Bearer" in await refused(site, 401, "AUTHENTICATION_REQUIRED", headers=headers)


@pytest.mark.parametrize("token", ["dsk_unknown", "unknown", "dsk_", "x" * 5000, "dsk_\N{SNOWMAN}"])
async def test_an_unknown_token_is_refused(site: Site, token: str) -> None:
    token = token.encode().decode("latin-1")  # as headers carry it
    assert "unknown" in await refused(site, 401, "INVALID_TOKEN", token=token)


async def test_a_revoked_token_is_refused_at_once(site: Site) -> None:
    token = await site.token("*")
    other = await site.ci_token()
    assert (await site.post_body(PLAN, token=token)).status_code == 201
    [identity, _other] = [event.data["token_id"] for event in await site.events("token.created")]
    assert await ci_tokens.revoke_token(site.db, SYSTEM, identity) == 1
    assert "revoked" in await refused(site, 401, "INVALID_TOKEN", token=token)
    assert await ci_tokens.revoke_token(site.db, SYSTEM, identity) == 0
    assert (await site.post_body(PLAN, token=other)).status_code == 200


async def test_an_expired_token_is_refused_with_its_own_code(site: Site) -> None:
    token = await site.token("*", lifetime=timedelta(seconds=-1))
    assert "expired" in await refused(site, 401, "TOKEN_EXPIRED", token=token)


@pytest.mark.parametrize("stack", ["staging/app", "production/app", "prod", "Prod/app"])
async def test_a_token_reports_only_for_its_stacks(site: Site, stack: str) -> None:
    token = await site.token("prod/*")
    assert "prod/*" in await refused(site, 403, "FORBIDDEN", token=token, stack=stack)


async def test_a_glob_matches_slashes_too(site: Site) -> None:
    token = await site.token("dev/app", "prod/*")
    for stack in ("dev/app", "prod/a", "prod/a/b/c"):
        assert (await site.post_body(PLAN, stack, token=token)).status_code == 201


async def test_an_engineers_session_is_no_token(site: Site) -> None:
    engineer = await site.as_engineer()
    response = await engineer.request("POST", "/api/v1/stacks/prod/app/reports", data=PLAN)
    assert response.status_code == 401


async def test_the_secret_of_a_token_is_not_kept(site: Site) -> None:
    token = await site.token("*")
    assert token.startswith("dsk_")
    assert len(token) >= 4 + 43
    assert token[4:] not in repr(await site.tables())


async def test_making_and_revoking_a_token_are_events(site: Site) -> None:
    await site.token("prod/*")
    await ci_tokens.revoke_token(site.db, SYSTEM, "ci")
    made, revoked = await site.events("token.created", "token.revoked")
    assert (made.data["stacks"], made.data["token_id"]) == (["prod/*"], revoked.data["token_id"])


async def test_the_event_of_a_report_names_the_token(site: Site) -> None:
    await site.post_body(PLAN)
    [received] = await site.events("report.received")
    assert (received.actor.kind, received.actor.name) == ("token", "ci")


async def test_the_right_to_decide_does_not_come_with_a_token(site: Site) -> None:
    await site.post_body(PLAN)
    drift = await site.drift('aws_sqs_queue.q["alpha"]')
    wish = Wish(drifts.Verdict.APPROVED, "because I can do it", drift["fingerprint"])
    with pytest.raises(errors.Forbidden):
        await drifts.decide(site.db, Actor("token", "1", "ci"), drift["id"], wish)
    assert (await site.drift('aws_sqs_queue.q["alpha"]'))["status"] == "detected"
