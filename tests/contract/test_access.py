"""Every route has an access rule, and every kind of caller gets what the rule says."""

from datetime import timedelta
from typing import Any

import pytest
from quart import Response

from driftsentry.auth import ci_tokens
from driftsentry.drifts import Verdict
from driftsentry.web import Access, DriftSentry, allow
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site

# (method, rule): the rule of access, and an address with what is to be sent there.
ROUTES: dict[tuple[str, str], tuple[Access, str, Any]] = {
    ("GET", "/"): (Access.VIEWER, "/", None),
    ("GET", "/drifts"): (Access.VIEWER, "/drifts", None),
    ("GET", "/drifts/<drift_id>"): (Access.VIEWER, "/drifts/1", None),
    ("POST", "/drifts/<drift_id>/decision"): (
        Access.ENGINEER, "/drifts/1/decision",
        {"verdict": Verdict.APPROVED.value, "reason": "stale, but let in", "fingerprint": "stale"},
    ),
    ("POST", "/drifts/<drift_id>/comments"): (Access.ENGINEER, "/drifts/1/comments", {"text": "hello"}),
    ("POST", "/drifts/bulk"): (
        Access.ENGINEER, "/drifts/bulk", {"verdict": "approved", "reason": "stale, but let in", "drift": "1:stale"},
    ),
    ("GET", "/stacks"): (Access.VIEWER, "/stacks", None),
    ("GET", "/stacks/<slug>"): (Access.VIEWER, "/stacks/prod/app", None),
    ("GET", "/login"): (Access.ANYONE, "/login", None),
    ("POST", "/login"): (Access.ANYONE, "/login", {"email": "x", "password": ""}),
    ("POST", "/logout"): (Access.ANYONE, "/logout", None),
    ("POST", "/account/theme"): (Access.VIEWER, "/account/theme", {"theme": "dark"}),
    ("WS", "/live"): (Access.SOCKET, "/live", None),
    ("POST", "/api/v1/stacks/<slug>/reports"): (Access.REPORTER, "/api/v1/stacks/prod/app/reports", None),
    ("GET", "/static/<name>"): (Access.ANYONE, "/static/base.css", None),
    ("GET", "/healthz"): (Access.ANYONE, "/healthz", None),
    ("GET", "/readyz"): (Access.ANYONE, "/readyz", None),
}  # fmt: skip
# What callers get in place of an answer of the route itself.
REFUSALS = {303, 401, 403}
LADDER = ("viewer", "engineer", "admin")


def plain(rule: Any) -> str:
    """The rule with its parameters, without their kinds: `/drifts/<drift_id>`."""
    text = str(rule)
    for name in rule.arguments:
        start = text[: text.index(f"{name}>")].rindex("<")
        text = text[:start] + f"<{name}>" + text[text.index(f"{name}>") + len(name) + 1 :]
    return text


def registered(app: DriftSentry) -> dict[tuple[str, str], Access]:
    found = {}
    for rule in app.url_map.iter_rules():
        methods = ["WS"] if rule.websocket else sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        found |= {(method, plain(rule)): app.access_of(rule.endpoint) for method in methods}
    return found


async def test_every_route_stands_in_the_table_with_its_rule(sqlite_site: Site) -> None:
    assert registered(sqlite_site.app) == {route: access for route, (access, _path, _form) in ROUTES.items()}


async def test_a_route_without_a_rule_cannot_be_registered(sqlite_site: Site) -> None:
    async def naked() -> str:
        return "for everybody?"

    with pytest.raises(TypeError, match="no access rule"):
        sqlite_site.app.add_url_rule("/naked", view_func=naked)
    allow(Access.ADMIN)(naked)
    quart = DriftSentry("other", static_folder=None)
    quart.add_url_rule("/naked", view_func=naked)
    assert registered(quart) == {("GET", "/naked"): Access.ADMIN}


@pytest.fixture
async def callers(site: Site) -> dict[str, Browser]:
    """Everybody who may turn up."""
    await site.post_body(plan(entry({"a": 1}, {"a": 2})))
    browsers = {role: await site.as_role(role) for role in LADDER}
    gone = await site.person("Gone", "admin")
    browsers["disabled"] = await site.browser_of(gone)
    await site.disable(gone)
    over = await site.browser_of(await site.person("Over", "admin"))
    await over.post("/logout")
    return browsers | {"anonymous": site.anonymous(), "revoked": over, "forged": Browser(site.app, "forged.cookie.x")}


async def call(browser: Browser, method: str, path: str, form: Any, headers: Any = None) -> Response:
    return await browser.get(path, headers) if method == "GET" else await browser.post(path, form, headers)


@pytest.mark.parametrize("route", [route for route in ROUTES if route[0] != "WS"], ids=" ".join)
async def test_every_caller_gets_what_the_rule_says(
    site: Site, callers: dict[str, Browser], route: tuple[str, str]
) -> None:
    access, path, form = ROUTES[route]
    for who, browser in callers.items():
        response = await call(browser, route[0], path, form)
        status = response.status_code
        assert status < 500, who
        if access is Access.REPORTER:
            assert status == 401, who
        elif access is Access.ANYONE:
            assert status not in REFUSALS or route[1] in ("/login", "/logout"), who
        elif who not in LADDER:
            assert status == 303, who
            assert str(response.location).startswith("/login?next="), who
            fragment = await call(browser, route[0], path, form, {"HX-Request": "true"})
            assert (fragment.status_code, "HX-Redirect" in fragment.headers) == (401, True), who
        elif LADDER.index(who) < LADDER.index(access.value):
            assert status == 403, who
            assert access.value in await response.get_data(as_text=True)
        else:
            assert status in (200, 409) or (status, response.location) == (303, "/") or path.endswith("comments"), who
            assert not str(response.location or "").startswith("/login"), who


@pytest.mark.parametrize("route", [route for route in ROUTES if route[0] != "WS"], ids=" ".join)
async def test_a_ci_token_opens_nothing_but_reports(site: Site, route: tuple[str, str]) -> None:
    access, path, form = ROUTES[route]
    token = {"Authorization": f"Bearer {await site.ci_token()}"}
    response = await call(site.anonymous(), route[0], path, form, token)
    if access is Access.REPORTER:
        assert response.status_code in (400, 415, 422)  # it is let in, with a body that is no report
    elif access is not Access.ANYONE:
        assert response.status_code == 303


async def test_dead_tokens_open_nothing(site: Site) -> None:
    expired, revoked = await site.token(lifetime=timedelta(seconds=-1)), await site.token()
    await ci_tokens.revoke_token(site.db, "ci")
    for token in (expired, revoked, "dsk_unknown", ""):
        response = await site.post_body(plan(), token=token)
        assert response.status_code == 401


@pytest.mark.parametrize("who", ["viewer", "engineer", "admin"])
async def test_the_socket_is_for_who_is_signed_in(site: Site, callers: dict[str, Browser], who: str) -> None:
    async with callers[who].socket("/live?after=0&room=drifts") as socket:
        assert "live-cursor" in await socket.receive()


@pytest.mark.parametrize("who", ["anonymous", "disabled", "revoked", "forged"])
async def test_the_socket_of_a_dead_session_is_accepted_and_closed_with_4401(
    site: Site, callers: dict[str, Browser], who: str
) -> None:
    async with callers[who].socket("/live?after=0&room=drifts") as socket:
        with pytest.raises(Exception, match="4401"):
            await socket.receive()
        assert socket.accepted
