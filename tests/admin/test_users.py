"""What admins do to people: invite, another role, disable, enable, a link for a new password."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from quart import Response

from driftsentry import auth, clock, errors, ids
from driftsentry.auth import Role, ci_tokens, passwords, people
from driftsentry.auth.model import User
from driftsentry.db import Tx
from driftsentry.events import SYSTEM, Actor
from tests.auth.test_login import sign_in
from tests.site import Browser, Site

EVIL = '<img src=x onerror=alert(1)>"'
INVITATION = {"email": "Nina@Example.com", "name": "Nina", "role": "engineer"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    monkeypatch.setattr(passwords, "_hash_of_nobody", lambda: "$2b$04$" + "." * 53)


def actor_of(user: User) -> Actor:
    return Actor("user", user.id, user.name, "203.0.113.5", "r1")


async def text(response: Response) -> str:
    return str(await response.get_data(as_text=True))


async def row_of(site: Site, user: User) -> Any:
    [row] = await site.rows("SELECT * FROM users WHERE id = :id", id=user.id)
    return row


async def the_admin(site: Site, address: str = "203.0.113.5") -> Browser:
    return await site.browser_of(await site.person("Ada", "admin"), address)


async def check_events(site: Site, target: User | dict[str, str], *kinds: str) -> None:
    """Each of them once more or less, by Ada, from where she sits, about the target."""
    ada = await site.person("Ada", "admin")
    user_id, email = (target["id"], target["email"]) if isinstance(target, dict) else (target.id, target.email)
    found = await site.events(*kinds)
    assert {event.kind for event in found} == set(kinds)
    for event in found:
        assert (event.actor.id, event.actor.name, event.actor.address) == (ada.id, "Ada", "203.0.113.5")
        assert event.actor.request_id
        if event.kind != "token.revoked":
            assert (event.data["user_id"], event.data["email"]) == (user_id, email)


# -- The list --------------------------------------------------------------------------------------------------


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


# -- Roles -----------------------------------------------------------------------------------------------------


async def test_another_role_ends_the_sessions_and_sockets(site: Site) -> None:
    admin, emil = await the_admin(site), await site.person("Emil")
    browser = await site.browser_of(emil)
    async with browser.socket("/live?after=0&room=drifts") as socket:
        await site.connected()
        response = await admin.post(f"/admin/users/{emil.id}/role", {"role": "viewer"})
        assert (response.status_code, response.location) == (303, f"/admin/users/{emil.id}?done=role")
        with pytest.raises(Exception, match="4401"):
            while True:
                await asyncio.wait_for(socket.receive(), 2)
    assert (await browser.get("/")).status_code == 303
    assert (await row_of(site, emil))["role"] == "viewer"
    await check_events(site, emil, "user.role_changed", "session.revoked")
    [changed] = await site.events("user.role_changed")
    assert (changed.data["old"], changed.data["new"]) == ("engineer", "viewer")
    assert (await site.events("session.revoked"))[0].data["why"] == "role changed"
    assert "The role was changed" in await admin.text(response.location or "")


async def test_the_same_role_again_changes_nothing(site: Site) -> None:
    admin, emil = await the_admin(site), await site.person("Emil")
    browser = await site.browser_of(emil)
    before = await site.tables()
    assert (await admin.post(f"/admin/users/{emil.id}/role", {"role": "engineer"})).status_code == 303
    assert await site.tables() == before
    assert (await browser.get("/")).status_code == 200


async def test_the_last_admin_keeps_the_role(site: Site) -> None:
    admin, ada = await the_admin(site), await site.person("Ada", "admin")
    for path, form in (("role", {"role": "viewer"}), ("disable", {})):
        response = await admin.post(f"/admin/users/{ada.id}/{path}", form)
        assert response.status_code == 409
        assert "last active admin" in await text(response)
    assert (await row_of(site, ada))["role"] == "admin"
    assert (await admin.get("/admin/users")).status_code == 200


async def test_an_admin_who_cannot_sign_in_saves_nobody_from_being_the_last(site: Site) -> None:
    ada = await site.person("Ada", "admin")
    await people.invite(site.db, SYSTEM, "nina@example.com", "Nina", Role.ADMIN)
    await site.disable(await site.person("Gone", "admin"))
    for change in (
        people.change_role(site.db, actor_of(ada), ada.id, Role.VIEWER),
        people.disable(site.db, SYSTEM, ada.id),
    ):
        with pytest.raises(errors.Conflict, match="last active admin"):
            await change


async def test_one_of_two_admins_may_step_back(site: Site) -> None:
    admin, ada = await the_admin(site), await site.person("Ada", "admin")
    await site.person("Alan", "admin")
    assert "sign in again" in await admin.text(f"/admin/users/{ada.id}")
    assert (await admin.post(f"/admin/users/{ada.id}/role", {"role": "viewer"})).status_code == 303
    assert (await admin.get("/admin/users")).status_code == 303  # to the login


Verb = Callable[[Site, User, User], Awaitable[object]]


async def demote(site: Site, by: User, whom: User) -> object:
    return await people.change_role(site.db, actor_of(by), whom.id, Role.VIEWER)


async def shut_out(site: Site, by: User, whom: User) -> object:
    return await people.disable(site.db, actor_of(by), whom.id)


@pytest.mark.parametrize("verbs", [(demote, demote), (shut_out, shut_out), (demote, shut_out)])
@pytest.mark.parametrize("is_own", [False, True])
async def test_the_last_two_admins_cannot_both_go_at_once(site: Site, verbs: tuple[Verb, Verb], is_own: bool) -> None:
    ada, alan = await site.person("Ada", "admin"), await site.person("Alan", "admin")
    targets = (ada, alan) if is_own else (alan, ada)
    tries = [verb(site, by, whom) for verb, by, whom in zip(verbs, (ada, alan), targets, strict=True)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    [refusal] = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refusal, errors.Conflict if is_own else errors.Forbidden)
    living = "SELECT count(*) FROM users WHERE role = 'admin' AND is_active = 1"
    assert await site.value(living) == 1


# -- Disabling -------------------------------------------------------------------------------------------------


async def test_disabling_ends_sessions_sockets_links_and_tokens(site: Site) -> None:
    admin, emil = await the_admin(site), await site.person("Emil", "admin")
    browser = await site.browser_of(emil)
    secret = await people.make_reset_link(site.db, SYSTEM, emil.id)
    token = await site.token()
    await site.run("UPDATE tokens SET created_by = :id", id=emil.id)
    others = await site.token()
    async with browser.socket("/live?after=0&room=drifts") as socket:
        await socket.receive()
        response = await admin.post(f"/admin/users/{emil.id}/disable")
        assert response.location == f"/admin/users/{emil.id}?done=disabled"
        with pytest.raises(Exception, match="4401"):
            while True:
                await asyncio.wait_for(socket.receive(), 2)
    assert (await browser.get("/")).status_code == 303
    assert (await site.anonymous().get(f"/welcome/{secret}")).status_code == 410
    assert (await site.post_body(b"{}", token=token)).status_code == 401
    assert (await site.post_body(b"{}", token=others)).status_code != 401
    await check_events(site, emil, "user.disabled", "session.revoked", "token.revoked")
    [revoked] = await site.events("token.revoked")
    assert revoked.data["token_id"] == await site.value("SELECT id FROM tokens WHERE created_by = :id", id=emil.id)


async def test_disabling_twice_is_once_and_enabling_lets_the_password_in_again(site: Site) -> None:
    admin, emil = await the_admin(site), await site.person("Emil")
    for _ in range(2):
        assert (await admin.post(f"/admin/users/{emil.id}/disable")).status_code == 303
    assert (await sign_in(site.anonymous("203.0.113.1"), emil.email)).status_code == 401
    await asyncio.gather(*[admin.post(f"/admin/users/{emil.id}/enable") for _ in range(3)])
    assert (await sign_in(site.anonymous("203.0.113.2"), emil.email)).status_code == 303
    await check_events(site, emil, "user.disabled", "user.enabled")
    assert (len(await site.events("user.disabled")), len(await site.events("user.enabled"))) == (1, 1)


async def test_a_link_for_a_new_password_is_shown_once_and_ends_nothing(site: Site) -> None:
    admin, emil = await the_admin(site), await site.person("Emil")
    browser = await site.browser_of(emil)
    page = await text(await admin.post(f"/admin/users/{emil.id}/link"))
    [secret] = re.findall(r"/welcome/([\w-]{43})", page)
    assert "24 hours" in page
    assert secret not in await admin.text(f"/admin/users/{emil.id}")
    assert (await browser.get("/")).status_code == 200
    await check_events(site, emil, "link.created")
    assert (await site.events("link.created"))[0].data["purpose"] == "reset"
    await site.disable(emil)
    assert (await admin.post(f"/admin/users/{emil.id}/link")).status_code == 409


# -- Who may, and whom -----------------------------------------------------------------------------------------


def verbs(site: Site, actor: Actor, user_id: str) -> dict[str, Callable[[], Awaitable[object]]]:
    return {
        "invite": lambda: people.invite(site.db, actor, "x@example.com", "X", Role.ADMIN),
        "change_role": lambda: people.change_role(site.db, actor, user_id, Role.ADMIN),
        "disable": lambda: people.disable(site.db, actor, user_id),
        "enable": lambda: people.enable(site.db, actor, user_id),
        "make_reset_link": lambda: people.make_reset_link(site.db, actor, user_id),
    }


async def test_nobody_but_an_admin_does_any_of_it(site: Site) -> None:
    await site.person("Ada", "admin")
    emil, vera = await site.person("Emil"), await site.person("Vera", "viewer")
    gone = await site.person("Gone", "admin")
    await site.disable(gone)
    before = await site.tables()
    ci = Actor("token", ids.new(), "ci")
    nobody = Actor("user", ids.new(), "Nobody")
    posing = Actor("system", "", "DriftSentry", "203.0.113.5")
    for actor in (actor_of(emil), actor_of(vera), actor_of(gone), ci, nobody, posing):
        for name, verb in verbs(site, actor, vera.id).items():
            with pytest.raises(errors.Forbidden):
                await verb()
            assert await site.tables() == before, name


async def test_an_admin_who_lost_the_role_meanwhile_does_nothing(site: Site) -> None:
    ada, emil = await site.person("Ada", "admin"), await site.person("Emil")
    await site.person("Alan", "admin")
    await asyncio.gather(
        people.change_role(site.db, SYSTEM, ada.id, Role.VIEWER),
        *[verb() for verb in verbs(site, actor_of(ada), emil.id).values()],
        return_exceptions=True,
    )
    assert (await row_of(site, emil))["role"] == "engineer"


async def test_every_form_is_for_admins(site: Site) -> None:
    await site.person("Ada", "admin")
    emil = await site.person("Emil")
    engineer, viewer = await site.as_engineer(), await site.as_viewer()
    before = await site.tables()
    paths = ["/admin/users", *[f"/admin/users/{emil.id}/{what}" for what in ("role", "disable", "enable", "link")]]
    for path in paths:
        for browser, status in ((engineer, 403), (viewer, 403), (site.anonymous(), 303)):
            assert (await browser.post(path, INVITATION | {"role": "admin"})).status_code == status, path
    for path in ("/admin/users", f"/admin/users/{emil.id}"):
        assert (await viewer.get(path)).status_code == 403
    assert await site.tables() == before
    assert "/admin/users" not in await viewer.text("/")


async def test_somebody_who_is_not_there_is_404(site: Site) -> None:
    admin = await the_admin(site)
    before = await site.tables()
    assert (await admin.get("/admin/users/nobody")).status_code == 404
    for what in ("role", "disable", "enable", "link"):
        response = await admin.post(f"/admin/users/nobody/{what}", {"role": "viewer"})
        assert response.status_code == 404, what
    assert await site.tables() == before


async def test_the_menu_of_an_admin_leads_to_the_users(site: Site) -> None:
    page = await (await the_admin(site)).text("/")
    for path in ("/account", "/admin/users", "/audit"):
        assert f'href="{path}"' in page


async def test_the_command_line_acts_as_the_system(site: Site) -> None:
    await site.person("Ada", "admin")
    emil = await site.person("Emil")
    await people.disable_user(site.db, " EMIL@example.com ")
    [event] = await site.events("user.disabled")
    assert event.actor == SYSTEM
    assert event.data["user_id"] == emil.id
    with pytest.raises(errors.NotFound):
        await people.disable_user(site.db, "nobody@example.com")


async def test_a_token_is_made_by_somebody(site: Site) -> None:
    """What `disable` relies on: the maker's id is kept with a token."""
    ada = await site.person("Ada", "admin")
    made, _secret = await ci_tokens.create_token(site.db, actor_of(ada), "ci", ("*",), timedelta(days=1))
    assert await site.value("SELECT created_by FROM tokens WHERE id = :id", id=made.id) == ada.id
