"""One-time links: an invitation, or a new password after a reset. Each opens once, for one person."""

import asyncio
from datetime import timedelta

import pytest
from quart import Response

from driftsentry import clock, errors
from driftsentry.auth import Role, links, passwords, people
from driftsentry.auth.model import User
from driftsentry.events import SYSTEM, Actor
from tests.auth.test_login import cookie_of, sign_in
from tests.site import PASSWORD, Browser, Site

NEW = "seven green boats"
EVIL = '<img src=x onerror=alert(1)>"'


async def acting(site: Site) -> Actor:
    ada = await site.person("Ada", "admin")
    return Actor("user", ada.id, "Ada", "203.0.113.5", "r1")


async def invited(site: Site, name: str = "Nina") -> tuple[User, str]:
    return await people.invite(site.db, await acting(site), "Nina@Example.com", name, Role.ENGINEER)


async def reset(site: Site) -> tuple[User, str]:
    emil = await site.person("Emil")
    return emil, await people.make_reset_link(site.db, await acting(site), emil.id)


async def use(site: Site, secret: str, address: str = "203.0.113.9", **other: str) -> Response:
    return await site.anonymous(address).post(f"/welcome/{secret}", {"name": "Nina", "password": NEW} | other)


async def text(response: Response) -> str:
    return str(await response.get_data(as_text=True))


async def test_an_invitation_shows_who_it_is_for_and_changes_nothing(site: Site) -> None:
    _user, secret = await invited(site)
    before = await site.tables()
    page = await site.anonymous().text(f"/welcome/{secret}")
    assert "nina@example.com" in page
    assert 'value="Nina"' in page
    assert "engineer" in page
    assert await site.tables() == before


async def test_who_was_invited_chooses_name_and_password_and_is_signed_in(site: Site) -> None:
    user, secret = await invited(site)
    response = await use(site, secret, name="Nina Neumann")
    assert (response.status_code, response.location) == (303, "/")
    assert "Nina Neumann" in await Browser(site.app, cookie_of(response)).text("/")
    assert (await sign_in(site.anonymous(), "nina@example.com", NEW)).status_code == 303
    [changed] = await site.events("user.password_changed")
    assert (changed.actor.kind, changed.actor.id, changed.actor.name) == ("user", user.id, "Nina Neumann")
    assert changed.actor.address == "203.0.113.9"
    assert (changed.data["user_id"], changed.data["email"], changed.data["by"]) == (
        user.id, "nina@example.com", "invitation",
    )  # fmt: skip


async def test_a_reset_sets_the_password_and_ends_all_sessions(site: Site) -> None:
    emil = await site.person("Emil")
    old = [await site.browser_of(emil) for _ in range(2)]
    _user, secret = await reset(site)
    assert (await old[0].get("/")).status_code == 200  # making it ends nothing
    assert "emil@example.com" in await site.anonymous().text(f"/welcome/{secret}")
    response = await use(site, secret, name="Somebody Else")
    assert response.status_code == 303
    assert (await Browser(site.app, cookie_of(response)).get("/")).status_code == 200
    for browser in old:
        assert (await browser.get("/")).status_code == 303
    assert await site.value("SELECT name FROM users WHERE id = :id", id=emil.id) == "Emil"
    revoked = await site.events("session.revoked")
    assert [event.data["why"] for event in revoked] == ["password set by a link"] * 2
    assert {event.actor.id for event in revoked} == {emil.id}
    assert (await sign_in(site.anonymous("203.0.113.1"), emil.email, PASSWORD)).status_code == 401
    assert (await sign_in(site.anonymous("203.0.113.1"), emil.email, NEW)).status_code == 303


@pytest.mark.parametrize("make", [invited, reset])
async def test_a_link_works_once(site: Site, make: object) -> None:
    _user, secret = await make(site)  # type: ignore[operator]
    assert (await use(site, secret)).status_code == 303
    for response in (
        await use(site, secret, password="another password"),
        await site.anonymous().get(f"/welcome/{secret}"),
    ):
        assert response.status_code == 410
        assert "Ask an admin" in await text(response)
    assert len(await site.events("user.password_changed")) == 1


async def test_two_uses_at_once_are_one(site: Site) -> None:
    _user, secret = await invited(site)
    tries = [use(site, secret, f"203.0.113.{n}", password=f"{NEW} {n}") for n in range(4)]
    assert sorted(answer.status_code for answer in await asyncio.gather(*tries)) == [303, 410, 410, 410]
    assert len(await site.events("user.password_changed")) == 1
    assert await site.value("SELECT count(*) FROM sessions") == 1


