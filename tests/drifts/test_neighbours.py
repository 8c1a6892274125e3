"""From a drift's page one goes on to the next in the list that one came from, whatever it was narrowed to."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.ingest.samples import entry, plan
from tests.site import Browser, Site

SECRETS = {"change": {"before_sensitive": {"a": True}, "after_sensitive": {"a": True}}}


@pytest.fixture
async def site(sqlite_site: Site) -> Site:
    """Four drifts by urgency: demo.secret (high), demo.c, demo.b, demo.a (medium); and noise in another stack."""
    await sqlite_site.post_body(plan(entry({"a": "1"}, {"a": "2"}, address="demo.a")), "prod/one")
    two = (entry({"a": "1"}, {"a": "2"}, address="demo.b"), entry({"a": "1"}, {"a": "2"}, address="demo.c"))
    await sqlite_site.post_body(plan(*two), "prod/two")
    await sqlite_site.post_body(plan(entry({"a": "1"}, {"a": "2"}, address="demo.secret", **SECRETS)), "dev/three")
    await sqlite_site.post_body(plan(entry({"a": None}, {"a": []}, address="demo.noise")), "dev/noise")
    return sqlite_site


async def id_of(site: Site, address: str) -> int:
    return int((await site.drift(address))["id"])


async def beside(site: Site, browser: Browser, path: str, referer: str = "") -> tuple[str | None, str | None]:
    """The addresses of the pages before and after that one."""
    headers = {"Referer": f"http://localhost{referer}" if referer.startswith("/") else referer} if referer else None
    text = await (await browser.get(path, headers)).get_data(as_text=True)
    links = [re.search(rf'class="{name}" rel="\w+" href="([^"]+)"', text) for name in ("nav-prev", "nav-next")]
    before, after = [unescape(link[1]) if link else None for link in links]
    return before, after


async def walked(site: Site, browser: Browser, path: str, referer: str = "") -> list[str]:
    """The addresses of the drifts from `path` on, each by the link of the page before it."""
    found, following = [], path
    while following:
        drift_id = int(urlsplit(following).path.rpartition("/")[2])
        found.append(str(await site.value("SELECT address FROM drifts WHERE id = :id", id=drift_id)))
        back, onward = await beside(site, browser, following, referer)
        assert (back is None) == (len(found) == 1), "back leads where one came from"
        following, referer = onward or "", ""
        assert len(found) < 9
    return found


async def test_the_whole_list_is_walked_in_its_order(site: Site) -> None:
    viewer = await site.as_viewer()
    first = f"/drifts/{await id_of(site, 'demo.secret')}"
    expected = [row["address"] for row in await site.rows(
        "SELECT address FROM drifts WHERE cause = 'out_of_band' ORDER BY severity_rank DESC, detected_at DESC, id DESC"
    )]  # fmt: skip
    assert await walked(site, viewer, first) == expected
    assert len(expected) == 4


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=open&stack=prod%2Ftwo", ["demo.c", "demo.b"]),
        ("q=stack%3Aprod%2F*&sort=address", ["demo.a", "demo.b", "demo.c"]),
        ("status=all&q=-severity%3Ahigh+env%3Aprod&sort=oldest", ["demo.a", "demo.b", "demo.c"]),
    ],
)
async def test_the_list_one_came_from_is_known_by_the_page_before(site: Site, query: str, expected: list[str]) -> None:
    viewer = await site.as_viewer()
    first = f"/drifts/{await id_of(site, expected[0])}"
    assert await walked(site, viewer, first, f"/drifts?{query}") == expected
    text = await (await viewer.get(first, {"Referer": f"http://localhost/drifts?{query}"})).get_data(as_text=True)
    crumb = re.search(r'aria-label="Breadcrumb"[^>]*><a href="([^"]+)"', text)
    assert crumb, "the way back is the list as it was"
    assert urlsplit(unescape(crumb[1])).path == "/drifts"
    assert "prod" in crumb[1]


async def test_what_left_the_list_still_leads_on(site: Site) -> None:
    """Decide, and go to the next one."""
    engineer = await site.as_engineer()
    drift = await site.drift("demo.c")
    page = f"/drifts/{drift['id']}?from=status%3Dopen"
    form = {"verdict": "approved", "reason": "It is fine like this.", "fingerprint": drift["fingerprint"]}
    response = await engineer.post(f"/drifts/{drift['id']}/decision", form, {"Referer": f"http://localhost{page}"})
    assert (response.status_code, response.location) == (303, page)
    before, after = await beside(site, engineer, response.location)
    assert before
    assert after
    assert before.startswith(f"/drifts/{await id_of(site, 'demo.secret')}?from=")
    assert parse_qs(urlsplit(after).query) == {"from": ["status=open"]}


async def test_a_list_of_ones_own_is_walked_by_whoever_looks(site: Site) -> None:
    emil, vera = await site.as_engineer(), await site.as_viewer()
    ids = [await id_of(site, f"demo.{name}") for name in "abc"]
    for drift_id in ids:
        row = (await site.rows("SELECT fingerprint FROM drifts WHERE id = :id", id=drift_id))[0]
        form = {"verdict": "approved", "reason": "It is fine like this.", "fingerprint": row[0]}
        assert (await emil.post(f"/drifts/{drift_id}/decision", form)).status_code == 303
    path = f"/drifts/{ids[0]}?from=status%3Dall%26q%3Dby%253Ame%26sort%3Daddress"
    assert await walked(site, emil, path) == ["demo.a", "demo.b", "demo.c"]
    assert await beside(site, vera, path) == (None, None)


async def test_a_single_one_has_nobody_beside_it(site: Site) -> None:
    viewer, noise = await site.as_viewer(), await id_of(site, "demo.noise")
    assert await beside(site, viewer, f"/drifts/{noise}") == (None, None)
    assert 'href="/drifts?status=informational"' in await viewer.text(f"/drifts/{noise}")


@pytest.mark.parametrize(
    ("path", "referer"),
    [
        ("?from=%22%3E%3Cscript%3E&line=x", ""),
        ("?from=" + "q=x%26" * 400, ""),
        ("?from=status%3Dnonsense%26q%3D%27%3B--%26sort%3Dnone%26after%3D%00%26drift%3D%2799%27", ""),
        ("?line=-7&from=%E2%80%AE", ""),
        ("", "https://evil.example/drifts?stack=prod%2Ftwo"),
        ("", "/drifts/99?from=q%3D%22"),
        ("", "not an address"),
        ("", "http://[::1"),
    ],
)
async def test_a_list_that_is_no_list_harms_nobody(site: Site, path: str, referer: str) -> None:
    viewer, drift_id = await site.as_viewer(), await id_of(site, "demo.b")
    for address in await beside(site, viewer, f"/drifts/{drift_id}{path}", referer):
        assert address is None or address.startswith("/drifts/")
    response = await viewer.get(f"/drifts/{drift_id}{path}", {"Referer": referer} if referer else None)
    text = await response.get_data(as_text=True)
    assert response.status_code == 200
    assert "<script>&" not in text
    assert "\u202e" not in text
    assert "evil.example" not in text
