"""`/api/v1/live`: a connection lasts as long as its token, or another one; and how many may be without one."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import pytest

from driftsentry import clock, errors
from driftsentry.auth import access_tokens
from driftsentry.live import members, programs
from tests.api.program import Program, as_role
from tests.live.feeds import knocking, opened
from tests.live.test_live import hub
from tests.live.test_programs import scan
from tests.site import Site

SOON = timedelta(seconds=0.3)


def end_of(site: Site, token: str) -> datetime:
    return access_tokens.read(site.app.settings.jwt_secret, token, clock.now())[1]


def later_token(site: Site, program: Program, now: datetime) -> str:
    """What a refresh at `now` gives."""
    key = site.app.settings.jwt_secret
    claim, _end = access_tokens.read(key, program.token, clock.now())
    return access_tokens.issue(key, claim, now)


@pytest.mark.parametrize("is_header", [True, False])
async def test_a_connection_ends_with_its_token(sqlite_site: Site, is_header: bool) -> None:
    program = await as_role(sqlite_site, "viewer")
    headers = {"Authorization": f"Bearer {program.token}"} if is_header else {}
    with clock.pretend(end_of(sqlite_site, program.token) - SOON):
        async with knocking(sqlite_site, **headers) as feed:
            if not is_header:
                await feed.say("auth", token=program.token)
            assert (await feed.hear())["type"] == "room:joined"
            assert await feed.closed() == 4401
    assert len(hub(sqlite_site)) == 0


async def test_another_token_of_the_session_keeps_it(sqlite_site: Site) -> None:
    program = await as_role(sqlite_site, "viewer")
    now = end_of(sqlite_site, program.token) - SOON
    token = later_token(sqlite_site, program, now)
    with clock.pretend(now):
        async with knocking(sqlite_site, Authorization=f"Bearer {program.token}") as feed:
            answer = await feed.ask("auth", token=token)
            while answer["type"] == "room:joined":
                answer = await feed.hear()
            assert answer == {"type": "auth_ok", "expiresAt": clock.to_text(end_of(sqlite_site, token))}
            await asyncio.sleep(2 * SOON.total_seconds())
            assert (await feed.ask("join", room="drifts"))["type"] == "room:joined"


async def test_what_is_no_token_of_the_session_changes_nothing(sqlite_site: Site) -> None:
    site, program, other = sqlite_site, await as_role(sqlite_site, "viewer"), await as_role(sqlite_site, "viewer")
    engineer, ended = await as_role(site, "engineer"), later_token(site, program, clock.now() - timedelta(hours=1))
    with clock.pretend(end_of(site, program.token) - SOON * 3):
        async with opened(site, program) as feed:
            wrong = {ended: "TOKEN_EXPIRED", "x.y.z": "INVALID_TOKEN", await site.ci_token(): "INVALID_TOKEN"}
            for token, code in (wrong | dict.fromkeys((other.token, engineer.token), "INVALID_TOKEN")).items():
                answer = await feed.ask("auth", token=token)
                assert (answer["type"], answer["error"]["code"]) == ("error", code)
            assert await feed.closed() == 4401


async def test_only_so_many_connections_wait_for_their_first_message(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "MOST_SILENT", 2)
    program = await as_role(sqlite_site, "viewer")
    strangers = sqlite_site.app.extensions["live.strangers"]
    async with AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(knocking(sqlite_site)) for _ in range(2)]
        async with asyncio.timeout(5):
            while strangers.amount < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        async with knocking(sqlite_site) as third:
            assert await third.closed() == 1013
        async with knocking(sqlite_site, Authorization=f"Bearer {program.token}") as known:
            assert (await known.hear())["type"] == "room:joined"
        assert (await silent[0].ask("auth", token=program.token))["type"] == "room:joined"
        async with knocking(sqlite_site) as fourth:  # the place is free
            assert (await fourth.ask("auth", token=program.token))["type"] == "room:joined"
    assert strangers.amount == 0


async def test_a_session_has_so_many_connections(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MOST_OF_A_SESSION", 1)
    program, other = await as_role(sqlite_site, "viewer"), await as_role(sqlite_site, "viewer")
    async with opened(sqlite_site, program) as first, opened(sqlite_site, other):
        async with knocking(sqlite_site, Authorization=f"Bearer {program.token}") as second:
            assert await second.closed() == 1008
        assert (await first.ask("join", room="drifts"))["type"] == "room:joined"
    async with opened(sqlite_site, program):
        pass


async def test_a_stored_comment_is_answered_though_the_database_goes_away(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, program = sqlite_site, await as_role(sqlite_site, "engineer")
    await site.post_body(scan(1))
    async with opened(site, program) as feed:

        def away() -> None:
            raise errors.Unavailable("The database cannot be reached just now.")

        monkeypatch.setattr(site.db, "read", away)
        sent = await feed.ask("message", room="drift:1", text="hello", clientId="1")
        monkeypatch.undo()
        [event] = await site.events("drift.commented")
    about = {"messageId": str(event.seq), "timestamp": clock.to_text(event.at)}
    assert sent == {"type": "message_sent", "clientId": "1"} | about
