"""The page of whoever is signed in: own sessions end there, and nobody else's."""

import asyncio
import re
from typing import Any

import pytest

from driftsentry import clock, errors, ids
from driftsentry.auth import actions, queries, session_queries, sessions
from driftsentry.auth.model import NewSession, Person, User
from driftsentry.auth.preferences import Preferences
from driftsentry.events import Actor
from tests.site import PASSWORD, Browser, Site

HOSTILE = '<script>alert(1)</script>" onmouseover="x \u202e\u200b Firefox/1 <b>'
FRAGMENT = {"HX-Request": "true"}


async def sessions_of(site: Site, user: User) -> list[str]:
    async with site.db.read() as tx:
        return await session_queries.select_living_sessions(tx, user.id)


async def api_session(site: Site, user: User, user_agent: str = "curl/8.5.0") -> str:
    """The id of a program's session."""
    new = NewSession(
        ids.new(), user.id, "api", "", user_agent, "203.0.113.7", clock.now(), clock.now().replace(year=2099)
    )
    async with site.db.write() as tx:
        await session_queries.insert_session(tx, new)
    return new.id


async def is_dead(browser: Browser) -> bool:
    return (await browser.get("/stacks")).status_code == 303


def actor_of(user: User) -> Actor:
    return Actor("user", user.id, user.name, "198.51.100.4")


@pytest.mark.parametrize("role", ["viewer", "engineer", "admin"])
async def test_everybody_sees_who_he_is_and_his_own_sessions_alone(site: Site, role: str) -> None:
    me, other = await site.person("Mia", role), await site.person("Oskar", "admin")
    mine, _second = await site.browser_of(me), await site.browser_of(me)
    await site.browser_of(other)
    program = await api_session(site, me)
    text = await mine.text("/account")
    for fact in ("Mia", "mia@example.com", role, "this one", "203.0.113.7", "curl", "program"):
        assert fact in text
    assert "oskar" not in text.lower()
    assert len(re.findall(r'action="/account/sessions/[a-z0-9]{26}/end"', text)) == 3 + 0 if role else 0
    assert program in text
    assert text.count("this one") == 1


async def test_dead_sessions_are_not_listed(site: Site) -> None:
    me = await site.person("Mia")
    mine = await site.browser_of(me)
    gone, idle, over = await api_session(site, me), await api_session(site, me), await api_session(site, me)
    await site.run("UPDATE sessions SET revoked_at = :at WHERE id = :id", at=clock.to_text(clock.now()), id=gone)
    old = "2020-01-01T00:00:00.000000Z"
    await site.run("UPDATE sessions SET last_seen_at = :old, kind = 'browser' WHERE id = :id", old=old, id=idle)
    await site.run("UPDATE sessions SET expires_at = :old WHERE id = :id", old=old, id=over)
    text = await mine.text("/account")
    assert not [one for one in (gone, idle, over) if one in text]


async def test_what_a_device_says_of_itself_stays_text(site: Site) -> None:
    me = await site.person("Mia")
    mine = await site.browser_of(me)
    await api_session(site, me, HOSTILE)
    for text in (await mine.text("/account"), await (await site.as_admin()).text("/admin/sessions")):
        assert "<script>alert" not in text
        assert 'onmouseover="x' not in text
        assert "\u202e" not in text
        assert "\\u202e" in text


async def test_ending_one_of_ones_sessions_kills_its_cookie_at_once(site: Site) -> None:
    me = await site.person("Mia", "viewer")
    lost, mine = await site.browser_of(me), await site.browser_of(me)
    [first, _second] = await sessions_of(site, me)
    response = await mine.post(f"/account/sessions/{first}/end")
    assert (response.status_code, response.location) == (303, "/account?done=ended")
    assert await is_dead(lost)
    assert not await is_dead(mine)
    assert "The session was ended." in await mine.text("/account?done=ended")
    [event] = await site.events("session.revoked")
    assert (event.actor.name, event.actor.address) == ("Mia", "127.0.0.1")
    assert event.data == {
        "session_id": first, "user_id": me.id, "email": "mia@example.com", "why": "ended by its owner"
    }  # fmt: skip


