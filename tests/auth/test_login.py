"""Signing in: what the cookie is, and that nobody finds out who has an account."""

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from quart import Response

from driftsentry import clock
from driftsentry.auth import passwords
from driftsentry.auth.guards import COOKIE
from tests.site import PASSWORD, Browser, Site

WRONG = "The e-mail address or the password is wrong."


async def sign_in(browser: Browser, email: str, password: str = PASSWORD, **more: str) -> Response:
    return await browser.post("/login", {"email": email, "password": password} | more)


def cookie_of(response: Response) -> str:
    [header] = response.headers.getlist("Set-Cookie")
    return SimpleCookie(header)[COOKIE].value


async def test_who_signs_in_gets_a_cookie_that_scripts_and_other_sites_do_not(site: Site) -> None:
    await site.person("Emil")
    response = await sign_in(site.anonymous(), " Emil@Example.com ")
    assert (response.status_code, response.location) == (303, "/")
    [header] = response.headers.getlist("Set-Cookie")
    name, *attributes = header.split("; ")
    assert name.startswith("__Host-driftsentry=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(attributes)
    assert not [each for each in attributes if each.startswith("Domain")]
    page = await Browser(site.app, cookie_of(response)).text("/")
    assert "Emil" in page


async def test_the_session_is_recorded_without_its_secret(site: Site) -> None:
    emil = await site.person("Emil")
    browser = site.anonymous("203.0.113.7")
    cookie = cookie_of(await sign_in(browser, emil.email))
    [session] = await site.rows("SELECT * FROM sessions")
    assert (session["user_id"], session["address"], session["revoked_at"]) == (emil.id, "203.0.113.7", None)
    age = clock.from_text(session["expires_at"]) - clock.from_text(session["created_at"])
    assert age == timedelta(days=7)
    assert cookie.split(".")[0].strip('"') not in repr(await site.tables())
    [started] = await site.events("session.started")
    assert (started.actor.name, started.actor.address, started.data["session_id"]) == (
        "Emil", "203.0.113.7", session["id"],
    )  # fmt: skip


async def test_every_sign_in_is_a_new_session(site: Site) -> None:
    emil = await site.person("Emil")
    first = cookie_of(await sign_in(site.anonymous(), emil.email))
    second = cookie_of(await sign_in(Browser(site.app, first), emil.email))
    assert first != second
    assert await site.value("SELECT count(*) FROM sessions") == 2


def shape(response: Response) -> dict[str, Any]:
    """Headers without what differs for every answer."""
    return {name: value for name, value in response.headers.items() if name.lower() != "x-request-id"}


async def test_a_wrong_password_and_an_unknown_account_are_answered_alike(site: Site) -> None:
    await site.person("Known")
    disabled = await site.person("Closed")
    await site.disable(disabled)
    answers = []
    for email in ("known@example.com", "nobody@example.com", "closed@example.com"):
        response = await sign_in(site.anonymous(f"203.0.113.{len(answers)}"), email, "a wrong password")
        text = (await response.get_data(as_text=True)).replace(email, "EMAIL")
        answers.append((response.status_code, text, shape(response) | {"Content-Length": ""}))
    assert answers[0][0] == 401
    assert WRONG in answers[0][1]
    assert answers[0] == answers[1] == answers[2]
    assert await site.value("SELECT count(*) FROM sessions") == 0


@pytest.mark.real_rounds
async def test_an_unknown_account_costs_the_same_hash(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[bytes] = []
    check = passwords.bcrypt.checkpw

    def count(password: bytes, known: bytes) -> bool:
        spent.append(known)
        return bool(check(password, known))

    monkeypatch.setattr(passwords.bcrypt, "checkpw", count)
    await sign_in(site.anonymous(), "nobody@example.com")
    [known] = spent
    assert known.startswith(b"$2b$12$")
    assert len(known) == 60


async def test_a_disabled_person_cannot_sign_in_with_the_right_password(site: Site) -> None:
    emil = await site.person("Emil")
    await site.disable(emil)
    assert (await sign_in(site.anonymous(), emil.email)).status_code == 401


@pytest.mark.parametrize("password", ["x" * 73, "ü" * 37, "\N{PILE OF POO}" * 19])
async def test_more_than_72_bytes_are_refused_with_a_sentence(site: Site, password: str) -> None:
    emil = await site.person("Emil")
    response = await sign_in(site.anonymous(), emil.email, password)
    assert response.status_code == 422
    assert "72 bytes at most" in await response.get_data(as_text=True)
    assert await site.value("SELECT count(*) FROM login_failures") == 0


@pytest.mark.parametrize("password", ["", "a\0b"])
async def test_no_password_and_a_zero_byte_are_refused(site: Site, password: str) -> None:
    assert (await sign_in(site.anonymous(), "emil@example.com", password)).status_code == 422


@pytest.mark.parametrize("email", ["", "\0", "x" * 5000, "a' OR 1=1 --", "<script>", "emil@example.com\nX: y"])
async def test_whatever_is_typed_as_an_address_is_only_wrong(site: Site, email: str) -> None:
    response = await sign_in(site.anonymous(), email)
    text = await response.get_data(as_text=True)
    assert response.status_code == 401
    assert "<script>" not in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
        "javascript:alert(1)", "evil.example", "/\t/evil.example", "/\n/evil.example", "", "?x", "@evil.example",
    ],
)  # fmt: skip
async def test_the_way_back_leads_to_no_other_site(sqlite_site: Site, target: str) -> None:
    emil = await sqlite_site.person("Emil")
    response = await sign_in(sqlite_site.anonymous(), emil.email, next=target)
    assert (response.status_code, response.location) == (303, "/")
    page = await sqlite_site.anonymous().request("GET", "/login", query_string={"next": target})
    assert "evil" not in await page.get_data(as_text=True)
    engineer = await sqlite_site.as_engineer()
    again = await engineer.request("GET", "/login", query_string={"next": target})
    assert (again.status_code, again.location) == (303, "/")
    theme = await engineer.post("/account/theme", {"theme": "dark", "next": target})
    assert (theme.status_code, theme.location) == (303, "/")


async def test_the_way_back_leads_to_the_page_that_was_asked_for(sqlite_site: Site) -> None:
    emil = await sqlite_site.person("Emil")
    asked = await sqlite_site.anonymous().get("/drifts?status=all&q=a%20b")
    assert asked.status_code == 303
    page = await (await sqlite_site.anonymous().get(str(asked.location))).get_data(as_text=True)
    assert 'name="next" value="/drifts?status=all&amp;q=a%20b"' in page
    response = await sign_in(sqlite_site.anonymous(), emil.email, next="/drifts?status=all&q=a%20b")
    assert response.location == "/drifts?status=all&q=a%20b"


async def test_the_demo_logins_are_shown_only_in_demo(sqlite_site: Site) -> None:
    await sqlite_site.person("Vera", "viewer")  # without anybody, the login leads to /setup
    assert "admin123" not in await sqlite_site.anonymous().text("/login")
