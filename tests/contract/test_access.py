"""Every route has an access rule, and every kind of caller gets what the rule says: here the pages, by cookie."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from quart import Response

from driftsentry import clock
from driftsentry.auth.model import User
from driftsentry.drifts import Verdict
from driftsentry.web import Access, DriftSentry, allow
from tests.api.program import program_of
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site

NO_ID = "0" * 26
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
    ("POST", "/drifts/<drift_id>/snooze"): (
        Access.ENGINEER, "/drifts/1/snooze", {"until": "change", "fingerprint": "stale"},
    ),
    ("POST", "/drifts/<drift_id>/wake"): (Access.ENGINEER, "/drifts/1/wake", None),
    ("GET", "/drifts/<drift_id>/ignore"): (Access.ENGINEER, "/drifts/1/ignore?line=0", None),
    ("POST", "/drifts/<drift_id>/ignore"): (Access.ENGINEER, "/drifts/1/ignore", {"step": "save"}),
    ("GET", "/ignore-rules"): (Access.VIEWER, "/ignore-rules", None),
    ("POST", "/ignore-rules/<rule_id>/end"): (Access.ENGINEER, f"/ignore-rules/{NO_ID}/end", None),
    ("POST", "/drifts/bulk"): (
        Access.ENGINEER, "/drifts/bulk", {"verdict": "approved", "reason": "stale, but let in", "drift": "1:stale"},
    ),
    ("GET", "/drifts/export"): (Access.VIEWER, "/drifts/export?format=json", None),
    ("GET", "/drifts/views"): (Access.VIEWER, "/drifts/views", None),
    ("POST", "/drifts/views"): (Access.VIEWER, "/drifts/views", {"name": "mine", "query": "status=open"}),
    ("POST", "/drifts/views/<view_id>"): (Access.VIEWER, f"/drifts/views/{NO_ID}", {"name": "mine"}),
    ("POST", "/drifts/views/<view_id>/delete"): (Access.VIEWER, f"/drifts/views/{NO_ID}/delete", None),
    ("POST", "/drifts/default-view"): (Access.VIEWER, "/drifts/default-view", {"view": ""}),
    ("GET", "/stacks"): (Access.VIEWER, "/stacks", None),
    ("GET", "/stacks/<slug>"): (Access.VIEWER, "/stacks/prod/app", None),
    ("POST", "/stacks/<slug>/held"): (
        Access.ENGINEER, "/stacks/prod/app/held", {"verdict": "dismissed", "report": "stale"},
    ),
    ("POST", "/stacks/<slug>/schedule"): (
        Access.ENGINEER, "/stacks/prod/app/schedule",
        {"how": "set", "interval": "1", "interval_unit": "days", "grace": "6", "grace_unit": "h"},
    ),
    ("POST", "/stacks/<slug>/learned/forget"): (
        Access.ENGINEER, "/stacks/prod/app/learned/forget", {"type": "aws_instance", "path": "[]"},
    ),
    ("GET", "/reports/<report_id>"): (Access.VIEWER, f"/reports/{NO_ID}", None),
    ("GET", "/alerts"): (Access.VIEWER, "/alerts", None),
    ("POST", "/alerts/<alert_id>/read"): (Access.VIEWER, "/alerts/1/read", None),
    ("POST", "/alerts/read-all"): (Access.VIEWER, "/alerts/read-all", None),
    ("GET", "/live/changes"): (Access.VIEWER, "/live/changes?after=0&room=drifts", None),
    ("GET", "/login"): (Access.ANYONE, "/login", None),
    ("POST", "/login"): (Access.ANYONE, "/login", {"email": "x", "password": ""}),
    ("POST", "/logout"): (Access.ANYONE, "/logout", None),
    ("GET", "/account"): (Access.VIEWER, "/account", None),
    ("POST", "/account/password"): (Access.VIEWER, "/account/password", {"old": "", "new": ""}),
    ("POST", "/account/sessions/<session_id>/end"): (Access.VIEWER, "/account/sessions/1/end", None),
    ("POST", "/account/sessions/end-others"): (Access.VIEWER, "/account/sessions/end-others", None),
    ("GET", "/setup"): (Access.ANYONE, "/setup", None),
    ("POST", "/setup"): (Access.ANYONE, "/setup", {"code": "x"}),
    ("GET", "/setup/stack"): (Access.ADMIN, "/setup/stack", None),
    ("POST", "/setup/stack"): (Access.ADMIN, "/setup/stack", {"stack": "prod/app"}),
    ("GET", "/setup/stack/waiting"): (Access.ADMIN, "/setup/stack/waiting", None),
    ("POST", "/setup/demo"): (Access.ADMIN, "/setup/demo", None),
    ("GET", "/welcome/<code>"): (Access.ANYONE, "/welcome/x", None),
    ("POST", "/welcome/<code>"): (Access.ANYONE, "/welcome/x", {"password": "x"}),
    ("GET", "/admin/users"): (Access.ADMIN, "/admin/users", None),
    ("POST", "/admin/users"): (
        Access.ADMIN, "/admin/users", {"email": "new@example.com", "name": "New", "role": "viewer"},
    ),
    ("GET", "/admin/users/<user_id>"): (Access.ADMIN, "/admin/users/1", None),
    ("POST", "/admin/users/<user_id>/role"): (Access.ADMIN, "/admin/users/1/role", {"role": "viewer"}),
    ("POST", "/admin/users/<user_id>/disable"): (Access.ADMIN, "/admin/users/1/disable", None),
    ("POST", "/admin/users/<user_id>/enable"): (Access.ADMIN, "/admin/users/1/enable", None),
    ("POST", "/admin/users/<user_id>/link"): (Access.ADMIN, "/admin/users/1/link", None),
    ("GET", "/admin/sessions"): (Access.ADMIN, "/admin/sessions", None),
    ("POST", "/admin/sessions/<session_id>/end"): (Access.ADMIN, "/admin/sessions/1/end", None),
    ("POST", "/admin/sessions/end"): (Access.ADMIN, "/admin/sessions/end", {"user_id": "1"}),
    ("GET", "/admin/tokens"): (Access.ADMIN, "/admin/tokens", None),
    ("POST", "/admin/tokens"): (Access.ADMIN, "/admin/tokens", {"name": "ci", "scope": "metrics:read", "days": "9"}),
    ("POST", "/admin/tokens/<token_id>/revoke"): (Access.ADMIN, "/admin/tokens/1/revoke", None),
    ("GET", "/admin/rules"): (Access.ADMIN, "/admin/rules", None),
    ("POST", "/admin/rules"): (Access.ADMIN, "/admin/rules", {"id": NO_ID, "name": "", "severity": "low"}),
    ("GET", "/admin/rules/new"): (Access.ADMIN, "/admin/rules/new", None),
    ("GET", "/admin/rules/<rule_id>"): (Access.ADMIN, "/admin/rules/1", None),
    ("POST", "/admin/rules/<rule_id>"): (Access.ADMIN, "/admin/rules/1", {"name": "x"}),
    ("POST", "/admin/rules/<rule_id>/switch"): (Access.ADMIN, "/admin/rules/1/switch", {"on": "0"}),
    ("POST", "/admin/rules/<rule_id>/move"): (Access.ADMIN, "/admin/rules/1/move", {"above": "2"}),
    ("POST", "/admin/rules/<rule_id>/remove"): (Access.ADMIN, "/admin/rules/1/remove", None),
    ("GET", "/admin/status"): (Access.ADMIN, "/admin/status", None),
    ("GET", "/audit"): (Access.ADMIN, "/audit", None),
    ("POST", "/audit/verify"): (Access.ADMIN, "/audit/verify", None),
    ("GET", "/audit/verification"): (Access.ADMIN, "/audit/verification", None),
    ("GET", "/audit/export"): (Access.ADMIN, "/audit/export?format=csv", None),
    ("POST", "/account/theme"): (Access.VIEWER, "/account/theme", {"theme": "dark"}),
    ("POST", "/account/preferences"): (Access.VIEWER, "/account/preferences", {"keys": "off"}),
    ("WS", "/live"): (Access.SOCKET, "/live", None),
    ("WS", "/api/v1/live"): (Access.SOCKET, "/api/v1/live", None),
    ("POST", "/api/v1/stacks/<slug>/reports"): (Access.REPORTER, "/api/v1/stacks/prod/app/reports", None),
    ("POST", "/api/v1/notifications/<token_id>/<slug>"): (
        Access.SIGNED, f"/api/v1/notifications/{NO_ID}/prod/app", {},
    ),
    ("GET", "/static/<name>"): (Access.ANYONE, "/static/base.css", None),
    ("GET", "/healthz"): (Access.ANYONE, "/healthz", None),
    ("GET", "/readyz"): (Access.ANYONE, "/readyz", None),
    ("GET", "/metrics"): (Access.METRICS, "/metrics", None),
    ("POST", "/api/v1/auth/login"): (Access.ANYONE, "/api/v1/auth/login", {}),
    ("POST", "/api/v1/auth/refresh"): (Access.ANYONE, "/api/v1/auth/refresh", {}),
    ("POST", "/api/v1/auth/logout"): (Access.ANYONE, "/api/v1/auth/logout", {}),
    ("GET", "/api/v1/openapi.json"): (Access.ANYONE, "/api/v1/openapi.json", None),
    ("GET", "/api/v1/docs"): (Access.ANYONE, "/api/v1/docs", None),
    ("GET", "/api/v1/users/me"): (Access.VIEWER, "/api/v1/users/me", None),
    ("GET", "/api/v1/users"): (Access.ADMIN, "/api/v1/users", None),
    ("POST", "/api/v1/users"): (
        Access.ADMIN, "/api/v1/users", {"email": "another@example.com", "name": "Another", "role": "viewer"},
    ),
    ("PATCH", "/api/v1/users/<user_id>"): (Access.ADMIN, f"/api/v1/users/{NO_ID}", {"role": "viewer"}),
    ("POST", "/api/v1/users/<user_id>/reset-link"): (Access.ADMIN, f"/api/v1/users/{NO_ID}/reset-link", None),
    ("GET", "/api/v1/sessions"): (Access.VIEWER, "/api/v1/sessions", None),
    ("DELETE", "/api/v1/sessions/<session_id>"): (Access.VIEWER, f"/api/v1/sessions/{NO_ID}", None),
    ("GET", "/api/v1/tokens"): (Access.ADMIN, "/api/v1/tokens", None),
    ("POST", "/api/v1/tokens"): (Access.ADMIN, "/api/v1/tokens", {"name": "matrix", "scope": "metrics:read"}),
    ("DELETE", "/api/v1/tokens/<token_id>"): (Access.ADMIN, f"/api/v1/tokens/{NO_ID}", None),
    ("GET", "/api/v1/drifts"): (Access.PUBLIC, "/api/v1/drifts", None),
    ("GET", "/api/v1/drifts/<drift_id>"): (Access.PUBLIC, "/api/v1/drifts/1", None),
    ("GET", "/api/v1/drifts/<drift_id>/timeline"): (Access.PUBLIC, "/api/v1/drifts/1/timeline", None),
    ("POST", "/api/v1/drifts/<drift_id>/approve"): (
        Access.ENGINEER, "/api/v1/drifts/1/approve", {"reason": "stale, but let in", "fingerprint": "stale"},
    ),
    ("POST", "/api/v1/drifts/<drift_id>/reject"): (
        Access.ENGINEER, "/api/v1/drifts/1/reject", {"reason": "stale, but let in", "fingerprint": "stale"},
    ),
    ("POST", "/api/v1/drifts/<drift_id>/comments"): (Access.ENGINEER, "/api/v1/drifts/1/comments", {"text": "hello"}),
    ("POST", "/api/v1/drifts/<drift_id>/snooze"): (
        Access.ENGINEER, "/api/v1/drifts/1/snooze", {"fingerprint": "stale"},
    ),
    ("POST", "/api/v1/drifts/<drift_id>/wake"): (Access.ENGINEER, "/api/v1/drifts/1/wake", None),
    ("GET", "/api/v1/alerts"): (Access.PUBLIC, "/api/v1/alerts", None),
    ("GET", "/api/v1/alerts/unread-count"): (Access.PUBLIC, "/api/v1/alerts/unread-count", None),
    ("POST", "/api/v1/alerts/<alert_id>/read"): (Access.VIEWER, "/api/v1/alerts/1/read", None),
    ("POST", "/api/v1/alerts/read-all"): (Access.VIEWER, "/api/v1/alerts/read-all", None),
    ("GET", "/api/v1/audit-logs"): (Access.ADMIN, "/api/v1/audit-logs", None),
    ("GET", "/api/v1/metrics/summary"): (Access.PUBLIC, "/api/v1/metrics/summary", None),
    ("GET", "/api/v1/stacks"): (Access.VIEWER, "/api/v1/stacks", None),
    ("GET", "/api/v1/stacks/<slug>"): (Access.VIEWER, "/api/v1/stacks/prod/app", None),
    ("GET", "/api/v1/stacks/<slug>/reports"): (Access.VIEWER, "/api/v1/stacks/prod/app/reports", None),
}  # fmt: skip
LADDER = ("viewer", "engineer", "admin")
# Statuses of a handler: the caller was let in, even when there is no such thing or the form is not right.
INSIDE = {200, 201, 303, 400, 404, 409, 415, 422}


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


@dataclass(frozen=True)
class Route:
    """A row of the table. `form`: what is sent, as a form to pages and as JSON to the API."""

    method: str
    access: Access
    path: str
    form: Any

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/") or self.path == "/metrics"


def routes(*, api: bool) -> Iterator[Route]:
    """Whatever signs the caller out comes last."""
    found = [Route(method, *row) for (method, _rule), row in ROUTES.items() if method != "WS"]
    return iter(sorted((each for each in found if each.is_api is api), key=lambda each: each.path == "/logout"))


# -- Pages: by cookie ------------------------------------------------------------------------------------------


@pytest.fixture
async def browsers(site: Site) -> dict[str, Browser]:
    """Everybody who may turn up with a browser, each at an address of his own, since wrong guesses are counted."""
    await site.post_body(plan(entry({"a": 1}, {"a": 2})))
    who = {role: await site.as_role(role) for role in LADDER}
    admins = {name: await site.person(name.title(), "admin") for name in ("disabled", "expired", "revoked")}
    who |= {name: await site.browser_of(user) for name, user in admins.items()}
    await break_sessions(site, admins)
    who |= {"anonymous": site.anonymous(), "forged": Browser(site.app, "forged.cookie.x")}
    return {name: replace(one, address=f"203.0.113.{number}") for number, (name, one) in enumerate(who.items(), 1)}


async def break_sessions(site: Site, admins: dict[str, User]) -> None:
    """Each in one way only, so that no check stands in for another."""
    await site.run("UPDATE users SET is_active = 0 WHERE id = :id", id=admins["disabled"].id)
    over = {"user": admins["expired"].id, "at": clock.to_text(clock.now() - timedelta(seconds=1))}
    await site.run("UPDATE sessions SET expires_at = :at WHERE user_id = :user", **over)
    over = {"user": admins["revoked"].id, "at": clock.to_text(clock.now())}
    await site.run("UPDATE sessions SET revoked_at = :at WHERE user_id = :user", **over)


async def visit(browser: Browser, route: Route, headers: Any = None) -> Response:
    if route.method == "GET":
        return await browser.get(route.path, headers)
    return await browser.post(route.path, route.form, headers)


async def test_pages_give_every_caller_what_their_rule_says(site: Site, browsers: dict[str, Browser]) -> None:
    for route in routes(api=False):
        for who, browser in browsers.items():
            response = await visit(browser, route)
            status, here = response.status_code, (route.method, route.path, who)
            if route.access is Access.ANYONE:
                assert status in INSIDE or (route.path, status) == ("/login", 401), here
            elif who not in LADDER:
                assert status == 303, here
                assert str(response.location).startswith("/login?next="), here
            elif LADDER.index(who) < LADDER.index(route.access.value):
                assert status == 403, here
                assert route.access.value in await response.get_data(as_text=True), here
            else:
                assert status in INSIDE, here
                assert not str(response.location or "").startswith("/login"), here


async def test_fragments_of_who_is_not_signed_in_send_the_whole_page_to_the_login(
    site: Site, browsers: dict[str, Browser]
) -> None:
    for route in routes(api=False):
        for who in set(browsers) - set(LADDER):
            if route.access is not Access.ANYONE:
                fragment = await visit(browsers[who], route, {"HX-Request": "true"})
                assert (fragment.status_code, "HX-Redirect" in fragment.headers) == (401, True), (route.path, who)


async def test_a_bearer_token_opens_no_page(site: Site) -> None:
    person, job = await program_of(site, await site.person("Ada", "admin")), await site.ci_token()
    for route in routes(api=False):
        for secret in (person.token, job):
            response = await visit(site.anonymous(), route, {"Authorization": f"Bearer {secret}"})
            if route.access is not Access.ANYONE:
                assert str(response.location).startswith("/login?next="), (route.method, route.path)


@pytest.mark.parametrize("who", ["viewer", "engineer", "admin"])
async def test_the_socket_is_for_who_is_signed_in(site: Site, browsers: dict[str, Browser], who: str) -> None:
    async with browsers[who].socket("/live?after=0&room=drifts") as socket:
        assert "live-cursor" in await socket.receive()


@pytest.mark.parametrize("who", ["anonymous", "disabled", "expired", "revoked", "forged"])
async def test_the_socket_of_a_dead_session_is_accepted_and_closed_with_4401(
    site: Site, browsers: dict[str, Browser], who: str
) -> None:
    async with browsers[who].socket("/live?after=0&room=drifts") as socket:
        with pytest.raises(Exception, match="4401"):
            await socket.receive()
        assert socket.accepted
