"""One word on several drifts at once: on those that are ticked, or on all that the list shows."""

from html import unescape
from typing import Any

import pytest

from driftsentry.db import Row
from driftsentry.drifts import bulk
from tests.ingest.samples import entry, plan
from tests.site import Site

REASON = "all of them come from one migration"
NAMES = [f"demo.n{number}" for number in range(5)]


def scan(minute: int, *changed: str) -> bytes:
    entries = [entry({"a": "1"}, {"a": "3" if name in changed else "2"}, address=name, name=name[5:]) for name in NAMES]
    return plan(*entries, timestamp=f"2026-11-20T10:{minute:02}:00Z")


@pytest.fixture
async def drifts(site: Site) -> list[Row]:
    await site.post_body(scan(1))
    return await site.rows("SELECT * FROM drifts ORDER BY id")


def picks(drifts: list[Row], **more: str) -> list[tuple[str, str]]:
    chosen = [("drift", f"{drift['id']}:{drift['fingerprint']}") for drift in drifts]
    return [*chosen, *({"verdict": "approved", "reason": REASON} | more).items()]


async def statuses(site: Site) -> list[str]:
    return [row[0] for row in await site.rows("SELECT status FROM drifts ORDER BY id")]


async def said(response: Any, status: int = 200) -> str:
    text = str(await response.get_data(as_text=True))
    assert response.status_code == status, text
    return unescape(text) if status == 200 else text


async def test_an_engineer_decides_on_several(site: Site, drifts: list[Row]) -> None:
    response = await (await site.as_engineer()).post("/drifts/bulk", picks(drifts[:3]))
    text = await response.get_data(as_text=True)
    assert response.status_code == 200
    assert "3 drifts approved" in text
    assert await statuses(site) == ["approved"] * 3 + ["detected"] * 2
    assert [event.drift_id for event in await site.events("drift.approved")] == [drift["id"] for drift in drifts[:3]]
    assert await site.value("SELECT count(*) FROM decisions") == 3


async def test_the_checkboxes_of_the_list_send_what_is_taken(site: Site, drifts: list[Row]) -> None:
    page = await (await site.as_engineer()).text("/drifts")
    for _name, pick in picks(drifts)[:5]:
        assert f'name="drift" value="{pick}"' in page


async def test_what_changed_since_is_left_out_and_says_why(site: Site, drifts: list[Row]) -> None:
    await site.post_body(scan(2, NAMES[1]))
    other = await site.browser_of(await site.person("Erik"))
    form = {"verdict": "rejected", "reason": "x" * 10, "fingerprint": drifts[2]["fingerprint"]}
    await other.post(f"/drifts/{drifts[2]['id']}/decision", form)
    response = await (await site.as_engineer()).post("/drifts/bulk", [*picks(drifts), ("drift", "777:abc")])
    text = await response.get_data(as_text=True)
    assert response.status_code == 200
    assert "3 drifts approved, 3 left out" in text
    for sentence in ("changed since you loaded", "Erik has rejected", "no such drift"):
        assert sentence in text
    assert await statuses(site) == ["approved", "detected", "rejected", "approved", "approved"]


async def test_the_same_again_is_answered_as_the_first_time(site: Site, drifts: list[Row]) -> None:
    engineer = await site.as_engineer()
    await engineer.post("/drifts/bulk", picks(drifts))
    before = await site.tables()
    response = await engineer.post("/drifts/bulk", picks(drifts))
    assert "5 drifts approved" in await response.get_data(as_text=True)
    assert await site.tables() == before


async def test_a_viewer_may_not_and_sees_no_buttons(site: Site, drifts: list[Row]) -> None:
    viewer = await site.as_viewer()
    assert "/drifts/bulk" not in await viewer.text("/drifts")
    response = await viewer.post("/drifts/bulk", picks(drifts))
    assert response.status_code == 403
    assert "needs the role engineer" in await response.get_data(as_text=True)
    assert await statuses(site) == ["detected"] * 5


async def test_somebody_signed_out_is_sent_to_the_login(site: Site, drifts: list[Row]) -> None:
    response = await site.anonymous().post("/drifts/bulk", picks(drifts))
    assert (response.status_code, response.location) == (303, "/login?next=/")
    response = await site.anonymous().post("/drifts/bulk", picks(drifts), {"HX-Request": "true"})
    assert (response.status_code, "HX-Redirect" in response.headers) == (401, True)
    assert await statuses(site) == ["detected"] * 5


@pytest.mark.parametrize("pick", ["", "x", "1", ":", "²:x", "-1:x", "99999999999:x", "1:x:y", "\0:1"])
async def test_what_no_checkbox_sends_decides_nothing(site: Site, drifts: list[Row], pick: str) -> None:
    form = [("drift", pick), ("verdict", "approved"), ("reason", REASON)]
    response = await (await site.as_engineer()).post("/drifts/bulk", form)
    assert response.status_code in (200, 422)
    assert await statuses(site) == ["detected"] * 5


async def test_nothing_selected_and_too_much_selected_are_refused(site: Site, drifts: list[Row]) -> None:
    engineer = await site.as_engineer()
    for chosen in ([], [("drift", f"{number}:x") for number in range(1, bulk.MOST + 2)]):
        form = [*chosen, ("verdict", "approved"), ("reason", REASON)]
        response = await engineer.post("/drifts/bulk", form)
        assert response.status_code == 422
        assert "between 1 and 1,000" in await response.get_data(as_text=True)


@pytest.mark.parametrize("typed", [{"reason": "short"}, {"reason": "x" * 1001}, {"verdict": "maybe"}])
async def test_a_bad_reason_or_verdict_decides_nothing(site: Site, drifts: list[Row], typed: dict[str, str]) -> None:
    response = await (await site.as_engineer()).post("/drifts/bulk", picks(drifts, **typed))
    assert response.status_code == 422
    assert await statuses(site) == ["detected"] * 5
    assert await site.value("SELECT count(*) FROM decisions") == 0


async def test_a_refusal_keeps_what_was_ticked_and_typed(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1))
    drifts = await sqlite_site.rows("SELECT * FROM drifts ORDER BY id")
    engineer = await sqlite_site.as_engineer()
    text = await said(await engineer.post("/drifts/bulk", picks(drifts[:2], reason="<b>short")), 422)
    assert ">&lt;b&gt;short</textarea>" in text
    assert text.count('type="hidden" name="drift"') == 2
    assert "all 2 drifts" in text
