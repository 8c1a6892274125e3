"""`/api/v1/live`: who is not let in, what is not accepted, and when a connection ends."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from quart.testing.connections import WebsocketResponseError

from driftsentry import clock, errors
from driftsentry.auth import access_tokens
from driftsentry.auth.access_tokens import Claim
from driftsentry.auth.guards import COOKIE
from driftsentry.live import programs
from driftsentry.live import socket as sockets
from driftsentry.live.requests import MESSAGE_BYTES, read
from tests.api.program import as_role
from tests.ingest.samples import entry, plan
from tests.live.feeds import PATH, Feed, all_live, knocking, opened
from tests.live.test_live import hub
from tests.site import Site

PLAN = plan(entry({"a": "1"}, {"a": "2"}))
CALLS = ("auth", "join", "leave", "message", "pong", "resume")


# -- Who is not let in -------------------------------------------------------------------------------------------------


async def test_who_is_nobody_is_closed_with_4401(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "AUTH_SECONDS", 0.05)
    site, living = sqlite_site, await as_role(sqlite_site, "admin")
    key, now = site.app.settings.jwt_secret, clock.now()
    claim = Claim(site.people["Ada"].id, str(await site.value("SELECT id FROM sessions")))
    expired = access_tokens.issue(key, claim, now - access_tokens.LIFETIME)
    forged = access_tokens.issue(key[::-1], claim, now)
    of_another = access_tokens.issue(key, Claim("somebody", claim.session_id), now)
    ci, browser = await site.ci_token(), await site.as_admin()
    bearers = [f"Bearer {each}" for each in (expired, forged, of_another, ci, "", "x.y.z", "\xe9")]
    for header in (*bearers, f"Basic {living.token}", living.token, ""):
        async with knocking(site, Authorization=header) as feed:
            assert await feed.closed() == 4401, header
    async with knocking(site, Cookie=f"{COOKIE}={browser.cookie}") as feed:  # and says nothing
        assert await feed.closed() == 4401
    async with knocking(site, f"{PATH}?token={living.token}&access_token={living.token}") as feed:
        assert await feed.closed() == 4401
    for first in ("", "x", b"x", living.token, *map(json.dumps, of_nobody(living.token, expired, ci))):
        async with knocking(site) as feed:
            await feed.socket.send(first)
            assert await feed.closed() == 4401, first
    assert len(hub(site)) == 0


def of_nobody(token: str, expired: str, ci: str) -> list[Any]:
    tokens = (expired, ci, "", None, 1, "x", [token])
    return [
        *({"type": "auth", "token": each} for each in tokens),
        {"type": "auth"},
        {"type": "auth", "token": token, "more": 1},
        {"type": "join", "room": "drifts"},
        {"type": "AUTH", "token": token},
        [],
    ]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_the_pages_of_other_sites_are_refused(sqlite_site: Site, headers: dict[str, str]) -> None:
    program = await as_role(sqlite_site, "admin")
    async with knocking(sqlite_site, Authorization=f"Bearer {program.token}", **headers) as feed:
        with pytest.raises(WebsocketResponseError) as refusal:
            await feed.hear()
        assert refusal.value.response.status_code == 403


async def test_while_the_database_is_away_one_is_told_to_come_again(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = await as_role(sqlite_site, "viewer")

    def away() -> None:
        raise errors.Unavailable("The database cannot be reached just now.")

    monkeypatch.setattr(sqlite_site.db, "read", away)
    async with knocking(sqlite_site, Authorization=f"Bearer {program.token}") as feed:
        assert await feed.closed() == 1013


# -- When it ends ------------------------------------------------------------------------------------------------------


async def test_a_revoked_session_ends_its_connections_at_once_and_no_others(site: Site) -> None:
    leaving, staying = await as_role(site, "engineer"), await as_role(site, "engineer")
    async with (
        opened(site, leaving) as gone,
        knocking(site, Authorization=f"Bearer {leaving.token}") as held,
        opened(site, staying) as kept,
    ):
        await site.connected(3)
        [mine] = [each for each in (await leaving.get("/sessions")).data if each["current"]]
        started = time.monotonic()
        assert (await leaving.delete(f"/sessions/{mine['id']}")).status == 200
        assert (await gone.closed(), await held.closed()) == (4401, 4401)
        assert time.monotonic() - started < 1
        assert (await kept.ask("join", room="drifts"))["type"] == "room:joined"
        await site.disable(site.people["Emil"])
        assert await kept.closed() == 4401
    async with knocking(site, Authorization=f"Bearer {leaving.token}") as late:
        assert await late.closed() == 4401


async def test_a_session_that_ended_while_it_was_let_in_ends_it(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Revoked, and told, between the look at the token and the hub's knowing of the socket."""
    site, program = sqlite_site, await as_role(sqlite_site, "viewer")
    identify = programs._identify

    async def slowly(*args: Any) -> object:
        found = await identify(*args)
        await site.disable(site.people[found[0].name])
        await site.caught_up()
        return found

    monkeypatch.setattr(programs, "_identify", slowly)
    async with knocking(site, Authorization=f"Bearer {program.token}") as feed:
        assert await feed.closed() == 4401


