"""A session lives on the server: it ends there, at once, whatever a browser still holds."""

from datetime import timedelta

import pytest
from quart import Response

from driftsentry import clock
from driftsentry.auth import actions, people
from tests.site import Browser, Site, open_session, sign

PAGES = ("/", "/drifts", "/stacks")


async def is_signed_in(browser: Browser) -> bool:
    statuses = {(await browser.get(path)).status_code for path in PAGES}
    assert statuses in ({200}, {303}), statuses
    return statuses == {200}


async def test_signing_out_kills_a_copied_cookie_at_once(site: Site) -> None:
    browser = await site.as_engineer()
    copied = Browser(site.app, browser.cookie, "203.0.113.9")
    assert await is_signed_in(copied)
    response = await browser.post("/logout")
    assert (response.status_code, response.location) == (303, "/login")
    assert response.headers["Clear-Site-Data"] == '"cookies", "storage"'
    assert "__Host-driftsentry=;" in response.headers["Set-Cookie"]
    assert not await is_signed_in(copied)
    assert not await is_signed_in(browser)
    [revoked] = await site.events("session.revoked")
    assert (revoked.actor.name, revoked.data["why"]) == ("Emil", "signed out")


async def test_signing_out_leaves_the_other_sessions_alone(site: Site) -> None:
    first, second = await site.as_engineer(), await site.as_engineer()
    await first.post("/logout")
    assert await is_signed_in(second)


async def test_signing_out_without_a_session_is_no_error(site: Site) -> None:
    for browser in (site.anonymous(), Browser(site.app, "garbage")):
        response = await browser.post("/logout")
        assert response.status_code == 303
        assert "Clear-Site-Data" in response.headers
    assert await site.events("session.revoked") == []


async def test_a_link_cannot_sign_anybody_out(site: Site) -> None:
    browser = await site.as_engineer()
    assert (await browser.get("/logout")).status_code == 405
    assert await is_signed_in(browser)


async def test_an_idle_session_ends_after_12_hours(site: Site) -> None:
    used, idle = await site.as_engineer(), await site.as_engineer()
    start = clock.now()
    for hours in (6, 11, 16):
        with clock.pretend(start + timedelta(hours=hours)):
            assert await is_signed_in(used)
    with clock.pretend(start + timedelta(hours=12, seconds=1)):
        assert not await is_signed_in(idle)
    with clock.pretend(start + timedelta(hours=16)):
        assert await is_signed_in(used)


async def test_every_session_ends_after_7_days(site: Site) -> None:
    browser = await site.as_engineer()
    start = clock.now()
    for hours in range(0, 7 * 24, 11):
        with clock.pretend(start + timedelta(hours=hours)):
            assert await is_signed_in(browser)
    with clock.pretend(start + timedelta(days=7)):
        assert not await is_signed_in(browser)


async def test_a_clock_that_jumps_back_revives_nothing(site: Site) -> None:
    browser = await site.as_engineer()
    start = clock.now()
    with clock.pretend(start + timedelta(hours=13)):
        assert not await is_signed_in(browser)
    assert not await is_signed_in(browser)
    [revoked] = await site.events("session.revoked")
    assert revoked.data["why"] == "expired"


async def test_a_clock_that_jumps_back_does_not_set_back_when_somebody_was_seen(site: Site) -> None:
    browser = await site.as_engineer()
    start = clock.now()
    with clock.pretend(start + timedelta(hours=5)):
        assert await is_signed_in(browser)
    seen = await site.value("SELECT last_seen_at FROM sessions")
    with clock.pretend(start + timedelta(hours=1)):
        assert await is_signed_in(browser)
    assert await site.value("SELECT last_seen_at FROM sessions") == seen


async def test_being_seen_is_written_once_a_minute_at_most(site: Site) -> None:
    browser = await site.as_engineer()
    before = await site.tables()
    for _ in range(5):
        await is_signed_in(browser)
    assert await site.tables() == before
    with clock.pretend(clock.now() + timedelta(minutes=1)):
        await is_signed_in(browser)
    assert await site.tables("sessions") == {name: before[name] for name in before if name != "sessions"}
    assert (await site.tables())["sessions"] != before["sessions"]


async def test_the_21st_session_ends_the_oldest(site: Site) -> None:
    emil = await site.person("Emil")
    browsers = [await site.browser_of(emil) for _ in range(20)]
    caller = actions.Caller("127.0.0.1", "tests", "r")
    secret = await actions.sign_in(site.db, site.app.settings, emil.email, "nine blue kettles", caller)
    assert not await is_signed_in(browsers[0])
    assert await is_signed_in(browsers[1])
    assert await is_signed_in(browsers[19])
    assert await is_signed_in(Browser(site.app, sign(site.app.settings, secret)))
    [revoked] = await site.events("session.revoked")
    assert revoked.data["why"] == "too many sessions"


