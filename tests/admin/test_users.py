"""Who there is, and inviting somebody."""

import asyncio
import html
import re
from datetime import timedelta

import pytest

from driftsentry import auth, clock, errors
from driftsentry.admin import users_pages
from driftsentry.auth import Role, people
from driftsentry.db import Tx
from driftsentry.events import SYSTEM
from tests.admin.people import EVIL, INVITATION, check_events, text, the_admin
from tests.auth.test_login import sign_in
from tests.site import Site

# -- The list --------------------------------------------------------------------------------------------------


async def test_many_stand_on_pages_and_are_found_by_name(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users_pages, "PAGE", 2)
    admin = await site.as_admin()
    assert "people-filter" not in await admin.text("/admin/users")
    for name in ("Bo", "Cleo", "D_o", "Emil"):
        await site.person(name)
    names, path = [], "/admin/users"
    while path:
        page = await admin.text(path)
        names += re.findall(r'href="/admin/users/\w+"><bdi>(\w+)<', page)
        path = html.unescape((re.findall(r'href="([^"]+)" rel="next"', page) or [""])[0])
    assert names == ["Ada", "Bo", "Cleo", "D_o", "Emil"]
    await site.run("UPDATE users SET name = 'Élodie' WHERE name = 'Emil'")
    for asked, expected in (
        ("LEO@", ["Cleo"]),
        ("%C3%89l", ["Élodie"]),
        ("_", ["D_o"]),
        ("%25", []),
        ("o&after=bo@example.com", ["Cleo", "D_o"]),
    ):
        found = await admin.text(f"/admin/users?q={asked}")
        assert re.findall(r'href="/admin/users/\w+"><bdi>(\w+)<', found) == expected
    assert "Nobody is called so." in await admin.text(f"/admin/users?q={EVIL}%00")


async def test_the_list_says_who_there_is_in_which_state(site: Site) -> None:
    admin = await the_admin(site)
    await sign_in(site.anonymous(), (await site.person("Emil")).email)
    gone = await site.person("Gone", "viewer")
    await site.disable(gone)
    await people.invite(site.db, SYSTEM, "nina@example.com", "Nina", Role.VIEWER)
    async with site.db.read() as tx:
        found = {each.email.split("@")[0]: each for each in await auth.select_accounts(tx)}
        [one] = [await auth.select_account(tx, found["emil"].id)]
    assert one == found["emil"]
    assert {name: each.state for name, each in found.items()} == {
        "ada": "active", "emil": "active", "gone": "disabled", "nina": "invited",
    }  # fmt: skip
    assert (found["emil"].sessions, found["ada"].sessions, found["gone"].sessions) == (1, 1, 0)
    assert found["emil"].signed_in_at is not None
    assert found["nina"].signed_in_at is None
    page = await admin.text("/admin/users")
    for word in ("emil@example.com", "invited", "disabled", "never", "just now"):
        assert word in page


async def test_dead_sessions_are_not_counted(site: Site) -> None:
    emil = await site.person("Emil")
    await site.browser_of(emil)
    for later, idle, living in (
        (13, timedelta(hours=12), 0),
        (13, timedelta(days=365), 1),
        (24 * 8, timedelta(days=365), 0),
    ):
        with clock.pretend(clock.now() + timedelta(hours=later)):
            async with site.db.read() as tx:
                account = await auth.select_account(tx, emil.id, idle)
        assert account is not None
        assert account.sessions == living


async def test_names_are_text_on_every_page(site: Site) -> None:
    admin = await the_admin(site)
    response = await admin.post("/admin/users", INVITATION | {"name": EVIL})
    assert "<img" not in await text(response)
    assert "<img" not in await admin.text("/admin/users")
    response = await admin.post("/admin/users", {"email": EVIL, "name": EVIL, "role": EVIL})
    assert response.status_code == 422
    assert "<img" not in await text(response)


# -- Inviting --------------------------------------------------------------------------------------------------


