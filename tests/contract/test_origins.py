"""What another site's page makes a browser send is refused on every unsafe route and every handshake."""

import asyncio
from itertools import product

import pytest
from quart.testing.connections import WebsocketResponseError

from tests.contract.test_access import ROUTES
from tests.site import Browser, Site

UNSAFE = [path for (method, _rule), (_access, path, _form) in ROUTES.items() if method == "POST"]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "garbage"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example/localhost"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "null"},
    {"Origin": ""},
]
OURS = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {"Origin": "https://localhost"},  # behind a proxy that ends TLS we see http
]


class Bare(Browser):
    """A browser of which a test says every header."""

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        kept = super().headers(more)
        kept.pop("Sec-Fetch-Site")
        return kept | (more or {})


@pytest.fixture
async def admin(sqlite_site: Site) -> Bare:
    return Bare(sqlite_site.app, (await sqlite_site.as_admin()).cookie)


async def test_other_origins_are_refused_on_every_unsafe_route(sqlite_site: Site, admin: Bare) -> None:
    before = await sqlite_site.tables()
    for path, headers in product(UNSAFE, FOREIGN):
        response = await admin.post(path, {}, headers)
        assert response.status_code == 403, (path, headers)
        assert "another site" in await response.get_data(as_text=True)
        assert "Set-Cookie" not in response.headers
    assert await sqlite_site.tables() == before


async def test_our_own_pages_and_programs_are_let_in(sqlite_site: Site) -> None:
    for path in UNSAFE:
        admin = Bare(sqlite_site.app, (await sqlite_site.as_admin()).cookie)
        for headers in OURS:
            assert (await admin.post(path, {}, headers)).status_code != 403, (path, headers)


async def test_links_from_other_sites_work(admin: Bare) -> None:
    for headers in FOREIGN:
        assert (await admin.get("/drifts", headers)).status_code == 200, headers


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_handshake_from_another_origin_is_refused_before_it_is_accepted(
    admin: Bare, headers: dict[str, str]
) -> None:
    async with admin.socket("/live?room=drifts", headers) as socket:
        with pytest.raises(WebsocketResponseError) as refusal:
            await socket.receive()
        assert refusal.value.response.status_code == 403
        assert not socket.accepted


@pytest.mark.parametrize("headers", OURS)
async def test_a_handshake_from_our_own_page_is_accepted(admin: Bare, headers: dict[str, str]) -> None:
    async with admin.socket("/live?room=drifts&after=0", headers) as socket:
        async with asyncio.timeout(5):
            while not socket.accepted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
