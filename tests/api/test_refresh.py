"""Refresh tokens: each has one successor, a stolen one ends its session, and nothing that has ended comes back."""

import asyncio
import re
from datetime import timedelta

import pytest

from driftsentry.auth import Grant, people
from driftsentry.auth.api_sessions import GRACE, REFRESH_LIFETIME
from driftsentry.auth.model import Role, User
from driftsentry.events import Actor
from tests.api.grants import BEYOND_GRACE, DAY, MINUTE, later, log_in, log_out, me, refresh, rows, successor
from tests.api.program import Program
from tests.site import Site, running_site


@pytest.fixture
async def emil(site: Site) -> User:
    return await site.person("Emil", "engineer")


@pytest.fixture
async def grant(site: Site, emil: User) -> Grant:
    return await log_in(site, emil)


# -- One successor ---------------------------------------------------------------------------------------------


async def test_a_refresh_gives_a_new_pair_and_both_parts_work(site: Site, grant: Grant) -> None:
    new = await successor(site, grant.refresh_token)
    assert new["refreshToken"] not in (grant.refresh_token, new["accessToken"])
    assert new["accessToken"] != grant.access_token
    assert (new["tokenType"], new["expiresIn"], new["user"]["email"]) == ("Bearer", 900, "emil@example.com")
    assert (await me(site, new["accessToken"])).status == 200
    assert (await refresh(site, new["refreshToken"])).status == 200


async def test_fifty_refreshes_side_by_side_have_one_successor(site: Site, grant: Grant) -> None:
    before = await rows(site)
    answers = await asyncio.gather(*(refresh(site, grant.refresh_token) for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.data["refreshToken"] for answer in answers}) == 1
    assert await rows(site) == before + 1
    assert not await site.events("refresh_token.reused", "session.revoked")


async def test_refreshes_in_two_processes_have_one_successor(site: Site, database_url: str, grant: Grant) -> None:
    async with running_site(database_url) as other:
        answers = await asyncio.gather(*(refresh((site, other)[n % 2], grant.refresh_token) for n in range(10)))
        assert len({answer.data["refreshToken"] for answer in answers}) == 1
    assert await rows(site) == 2


async def test_within_the_grace_a_lost_answer_is_given_again(site: Site, grant: Grant) -> None:
    first = await successor(site, grant.refresh_token)
    with later(GRACE - timedelta(seconds=1)):
        assert (await successor(site, grant.refresh_token))["refreshToken"] == first["refreshToken"]


# -- Theft -----------------------------------------------------------------------------------------------------


async def test_a_spent_token_that_comes_again_ends_the_session_with_all_its_tokens(
    site: Site, emil: User, grant: Grant
) -> None:
    second = await successor(site, grant.refresh_token)
    third = await successor(site, second["refreshToken"])
    with later(BEYOND_GRACE):
        answer = await refresh(site, grant.refresh_token, "198.51.100.7")
        assert (answer.status, answer.code) == (401, "INVALID_TOKEN")
        for access in (grant.access_token, second["accessToken"], third["accessToken"]):
            assert (await me(site, access)).code == "INVALID_TOKEN"
        for token in (grant.refresh_token, second["refreshToken"], third["refreshToken"]):
            assert (await refresh(site, token)).status == 401
            assert (await log_out(site, token)).status == 401
    reused, revoked = await site.events("refresh_token.reused", "session.revoked")
    session = await site.value("SELECT id FROM sessions")
    assert (reused.kind, reused.actor.id, reused.actor.address) == ("refresh_token.reused", emil.id, "198.51.100.7")
    assert (revoked.actor.id, revoked.actor.address) == (emil.id, "198.51.100.7")
    assert reused.data["session_id"] == revoked.data["session_id"] == session
    assert revoked.data["email"] == emil.email


async def test_a_theft_ends_one_session_and_no_other(site: Site, emil: User, grant: Grant) -> None:
    other, vera = await log_in(site, emil), await log_in(site, await site.person("Vera", "viewer"))
    await successor(site, grant.refresh_token)
    with later(BEYOND_GRACE):
        await refresh(site, grant.refresh_token)
    for alive in (other, vera):
        assert (await me(site, alive.access_token)).status == 200
        assert (await refresh(site, alive.refresh_token)).status == 200


async def test_fifty_replays_side_by_side_end_the_session_once(site: Site, grant: Grant) -> None:
    await successor(site, grant.refresh_token)
    with later(BEYOND_GRACE):
        answers = await asyncio.gather(*(refresh(site, grant.refresh_token) for _ in range(50)))
    assert {answer.status for answer in answers} == {401}
    assert len(await site.events("session.revoked")) == len(await site.events("refresh_token.reused")) == 1


