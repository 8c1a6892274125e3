"""What admins and people do by the API: users, sessions and tokens. Each write: works, wrong role, twice, races."""

import asyncio
from typing import Any

import pytest

from driftsentry.auth.model import User
from tests.api.program import Answer, Program, as_role, program_of
from tests.contract.test_access import NO_ID
from tests.ingest.samples import entry, plan
from tests.site import PASSWORD, Site

NEW = {"email": "New@Example.com", "name": "New", "role": "viewer"}


@pytest.fixture
async def ada(site: Site) -> Program:
    return await as_role(site, "admin")


@pytest.fixture
async def emil(site: Site) -> User:
    return await site.person("Emil", "engineer")


async def patch(program: Program, user: User, **body: Any) -> Answer:
    return await program.patch(f"/users/{user.id}", json=body)


# -- Users -----------------------------------------------------------------------------------------------------


async def test_everybody_sees_himself(site: Site) -> None:
    for role, name in {"viewer": "Vera", "engineer": "Emil", "admin": "Ada"}.items():
        data = (await (await as_role(site, role)).get("/users/me")).data
        assert data == {"id": site.people[name].id, "email": f"{name.lower()}@example.com", "name": name, "role": role}


async def test_an_admin_sees_all_users_and_no_hash(site: Site, ada: Program, emil: User) -> None:
    answer = await ada.get("/users")
    assert [user["email"] for user in answer.data] == ["ada@example.com", "emil@example.com"]
    assert answer.meta["total"] == 2
    assert [(user["state"], user["sessions"]) for user in answer.data] == [("active", 1), ("active", 0)]
    assert emil.password_hash not in repr(answer.body)
    assert "$2b$" not in repr(answer.body)


async def test_an_invitation_gives_a_link_that_lets_somebody_in(site: Site, ada: Program) -> None:
    answer = await ada.post("/users", json=NEW)
    assert answer.status == 201
    about = answer.data["user"]
    assert (about["email"], about["role"], about["state"]) == ("new@example.com", "viewer", "invited")
    path = answer.data["link"].removeprefix(site.app.settings.base_url)
    assert path.startswith("/welcome/")
    form = {"name": "New", "password": "four brave otters"}
    assert (await site.anonymous().post(path, form)).status_code == 303
    [state] = [user["state"] for user in (await ada.get("/users")).data if user["email"] == "new@example.com"]
    assert state == "active"
    login = {"email": "new@example.com", "password": form["password"]}
    assert (await Program(site.app).post("/auth/login", json=login)).data["user"]["name"] == "New"
    [invited] = await site.events("user.invited")
    assert (invited.actor.name, invited.data["email"], invited.actor.address) == ("Ada", "new@example.com", "127.0.0.1")


