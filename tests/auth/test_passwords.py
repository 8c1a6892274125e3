"""What may be a password, and changing one's own."""

import asyncio
from datetime import timedelta

import pytest

from driftsentry import clock, errors, ids
from driftsentry.auth import Person, passwords, people, session_queries
from driftsentry.events import Actor
from tests.auth.test_login import sign_in
from tests.site import PASSWORD, Site, open_session

NEW = "seven green boats"
EMAIL, NAME = "ada.lovelace@example.com", "Ada Lovelace"


GOOD = [
    "aaaaaaaaaaaaaab",
    "correct horse battery",
    "k3#pQ9!z",
    "blue kettle",
    "пароль-кита",
    "x" * 71 + "y",
    "driftsentry!",
]
BAD = {
    "": "Type your password", "1234567": "8 characters", "k3#pQ9!": "8 characters", "password": "common",
    "PassWord": "common", "12345678": "common", "123qweasdzxc": "common", "a" * 15: "easy to guess",
    "A" * 7 + "a" * 9: "easy to guess", " " * 20: "easy to guess", EMAIL: "easy to guess",
    EMAIL.upper(): "easy to guess", "driftsentry": "about", "DriftSentry": "about", "ada lovelace": "about",
    "AdaLovelace": "about", "ada.lovelace": "about", "x" * 72 + "y": "72 bytes", "é" * 37: "72 bytes",
    "nine blue\0kettles": "Type your password",
}  # fmt: skip


@pytest.mark.parametrize("password", GOOD)
def test_a_password_that_is_hard_to_guess_is_taken(password: str) -> None:
    passwords.check_new(password, EMAIL, NAME)
    assert len(password.encode()) <= 72


@pytest.mark.parametrize(("password", "sentence"), BAD.items())
def test_a_password_that_is_easy_to_guess_is_refused(password: str, sentence: str) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        passwords.check_new(password, EMAIL, NAME, field="new")
    [problem] = refusal.value.problems
    assert problem.field == "new"
    assert sentence in problem.message


def test_a_long_one_that_is_common_is_long_enough() -> None:
    assert len(passwords._common()) == 30_000
    passwords.check_new("passwordpassword", EMAIL, NAME)


def test_a_name_that_is_missing_forbids_nothing() -> None:
    passwords.check_new("blue kettle", EMAIL, "")


async def test_72_bytes_are_read_to_the_last(site: Site) -> None:
    hashed = await passwords.hash("x" * 71 + "y")
    assert await passwords.is_right("x" * 71 + "y", hashed)
    assert not await passwords.is_right("x" * 72, hashed)


async def test_who_has_no_password_yet_cannot_sign_in(site: Site) -> None:
    await site.person("Emil")
    await site.run("UPDATE users SET password_hash = ''")
    for number, password in enumerate(("", PASSWORD, " ")):
        response = await sign_in(site.anonymous(f"203.0.113.{number}"), "emil@example.com", password)
        assert response.status_code in (401, 422)


async def test_the_command_line_makes_nobody_with_a_common_password(site: Site) -> None:
    with pytest.raises(errors.Invalid, match="common"):
        await people.create_user(site.db, "emil@example.com", "Emil", people.Role.VIEWER, "password1")
    assert await site.rows("SELECT * FROM users") == []


class Emil:
    """Signed in three times, of which one session asks."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def enter(self) -> "Emil":
        self.user = await self.site.person("Emil")
        secrets = [await open_session(self.site.db, self.site.app.settings, self.user) for _ in range(3)]
        async with self.site.db.read() as tx:
            found = await session_queries.select_person(tx, ids.fingerprint_of(secrets[1]))
        assert found is not None
        self.person: Person = found[0]
        self.actor = Actor("user", self.user.id, "Emil", "203.0.113.5", "r1")
        return self

    async def change(self, old: str = PASSWORD, new: str = NEW, address: str = "203.0.113.5") -> None:
        actor = Actor("user", self.user.id, "Emil", address, "r1")
        await people.change_password(self.site.db, self.site.app.settings, self.person, actor, old, new)

    async def living(self) -> list[str]:
        return [row[0] for row in await self.site.rows("SELECT id FROM sessions WHERE revoked_at IS NULL")]


@pytest.fixture
async def emil(site: Site) -> Emil:
    return await Emil(site).enter()


async def test_a_new_password_ends_the_other_sessions_and_is_an_event(site: Site, emil: Emil) -> None:
    await emil.change()
    assert await emil.living() == [emil.person.session_id]
    [changed] = await site.events("user.password_changed")
    assert changed.actor == emil.actor
    assert (changed.data["user_id"], changed.data["email"]) == (emil.user.id, "emil@example.com")
    revoked = await site.events("session.revoked")
    assert [event.data["why"] for event in revoked] == ["password changed"] * 2
    assert {event.actor for event in revoked} == {emil.actor}
    for secret in (PASSWORD, NEW):
        assert secret not in repr(await site.events())
    assert (await sign_in(site.anonymous(), "emil@example.com")).status_code == 401
    assert (await sign_in(site.anonymous(), "emil@example.com", NEW)).status_code == 303


@pytest.mark.parametrize("old", ["wrong", "", "x" * 100, "a\0b"])
async def test_a_wrong_old_password_changes_nothing(site: Site, emil: Emil, old: str) -> None:
    before = await site.tables("login_failures")
    with pytest.raises(errors.Invalid) as refusal:
        await emil.change(old)
    assert [problem.field for problem in refusal.value.problems] == ["old"]
    assert await site.tables("login_failures") == before


async def test_a_weak_new_password_changes_nothing_and_is_no_wrong_guess(site: Site, emil: Emil) -> None:
    before = await site.tables()
    with pytest.raises(errors.Invalid) as refusal:
        await emil.change(new="password1")
    assert [problem.field for problem in refusal.value.problems] == ["new"]
    assert await site.tables() == before


async def test_guessing_the_old_password_is_throttled(site: Site, emil: Emil) -> None:
    for number in range(5):
        with pytest.raises(errors.Invalid):
            await emil.change("wrong", address=f"203.0.113.{number}")
    with pytest.raises(errors.RateLimited):
        await emil.change(address="203.0.113.99")
    with clock.pretend(clock.now() + timedelta(minutes=15, seconds=1)):
        await emil.change(address="203.0.113.99")


async def test_two_changes_at_once_are_one(site: Site, emil: Emil) -> None:
    done = await asyncio.gather(emil.change(new=NEW + " one"), emil.change(new=NEW + " two"), return_exceptions=True)
    assert sum(result is None for result in done) == 1
    assert {type(result) for result in done if result} <= {errors.Conflict, errors.Invalid}
    assert len(await site.events("user.password_changed")) == 1


async def test_somebody_who_was_disabled_meanwhile_changes_nothing(site: Site, emil: Emil) -> None:
    await site.disable(emil.user)
    with pytest.raises(errors.Failure):
        await emil.change()
    assert await site.events("user.password_changed") == []