@pytest.mark.parametrize(("make", "lifetime"), [(invited, timedelta(days=7)), (reset, timedelta(hours=24))])
async def test_a_link_expires(site: Site, make: object, lifetime: timedelta) -> None:
    _user, secret = await make(site)  # type: ignore[operator]
    with clock.pretend(clock.now() + lifetime - timedelta(seconds=10)):
        assert (await site.anonymous().get(f"/welcome/{secret}")).status_code == 200
    with clock.pretend(clock.now() + lifetime):
        for response in (await use(site, secret), await site.anonymous().get(f"/welcome/{secret}")):
            assert response.status_code == 410
            assert "expired" in await text(response)
    assert await site.events("user.password_changed") == []


async def test_a_link_that_expires_while_the_password_is_hashed_opens_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _user, secret = await invited(site)

    async def slowly(password: str) -> str:
        await site.run("UPDATE one_time_links SET expires_at = '2020-01-01T00:00:00.000000Z'")
        return passwords.hash_now(password)

    monkeypatch.setattr(passwords, "hash", slowly)
    assert (await use(site, secret)).status_code == 410
    assert await site.value("SELECT password_hash FROM users WHERE email = 'nina@example.com'") == ""


@pytest.mark.parametrize("secret", ["x", "x" * 43, "%00", "é", "..", "a" * 4000])
async def test_an_unknown_link_is_404_with_what_to_do(sqlite_site: Site, secret: str) -> None:
    await sqlite_site.person("Ada", "admin")
    for response in (await sqlite_site.anonymous().get(f"/welcome/{secret}"), await use(sqlite_site, secret)):
        assert response.status_code == 404
    if secret == "x":
        assert "Ask an admin" in await text(response)


@pytest.mark.parametrize("make", [invited, reset])
async def test_a_new_link_takes_the_place_of_the_old_one(site: Site, make: object) -> None:
    user, old = await make(site)  # type: ignore[operator]
    new = await people.make_reset_link(site.db, await acting(site), user.id)
    assert (await use(site, old)).status_code == 410
    assert (await use(site, new)).status_code == 303


async def test_before_the_first_password_another_link_is_an_invitation_too(site: Site) -> None:
    user, _old = await invited(site)
    secret = await people.make_reset_link(site.db, await acting(site), user.id)
    assert [event.data["purpose"] for event in await site.events("link.created")] == ["invite", "invite"]
    with clock.pretend(clock.now() + timedelta(days=6)):
        assert 'name="name"' in await site.anonymous().text(f"/welcome/{secret}")


@pytest.mark.parametrize("make", [invited, reset])
async def test_the_link_of_somebody_disabled_opens_nothing_even_after_enabling(site: Site, make: object) -> None:
    user, secret = await make(site)  # type: ignore[operator]
    await site.disable(user)
    response = await use(site, secret)
    assert response.status_code == 410
    assert "disabled" in await text(response)
    await people.enable(site.db, SYSTEM, user.id)
    assert (await use(site, secret)).status_code == 410
    with pytest.raises(errors.Conflict, match="Enable"):
        await site.disable(user)
        await people.make_reset_link(site.db, SYSTEM, user.id)


async def test_a_password_that_was_set_otherwise_makes_the_link_void(site: Site) -> None:
    emil, secret = await reset(site)
    await people.reset_password(site.db, emil.email, "some other password")
    assert (await use(site, secret)).status_code == 410


async def test_a_weak_password_or_an_empty_name_leaves_the_link_as_it_was(site: Site) -> None:
    _user, secret = await invited(site)
    response = await use(site, secret, name="", password="password1")
    page = await text(response)
    assert response.status_code == 422
    assert 'id="name-says"' in page
    assert 'id="password-says"' in page
    assert "password1" not in page
    response = await use(site, secret, name="Neumann", password="x" * 73)
    assert 'value="Neumann"' in await text(response)
    assert (await use(site, secret)).status_code == 303


async def test_names_and_addresses_are_text(site: Site) -> None:
    _user, secret = await invited(site, EVIL)
    assert "<img" not in await site.anonymous().text(f"/welcome/{secret}")
    assert "<img" not in await text(await use(site, secret, name=EVIL, password="short"))
    assert "<img" not in await text(await site.anonymous().get(f"/welcome/{EVIL.replace(' ', '')}"))


async def test_only_the_hash_of_a_link_is_kept_and_its_event_names_the_target(site: Site) -> None:
    user, secret = await invited(site)
    rows = await site.rows("SELECT * FROM one_time_links")
    assert secret not in repr([tuple(row) for row in rows])
    [made] = await site.events("link.created")
    assert secret not in repr(made)
    assert made.actor == await acting(site)
    assert (made.data["user_id"], made.data["email"], made.data["purpose"]) == (user.id, "nina@example.com", "invite")


async def test_another_site_cannot_use_a_link(sqlite_site: Site) -> None:
    _user, secret = await invited(sqlite_site)
    form, foreign = {"name": "N", "password": NEW}, {"Sec-Fetch-Site": "cross-site"}
    assert (await sqlite_site.anonymous().post(f"/welcome/{secret}", form, foreign)).status_code == 403
    assert (await links.find(sqlite_site.db, secret)).used_at is None
