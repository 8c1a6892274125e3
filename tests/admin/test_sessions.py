"""All sessions of everybody: for admins, who may end any."""

import asyncio
import re
from datetime import timedelta

import pytest

from driftsentry import auth, clock, errors, ids
from driftsentry.auth import session_queries
from driftsentry.auth.model import NewSession, User
from driftsentry.events import Actor
from tests.site import Browser, Site

FRAGMENT = {"HX-Request": "true"}


async def sessions_of(site: Site, user: User) -> list[str]:
    async with site.db.read() as tx:
        return await session_queries.select_living_sessions(tx, user.id)


async def many(site: Site, user: User, number: int) -> list[str]:
    """Ids of programs' sessions, the last one seen last."""
    start, made = clock.now() - timedelta(hours=3), []
    async with site.db.write() as tx:
        for n in range(number):
            at = start + timedelta(minutes=n)
            new = NewSession(ids.new(), user.id, "api", "", "curl/8", f"192.0.2.{n}", at, at + timedelta(days=30))
            await session_queries.insert_session(tx, new)
            made.append(new.id)
    return made


async def is_dead(browser: Browser) -> bool:
    return (await browser.get("/stacks")).status_code == 303


def listed(text: str) -> list[str]:
    return re.findall(r'action="/admin/sessions/([^/"]+)/end"', text)


async def test_an_admin_sees_all_the_last_seen_first(site: Site) -> None:
    ada, emil = await site.as_admin(), await site.person("Emil")
    made = await many(site, emil, 3)
    text = await ada.text("/admin/sessions")
    assert listed(text)[1:] == made[::-1]
    assert "emil@example.com" in text
    assert "ada@example.com" in text
    assert "4 sessions" in text
    secret = str(await site.value("SELECT secret_hash FROM sessions LIMIT 1"))
    assert secret not in text


@pytest.mark.parametrize("role", ["viewer", "engineer"])
async def test_nobody_else_sees_or_ends_any(site: Site, role: str) -> None:
    other = await site.person("Oskar")
    theirs = await site.browser_of(other)
    [target] = await sessions_of(site, other)
    who = await site.as_role(role)
    assert (await who.get("/admin/sessions")).status_code == 403
    assert (await who.post(f"/admin/sessions/{target}/end")).status_code == 403
    assert (await who.post("/admin/sessions/end", {"user_id": other.id})).status_code == 403
    assert str((await site.anonymous().get("/admin/sessions")).location).startswith("/login")
    assert str((await site.anonymous().post(f"/admin/sessions/{target}/end")).location).startswith("/login")
    person = await site.person({"viewer": "Vera", "engineer": "Emil"}[role], role)
    with pytest.raises(errors.Forbidden):
        await auth.end_sessions_of(site.db, Actor("user", person.id, person.name), other.id)
    with pytest.raises(errors.Forbidden):
        await auth.end_sessions_of(site.db, Actor("token", person.id, person.name), other.id)
    assert not await is_dead(theirs)
    assert await site.events("session.revoked") == []


async def test_an_admin_ends_anybodys_session(site: Site) -> None:
    ada, oskar = await site.as_admin(), await site.person("Oskar", "admin")
    theirs = await site.browser_of(oskar)
    [target] = await sessions_of(site, oskar)
    response = await ada.post(f"/admin/sessions/{target}/end", {"user": oskar.email, "before": ""})
    assert (response.status_code, response.location) == (303, "/admin/sessions?user=oskar%40example.com&done=ended")
    assert await is_dead(theirs)
    [event] = await site.events("session.revoked")
    assert (event.actor.name, event.actor.address, event.data["email"]) == ("Ada", "127.0.0.1", "oskar@example.com")
    assert event.data["why"] == "ended by an admin"
    assert (await ada.post(f"/admin/sessions/{target}/end")).status_code == 404
    assert len(await site.events("session.revoked")) == 1


async def test_two_admins_at_once_end_it_once(site: Site) -> None:
    one, two = await site.as_admin(), await site.browser_of(await site.person("Alan", "admin"))
    [target] = await many(site, await site.person("Emil"), 1)
    path = f"/admin/sessions/{target}/end"
    answers = await asyncio.gather(*[browser.post(path) for browser in (one, two, one, two)])
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404, 404]
    assert len(await site.events("session.revoked")) == 1


async def test_all_of_one_user_end_and_nobody_elses(site: Site) -> None:
    ada, emil = await site.as_admin(), await site.person("Emil")
    theirs, stranger = [await site.browser_of(emil) for _ in range(2)], await site.as_viewer()
    await many(site, emil, 2)
    response = await ada.post("/admin/sessions/end", {"user_id": emil.id})
    assert (response.status_code, response.location) == (303, f"/admin/sessions?user={emil.id}&done=all")
    assert [await is_dead(each) for each in theirs] == [True, True]
    assert not await is_dead(stranger)
    assert not await is_dead(ada)
    events = await site.events("session.revoked")
    assert [event.data["user_id"] for event in events] == [emil.id] * 4
    await ada.post("/admin/sessions/end", {"user_id": emil.id})
    assert len(await site.events("session.revoked")) == 4
    text = await ada.text(f"/admin/sessions?user={emil.id}&done=all")
    assert "were ended" in text
    assert "No session is alive" in text