async def test_with_htmx_the_list_comes_back_without_it(site: Site) -> None:
    me = await site.person("Mia", "viewer")
    mine = await site.browser_of(me)
    program = await api_session(site, me)
    response = await mine.post(f"/account/sessions/{program}/end", headers=FRAGMENT)
    text = await response.get_data(as_text=True)
    assert response.status_code == 200
    assert 'id="account-sessions"' in text
    assert program not in text
    assert "<html" not in text


async def test_ending_this_very_session_signs_out(site: Site) -> None:
    me = await site.person("Mia", "viewer")
    for headers, status in ((None, 303), (FRAGMENT, 200)):
        mine = await site.browser_of(me)
        [own] = await sessions_of(site, me)
        response = await mine.post(f"/account/sessions/{own}/end", headers=headers)
        assert response.status_code == status
        assert response.headers.get("Location", response.headers.get("HX-Redirect")) == "/login"
        assert "__Host-driftsentry=;" in response.headers["Set-Cookie"]
        assert response.headers["Clear-Site-Data"] == '"cookies", "storage"'
        assert await is_dead(mine)


async def test_ending_all_others_leaves_this_one(site: Site) -> None:
    me, other = await site.person("Mia", "viewer"), await site.person("Oskar")
    mine, others, stranger = (
        await site.browser_of(me),
        [await site.browser_of(me) for _ in range(3)],
        await site.browser_of(other),
    )
    await api_session(site, me)
    response = await mine.post("/account/sessions/end-others")
    assert (response.status_code, response.location) == (303, "/account?done=others")
    assert [await is_dead(each) for each in others] == [True] * 3
    assert not await is_dead(mine)
    assert not await is_dead(stranger)
    assert len(await sessions_of(site, me)) == 1
    assert {event.data["user_id"] for event in await site.events("session.revoked")} == {me.id}
    assert len(await site.events("session.revoked")) == 4
    assert (await mine.post("/account/sessions/end-others")).status_code == 303
    assert len(await site.events("session.revoked")) == 4
    assert "End all others" not in await mine.text("/account")


@pytest.mark.parametrize("role", ["viewer", "engineer"])
async def test_somebody_elses_session_looks_as_if_it_were_not_there(site: Site, role: str) -> None:
    me, other = await site.person("Mia", role), await site.person("Oskar", "viewer")
    mine, theirs = await site.browser_of(me), await site.browser_of(other)
    [target] = await sessions_of(site, other)
    answers = [await mine.post(f"/account/sessions/{one}/end") for one in (target, ids.new(), "x", "a'b")]
    assert [answer.status_code for answer in answers] == [404] * 4
    bodies = {
        re.sub(r"<code>.*?</code>|data-now=\"[^\"]*\"|value=\"[^\"]*\"", "", await one.get_data(as_text=True))
        for one in answers
    }
    assert len(bodies) == 1, "the answers must not tell which id exists"
    assert not await is_dead(theirs)
    with pytest.raises(errors.NotFound):
        await sessions.end(site.db, actor_of(me), target)
    assert await site.events("session.revoked") == []


