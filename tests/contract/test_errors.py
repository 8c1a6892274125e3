"""Every failure has the shape that its caller reads: a page, a fragment, or JSON; and never a trace."""

import json
import logging
import re

import pytest
from quart import Response

from driftsentry import clock, errors
from driftsentry.web import Access, allow
from tests.site import Site

SECRET = "the-password-is-tulip"


@pytest.fixture
async def broken(sqlite_site: Site) -> Site:
    """The site with two routes that fail as no program should, and as one may."""

    @allow(Access.ANYONE)
    async def fail() -> str:
        raise RuntimeError(SECRET)

    @allow(Access.ANYONE)
    async def rest() -> str:
        raise errors.Unavailable("The database cannot be reached or written just now.")

    sqlite_site.app._got_first_request = False  # quart refuses routes once it serves
    for prefix in ("", "/api/v1"):
        sqlite_site.app.add_url_rule(f"{prefix}/fail", f"fail{len(prefix)}", fail)
        sqlite_site.app.add_url_rule(f"{prefix}/rest", f"rest{len(prefix)}", rest)
    return sqlite_site


CASES = [
    ("GET", "/api/v1/nowhere", 404, "NOT_FOUND"), ("GET", "/api/", 404, "NOT_FOUND"),
    ("PUT", "/api/v1/auth/login", 405, "METHOD_NOT_ALLOWED"),
    ("POST", "/api/v1/stacks/a/reports", 401, "AUTHENTICATION_REQUIRED"),
    ("GET", "/api/v1/fail", 500, "INTERNAL"), ("GET", "/api/v1/rest", 503, "UNAVAILABLE"),
]  # fmt: skip


def check_shape(response: Response, answer: dict[str, object], status: int, code: str) -> None:
    assert response.status_code == status
    assert response.content_type == "application/json"
    assert answer.keys() == {"success", "error"}
    assert answer["success"] is False
    error = answer["error"]
    assert isinstance(error, dict)
    assert error.keys() == {"code", "message", "statusCode", "timestamp", "requestId", "details"}
    assert (error["code"], error["statusCode"]) == (code, status)
    assert error["requestId"] == response.headers["X-Request-Id"]
    assert abs((clock.from_text(error["timestamp"]) - clock.now()).total_seconds()) < 30
    assert isinstance(error["details"], list)
    assert error["message"]


@pytest.mark.parametrize(("method", "path", "status", "code"), CASES)
async def test_programs_get_json(broken: Site, method: str, path: str, status: int, code: str) -> None:
    response = await broken.anonymous().request(method, path)
    check_shape(response, await response.get_json(), status, code)
    assert SECRET not in json.dumps(await response.get_json())


async def test_programs_get_json_for_what_a_report_does_wrong(broken: Site) -> None:
    for body, status, code, headers in (
        (b"{}", 422, "UNSUPPORTED_FORMAT", {}),
        (b"", 400, "VALIDATION_ERROR", {}),
        (b"x" * (65 * 1024 * 1024), 413, "PAYLOAD_TOO_LARGE", {}),
        (b"{}", 403, "FORBIDDEN", {"Sec-Fetch-Site": "cross-site"}),
        (b"{}", 401, "INVALID_TOKEN", {"Authorization": "Bearer dsk_x"}),
    ):
        response = await broken.post_body(body, headers=headers)
        check_shape(response, await response.get_json(), status, code)


async def test_405_names_what_is_allowed_and_503_when_to_come_back(broken: Site) -> None:
    response = await broken.anonymous().get("/api/v1/auth/login")
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert int((await broken.anonymous().get("/rest")).headers["Retry-After"]) > 0


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/fail", 500), ("/rest", 503), ("/static/x", 404)])
async def test_people_get_a_page_and_htmx_a_fragment(broken: Site, path: str, status: int) -> None:
    for browser in (broken.anonymous(), await broken.as_viewer()):
        page = await browser.get(path)
        text = await page.get_data(as_text=True)
        assert page.status_code == status
        assert text.lstrip().startswith("<!doctype html>")
        assert page.headers["X-Request-Id"] in text
        fragment = await browser.get(path, {"HX-Request": "true"})
        part = await fragment.get_data(as_text=True)
        assert fragment.status_code == status
        assert "<html" not in part
        assert fragment.headers["X-Request-Id"] in part
        for shown in (text, part):
            assert SECRET not in shown
            assert "Traceback" not in shown
            assert not re.search(r'File "|\.py\b', shown)


async def test_what_nobody_expected_is_in_the_log_under_its_request_id(
    broken: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await broken.anonymous().get("/fail")
    [record] = [record for record in caplog.records if record.message == "request.failed"]
    assert record.request_id == response.headers["X-Request-Id"]  # type: ignore[attr-defined]
    assert record.exc_info


async def test_what_people_typed_into_an_address_is_text(broken: Site) -> None:
    for path in ("/%3Cscript%3Ealert(1)%3C/script%3E", "/drifts?q=%3Cscript%3Ealert(1)%3C/script%3E&status=%3Cb%3E"):
        text = await (await (await broken.as_viewer()).get(path)).get_data(as_text=True)
        assert "<script>alert" not in text
        assert "<b>'" not in text
