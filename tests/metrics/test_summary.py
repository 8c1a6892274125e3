"""`GET /api/v1/metrics/summary`: the numbers of a small set that one can count by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from driftsentry import clock
from tests.alerts.plans import decide, door, post, size
from tests.api.program import as_ci, as_nobody, as_role
from tests.site import Site, running_site

START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def at(minutes: float) -> Any:
    return clock.pretend(START + timedelta(minutes=minutes))


async def summary(site: Site) -> dict[str, Any]:
    return dict((await (await as_role(site, "viewer")).get("/metrics/summary")).data)


async def test_an_empty_site_has_all_names_and_no_numbers(site: Site) -> None:
    assert await summary(site) == {
        "drifts": {
            "total": 0,
            "snoozed": 0,
            "byStatus": {"detected": 0, "approved": 0, "rejected": 0, "resolved": 0},
            "bySeverity": {"critical": 0, "high": 0, "medium": 0, "low": 0},
            "byCause": {"out_of_band": 0, "informational": 0},
            "byStack": {},
        },
        "alerts": {"total": 0, "unread": 0},
        "oldestOpen": None,
        "medianSecondsToDecision": None,
        "medianSecondsToResolution": None,
        "reports": {"total": 0, "lastDay": 0},
        "stacks": {"total": 0, "byFreshness": {"fresh": 0, "late": 0, "stale": 0, "errored": 0, "never": 0}},
    }


async def story(site: Site) -> None:
    """Five drifts of prod/app and one of dev/app: two decided after 10 and 30 minutes, one resolved after 40."""
    with at(0):
        await post(site, 0, size("a"), size("b"), size("c"), size("d"), size("e"))
    with at(5):
        await post(site, 5, size("x"), stack="dev/app")
    addresses = [row[0] for row in await site.rows("SELECT address FROM drifts ORDER BY id")]
    with at(10):
        await decide(site, addresses[0], "approved")
    with at(30):
        await decide(site, addresses[1], "rejected")
    with at(40):
        await post(site, 40, size("a"), size("b"), size("c"), size("d"), refresh=True)


async def test_the_numbers_of_a_small_story(site: Site) -> None:
    await story(site)
    severity = await site.value("SELECT max(severity) FROM drifts")
    with at(60):
        found = await summary(site)
    drifts = found["drifts"]
    assert drifts["total"] == 6
    assert drifts["byStatus"] == {"detected": 3, "approved": 1, "rejected": 1, "resolved": 1}
    assert drifts["byStack"] == {"prod/app": 2, "dev/app": 1}
    assert sum(drifts["bySeverity"].values()) == drifts["bySeverity"][severity] == 3
    assert drifts["byCause"] == {"out_of_band": 6, "informational": 0}
    oldest = found["oldestOpen"]
    row = await site.drift_of("prod/app", (oldest or {})["address"])
    assert oldest == {
        "id": str(row["id"]), "address": row["address"], "stack": "prod/app", "detectedAt": clock.to_text(START),
    }  # fmt: skip
    assert row["id"] == await site.value("SELECT min(id) FROM drifts WHERE status = 'detected'")
    assert found["medianSecondsToDecision"] == 20 * 60
    assert found["medianSecondsToResolution"] == 40 * 60
    assert found["reports"] == {"total": 3, "lastDay": 3}
    assert found["stacks"]["total"] == found["stacks"]["byFreshness"]["fresh"] == 2


async def test_the_last_day_is_the_last_day(site: Site) -> None:
    await story(site)
    with at(24 * 60 + 1):
        assert (await summary(site))["reports"] == {"total": 3, "lastDay": 2}
    with at(24 * 60 + 41):
        assert (await summary(site))["reports"] == {"total": 3, "lastDay": 0}


async def test_stacks_grow_stale(site: Site) -> None:
    await story(site)
    with at(60 * 24 * 60):
        assert (await summary(site))["stacks"]["byFreshness"]["stale"] == 2


async def test_a_decision_more_moves_the_median(site: Site) -> None:
    await story(site)
    address = (await summary(site))["oldestOpen"]["address"]
    with at(12):
        await decide(site, address)
    assert (await summary(site))["medianSecondsToDecision"] == 12 * 60


async def test_unread_alerts_are_those_of_who_asks(site: Site) -> None:
    vera, emil = await as_role(site, "viewer"), await as_role(site, "engineer")
    await post(site, 1, door("web"))
    await post(site, 2, door("web"), stack="dev/app")
    [newest, _older] = (await vera.get("/alerts")).data
    await vera.post(f"/alerts/{newest['id']}/read")
    assert (await vera.get("/metrics/summary")).data["alerts"] == {"total": 2, "unread": 1}
    assert (await emil.get("/metrics/summary")).data["alerts"] == {"total": 2, "unread": 2}


async def test_nobody_sees_numbers_and_has_read_nothing(tmp_path: Path) -> None:
    async with running_site(f"sqlite:///{tmp_path / 'test.db'}", PUBLIC_READ="true") as site:
        await post(site, 1, door("web"))
        await (await as_role(site, "viewer")).post("/alerts/read-all")
        for program in (as_nobody(site), await as_ci(site)):
            found = (await program.get("/metrics/summary")).data
            assert found["alerts"] == {"total": 1, "unread": 1}
            assert found["drifts"]["total"] == 1


async def test_without_public_read_nobody_gets_nothing(sqlite_site: Site) -> None:
    for program in (as_nobody(sqlite_site), await as_ci(sqlite_site)):
        assert (await program.get("/metrics/summary")).status == 401
