"""Every kind of caller gets what the rule of an API route says: people by access token, CI jobs by theirs."""

from dataclasses import dataclass
from datetime import timedelta

from quart import Response

from driftsentry import clock
from driftsentry.auth import Scope, access_tokens, ci_tokens
from driftsentry.auth.access_tokens import Claim
from driftsentry.events import SYSTEM
from driftsentry.web import Access
from tests.api.program import program_of
from tests.contract.test_access import INSIDE, LADDER, Route, break_sessions, routes
from tests.ingest.samples import entry, plan
from tests.site import Site, running_site

FOREIGN = "203.0.113.9"


@dataclass(frozen=True)
class Caller:
    """`bearer`: what it sends as Authorization, None for nothing. `is_dead`: its token names nobody alive."""

    who: str
    bearer: str | None
    is_dead: bool = False


async def people(site: Site) -> list[Caller]:
    users = [await site.person(role.title(), role) for role in LADDER]
    return [Caller(user.role.value, f"Bearer {(await program_of(site, user)).token}") for user in users]


async def jobs(site: Site) -> list[Caller]:
    """Programs of which each has one right, and no person's."""
    rights = {"reporter": (Scope.REPORT, ["*"]), "monitor": (Scope.METRICS, [])}
    made = {}
    for who, (scope, stacks) in rights.items():
        made[who] = (await ci_tokens.create_token(site.db, SYSTEM, who, stacks, timedelta(days=1), scope))[1]
    return [Caller(who, f"Bearer {secret}") for who, secret in made.items()]


async def dead(site: Site) -> list[Caller]:
    """Tokens of admins, and of CI jobs for all stacks, that were good once or never."""
    admins = {name: await site.person(name.title(), "admin") for name in ("disabled", "expired", "revoked")}
    found = {f"{name} session": (await program_of(site, user)).token for name, user in admins.items()}
    await break_sessions(site, admins)
    found |= await of_a_living_session(site)
    found["expired CI token"] = await site.token(lifetime=timedelta(seconds=-1))
    _about, found["revoked CI token"] = await ci_tokens.create_token(site.db, SYSTEM, "x", ["*"], timedelta(days=1))
    await ci_tokens.revoke_token(site.db, SYSTEM, "x")
    found |= {"unknown CI token": "dsk_unknown", "garbage": "garbage", "no token": ""}
    basic = Caller("another scheme", "Basic YWRtaW46YWRtaW4=", is_dead=True)
    return [*(Caller(who, f"Bearer {secret}", is_dead=True) for who, secret in found.items()), basic]


async def of_a_living_session(site: Site) -> dict[str, str]:
    user = await site.person("Living", "admin")
    await program_of(site, user)
    session = await site.value("SELECT id FROM sessions WHERE user_id = :id", id=user.id)
    key, claim, now = site.app.settings.jwt_secret, Claim(user.id, session), clock.now()
    expired = access_tokens.issue(key, claim, now - access_tokens.LIFETIME)
    return {"expired access token": expired, "forged access token": access_tokens.issue(key[::-1], claim, now)}


NOBODY = Caller("nobody", None)


async def call(site: Site, caller: Caller, route: Route, address: str, **headers: str) -> Response:
    sent = {"Authorization": caller.bearer} if caller.bearer is not None else {}
    body = {} if route.form is None else {"json": route.form}
    client = site.app.test_client(use_cookies=False)
    base = {"client": (address, 1)}
    return await client.open(route.path, method=route.method, headers=sent | headers, scope_base=base, **body)


def expected(access: Access, caller: Caller, *, public: bool) -> set[int]:
    """What the rule alone says of a caller that is not on this machine."""
    if access in (Access.ANYONE, Access.SIGNED):
        return INSIDE if access is Access.ANYONE else {401}  # nobody here signs
    if caller.is_dead:
        return {401}
    if access is Access.PUBLIC:
        return INSIDE if public or caller.who in LADDER else {401}
    if caller is NOBODY:
        return {401}
    if access.is_for_ci:
        return INSIDE if caller.who == {Access.REPORTER: "reporter", Access.METRICS: "monitor"}[access] else {403}
    return INSIDE if caller.who in LADDER[LADDER.index(access.value) :] else {403}


async def check(site: Site, callers: list[Caller], *, public: bool = False) -> None:
    """All callers, each at an address of his own, on every route of the API; `public`: with PUBLIC_READ."""
    wrong = []
    for number, caller in enumerate(callers, 1):
        for route in routes(api=True):
            if public and route.access is not Access.PUBLIC:
                continue  # for those the setting changes nothing
            response = await call(site, caller, route, f"203.0.113.{number}")
            if response.status_code not in expected(route.access, caller, public=public):
                wrong.append((route.method, route.path, caller.who, response.status_code))
            assert "Set-Cookie" not in response.headers, route
    assert wrong == []


async def test_the_api_gives_every_caller_what_its_rule_says(site: Site) -> None:
    await site.post_body(plan(entry({"a": 1}, {"a": 2})))
    await check(site, [*await people(site), *await jobs(site), NOBODY])


async def test_a_token_that_names_nobody_alive_is_refused_and_never_taken_for_nobody(site: Site) -> None:
    await check(site, await dead(site))


async def test_public_read_opens_the_lists_to_nobody_and_to_ci_jobs_but_not_to_dead_tokens(database_url: str) -> None:
    async with running_site(database_url, PUBLIC_READ="true") as site:
        await check(site, [*await people(site), *await jobs(site), NOBODY, *await dead(site)], public=True)


async def test_a_cookie_opens_no_route_of_the_api(site: Site) -> None:
    admin = await site.as_admin()
    cookie = admin.headers()["Cookie"]
    for route in routes(api=True):
        response = await call(site, NOBODY, route, FOREIGN, Cookie=cookie)
        assert response.status_code in expected(route.access, NOBODY, public=False), route
        assert "Set-Cookie" not in response.headers, route


async def test_metrics_are_for_this_machine_unless_a_proxy_stands_before_it(sqlite_site: Site) -> None:
    [metrics] = [route for route in routes(api=True) if route.access is Access.METRICS]
    reporter, monitor = await jobs(sqlite_site)
    for caller, address, headers, status in (
        (NOBODY, "127.0.0.1", {}, 200),
        (NOBODY, "::1", {}, 200),
        (NOBODY, FOREIGN, {}, 401),
        (NOBODY, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 401),
        (NOBODY, "127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 401),
        (NOBODY, FOREIGN, {"X-Forwarded-For": "127.0.0.1"}, 401),
        (reporter, FOREIGN, {}, 403),
        (monitor, FOREIGN, {}, 200),
        (monitor, "127.0.0.1", {"X-Forwarded-For": FOREIGN}, 200),
    ):
        response = await call(sqlite_site, caller, metrics, address, **headers)
        assert response.status_code == status, (caller.who, address, headers)