async def test_a_spent_token_that_comes_back_after_its_own_end_is_a_theft_all_the_same(
    site: Site, grant: Grant
) -> None:
    token = grant.refresh_token
    for day in (3, 6):
        with later(day * DAY):
            token = (await successor(site, token))["refreshToken"]
    with later(8 * DAY):
        assert (await refresh(site, grant.refresh_token)).status == 401
        assert (await refresh(site, token)).status == 401
    assert len(await site.events("refresh_token.reused")) == 1


# -- Ends ------------------------------------------------------------------------------------------------------


async def test_seven_days_without_use_end_the_session(site: Site, grant: Grant) -> None:
    with later(REFRESH_LIFETIME - MINUTE):
        second = await successor(site, grant.refresh_token)
    with later(2 * REFRESH_LIFETIME):
        answer = await refresh(site, second["refreshToken"])
        assert (answer.status, answer.code) == (401, "TOKEN_EXPIRED")


async def test_no_chain_outlives_the_end_of_its_session(database_url: str) -> None:
    async with running_site(database_url, API_SESSION_DAYS="10") as site:
        grant = await log_in(site, await site.person("Emil"))
        with later(6 * DAY):
            second = await successor(site, grant.refresh_token)
        with later(10 * DAY - MINUTE):
            third = await successor(site, second["refreshToken"])
        with later(10 * DAY + MINUTE):
            assert (await me(site, third["accessToken"])).status == 401
            for token in (second["refreshToken"], third["refreshToken"]):
                assert (await refresh(site, token)).code in ("TOKEN_EXPIRED", "INVALID_TOKEN")
        assert await site.value("SELECT max(expires_at) FROM refresh_tokens") <= await site.value(
            "SELECT max(expires_at) FROM sessions"
        )


async def test_an_access_token_ends_after_fifteen_minutes(site: Site, grant: Grant) -> None:
    with later(14 * MINUTE):
        assert (await me(site, grant.access_token)).status == 200
    with later(15 * MINUTE + timedelta(seconds=1)):
        answer = await me(site, grant.access_token)
    assert (answer.status, answer.code) == (401, "TOKEN_EXPIRED")
    assert "error=" in answer.headers["WWW-Authenticate"]


async def test_a_clock_that_jumps_back_revives_nothing(site: Site, emil: User, grant: Grant) -> None:
    replayed, expired, over = [(await log_in(site, emil)).refresh_token for _ in range(3)]
    await successor(site, replayed)
    await log_out(site, over)
    with later(BEYOND_GRACE):
        assert (await refresh(site, replayed)).status == 401
    with later(20 * MINUTE):
        second = await successor(site, grant.refresh_token)
    with later(8 * DAY):
        assert (await refresh(site, expired)).status == 401
    for back in (timedelta(0), MINUTE, -DAY):
        with later(back):
            for token in (replayed, expired, over):
                assert (await refresh(site, token)).status == 401, back
    assert (await me(site, grant.access_token)).code == "TOKEN_EXPIRED"  # used up 20 minutes ahead
    assert (await me(site, second["accessToken"])).status == 200


async def test_a_spent_token_is_no_younger_for_a_clock_that_jumped_back(site: Site, grant: Grant) -> None:
    await successor(site, grant.refresh_token)
    with later(-DAY):
        assert (await refresh(site, grant.refresh_token)).status == 401
    assert len(await site.events("refresh_token.reused")) == 1


# -- Who it is, as the database knows ----------------------------------------------------------------------------


async def test_logging_out_ends_both_tokens_at_once_and_only_once(site: Site, emil: User, grant: Grant) -> None:
    assert (await log_out(site, grant.refresh_token)).status == 200
    assert (await me(site, grant.access_token)).code == "INVALID_TOKEN"
    assert (await refresh(site, grant.refresh_token)).code == "INVALID_TOKEN"
    assert (await log_out(site, grant.refresh_token)).status == 401
    [ended] = await site.events("session.revoked")
    assert (ended.actor.id, ended.data["why"]) == (emil.id, "signed out")


async def test_logging_out_with_a_spent_token_ends_the_session_too(site: Site, grant: Grant) -> None:
    second = await successor(site, grant.refresh_token)
    assert (await log_out(site, grant.refresh_token)).status == 200
    assert (await refresh(site, second["refreshToken"])).status == 401