async def test_nobody_ends_anything_without_a_session(site: Site) -> None:
    me = await site.person("Mia")
    mine = await site.browser_of(me)
    [own] = await sessions_of(site, me)
    for path in (f"/account/sessions/{own}/end", "/account/sessions/end-others", "/account/password"):
        response = await site.anonymous().post(path)
        assert str(response.location).startswith("/login")
        foreign = await mine.request("POST", path, {"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403
    assert not await is_dead(mine)


async def test_a_session_ends_once_however_many_end_it(site: Site) -> None:
    me, ada = await site.person("Mia", "viewer"), await site.person("Ada", "admin")
    program = await api_session(site, me)
    actors = [actor_of(me), actor_of(ada)] * 4
    results = await asyncio.gather(*[sessions.end(site.db, each, program) for each in actors], return_exceptions=True)
    assert [type(result) for result in results].count(errors.NotFound) == 7
    assert results.count(None) == 1
    assert len(await site.events("session.revoked")) == 1
    mine = await site.browser_of(me)
    assert (await mine.post(f"/account/sessions/{program}/end")).status_code == 404
    assert len(await site.events("session.revoked")) == 1


async def test_somebody_who_was_disabled_meanwhile_ends_nothing(site: Site) -> None:
    me, other = await site.person("Mia", "admin"), await site.person("Oskar", "admin")
    await site.browser_of(other)
    [target] = await sessions_of(site, other)
    await site.disable(me)
    person = Person(me.id, me.email, me.name, me.role, "auto", "none", clock.now(), Preferences(), 0)
    for attempt in (
        sessions.end(site.db, actor_of(me), target),
        sessions.end_others(site.db, actor_of(me), person),
        sessions.end_all_of(site.db, actor_of(me), other.id),
    ):
        with pytest.raises(errors.Forbidden):
            await attempt
    assert await sessions_of(site, other) == [target]


async def closed(socket: Any) -> int:
    """The code it is closed with; frames before that are of no interest."""
    while True:
        try:
            async with asyncio.timeout(3):
                await socket.receive()
        except Exception as closing:
            [code] = re.findall(r"\b4\d{3}\b", str(closing))
            return int(code)


async def test_the_open_socket_of_an_ended_session_closes_at_once(site: Site) -> None:
    me = await site.person("Mia", "viewer")
    lost, mine = await site.browser_of(me), await site.browser_of(me)
    [first, _second] = await sessions_of(site, me)
    async with lost.socket("/live?room=drifts") as socket, mine.socket("/live?room=drifts") as kept:
        while len(site.app.extensions["hub"]) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await mine.post(f"/account/sessions/{first}/end")
        assert await closed(socket) == 4401
        assert len(site.app.extensions["hub"]) == 1
        assert kept is not None


async def test_a_wrong_password_is_said_beside_its_field_and_never_shown_again(site: Site) -> None:
    mine = await site.browser_of(await site.person("Mia", "viewer"))
    before = await site.tables("login_failures")
    for old, new in (("wrong secret words", "fifteen letters or more"), (PASSWORD, "password"), ("", "")):
        response = await mine.post("/account/password", {"old": old, "new": new})
        text = await response.get_data(as_text=True)
        assert response.status_code in (401, 422), text[:200]
        assert 'role="alert"' in text
        for typed in filter(None, (old, new if new != "password" else "")):
            assert typed not in text
        assert 'value="password"' not in text
    assert await site.tables("login_failures") == before


async def test_guessing_the_old_password_is_throttled(site: Site) -> None:
    mine = await site.browser_of(await site.person("Mia", "viewer"))
    codes = [
        (
            await mine.post("/account/password", {"old": f"wrong words {n}", "new": "fifteen letters or more"})
        ).status_code
        for n in range(6)
    ]
    assert codes[-1] == 429
    assert set(codes[:5]) <= {401, 422}
    assert not await is_dead(mine)


async def test_a_new_password_ends_the_other_sessions_and_lets_in(site: Site) -> None:
    me = await site.person("Mia", "viewer")
    mine, other = await site.browser_of(me), await site.browser_of(me)
    response = await mine.post("/account/password", {"old": PASSWORD, "new": "seven green boats at sea"})
    assert (response.status_code, response.location) == (303, "/account?done=password")
    assert "was changed" in await mine.text("/account?done=password")
    assert not await is_dead(mine)
    assert await is_dead(other)
    caller = actions.Caller("127.0.0.1", "tests", "r")
    assert await actions.sign_in(site.db, site.app.settings, me.email, "seven green boats at sea", caller)
    async with site.db.read() as tx:
        user = await queries.select_user_by_email(tx, me.email)
    assert user is not None
    assert "green" not in user.password_hash


async def test_what_was_done_is_one_of_our_sentences(site: Site) -> None:
    mine = await site.as_viewer()
    assert "note-good" not in await mine.text("/account?done=<b>evil</b>")


async def test_the_theme_is_chosen_there_too(site: Site) -> None:
    mine = await site.as_viewer()
    response = await mine.post("/account/theme", {"theme": "dark", "next": "/account"})
    assert (response.status_code, response.location) == (303, "/account")
    assert 'data-theme="dark"' in await mine.text("/account")
