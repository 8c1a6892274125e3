"""The headers of every answer, errors too."""

from pathlib import Path

import httpx
import pytest

from driftsentry.security import HEADERS
from tests.servers import NO_TLS, running_server
from tests.site import Site, running_site

PATHS = [
    ("GET", "/", 303), ("GET", "/login", 200), ("GET", "/nowhere", 404), ("POST", "/healthz", 405),
    ("GET", "/healthz", 200), ("GET", "/readyz", 200), ("GET", "/static/base.css", 200), ("GET", "/static/none", 404),
    ("GET", "/static/./base.css", 404), ("GET", "/static/x/../base.css", 404), ("GET", "/static/base.css/", 404),
    ("GET", "/static/../app.py", 404), ("GET", "/api/v1/nowhere", 404), ("GET", "/api/v1/auth/login", 405),
    ("POST", "/api/v1/stacks/a/reports", 401), ("POST", "/login", 422), ("OPTIONS", "/login", 200),
    ("HEAD", "/login", 200), ("DELETE", "/drifts", 405),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status"), PATHS)
async def test_every_answer_bears_them(sqlite_site: Site, method: str, path: str, status: int) -> None:
    await sqlite_site.person("Vera", "viewer")  # without anybody, the login leads to /setup
    response = await sqlite_site.anonymous().request(method, path)
    assert response.status_code == status
    check(response.headers)


async def test_pages_and_errors_behind_the_login_bear_them(sqlite_site: Site) -> None:
    viewer = await sqlite_site.as_viewer()
    for path in ("/", "/drifts", "/stacks", "/drifts/1", "/stacks/none", "/login"):
        check((await viewer.get(path)).headers)
    response = await viewer.post("/drifts/1/decision")
    assert response.status_code == 403
    check(response.headers)


def check(headers: object) -> None:
    found = {name.lower(): value for name, value in headers.items()}  # type: ignore[attr-defined]
    assert {name.lower() for name in HEADERS} <= found.keys()
    policy = found["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    for word in ("unsafe-", "*", "http:", "https:", "data: 'self'"):
        assert word not in policy
    assert found["x-content-type-options"] == "nosniff"
    assert len(found["x-request-id"]) == 26
    assert "server" not in found
    assert "cache-control" in found


async def test_request_ids_differ(sqlite_site: Site) -> None:
    ids = {(await sqlite_site.anonymous().get("/healthz")).headers["X-Request-Id"] for _ in range(20)}
    assert len(ids) == 20


async def test_private_answers_are_not_kept(sqlite_site: Site) -> None:
    viewer = await sqlite_site.as_viewer()
    for path in ("/", "/drifts", "/stacks", "/login", "/nowhere"):
        assert (await viewer.get(path)).headers["Cache-Control"] == "no-store"


async def test_static_files_are_kept_only_under_an_address_with_their_hash(sqlite_site: Site) -> None:
    page = await (await sqlite_site.as_viewer()).text("/")
    address = page.partition('href="/static/base.css')[2].partition('"')[0]
    assert "immutable" in (await sqlite_site.anonymous().get(f"/static/base.css{address}")).headers["Cache-Control"]
    assert (await sqlite_site.anonymous().get("/static/base.css")).headers["Cache-Control"] == "no-cache"
    sheet = await (await sqlite_site.anonymous().get("/static/stacks.css")).get_data(as_text=True)
    assert (".rows-short" in sheet, "@import" in sheet) == (True, False), "it carries those that it asks for"


async def test_https_is_remembered_only_where_it_is_used(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with running_site(url) as site:
        assert "Strict-Transport-Security" not in (await site.anonymous().get("/login")).headers
    async with running_site(url, DRIFTSENTRY_BASE_URL="https://drift.example.com") as site:
        assert "max-age=" in (await site.anonymous().get("/login")).headers["Strict-Transport-Security"]


def test_the_real_server_does_not_name_itself(tmp_path: Path) -> None:
    with running_server(tmp_path, f"sqlite:///{tmp_path / 'test.db'}") as server:
        for path in ("/login", "/nowhere", "/static/base.css"):
            check(httpx.get(server.url + path, trust_env=False, verify=NO_TLS).headers)