async def test_who_was_disabled_gets_nothing_more_even_when_the_session_was_left(
    site: Site, emil: User, grant: Grant
) -> None:
    await site.run("UPDATE users SET is_active = 0 WHERE id = :id", id=emil.id)
    assert (await refresh(site, grant.refresh_token)).code == "INVALID_TOKEN"
    assert (await me(site, grant.access_token)).code == "INVALID_TOKEN"
    await site.run("UPDATE users SET is_active = 1 WHERE id = :id", id=emil.id)
    assert await rows(site) == 1


async def test_disabling_ends_the_sessions_of_programs_for_good(site: Site, emil: User, grant: Grant) -> None:
    ada = await site.person("Ada", "admin")
    actor = Actor("user", ada.id, ada.name)
    await people.disable(site.db, actor, emil.id)
    await people.enable(site.db, actor, emil.id)
    assert (await refresh(site, grant.refresh_token)).code == "INVALID_TOKEN"
    assert (await me(site, grant.access_token)).code == "INVALID_TOKEN"


async def test_the_role_is_read_anew_for_each_request_and_never_from_the_token(
    site: Site, emil: User, grant: Grant
) -> None:
    program = Program(site.app, grant.access_token)
    assert (await program.get("/users")).status == 403
    await site.run("UPDATE users SET role = 'admin' WHERE id = :id", id=emil.id)
    assert (await program.get("/users")).status == 200
    await site.run("UPDATE users SET role = 'viewer' WHERE id = :id", id=emil.id)
    assert (await program.get("/users")).status == 403
    assert (await program.get("/users/me")).data["role"] == "viewer"


async def test_a_change_of_role_ends_the_session(site: Site, emil: User, grant: Grant) -> None:
    ada = await site.person("Ada", "admin")
    await people.change_role(site.db, Actor("user", ada.id, ada.name), emil.id, Role.VIEWER)
    assert (await me(site, grant.access_token)).code == "INVALID_TOKEN"
    assert (await refresh(site, grant.refresh_token)).code == "INVALID_TOKEN"


async def test_a_refresh_and_a_logout_at_once_leave_nothing_alive(site: Site, grant: Grant) -> None:
    renewed, ended = await asyncio.gather(refresh(site, grant.refresh_token), log_out(site, grant.refresh_token))
    assert ended.status == 200
    if renewed.status == 200:
        assert (await me(site, renewed.data["accessToken"])).status == 401
        assert (await refresh(site, renewed.data["refreshToken"])).status == 401


# -- What is no refresh token ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout"])
async def test_what_is_no_refresh_token_is_refused(site: Site, grant: Grant, path: str) -> None:
    job = await site.ci_token()
    before = await site.tables()
    stored = await site.value("SELECT token_hash FROM refresh_tokens")
    for token in (
        "x", " ", "ключ", "🔑" * 20, f"{grant.refresh_token} ", f" {grant.refresh_token}", grant.refresh_token[:-1],
        grant.refresh_token.swapcase(), grant.access_token, job, stored, "' OR 1=1 --", "%00",
    ):  # fmt: skip
        answer = await Program(site.app).post(path, json={"refreshToken": token})
        assert (answer.status, answer.code) == (401, "INVALID_TOKEN"), token
    for token, status in (("", 422), ("x" * 100_000, 422), (None, 422), (5, 422), ([grant.refresh_token], 422)):
        answer = await Program(site.app).post(path, json={"refreshToken": token})
        assert (answer.status, [*answer.refused]) == (status, ["refreshToken"]), token
    assert (await Program(site.app).post(path, data=b'{"refreshToken": "a\\u0000b"}')).status == 400
    assert await site.tables() == before


async def test_a_refresh_token_is_no_access_token(site: Site, grant: Grant) -> None:
    assert (await me(site, grant.refresh_token)).code == "INVALID_TOKEN"


async def test_no_table_holds_a_token(site: Site, grant: Grant) -> None:
    second = await successor(site, grant.refresh_token)
    names = [row[0] for row in await site.rows(TABLES[site.db.engine])]
    assert {"refresh_tokens", "sessions", "events", "idempotency_keys"} <= set(names)
    stored = "\n".join([repr([tuple(row) for row in await site.rows(f"SELECT * FROM {name}")]) for name in names])
    assert "emil@example.com" in stored
    for token in (grant.refresh_token, grant.access_token, second["refreshToken"], second["accessToken"]):
        assert token not in stored
        assert token[-20:] not in stored


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'drift_search%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def test_a_grant_is_two_hundred_and_fifty_six_bits(grant: Grant) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", grant.refresh_token)