async def test_a_disabled_person_is_refused_everywhere_at_the_next_request(site: Site) -> None:
    emil, ada = await site.person("Emil"), await site.person("Ada", "admin")
    browsers = [await site.browser_of(emil) for _ in range(3)]
    await site.disable(emil)
    for browser in browsers:
        assert not await is_signed_in(browser)
        assert (await browser.post("/drifts/1/decision", {})).status_code == 303
        assert (await browser.post("/account/theme", {"theme": "dark"})).status_code == 303
    assert await is_signed_in(await site.browser_of(ada))
    [disabled] = await site.events("user.disabled")
    assert disabled.data["email"] == emil.email
    assert [event.data["why"] for event in await site.events("session.revoked")] == ["account disabled"] * 3


async def test_a_session_of_somebody_inactive_is_nothing_even_when_not_revoked(site: Site) -> None:
    browser = await site.as_engineer()
    await site.run("UPDATE users SET is_active = 0")
    assert not await is_signed_in(browser)


async def test_the_last_active_admin_cannot_be_disabled(site: Site) -> None:
    ada = await site.person("Ada", "admin")
    with pytest.raises(Exception, match="last active admin"):
        await site.disable(ada)
    assert await is_signed_in(await site.browser_of(ada))
    await site.person("Alan", "admin")
    await site.disable(ada)


async def test_a_new_password_ends_all_sessions(site: Site) -> None:
    browser = await site.as_engineer()
    await people.reset_password(site.db, "emil@example.com", "seven green boats")
    assert not await is_signed_in(browser)
    caller = actions.Caller("127.0.0.1", "tests", "r")
    assert await actions.sign_in(site.db, site.app.settings, "emil@example.com", "seven green boats", caller)


async def test_another_role_takes_effect_at_the_next_request(site: Site) -> None:
    browser = await site.as_viewer()
    assert (await browser.post("/drifts/1/comments", {"text": "hello"})).status_code == 403
    await site.run("UPDATE users SET role = 'engineer'")
    assert (await browser.post("/drifts/1/comments", {"text": "hello"})).status_code == 404
    await site.run("UPDATE users SET role = 'viewer'")
    assert (await browser.post("/drifts/1/comments", {"text": "hello"})).status_code == 403


async def forged(site: Site) -> dict[str, str]:
    emil = await site.person("Emil")
    good = sign(site.app.settings, await open_session(site.db, site.app.settings, emil))
    other = sign(site.app.settings.__class__.from_env(OTHER_KEY, None), "a secret")
    payload, rest = good.split(".", 1)
    return {
        "nothing": "",
        "garbage": "garbage",
        "dots": "...",
        "a letter more": good + "x",
        "a letter less": good[:-1],
        "another signature": f"{good.rsplit('.', 1)[0]}.AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "another payload": f"{payload[:-2]}AA.{rest}",
        "another key": other,
        "the id of a user": sign(site.app.settings, emil.id),
        "the id of a session": sign(site.app.settings, str(await site.value("SELECT id FROM sessions"))),
        "the hash of a session": sign(site.app.settings, str(await site.value("SELECT secret_hash FROM sessions"))),
        "an unknown secret": sign(site.app.settings, "x" * 43),
        "very long": "x" * 8000,
        "unicode": "\xff\xfe",
        "quoted": '"a;b"',
    }


OTHER_KEY = {
    "SECRET_KEY": "p3Xs-another-key-Jr65-sign-cookies-Bn8",
    "JWT_SECRET": "t9Vd-another-key-Ga17-sign-tokens-Ko4",
    "DATABASE_URL": "sqlite:///unused.db",
}


async def test_a_forged_cookie_is_nobody(site: Site) -> None:
    for what, cookie in (await forged(site)).items():
        response: Response = await Browser(site.app, cookie).get("/")
        assert (response.status_code, response.location) == (303, "/login?next=/"), what
    assert await site.events("session.revoked") == []


async def test_a_cookie_of_another_name_or_a_bearer_token_is_nobody(site: Site) -> None:
    browser = await site.as_engineer()
    for headers in (
        {"Cookie": f"driftsentry={browser.cookie}"},
        {"Cookie": f"QUART_AUTH={browser.cookie}"},
        {"Authorization": f"Bearer {browser.cookie}"},
    ):
        assert (await site.anonymous().get("/", headers)).status_code == 303, headers
