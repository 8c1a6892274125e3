"""`/metrics` for Prometheus: what it holds, and that it counts; who may read it is in the matrix of access."""

import re
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from quart import Response

from driftsentry import auth, clock
from driftsentry.auth import Scope
from driftsentry.events import SYSTEM
from tests.alerts.plans import decide, door, post, size
from tests.api.program import as_nobody, as_role
from tests.live.test_live import connected
from tests.site import Browser, Site

Sample = tuple[str, frozenset[tuple[str, str]]]


async def scrape(site: Site) -> dict[Sample, float]:
    response = await site.anonymous().get("/metrics")
    assert response.status_code == 200
    families = text_string_to_metric_families(await response.get_data(as_text=True))
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def of(found: dict[Sample, float], name: str, **labels: str) -> float:
    """The sum of all samples with at least these labels."""
    fitting = [value for (each, has), value in found.items() if each == name and set(labels.items()) <= has]
    assert fitting, (name, labels)
    return sum(fitting)


async def counted(site: Site, **labels: str) -> float:
    found = await scrape(site)
    names = [has for (name, has) in found if name == "driftsentry_http_request_seconds_count"]
    return sum(found["driftsentry_http_request_seconds_count", has] for has in names if set(labels.items()) <= has)


async def test_the_format_is_that_of_prometheus(sqlite_site: Site) -> None:
    response = await sqlite_site.anonymous().get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    text = await response.get_data(as_text=True)
    assert "# HELP driftsentry_drifts " in text
    assert "# TYPE driftsentry_http_request_seconds histogram" in text
    names = {family.name for family in text_string_to_metric_families(text)}
    assert {"driftsentry_drifts", "driftsentry_stacks", "driftsentry_reports", "driftsentry_alerts"} <= names
    assert "driftsentry_sockets" in names


async def test_nothing_yet_is_zero_and_no_error(site: Site) -> None:
    found = await scrape(site)
    assert of(found, "driftsentry_reports") == of(found, "driftsentry_alerts") == of(found, "driftsentry_stacks") == 0
    assert of(found, "driftsentry_sockets") == 0


async def test_gauges_tell_drifts_reports_alerts_and_freshness(site: Site) -> None:
    await post(site, 1, size("a"), door("web"), stack="prod/app")
    await post(site, 2, door("db"), stack="dev/app")
    found = await scrape(site)
    amounts = await site.rows("SELECT s.slug, d.severity, count(*) FROM drifts d JOIN stacks s ON s.id = d.stack_id"
                              " GROUP BY s.slug, d.severity")  # fmt: skip
    for slug, severity, amount in amounts:
        alike = {"stack": slug, "severity": severity, "status": "detected", "cause": "out_of_band"}
        assert of(found, "driftsentry_drifts", **alike) == amount
    assert of(found, "driftsentry_drifts") == 3
    assert of(found, "driftsentry_drifts", severity="critical") == 2
    assert of(found, "driftsentry_reports") == 2
    assert of(found, "driftsentry_alerts") == await site.value("SELECT count(*) FROM alerts") == 2
    assert of(found, "driftsentry_stacks", freshness="fresh") == 2
    assert of(found, "driftsentry_stacks", freshness="stale") == 0
    assert 0 <= of(found, "driftsentry_stack_report_age_seconds", stack="prod/app") < 60


async def test_gauges_follow_decisions_and_time(site: Site) -> None:
    await post(site, 1, door("web"), stack="prod/app")
    await decide(site, (await site.value("SELECT address FROM drifts")))
    with clock.pretend(clock.now() + timedelta(days=30)):
        found = await scrape(site)
    assert of(found, "driftsentry_drifts", status="approved") == 1
    assert not [key for key in found if key[0] == "driftsentry_drifts" and ("status", "detected") in key[1]]
    assert of(found, "driftsentry_stacks", freshness="stale") == 1
    assert of(found, "driftsentry_stack_report_age_seconds", stack="prod/app") == pytest.approx(30 * 86400, abs=60)


async def test_open_sockets_are_counted(site: Site) -> None:
    viewer = await site.as_viewer()
    async with viewer.socket("/live?after=0&room=drifts"):
        await connected(site)
        assert of(await scrape(site), "driftsentry_sockets") == 1


async def test_every_request_is_counted_by_its_route_and_never_by_its_address(sqlite_site: Site) -> None:
    nobody, viewer = as_nobody(sqlite_site), await as_role(sqlite_site, "viewer")
    for slug in ("one", "two", "three-of-a-secret-name"):
        await viewer.get(f"/stacks/{slug}")
    await nobody.get("/users/me")
    assert await counted(sqlite_site, route="/api/v1/stacks/<path:slug>", method="GET", status="404") == 3
    assert await counted(sqlite_site, route="/api/v1/users/me", status="401") == 1
    text = await (await sqlite_site.anonymous().get("/metrics")).get_data(as_text=True)
    assert "secret" not in text


async def test_what_people_make_up_gets_no_label_of_its_own(sqlite_site: Site) -> None:
    nobody = as_nobody(sqlite_site)
    for number in range(20):
        await nobody.get(f"/made-up-{number}")
        await nobody.request(f"METHOD{number}", "/users/me")
        await sqlite_site.anonymous().get(f"/made-up-{number}")
    assert await counted(sqlite_site, method="ANY", route="none", status="404") == 40
    assert await counted(sqlite_site, method="ANY", route="none", status="405") == 20
    found = await scrape(sqlite_site)
    labels = {has for (name, has) in found if name == "driftsentry_http_request_seconds_count"}
    assert len(labels) < 8


async def test_the_histogram_holds_the_time(sqlite_site: Site) -> None:
    await sqlite_site.anonymous().get("/healthz")
    found = await scrape(sqlite_site)
    name = "driftsentry_http_request_seconds"
    assert of(found, f"{name}_count", route="/healthz") == 1
    assert of(found, f"{name}_bucket", route="/healthz", le="+Inf") == 1
    assert 0 < of(found, f"{name}_sum", route="/healthz") < 5


async def test_names_of_stacks_cannot_break_the_format(site: Site) -> None:
    await post(site, 1, door("web"), stack="prod/a.b-c_d")
    assert of(await scrape(site), "driftsentry_drifts", stack="prod/a.b-c_d") == 1


async def test_a_monitor_elsewhere_reads_with_its_token_and_dead_ones_are_refused(sqlite_site: Site) -> None:
    async def read(secret: str) -> Response:
        away = Browser(sqlite_site.app, address="203.0.113.7")
        return await away.get("/metrics", {"Authorization": f"Bearer {secret}"})

    token, secret = await auth.create_token(sqlite_site.db, SYSTEM, "mon", (), timedelta(days=1), Scope.METRICS)
    assert (await read(secret)).status_code == 200
    with clock.pretend(clock.now() + timedelta(days=2)):
        assert (await read(secret)).status_code == 401
    await auth.revoke_token(sqlite_site.db, SYSTEM, token.id)
    refused = await read(secret)
    assert refused.status_code == 401
    assert (await refused.get_json())["error"]["code"] == "INVALID_TOKEN"
    assert not re.search("driftsentry_", await refused.get_data(as_text=True))