async def test_the_end_of_the_server_tells_programs_to_come_back(sqlite_site: Site) -> None:
    program = await as_role(sqlite_site, "viewer")
    async with opened(sqlite_site, program) as feed:
        await hub(sqlite_site).close(0.1)
        assert await feed.closed() == 1012
    async with knocking(sqlite_site, Authorization=f"Bearer {program.token}") as late:
        assert await late.closed() == 1012


async def test_a_flood_ends_with_1008_and_a_message_that_is_too_large_with_1009(sqlite_site: Site) -> None:
    program = await as_role(sqlite_site, "viewer")
    async with opened(sqlite_site, program) as flood, opened(sqlite_site, program) as large:
        for _ in range(sockets.MESSAGES_A_MINUTE + 1):
            await flood.socket.send("x")
        assert await flood.closed() == 1008
        await large.socket.send("x" * (MESSAGE_BYTES + 1))
        assert await large.closed() == 1009


def away(*_: object) -> None:
    raise errors.Unavailable("The database cannot be reached just now.")


async def test_an_outage_while_it_resumes_ends_with_1013(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been told half of it: it must not take what follows for everything."""
    site, program = sqlite_site, await as_role(sqlite_site, "viewer")
    async with opened(site, program) as feed:
        await all_live(site)
        monkeypatch.setattr(hub(site), "_describe", away)
        await feed.say("resume", after=0)
        assert await feed.closed() == 1013


# -- What is not accepted ----------------------------------------------------------------------------------------------


async def test_viewers_cannot_write_and_a_role_counts_as_it_is_now(site: Site) -> None:
    await site.post_body(PLAN)
    async with (
        opened(site, await as_role(site, "viewer"), "drift:1") as hers,
        opened(site, await as_role(site, "engineer"), "drift:1") as his,
    ):
        said = {"room": "drift:1", "text": "hello", "clientId": "7"}
        assert await refused(hers, "message", **said) == ("FORBIDDEN", "7")
        await site.run("UPDATE users SET role = 'viewer' WHERE name = 'Emil'")
        assert await refused(his, "message", **said) == ("FORBIDDEN", "7")
        await site.run("UPDATE users SET role = 'engineer' WHERE name = 'Emil'")
        assert (await his.ask("message", **said))["type"] == "message_sent"
    assert len(await site.events("drift.commented")) == 1


async def refused(feed: Feed, type: str, **fields: Any) -> tuple[str, str | None]:
    answer = await feed.ask(type, **fields)
    assert set(answer) - {"clientId"} == {"type", "error"}
    assert set(answer["error"]) == {"code", "message"}
    return answer["error"]["code"], answer.get("clientId")


async def test_rooms_of_what_there_is_not_and_texts_that_are_none(sqlite_site: Site) -> None:
    site = sqlite_site
    await site.post_body(PLAN)
    async with opened(site, await as_role(site, "engineer")) as feed:
        unknown = ("drift:2", "drift:01", "drift:-1", "drift:x", "drift:" + "9" * 30, "drift:²", "users", "drifts ")
        for room in (*unknown, "stack:prod/none", "stack:", "stack:../x", "stack:" + "x" * 201, "alerts-list"):
            assert await refused(feed, "join", room=room) == ("NOT_FOUND", None), room
            assert await refused(feed, "message", room=room, text="hello") == ("NOT_FOUND", None), room
        for text in ("", " \n\t", "x" * 4001, None, 1, ["x"], {}):
            assert (await refused(feed, "message", room="drift:1", text=text))[0] == "VALIDATION_ERROR", text
        assert await refused(feed, "message", room="drifts", text="hello") == ("NOT_FOUND", None)
        assert hub(site).members.people.keys() == {"drifts", "alerts"}
    assert await site.events("drift.commented") == []


async def test_a_connection_is_in_a_hundred_rooms_at_most(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MOST_ROOMS", 3)
    await sqlite_site.post_body(PLAN)
    async with opened(sqlite_site, await as_role(sqlite_site, "viewer"), "drift:1") as feed:
        assert await refused(feed, "join", room="stack:prod/app") == ("CONFLICT", None)
        assert (await feed.ask("join", room="drift:1"))["type"] == "room:joined"  # it is there already
        assert (await feed.ask("leave", room="alerts"))["type"] == "room:left"
        assert (await feed.ask("join", room="stack:prod/app"))["type"] == "room:joined"


async def test_an_outage_is_an_answer(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await sqlite_site.post_body(PLAN)
    async with opened(sqlite_site, await as_role(sqlite_site, "engineer")) as feed:
        monkeypatch.setattr(sqlite_site.db, "write", away)
        assert await refused(feed, "message", room="drift:1", text="hello", clientId="1") == ("UNAVAILABLE", "1")
        monkeypatch.undo()
        assert (await feed.ask("message", room="drift:1", text="hello"))["type"] == "message_sent"


ODD = [
    "",
    "x",
    "{",
    "[]",
    '"join"',
    "{}",
    '{"type":null}',
    '{"type":"join"}',
    '{"type":"join","room":["drifts"]}',
    '{"type":"join","room":"drifts","room":"alerts"}',
    '{"type":"join","room":"drifts","more":1}',
    '{"type":"join","room":"\\ud800"}',
    '{"type":"join","room":"\\u0000"}',
    '{"type":"message","room":"drift:1","text":"\\udc00 half"}',
    '{"type":"message","room":"drift:1","text":"x","clientId":7}',
    '{"type":"resume"}',
    '{"type":"resume","after":-1}',
    '{"type":"resume","after":1.5}',
    '{"type":"resume","after":true}',
    '{"type":"resume","after":NaN}',
    '{"type":"resume","after":' + "9" * 25 + "}",
    '{"type":"resume","after":' + "9" * 5000 + "}",
    "[" * 60_000,
    '{"type":' * 5_000,
    '{"type":"pong","x":' + "[" * 70 + "]" * 70 + "}",
    '{"type":"' + "y" * 60_000 + '"}',
    b"",
    b'{"type":"pong"}',
    b"\xff\xfe",
]


def fuzz(amount: int) -> list[str]:
    """Messages that nearly are some, always the same."""
    found: list[str] = []
    rooms = some.sampled_from(["drifts", "drift:1", "drift:9", "stack:prod/app", "stack:'", "drift:\u0661", "x" * 300])
    values = some.one_of(rooms, some.none(), some.booleans(), some.integers(), some.floats(), some.text())
    nested = some.recursive(values, lambda each: some.lists(each) | some.dictionaries(some.text(), each), max_leaves=9)
    names = some.sampled_from(["room", "text", "clientId", "after", "token", "Type"])
    bodies = some.dictionaries(names, nested, max_size=4)

    @settings(max_examples=amount, database=None, derandomize=True, deadline=None)
    @given(some.sampled_from(CALLS), bodies)
    def draw(type: str, body: dict[str, Any]) -> None:
        found.append(json.dumps({"type": type} | body))

    draw()
    return found


async def test_whatever_is_said_is_answered_or_ignored_and_the_conversation_goes_on(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "MESSAGES_A_MINUTE", 10_000)
    await sqlite_site.post_body(PLAN)
    async with opened(sqlite_site, await as_role(sqlite_site, "engineer")) as feed:
        for odd in ODD:
            await feed.socket.send(odd)
            answer = await feed.hear()
            assert (answer["type"], answer["error"]["code"]) == ("error", "VALIDATION_ERROR"), odd[:80]
            assert 0 < len(answer["error"]["message"]) < 400
        for message in fuzz(80):
            await feed.socket.send(message)
        await feed.ask("leave", room="drift:1")
        assert (await feed.ask("message", room="drift:1", text="\U0001f600 <x>"))["type"] in ("message_sent", "error")
    assert "live.failed" not in caplog.text


@settings(max_examples=200, database=None, deadline=None)
@given(some.one_of(some.text(), some.binary(), some.text().map(lambda text: json.dumps({"type": text, "room": text}))))
def test_no_text_breaks_the_reader(message: str | bytes) -> None:
    with contextlib.suppress(errors.Invalid):
        read(message)
