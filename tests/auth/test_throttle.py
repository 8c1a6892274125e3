"""Guessing passwords: five failures in fifteen minutes, per account and per address."""

import asyncio
from datetime import timedelta

from quart import Response

from driftsentry import clock
from tests.auth.test_login import cookie_of, sign_in
from tests.site import Browser, Site, running_site


def from_address(site: Site, number: int) -> Browser:
    return site.anonymous(f"203.0.113.{number}")


async def fail(site: Site, email: str, times: int = 5, *, address: int | None = None) -> list[int]:
    return [(await sign_in(from_address(site, address or 100 + n), email, "wrong")).status_code for n in range(times)]


def check_refused(response: Response, text: str) -> None:
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 15 * 60
    assert "Too many wrong passwords" in text


async def test_the_sixth_guess_of_an_account_is_refused_from_any_address(site: Site) -> None:
    emil = await site.person("Emil")
    assert await fail(site, emil.email) == [401] * 5
    response = await sign_in(from_address(site, 1), emil.email, "wrong")
    check_refused(response, await response.get_data(as_text=True))


async def test_even_the_right_password_is_refused_meanwhile_and_works_afterwards(site: Site) -> None:
    emil = await site.person("Emil")
    await fail(site, emil.email)
    response = await sign_in(from_address(site, 1), emil.email)
    check_refused(response, await response.get_data(as_text=True))
    assert await site.value("SELECT count(*) FROM sessions") == 0
    wait = timedelta(seconds=int(response.headers["Retry-After"]))
    with clock.pretend(clock.now() + wait - timedelta(seconds=5)):
        assert (await sign_in(from_address(site, 1), emil.email)).status_code == 429
    with clock.pretend(clock.now() + wait):
        assert (await sign_in(from_address(site, 1), emil.email)).status_code == 303


async def test_unknown_accounts_are_answered_alike(site: Site) -> None:
    emil = await site.person("Emil")
    answers = []
    for number, email in enumerate((emil.email, "nobody@example.com")):
        assert await fail(site, email, address=10 + number) == [401] * 5
        response = await sign_in(from_address(site, 20 + number), email, "wrong")
        text = (await response.get_data(as_text=True)).replace(email, "EMAIL")
        check_refused(response, text)
        answers.append((sorted(response.headers.keys()), text))
    assert answers[0] == answers[1]


async def test_one_address_may_not_try_many_accounts(site: Site) -> None:
    emil = await site.person("Emil")
    for number in range(5):
        await sign_in(from_address(site, 1), f"user{number}@example.com", "wrong")
    assert (await sign_in(from_address(site, 1), emil.email)).status_code == 429
    assert (await sign_in(from_address(site, 2), emil.email)).status_code == 303


async def test_a_restart_forgets_nothing(database_url: str) -> None:
    async with running_site(database_url) as site:
        emil = await site.person("Emil")
        await fail(site, emil.email)
    async with running_site(database_url) as site:
        assert (await sign_in(from_address(site, 1), emil.email)).status_code == 429


async def test_the_throttle_never_ends_a_living_session(site: Site) -> None:
    emil = await site.person("Emil")
    browser = await site.browser_of(emil)
    await fail(site, emil.email, 8)
    assert (await browser.get("/")).status_code == 200


async def test_a_sign_in_that_works_forgets_the_failures_of_the_account(site: Site) -> None:
    emil = await site.person("Emil")
    for _ in range(3):
        await fail(site, emil.email, 4)
        assert (await sign_in(from_address(site, 1), emil.email)).status_code == 303


async def test_signing_in_often_is_no_guessing(site: Site) -> None:
    emil = await site.person("Emil")
    for _ in range(8):
        response = await sign_in(from_address(site, 1), emil.email)
        assert response.status_code == 303
    assert (await Browser(site.app, cookie_of(response)).get("/")).status_code == 200


async def test_capitals_and_blanks_make_no_other_account(site: Site) -> None:
    await site.person("Emil")
    spellings = ("emil@example.com", "EMIL@example.com", " emil@example.com", "Emil@Example.com ", "emil@EXAMPLE.com")
    for number, email in enumerate(spellings):
        await sign_in(from_address(site, number), email, "wrong")
    assert (await sign_in(from_address(site, 50), "eMil@example.com")).status_code == 429


async def test_guesses_side_by_side_do_not_slip_past(site: Site) -> None:
    emil = await site.person("Emil")
    answers = await asyncio.gather(*[sign_in(from_address(site, n), emil.email, f"guess {n}") for n in range(20)])
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def test_the_database_does_not_keep_what_was_typed(site: Site) -> None:
    await fail(site, "typed-by-mistake@example.com", 2)
    assert "typed-by-mistake" not in repr(await site.tables())
