"""To approve or reject a drift: works, wrong role, anonymous, twice, lost race, on facts that changed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from driftsentry import clock, drifts, errors
from driftsentry.db import Database, Row
from driftsentry.drifts.actions import Wish
from driftsentry.events import Actor
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site

REASON = "the vendor asked us to keep it"
HTMX = {"HX-Request": "true"}


@pytest.fixture
async def drift(site: Site) -> Row:
    await site.post_body(scan("2"))
    return await site.drift("demo.x")


def scan(value: str, minute: int = 0) -> bytes:
    return plan(entry({"a": "1"}, {"a": value}), timestamp=f"2026-11-20T10:{minute:02}:00Z")


def form(drift: Row, verdict: str = "approved", reason: str = REASON, **more: str) -> dict[str, str]:
    return {"verdict": verdict, "reason": reason, "fingerprint": drift["fingerprint"]} | more


async def recorded(site: Site) -> tuple[int, int]:
    """How many decisions and events about decisions there are."""
    told = await site.events("drift.approved", "drift.rejected")
    return int(await site.value("SELECT count(*) FROM decisions")), len(told)


@pytest.mark.parametrize(
    ("verdict", "consequence"),
    [("approved", "keep reality, change the code"), ("rejected", "revert reality to the code")],
)
async def test_an_engineer_decides_and_comes_back_to_the_page(
    site: Site, drift: Row, verdict: str, consequence: str
) -> None:
    engineer = await site.as_engineer()
    response = await engineer.post(f"/drifts/{drift['id']}/decision", form(drift, verdict))
    assert (response.status_code, response.location) == (303, f"/drifts/{drift['id']}")
    assert (await site.drift("demo.x"))["status"] == verdict
    [event] = await site.events(f"drift.{verdict}")
    assert (event.actor.name, event.actor.kind, event.actor.address) == ("Emil", "user", "127.0.0.1")
    assert (event.data["reason"], event.data["consequence"]) == (REASON, consequence)
    assert event.data["fingerprint"] == drift["fingerprint"]
    assert event.actor.request_id == response.headers["X-Request-Id"]
    page = await (await site.as_viewer()).text(f"/drifts/{drift['id']}")
    assert REASON in page
    assert consequence in page


async def test_an_admin_may_decide_too(site: Site, drift: Row) -> None:
    response = await (await site.as_admin()).post(f"/drifts/{drift['id']}/decision", form(drift))
    assert response.status_code == 303


async def test_htmx_gets_the_panel_and_the_regions_beside_it(site: Site, drift: Row) -> None:
    engineer = await site.as_engineer()
    response = await engineer.post(f"/drifts/{drift['id']}/decision", form(drift), HTMX)
    text = await response.get_data(as_text=True)
    assert response.status_code == 200
    assert "<html" not in text
    for part in ("decision", "timeline"):
        assert f'id="drift-{drift["id"]}-{part}"' in text
    assert "<form" not in text
    assert REASON in text


async def test_a_viewer_gets_403_that_names_the_role_and_sees_no_form(site: Site, drift: Row) -> None:
    viewer = await site.as_viewer()
    assert '<form method="post" action="/drifts' not in await viewer.text(f"/drifts/{drift['id']}")
    for headers in ({}, HTMX):
        response = await viewer.post(f"/drifts/{drift['id']}/decision", form(drift), headers)
        assert response.status_code == 403
        assert "needs the role engineer" in await response.get_data(as_text=True)
    assert await recorded(site) == (0, 0)


async def test_somebody_signed_out_is_sent_to_the_login(site: Site, drift: Row) -> None:
    address = f"/drifts/{drift['id']}/decision"
    response = await site.anonymous().post(address, form(drift))
    assert (response.status_code, response.location) == (303, "/login?next=/")
    here = {"HX-Current-URL": f"http://localhost/drifts/{drift['id']}?a=b"}
    response = await site.anonymous().post(address, form(drift), HTMX | here)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == f"/login?next=/drifts/{drift['id']}%3Fa%3Db"
    assert await recorded(site) == (0, 0)


async def test_a_demoted_engineer_with_an_old_page_gets_403(site: Site, drift: Row) -> None:
    engineer = await site.as_engineer()
    assert "<form" in await engineer.text(f"/drifts/{drift['id']}")
    await site.run("UPDATE users SET role = 'viewer'")
    response = await engineer.post(f"/drifts/{drift['id']}/decision", form(drift))
    assert response.status_code == 403
    assert await recorded(site) == (0, 0)


async def test_the_role_is_read_again_in_the_transaction_of_the_write(site: Site, drift: Row) -> None:
    """Whatever a page, a token or a guard said before."""
    engineer = await site.person("Emil")
    wish = Wish(drifts.Verdict.APPROVED, REASON, drift["fingerprint"])
    await site.run("UPDATE users SET role = 'viewer'")
    with pytest.raises(errors.Forbidden, match="needs the role engineer"):
        await drifts.decide(site.db, Actor("user", engineer.id, "Emil"), drift["id"], wish)
    await site.run("UPDATE users SET role = 'admin', is_active = 0")
    with pytest.raises(errors.Forbidden, match="not active"):
        await drifts.decide(site.db, Actor("user", engineer.id, "Emil"), drift["id"], wish)


async def test_the_same_decision_twice_is_answered_as_the_first_time_and_recorded_once(site: Site, drift: Row) -> None:
    engineer = await site.as_engineer()
    address = f"/drifts/{drift['id']}/decision"
    first = await engineer.post(address, form(drift))
    before = await site.tables()
    again = await engineer.post(address, form(drift, reason=f"  {REASON}\r\n"))
    assert (again.status_code, again.location) == (first.status_code, first.location)
    assert await site.tables() == before
    assert await recorded(site) == (1, 1)


@pytest.mark.parametrize("change", [{"reason": "another reason than before"}, {"verdict": "rejected"}])
async def test_another_decision_by_the_same_person_is_a_conflict(
    site: Site, drift: Row, change: dict[str, str]
) -> None:
    engineer = await site.as_engineer()
    await engineer.post(f"/drifts/{drift['id']}/decision", form(drift))
    before = await site.tables()
    response = await engineer.post(f"/drifts/{drift['id']}/decision", form(drift) | change)
    assert response.status_code == 409
    assert "You have approved this drift already" in await response.get_data(as_text=True)
    assert await site.tables() == before


async def test_who_comes_second_learns_who_won_and_keeps_what_he_typed(site: Site, drift: Row) -> None:
    first, second = await site.as_engineer(), await site.browser_of(await site.person("Erik"))
    await first.post(f"/drifts/{drift['id']}/decision", form(drift))
    for headers in ({}, HTMX):
        typed = form(drift, "rejected", "no, this must be undone <at once>")
        response = await second.post(f"/drifts/{drift['id']}/decision", typed, headers)
        text = await response.get_data(as_text=True)
        assert response.status_code == 409
        assert "Emil has approved this drift already" in text
        assert "no, this must be undone &lt;at once&gt;" in text
    assert await recorded(site) == (1, 1)


async def test_facts_that_changed_since_are_409_with_the_new_facts_and_the_typed_reason(site: Site, drift: Row) -> None:
    engineer = await site.as_engineer()
    await site.post_body(scan("new-fact", 1))
    now = await site.drift("demo.x")
    for headers in ({}, HTMX):
        response = await engineer.post(f"/drifts/{drift['id']}/decision", form(drift, until="2030-01-31"), headers)
        text = await response.get_data(as_text=True)
        assert response.status_code == 409
        assert "changed since you loaded the page" in text
        assert REASON in text
        assert "2030-01-31" in text
        assert "new-fact" in text
        assert f'value="{now["fingerprint"]}"' in text
        assert drift["fingerprint"] not in text
    assert (await site.drift("demo.x"))["status"] == "detected"
    assert await recorded(site) == (0, 0)
    assert (await engineer.post(f"/drifts/{drift['id']}/decision", form(now))).status_code == 303


async def test_a_resolved_drift_cannot_be_decided(site: Site, drift: Row) -> None:
    await site.post_body(plan(resource_drift=[], timestamp="2026-11-20T11:00:00Z"))
    response = await (await site.as_engineer()).post(f"/drifts/{drift['id']}/decision", form(drift))
    assert response.status_code == 409
    assert "resolved" in await response.get_data(as_text=True)
    assert await recorded(site) == (0, 0)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("", 422),
        ("123456789", 422),
        ("  123456789  \n", 422),
        ("1234567890", 303),
        ("ü" * 1000, 303),
        ("x" * 1001, 422),
    ],
)
async def test_a_reason_has_10_to_1000_characters(site: Site, drift: Row, reason: str, status: int) -> None:
    engineer = await site.as_engineer()
    response = await engineer.post(f"/drifts/{drift['id']}/decision", form(drift, reason=reason))
    assert response.status_code == status
    if status == 422:
        text = await response.get_data(as_text=True)
        assert f"this one has {len(reason.strip())}" in text
        assert f">{reason}</textarea>" in text.replace("\r", "")
    assert (await recorded(site))[0] == (status == 303)


async def test_a_reason_is_text_wherever_it_is_shown(site: Site, drift: Row) -> None:
    evil = "<script>alert(1)</script> \u202e <b hx-get='/x'>"
    engineer = await site.as_engineer()
    await engineer.post(f"/drifts/{drift['id']}/decision", form(drift, reason=evil + "\0"))
    for path in (f"/drifts/{drift['id']}", "/"):
        text = await engineer.text(path)
        assert "<script>alert" not in text
        assert "<b hx-get" not in text
        assert "\u202e" not in text
        assert r"\u202e" in text


async def until(site: Site, drift: Row, browser: Browser, **typed: str) -> tuple[int, str]:
    response = await browser.post(f"/drifts/{drift['id']}/decision", form(drift) | typed)
    return response.status_code, await response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"until": "2020-01-31"}, "must be in the future"),
        ({"until": "tomorrow"}, "year-month-day"),
        ({"until": "2030-02-31"}, "year-month-day"),
        ({"until": "9999-12-31"}, "year-month-day"),
        ({"until": "2030-01-31", "verdict": "rejected"}, "Only an approval"),
        ({"verdict": "maybe"}, "approve or to reject"),
        ({"verdict": ""}, "approve or to reject"),
    ],
)
async def test_what_cannot_be_decided_is_refused_with_what_was_typed(
    site: Site, drift: Row, typed: dict[str, str], sentence: str
) -> None:
    status, text = await until(site, drift, await site.as_engineer(), **typed)
    assert status == 422
    assert sentence in text
    assert REASON in text
    assert await recorded(site) == (0, 0)


async def test_an_approval_lapses_behind_its_last_day_once_though_two_processes_look(
    site: Site, drift: Row, database_url: str
) -> None:
    last_day = (clock.now() + timedelta(days=3)).date()
    status, _text = await until(site, drift, await site.as_engineer(), until=last_day.isoformat())
    assert status == 303
    end = datetime.combine(last_day, datetime.min.time(), UTC) + timedelta(days=1)
    with clock.pretend(end - timedelta(seconds=1)):
        assert await drifts.lapse(site.db) == 0
    other = Database(database_url)
    other.before_commit = site.db.before_commit
    await other.connect()
    try:
        with clock.pretend(end):
            assert sorted(await asyncio.gather(*map(drifts.lapse, (site.db, other, site.db, other)))) == [0, 0, 0, 1]
    finally:
        await other.disconnect()
    again = await site.drift("demo.x")
    assert (again["status"], again["detected_at"]) == ("detected", clock.to_text(end))
    [lapsed] = await site.events("drift.lapsed")
    assert lapsed.actor.kind == "system"
    status, _text = await until(site, drift, await site.as_engineer())
    assert status == 303
    assert await recorded(site) == (2, 2)


@pytest.mark.parametrize("number", ["0", "99", "2147483647", "2147483648", "99999999999999999999", "-1", "x"])
async def test_a_drift_that_is_not_there_is_404(site: Site, number: str) -> None:
    engineer = await site.as_engineer()
    assert (await engineer.get(f"/drifts/{number}")).status_code == 404
    for what in ("decision", "comments"):
        typed = {"verdict": "approved", "reason": REASON, "fingerprint": "x", "text": "hello"}
        assert (await engineer.post(f"/drifts/{number}/{what}", typed)).status_code == 404
