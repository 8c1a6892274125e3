"""What admins do to people: another role, disable, enable, a link for a new password; and that nobody else does."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from driftsentry import errors, ids
from driftsentry.auth import Role, ci_tokens, people
from driftsentry.auth.model import User
from driftsentry.events import SYSTEM, Actor
from tests.admin.people import INVITATION, actor_of, check_events, row_of, text, the_admin
from tests.auth.test_login import sign_in
from tests.site import Site

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
