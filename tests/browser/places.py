"""Every page that the program has, and who may see it, so that a walk through all of them forgets no new one."""

from collections.abc import Iterator
from typing import Any

from driftsentry.web import Access
from tests.contract.test_access import ROUTES
from tests.site import PEOPLE

# What stands at each address; the names in braces are those of a world.
PAGES = {
    "/": "/",
    "/drifts": "/drifts?status=all",
    "/drifts/<drift_id>": "/drifts/{drift}",
    "/drifts/<drift_id>/ignore": "/drifts/{drift}/ignore?line=0",
    "/drifts/views": "/drifts/views",
    "/ignore-rules": "/ignore-rules",
    "/stacks": "/stacks",
    "/stacks/<slug>": "/stacks/{stack}",
    "/reports/<report_id>": "/reports/{report}",
    "/alerts": "/alerts?show=all",
    "/audit": "/audit",
    "/account": "/account",
    "/login": "/login",
    "/setup": "/setup",
    "/setup/stack": "/setup/stack?token={token}",
    "/welcome/<code>": "/welcome/{code}",
    "/admin/users": "/admin/users",
    "/admin/users/<user_id>": "/admin/users/{user}",
    "/admin/sessions": "/admin/sessions",
    "/admin/tokens": "/admin/tokens",
    "/admin/rules": "/admin/rules",
    "/admin/rules/new": "/admin/rules/new",
    "/admin/rules/<rule_id>": "/admin/rules/{rule}",
    "/admin/status": "/admin/status",
    "/api/v1/docs": "/api/v1/docs",
}
NO_PAGES = {
    "/audit/export", "/audit/verification", "/drifts/export", "/healthz", "/live/changes", "/metrics", "/readyz",
    "/setup/stack/waiting", "/static/<name>",
}  # fmt: skip
World = dict[str, Any]


def pages(access: Access, world: World) -> Iterator[str]:
    """The addresses of all pages that ask for just this."""
    for (method, rule), (asked, _path, _form) in ROUTES.items():  # which test_access.py compares with the application
        is_page = method == "GET" and rule not in NO_PAGES and (rule in PAGES or not rule.startswith("/api/"))
        if is_page and asked is access:
            assert rule in PAGES, f"say in places.py where {rule} can be seen"
            yield PAGES[rule].format_map(world)


def pages_of(role: str, world: World) -> list[str]:
    """The addresses of all pages that somebody of this role may see."""
    ladder = [each.value for each in PEOPLE]
    return [path for each in ladder[: ladder.index(role) + 1] for path in pages(Access(each), world)]
