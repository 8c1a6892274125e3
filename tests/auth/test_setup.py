"""The first run: `/setup` makes the first admin, once, for whoever has the code of the log."""

import asyncio
import logging
import re
from datetime import timedelta

import pytest
from quart import Response

from driftsentry import clock
from driftsentry.auth import setup
from tests.auth.test_login import cookie_of, sign_in
from tests.site import PASSWORD, Browser, Site, running_site

FORM = {"name": "Ada", "email": "Ada@Example.com", "password": PASSWORD}
EVIL = '<script>alert(1)</script>"'


@pytest.fixture
async def code(site: Site, caplog: pytest.LogCaptureFixture) -> str:
    return await offered(site, caplog)


@pytest.fixture
async def sqlite_code(sqlite_site: Site, caplog: pytest.LogCaptureFixture) -> str:
    return await offered(sqlite_site, caplog)


async def offered(site: Site, caplog: pytest.LogCaptureFixture) -> str:
    """As another process on the same database would log it."""
    with caplog.at_level(logging.WARNING):
        await setup.offer(site.db, site.app.settings)
    return str(logged(caplog)[-1].code)  # type: ignore[attr-defined]


def logged(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.message == "setup.code"]


async def post(site: Site, code: str, address: str = "127.0.0.1", **other: str) -> Response:
    return await site.anonymous(address).post("/setup", FORM | {"code": code} | other)


async def text(response: Response) -> str:
    return str(await response.get_data(as_text=True))


async def count_users(site: Site) -> int:
    return int(await site.value("SELECT count(*) FROM users"))