async def test_an_invitation_makes_somebody_and_shows_a_link_once(site: Site) -> None:
    admin = await the_admin(site)
    response = await admin.post("/admin/users", INVITATION)
    page = await text(response)
    assert response.status_code == 200
    [link] = re.findall(r"http://127\.0\.0\.1:8000(/welcome/[\w-]{43})", page)
    assert 'data-copy="#link"' in page
    [user] = await site.rows("SELECT * FROM users WHERE email = 'nina@example.com'")
    assert (user["name"], user["role"], user["password_hash"], user["is_active"]) == ("Nina", "engineer", "", 1)
    assert "/welcome/" not in await admin.text(f"/admin/users/{user['id']}")
    assert (await site.anonymous().get(link)).status_code == 200
    await check_events(site, dict(zip(user.keys(), user, strict=True)), "user.invited", "link.created")
    assert link.rpartition("/")[2] not in repr(await site.events())


async def test_an_address_that_is_taken_is_a_conflict(site: Site) -> None:
    admin = await the_admin(site)
    await admin.post("/admin/users", INVITATION)
    before = await site.tables()
    response = await admin.post("/admin/users", INVITATION | {"email": " nina@EXAMPLE.com"})
    assert response.status_code == 409
    assert "already a user nina@example.com" in await text(response)
    assert await site.tables() == before


async def test_two_invitations_at_once_are_one(site: Site) -> None:
    admin = await the_admin(site)
    answers = await asyncio.gather(*[admin.post("/admin/users", INVITATION) for _ in range(3)])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await site.events("user.invited")) == 1


WRONG = [
    {"email": ""}, {"email": "nobody"}, {"email": "a@b@c"}, {"email": "a b@c.d"}, {"email": "a\t@c.d"},
    {"email": "@c.d"}, {"email": "a@"}, {"email": f"{'a' * 320}@b.c"},
    {"email": "a\u202e@b.c"}, {"name": ""}, {"name": "  "},
    {"name": "x" * 101}, {"name": "a\u202eb"}, {"name": "a\nb"}, {"role": ""}, {"role": "owner"}, {"role": "ADMIN"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
async def test_what_is_no_address_name_or_role_is_refused(sqlite_site: Site, wrong: dict[str, str]) -> None:
    admin = await the_admin(sqlite_site)
    before = await sqlite_site.tables()
    response = await admin.post("/admin/users", INVITATION | wrong)
    assert response.status_code == 422
    assert 'class="small problem"' in await text(response)
    assert await sqlite_site.tables() == before


async def test_all_problems_are_said_at_once(sqlite_site: Site) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        await people.invite(sqlite_site.db, SYSTEM, "nobody", "", Role.VIEWER)
    assert [problem.field for problem in refusal.value.problems] == ["email", "name"]


async def test_once_comes_first_in_the_same_transaction(site: Site) -> None:
    async def mark(tx: Tx) -> None:
        await tx.run("INSERT INTO idempotency_keys (key_hash, request_hash, created_at) VALUES ('k', 'r', 'now')")

    async def refuse(tx: Tx) -> None:
        raise errors.Conflict("seen before")

    emil = await site.person("Emil")
    for once, kept in ((refuse, 0), (mark, 1)):
        try:
            await people.invite(site.db, SYSTEM, "nina@example.com", "Nina", Role.VIEWER, once=once)
        except errors.Conflict:
            assert await site.events("user.invited") == []
        assert await site.value("SELECT count(*) FROM idempotency_keys") == kept
    with pytest.raises(errors.Conflict, match="seen"):
        await people.make_reset_link(site.db, SYSTEM, emil.id, once=refuse)
    with pytest.raises(errors.Conflict, match="already"):
        await people.invite(
            site.db,
            SYSTEM,
            "nina@example.com",
            "Nina",
            Role.VIEWER,
            once=lambda tx: tx.run("DELETE FROM idempotency_keys"),
        )
    assert await site.value("SELECT count(*) FROM idempotency_keys") == 1  # undone with the rest
