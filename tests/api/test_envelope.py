"""One envelope and one shape of failures, on every path and method below /api, for whatever is sent."""

import json
import re
from typing import Any

import pytest

from driftsentry import errors
from driftsentry.web import Access, allow
from tests.api.program import Answer, Program, as_ci, as_nobody, as_role
from tests.contract.test_access import NO_ID
from tests.site import Site, running_site

SECRET = "the-password-is-tulip"
OUTAGE = "The database cannot be reached or written just now."
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def check_failure(answer: Answer, status: int, code: str) -> None:
    """The one shape, and what every answer of the API has."""
    assert answer.status == status, answer.body
    assert set(answer.body) == {"success", "error"}
    error = answer.body["error"]
    assert set(error) == {"code", "message", "statusCode", "timestamp", "requestId", "details"}
    assert (answer.body["success"], error["code"], error["statusCode"]) == (False, code, status)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", error["timestamp"])
    assert error["message"].strip()
    assert all(set(detail) == {"field", "message"} for detail in error["details"])
    assert error["requestId"] == answer.headers["X-Request-Id"] != ""
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    check_headers(answer)


def check_headers(answer: Answer) -> None:
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


@pytest.fixture
async def admin(sqlite_site: Site) -> Program:
    return await as_role(sqlite_site, "admin")


@pytest.fixture
async def broken(sqlite_site: Site) -> Site:
    """The site with routes that fail in all ways."""

    @allow(Access.ANYONE)
    async def fail() -> str:
        raise RuntimeError(SECRET)

    @allow(Access.ANYONE)
    async def rest() -> str:
        raise errors.Unavailable(OUTAGE) from OSError(SECRET)

    sqlite_site.app._got_first_request = False  # quart refuses routes once it serves
    for name, handler in {"fail": fail, "rest": rest}.items():
        sqlite_site.app.add_url_rule(f"/api/v1/{name}", name, handler, methods=[*METHODS])
    return sqlite_site


# -- Successes -------------------------------------------------------------------------------------------------


async def test_successes_have_one_envelope_and_an_id_of_the_request(admin: Program) -> None:
    seen = set()
    for path in ("/users/me", "/users", "/sessions", "/tokens", "/alerts", "/stacks", "/audit-logs", "/drifts",
                 "/metrics/summary", "/alerts/unread-count"):  # fmt: skip
        answer = await admin.get(path)
        assert answer.status == 200, (path, answer.body)
        assert set(answer.body) == {"success", "data", "meta"}, path
        assert answer.body["success"] is True
        assert isinstance(answer.body["meta"], dict)
        check_headers(answer)
        seen.add(answer.headers["X-Request-Id"])
    assert len(seen) == 10
    check_headers(await admin.post("/alerts/read-all"))


async def test_names_are_in_camel_case_throughout(admin: Program) -> None:
    for path in ("/users/me", "/users", "/sessions", "/tokens", "/audit-logs", "/metrics/summary"):
        assert not re.search(r'"[a-z]+_[a-z_]+": ', json.dumps(without_data((await admin.get(path)).body))), path


def without_data(body: Any) -> Any:
    """The envelope without the facts of events, and without names that people gave."""
    if isinstance(body, list):
        return [without_data(each) for each in body]
    if isinstance(body, dict):
        return {name: without_data(value) for name, value in body.items() if name not in OTHERS_NAMES}
    return body


OTHERS_NAMES = {"byStatus", "byCause", "byStack", "byFreshness"}


# -- Failures, by path and method --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [*METHODS, "TRACE", "BREW", "get"])
async def test_an_address_that_is_not_there_is_404_for_every_method(sqlite_site: Site, method: str) -> None:
    for who in (as_nobody(sqlite_site), await as_role(sqlite_site, "viewer"), await as_ci(sqlite_site)):
        for path in (
            "/api/", "/api/v1", "/api/v1/", "/api/v2/drifts", "/api/v1/nothing", "/api/v1/users/me/", "/api/v1/drifts/",
            "/api/v1/%00", "/api/v1/%ff", "/api/v1/../login", "/api/v1/users/../../../login", "/api/v1/<script>",
            f"/api/v1/users/{NO_ID}/nothing",
        ):  # fmt: skip
            check_failure(await who.request(method, path), 404, "NOT_FOUND")


async def test_an_address_with_slashes_too_many_is_no_page_and_no_redirection(admin: Program) -> None:
    for path in ("/api/v1//users", "/api//v1/users", "/api/v1/users//me", "/api/v1/stacks//reports"):
        check_failure(await admin.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/users", {"GET", "POST"}),
        ("/users/me", {"GET"}),
        (f"/sessions/{NO_ID}", {"DELETE"}),
        (f"/users/{NO_ID}", {"PATCH"}),
        ("/auth/login", {"POST"}),
        ("/alerts", {"GET"}),
        ("/alerts/read-all", {"POST"}),
        ("/openapi.json", {"GET"}),
    ],
)
async def test_another_method_is_405_and_told_which_there_are(
    sqlite_site: Site, admin: Program, path: str, allowed: set[str]
) -> None:
    for method in {*METHODS, "TRACE", "BREW"} - allowed:
        for who in (admin, as_nobody(sqlite_site)):
            answer = await who.request(method, path)
            check_failure(answer, 405, "METHOD_NOT_ALLOWED")
            assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == allowed


async def test_a_handler_that_breaks_says_nothing_of_why(broken: Site) -> None:
    for method in METHODS:
        answer = await as_nobody(broken).request(method, "/fail")
        check_failure(answer, 500, "INTERNAL")
        assert SECRET not in json.dumps(answer.body)
        assert not re.search(r"Traceback|RuntimeError|\.py", json.dumps(answer.body))


async def test_an_outage_says_when_to_come_back_and_nothing_of_why(broken: Site) -> None:
    for method in METHODS:
        answer = await as_nobody(broken).request(method, "/rest")
        check_failure(answer, 503, "UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.body["error"]["message"] == OUTAGE


async def test_failures_of_every_other_kind_have_the_shape_too(sqlite_site: Site, admin: Program) -> None:
    nobody, viewer = as_nobody(sqlite_site), await as_role(sqlite_site, "viewer")
    check_failure(await nobody.get("/users/me"), 401, "AUTHENTICATION_REQUIRED")
    check_failure(await Program(sqlite_site.app, "x").get("/users/me"), 401, "INVALID_TOKEN")
    check_failure(await viewer.get("/users"), 403, "FORBIDDEN")
    check_failure(await admin.delete(f"/sessions/{NO_ID}"), 404, "NOT_FOUND")
    check_failure(await admin.post("/users", data=b"{}", headers={"Content-Type": "text/plain"}), 415, UNSUPPORTED)
    check_failure(await admin.post("/users", json={}), 422, "VALIDATION_ERROR")
    check_failure(await admin.post("/users", json={}, headers={"Sec-Fetch-Site": "cross-site"}), 403, "FORBIDDEN")
    body = {"email": "ada@example.com", "name": "Ada", "role": "viewer"}
    check_failure(await admin.post("/users", json=body), 409, "CONFLICT")


UNSUPPORTED = "UNSUPPORTED_FORMAT"


async def test_too_many_requests_have_the_shape(tmp_path: Any) -> None:
    async with running_site(f"sqlite:///{tmp_path / 'test.db'}", API_REQUESTS_A_MINUTE="1") as site:
        await as_nobody(site).get("/users/me")
        check_failure(await as_nobody(site).get("/users/me"), 429, "RATE_LIMITED")