async def test_a_start_without_users_logs_a_code_that_opens_the_setup(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with running_site(database_url, DRIFTSENTRY_BASE_URL="https://drift.example.com") as site:
        [record] = logged(caplog)
        code, url = record.code, record.url  # type: ignore[attr-defined]
        assert url == f"https://drift.example.com/setup?code={code}"
        assert re.fullmatch("[0-9a-z]{26}", code)  # 130 bits, one word
        assert record.levelno == logging.WARNING
        page = await site.anonymous().text(f"/setup?code={code}")
        assert f'value="{code}"' in page
        assert code not in repr(await site.rows("SELECT * FROM setup_codes"))
        assert (await post(site, code)).status_code == 303
    caplog.clear()
    async with running_site(database_url):
        assert logged(caplog) == []


async def test_the_code_makes_the_first_admin_and_signs_him_in(site: Site, code: str) -> None:
    response = await post(site, code, "203.0.113.7")
    assert (response.status_code, response.location) == (303, "/setup/stack")
    assert "Connect a stack" in await Browser(site.app, cookie_of(response)).text("/setup/stack")
    [user] = await site.rows("SELECT * FROM users")
    assert (user["email"], user["name"], user["role"]) == ("ada@example.com", "Ada", "admin")
    assert user["signed_in_at"] is not None
    assert await site.rows("SELECT * FROM setup_codes") == []
    found = await site.events()
    assert [event.kind for event in found] == ["user.created", "setup.completed", "session.started"]
    for event in found:
        assert (event.actor.kind, event.actor.id, event.actor.name) == ("user", user["id"], "Ada")
        assert event.actor.address == "203.0.113.7"
        assert event.actor.request_id
    for event in found[:2]:
        assert (event.data["user_id"], event.data["email"]) == (user["id"], "ada@example.com")
    assert PASSWORD not in repr(found)
    assert code not in repr(found)
    assert (await sign_in(site.anonymous(), "ada@example.com")).status_code == 303


async def test_capitals_and_blanks_around_the_code_do_no_harm(sqlite_site: Site, sqlite_code: str) -> None:
    assert (await post(sqlite_site, f"  {sqlite_code.upper()}\n")).status_code == 303


async def test_a_session_that_a_browser_held_before_is_not_taken_over(sqlite_site: Site, sqlite_code: str) -> None:
    planted = Browser(sqlite_site.app, "planted")
    response = await planted.post("/setup", FORM | {"code": sqlite_code})
    assert cookie_of(response) != "planted"


async def test_the_codes_of_all_processes_are_good_until_somebody_has_set_up(
    site: Site, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = await offered(site, caplog)
    assert other != code
    for each in (code, other):
        assert (await post(site, each, password="short")).status_code == 422
    assert (await post(site, code)).status_code == 303
    assert (await post(site, other)).status_code == 404


async def test_two_at_once_make_one_admin(site: Site, code: str) -> None:
    tries = [post(site, code, email=f"user{n}@example.com") for n in range(4)]
    statuses = sorted(response.status_code for response in await asyncio.gather(*tries))
    assert statuses == [303, 404, 404, 404]
    assert await count_users(site) == 1
    assert len(await site.events("setup.completed")) == 1
    assert await site.value("SELECT count(*) FROM sessions") == 1


async def test_once_there_is_a_user_there_is_no_such_page(site: Site, code: str) -> None:
    await site.person("Vera", "viewer")
    before = await site.tables()
    for browser in (site.anonymous(), await site.as_viewer()):
        assert (await browser.get(f"/setup?code={code}")).status_code == 404
    response = await post(site, code)
    assert response.status_code == 404
    assert "set up already" in await text(response)
    assert await site.tables("sessions") == {name: rows for name, rows in before.items() if name != "sessions"}


async def test_somebody_disabled_is_a_user_too(site: Site, code: str) -> None:
    await site.person("Vera", "viewer")
    await site.run("UPDATE users SET is_active = 0")
    assert (await post(site, code)).status_code == 404


async def test_a_wrong_code_is_refused_in_the_form_which_keeps_what_was_typed(site: Site, code: str) -> None:
    response = await post(site, "wrong-" + code)
    page = await text(response)
    assert response.status_code == 403
    assert "not the code" in page
    for typed in ("Ada", "Ada@Example.com"):
        assert f'value="{typed}"' in page
    assert PASSWORD not in page
    assert await count_users(site) == 0


@pytest.mark.parametrize("wrong", ["", " ", "0" * 26, "é", "%"])
async def test_what_is_no_code_is_a_wrong_one(sqlite_site: Site, wrong: str) -> None:
    assert (await post(sqlite_site, wrong)).status_code == 403


async def test_guessing_is_throttled_across_addresses_and_the_owner_gets_in_all_the_same(site: Site, code: str) -> None:
    statuses = [(await post(site, f"guess {n}", f"203.0.113.{n}")).status_code for n in range(7)]
    assert statuses == [403] * 5 + [429] * 2
    response = await post(site, "guess", "203.0.113.99")
    assert 0 < int(response.headers["Retry-After"]) <= 15 * 60
    page = await text(response)
    assert "Too many wrong codes" in page
    assert PASSWORD not in page
    with clock.pretend(clock.now() + timedelta(minutes=15, seconds=1)):
        assert (await post(site, "guess", "203.0.113.99")).status_code == 403
    assert (await post(site, code, "203.0.113.98")).status_code == 303
    assert await site.value("SELECT count(*) FROM login_failures WHERE account_key = 'setup'") == 0


async def test_guesses_side_by_side_do_not_slip_past(site: Site, code: str) -> None:
    answers = await asyncio.gather(*[post(site, f"guess {n}", f"203.0.113.{n}") for n in range(12)])
    assert sorted(answer.status_code for answer in answers) == [403] * 5 + [429] * 7


async def test_every_problem_is_said_at_once_beside_its_field(sqlite_site: Site, sqlite_code: str) -> None:
    response = await post(sqlite_site, sqlite_code, name=" ", email="nobody", password="password1")
    page = await text(response)
    assert response.status_code == 422
    for name in ("name", "email", "password"):
        assert f'id="{name}-says"' in page
    assert "common passwords" in page
    assert "password1" not in page.replace("password1-", "")
    assert await count_users(sqlite_site) == 0
    assert await sqlite_site.value("SELECT count(*) FROM login_failures") == 0


async def test_a_name_is_text(sqlite_site: Site, sqlite_code: str) -> None:
    page = await text(await post(sqlite_site, sqlite_code, name=EVIL, password="short"))
    assert "<script>alert" not in page
    response = await post(sqlite_site, sqlite_code, name=EVIL)
    assert "<script>alert" not in await Browser(sqlite_site.app, cookie_of(response)).text("/admin/users")


async def test_without_users_the_login_leads_to_the_setup(site: Site) -> None:
    response = await site.anonymous().get("/login?next=/drifts")
    assert (response.status_code, response.location) == (303, "/setup")
    await site.person("Vera", "viewer")
    assert (await site.anonymous().get("/login")).status_code == 200


async def test_another_site_cannot_set_up(sqlite_site: Site, sqlite_code: str) -> None:
    form = FORM | {"code": sqlite_code}
    response = await sqlite_site.anonymous().post("/setup", form, {"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert await count_users(sqlite_site) == 0


async def test_demo_has_users_and_so_no_setup(tmp_path: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with running_site(f"sqlite:///{tmp_path}/demo.db", DRIFTSENTRY_ENV="demo") as site:
        assert logged(caplog) == []
        assert (await site.anonymous().get("/setup")).status_code == 404