async def test_an_address_is_taken_once_also_in_other_letters_and_at_once(site: Site, ada: Program) -> None:
    answers = await asyncio.gather(*(ada.post("/users", json=NEW) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 4
    again = await ada.post("/users", json=NEW | {"email": "NEW@EXAMPLE.COM"})
    assert (again.code, [*again.refused]) == ("CONFLICT", ["email"])


async def test_a_role_is_changed_and_ends_what_the_old_one_opened(site: Site, ada: Program, emil: User) -> None:
    program, browser = await program_of(site, emil), await site.browser_of(emil)
    assert (await patch(ada, emil, role="admin")).data["role"] == "admin"
    assert (await program.get("/users/me")).status == 401
    assert (await browser.get("/drifts")).status_code == 303
    assert (await (await program_of(site, emil)).get("/users")).status == 200
    assert (await patch(ada, emil, role="admin")).data["role"] == "admin"
    [changed] = await site.events("user.role_changed")
    assert (changed.actor.name, changed.data["old"], changed.data["new"]) == ("Ada", "engineer", "admin")


async def test_who_is_disabled_is_refused_everywhere_until_enabled(site: Site, ada: Program, emil: User) -> None:
    program, browser = await program_of(site, emil), await site.browser_of(emil)
    for _ in range(2):
        assert (await patch(ada, emil, active=False)).data["state"] == "disabled"
    assert (await program.get("/users/me")).status == 401
    assert (await browser.get("/drifts")).status_code == 303
    login = {"email": emil.email, "password": PASSWORD}
    assert (await Program(site.app).post("/auth/login", json=login)).code == "INVALID_CREDENTIALS"
    for _ in range(2):
        assert (await patch(ada, emil, active=True)).data["state"] == "active"
    assert (await program.get("/users/me")).status == 401  # what was ended stays ended
    assert (await Program(site.app).post("/auth/login", json=login)).status == 200
    assert len(await site.events("user.disabled")) == len(await site.events("user.enabled")) == 1


async def test_the_last_admin_stays_one(site: Site, ada: Program) -> None:
    me = site.people["Ada"]
    for body in ({"role": "viewer"}, {"active": False}, {"role": "engineer", "active": False}):
        answer = await patch(ada, me, **body)
        assert (answer.status, answer.code) == (409, "CONFLICT")
        assert "last active admin" in answer.body["error"]["message"]
    assert (await ada.get("/users/me")).data["role"] == "admin"


async def test_two_admins_who_demote_each_other_leave_one(site: Site, ada: Program) -> None:
    alan_user = await site.person("Alan", "admin")
    alan = await program_of(site, alan_user)
    answers = await asyncio.gather(patch(ada, alan_user, role="viewer"), patch(alan, site.people["Ada"], role="viewer"))
    assert sorted(answer.status for answer in answers) in ([200, 401], [200, 403], [200, 409])
    assert await site.value("SELECT count(*) FROM users WHERE role = 'admin' AND is_active = 1") == 1


async def test_role_and_state_change_together_or_not_at_all(site: Site, ada: Program) -> None:
    await site.person("Alan", "admin")
    assert (await patch(ada, site.people["Ada"], role="viewer", active=False)).data["state"] == "disabled"
    assert await site.value("SELECT role FROM users WHERE name = 'Ada'") == "viewer"


async def test_a_change_of_nothing_changes_nothing(site: Site, ada: Program, emil: User) -> None:
    before = await site.tables()
    assert (await patch(ada, emil)).data["role"] == "engineer"
    assert await site.tables() == before


async def test_there_is_nothing_to_change_of_nobody(ada: Program) -> None:
    assert (await ada.patch(f"/users/{NO_ID}", json={})).code == "NOT_FOUND"
    assert (await ada.patch(f"/users/{NO_ID}", json={"role": "viewer"})).code == "NOT_FOUND"
    assert (await ada.post(f"/users/{NO_ID}/reset-link")).code == "NOT_FOUND"


async def test_a_reset_link_works_once_and_ends_the_sessions(site: Site, ada: Program, emil: User) -> None:
    program = await program_of(site, emil)
    first = (await ada.post(f"/users/{emil.id}/reset-link")).data["link"]
    second = (await ada.post(f"/users/{emil.id}/reset-link")).data["link"]
    assert (await program.get("/users/me")).status == 200  # nothing ends until it is used
    form = {"name": "Emil", "password": "four brave otters"}
    paths = [link.removeprefix(site.app.settings.base_url) for link in (first, second)]
    assert [(await site.anonymous().post(path, form)).status_code == 303 for path in paths] == [False, True]
    assert (await program.get("/users/me")).status == 401
    await patch(ada, emil, active=False)
    assert (await ada.post(f"/users/{emil.id}/reset-link")).code == "CONFLICT"


@pytest.mark.parametrize("role", ["viewer", "engineer"])
async def test_nobody_but_admins_changes_users_or_tokens(site: Site, emil: User, role: str) -> None:
    program = await as_role(site, role)
    before = await site.tables("sessions")
    for answer in (
        await program.get("/users"),
        await program.post("/users", json=NEW),
        await patch(program, emil, role="admin"),
        await program.post(f"/users/{emil.id}/reset-link"),
        await program.get("/tokens"),
        await program.post("/tokens", json={"name": "ci", "stacks": ["*"]}),
        await program.delete(f"/tokens/{NO_ID}"),
        await program.get("/audit-logs"),
    ):
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert await site.tables("sessions") == before


# -- Sessions --------------------------------------------------------------------------------------------------


async def test_one_sees_ones_own_sessions_and_admins_everybodys(site: Site, ada: Program, emil: User) -> None:
    program = await program_of(site, emil, "203.0.113.5")
    await site.browser_of(emil)
    own = await program.get("/sessions")
    assert sorted(each["kind"] for each in own.data) == ["api", "browser"]
    [current] = [each for each in own.data if each["current"]]
    assert (current["kind"], current["address"], current["email"]) == ("api", "203.0.113.5", emil.email)
    assert (await ada.get("/sessions")).meta["total"] == 3
    assert [each["email"] for each in (await ada.get("/sessions?own=true")).data] == ["ada@example.com"]
    assert (await program.get("/sessions?own=false")).meta["total"] == 2


async def test_sessions_come_in_pages(site: Site, ada: Program, emil: User) -> None:
    for _ in range(4):
        await program_of(site, emil)
    seen: list[str] = []
    for page, has_more in ((1, True), (2, True), (3, False), (4, False)):
        answer = await ada.get(f"/sessions?page={page}&pageSize=2")
        assert (answer.meta["total"], answer.meta["hasMore"], answer.meta["page"]) == (5, has_more, page)
        seen += [each["id"] for each in answer.data]
    assert len(seen) == len(set(seen)) == 5


async def test_ending_a_session_by_api_kills_the_cookie_of_a_browser(site: Site, emil: User) -> None:
    browser, program = await site.browser_of(emil), await program_of(site, emil)
    [session] = [each["id"] for each in (await program.get("/sessions")).data if each["kind"] == "browser"]
    assert (await browser.get("/drifts")).status_code == 200
    assert (await program.delete(f"/sessions/{session}")).data is None
    assert (await browser.get("/drifts")).status_code == 303
    assert (await program.delete(f"/sessions/{session}")).code == "NOT_FOUND"
    [revoked] = await site.events("session.revoked")
    assert (revoked.actor.id, revoked.data["why"]) == (emil.id, "ended by its owner")


async def test_ending_a_session_ten_times_at_once_ends_it_once(site: Site, emil: User) -> None:
    await site.browser_of(emil)
    program = await program_of(site, emil)
    [session] = [each["id"] for each in (await program.get("/sessions")).data if each["kind"] == "browser"]
    answers = await asyncio.gather(*(program.delete(f"/sessions/{session}") for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [404] * 9
    assert len(await site.events("session.revoked")) == 1


async def test_ones_own_session_can_be_ended_and_is_dead_at_once(site: Site, emil: User) -> None:
    program = await program_of(site, emil)
    [session] = [each["id"] for each in (await program.get("/sessions")).data]
    assert (await program.delete(f"/sessions/{session}")).status == 200
    assert (await program.get("/sessions")).code == "INVALID_TOKEN"


async def test_somebody_elses_session_is_not_there_but_for_admins(site: Site, ada: Program, emil: User) -> None:
    program, other = await program_of(site, emil), await as_role(site, "viewer")
    [session] = [each["id"] for each in (await program.get("/sessions")).data]
    for stranger in (other, await program_of(site, await site.person("Eve", "engineer"))):
        refused, nothing = await stranger.delete(f"/sessions/{session}"), await stranger.delete(f"/sessions/{NO_ID}")
        assert (refused.status, refused.body["error"]["message"]) == (404, nothing.body["error"]["message"])
    assert (await program.get("/users/me")).status == 200
    assert (await ada.delete(f"/sessions/{session}")).status == 200
    assert (await program.get("/users/me")).status == 401


# -- Tokens ----------------------------------------------------------------------------------------------------


async def test_a_token_is_made_used_listed_and_revoked(site: Site, ada: Program) -> None:
    made = await ada.post("/tokens", json={"name": "pipeline", "stacks": ["prod/*"], "days": 30})
    assert made.status == 201
    secret, about = made.data["token"], made.data["about"]
    assert secret.startswith("dsk_")
    assert (about["name"], about["scope"], about["stacks"], about["state"], about["createdBy"]) == (
        "pipeline", "report:write", ["prod/*"], "active", "Ada",
    )  # fmt: skip
    body = plan(entry({"a": 1}, {"a": 2}))
    assert (await site.post_body(body, "prod/app", token=secret)).status_code == 201
    assert (await site.post_body(body, "dev/app", token=secret)).status_code == 403
    [listed] = (await ada.get("/tokens")).data
    assert listed["lastUsedAt"]
    assert listed["id"] == about["id"]
    assert secret not in repr(listed)
    for _ in range(2):
        assert (await ada.delete(f"/tokens/{about['id']}")).data["state"] == "revoked"
    assert (await site.post_body(body, "prod/app", token=secret)).status_code == 401
    assert [event.kind for event in await site.events("token.created", "token.revoked")] == [
        "token.created", "token.revoked",
    ]  # fmt: skip
    assert (await ada.delete(f"/tokens/{NO_ID}")).code == "NOT_FOUND"


async def test_disabling_somebody_revokes_the_tokens_that_he_made(site: Site, ada: Program) -> None:
    alan = await site.person("Alan", "admin")
    secret = (await (await program_of(site, alan)).post("/tokens", json={"name": "his", "stacks": ["*"]})).data["token"]
    await patch(ada, alan, active=False)
    assert (await site.post_body(plan(), token=secret)).status_code == 401


async def test_a_token_that_reads_metrics_is_for_no_stack(site: Site, ada: Program) -> None:
    refused = await ada.post("/tokens", json={"name": "monitor", "scope": "metrics:read", "stacks": ["*"]})
    assert (refused.status, [*refused.refused]) == (422, ["stacks"])
    made = await ada.post("/tokens", json={"name": "monitor", "scope": "metrics:read"})
    assert (await site.post_body(plan(), token=made.data["token"])).status_code == 403