async def test_nobody_is_ended_where_nobody_is_named(site: Site) -> None:
    ada = await site.as_admin()
    for form in ({"user_id": "nobody"}, {"user_id": ""}, {}, {"user_id": "%' OR 1=1 --"}, {"user_id": "a\0b"}):
        assert (await ada.post("/admin/sessions/end", form)).status_code == 404
    assert (await ada.post("/admin/sessions/%00/end")).status_code == 404
    assert await site.events("session.revoked") == []


async def test_an_admin_who_ends_his_own_is_signed_out(site: Site) -> None:
    ada = await site.person("Ada", "admin")
    for all_of_them in (False, True):
        browser = await site.browser_of(ada)
        [own] = await sessions_of(site, ada)
        path, form = ("/admin/sessions/end", {"user_id": ada.id}) if all_of_them else (f"/admin/sessions/{own}/end", {})
        response = await browser.post(path, form)
        assert (response.status_code, response.location) == (303, "/login")
        assert await is_dead(browser)


async def test_the_list_is_filtered_by_user(site: Site) -> None:
    ada, emil, vera = await site.as_admin(), await site.person("Emil"), await site.person("Vera", "viewer")
    [emils], [veras] = await many(site, emil, 1), await many(site, vera, 1)
    for query in (emil.id, "emil@example.com", "%20EMIL@example.com%20"):
        text = await ada.text(f"/admin/sessions?user={query}")
        assert listed(text) == [emils]
        assert 'action="/admin/sessions/end"' in text
    for query in ("nobody@example.com", "%00", "%25", "'"):
        text = await ada.text(f"/admin/sessions?user={query}")
        assert listed(text) == []
        assert "There is no user" in text or query == "%00"
    assert veras in await ada.text("/admin/sessions")


async def test_pages_follow_each_other_without_gaps(site: Site) -> None:
    ada, emil = await site.as_admin(), await site.person("Emil")
    made = await many(site, emil, 120)
    seen: list[str] = []
    path = f"/admin/sessions?user={emil.id}"
    sizes = []
    while path:
        text = await ada.text(path)
        sizes.append(len(listed(text)))
        seen += listed(text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert sizes == [50, 50, 20]
    assert seen == made[::-1]


@pytest.mark.parametrize(
    "before", ["x", "2026-01-01", "2026-01-01_x", "_", "9999-99-99T00:00:00Z_a", "%00", "2026-01-01T00:00:00Z_%00"]
)
async def test_a_place_that_is_none_begins_at_the_beginning(sqlite_site: Site, before: str) -> None:
    ada = await sqlite_site.as_admin()
    assert len(listed(await ada.text(f"/admin/sessions?before={before}"))) == 1


async def test_with_htmx_the_list_comes_back(site: Site) -> None:
    ada, emil = await site.as_admin(), await site.person("Emil")
    first, second = await many(site, emil, 2)
    response = await ada.post(f"/admin/sessions/{first}/end", {"user": emil.id}, FRAGMENT)
    text = await response.get_data(as_text=True)
    assert (response.status_code, listed(text), "<html" in text) == (200, [second], False)


async def test_the_package_lists_and_counts_for_the_api(site: Site) -> None:
    emil, vera = await site.person("Emil"), await site.person("Vera", "viewer")
    made = await many(site, emil, 3)
    await many(site, vera, 2)
    idle = site.app.settings.session_idle
    async with site.db.read() as tx:
        rest = await auth.select_sessions(tx, clock.now(), idle, user_id=emil.id, limit=2, offset=1)
        assert [session.id for session in rest] == [made[1], made[0]]
        assert await auth.count_sessions(tx, clock.now(), idle, user_id=None) == 5
        assert await auth.count_sessions(tx, clock.now(), idle, user_id=emil.id) == 3
        later = clock.now() + timedelta(days=29)
        assert await auth.count_sessions(tx, later, idle, user_id=None) == 5, "programs do not idle out"
        assert await auth.count_sessions(tx, later + timedelta(days=2), idle, user_id=None) == 0


async def test_hostile_names_stay_text(site: Site) -> None:
    ada, evil = await site.as_admin(), await site.person("Evil")
    name = '<img src=x onerror=alert(1)>"\u202e'
    await site.run("UPDATE users SET name = :name WHERE id = :id", name=name, id=evil.id)
    await many(site, evil, 1)
    for path in (
        "/admin/sessions",
        f"/admin/sessions?user={evil.id}",
        "/admin/sessions?user=%3Cimg%20src=x%3E%22%E2%80%AE",
    ):
        text = await ada.text(path)
        assert "<img" not in text
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", text)
