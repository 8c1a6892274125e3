"""Requests that take long: a warning over 500 ms, an error over 2000 ms, with the route and without the address."""

import logging
from typing import Any

import pytest

from driftsentry import security
from tests.api.program import Program, as_role
from tests.site import Site, running_site


class Watch:
    """A clock that stands still, but for so many seconds in the middle of each request."""

    def __init__(self) -> None:
        self.seconds = self._now = 0.0

    def perf_counter(self) -> float:
        return self._now

    def work(self) -> None:
        self._now += self.seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    found = Watch()
    monkeypatch.setattr(security, "time", found)
    return found


def slow_down(site: Site, watch: Watch, seconds: float) -> None:
    watch.seconds = seconds
    site.app.before_request_funcs[None].append(watch.work)


def lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.message == "request.finished"]


@pytest.fixture
async def vera(sqlite_site: Site) -> Program:
    return await as_role(sqlite_site, "viewer")


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0.0, None), (0.499, None), (0.501, "WARNING"), (1.999, "WARNING"), (2.001, "ERROR"), (40, "ERROR")],
)
async def test_the_level_grows_with_the_time(
    sqlite_site: Site,
    watch: Watch,
    vera: Program,
    caplog: pytest.LogCaptureFixture,
    seconds: float,
    level: str | None,
) -> None:
    slow_down(sqlite_site, watch, seconds)
    with caplog.at_level(logging.INFO):
        answer = await vera.get("/stacks/a-name-that-somebody-typed?page=1")
    assert [record.levelname for record in lines(caplog)] == ([level] if level else [])
    for record in lines(caplog):
        assert (record.route, record.method, record.status) == ("/api/v1/stacks/<path:slug>", "GET", 404)
        assert record.ms == pytest.approx(seconds * 1000)
        assert record.request_id == answer.headers["X-Request-Id"]
        assert "somebody-typed" not in repr(vars(record))


async def test_pages_are_measured_too(watch: Watch, sqlite_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    slow_down(sqlite_site, watch, 3)
    with caplog.at_level(logging.INFO):
        await (await sqlite_site.as_viewer()).get("/drifts?q=typed")
        await sqlite_site.anonymous().get("/nowhere")
    assert [(record.levelname, record.route) for record in lines(caplog)] == [("ERROR", "/drifts"), ("ERROR", "")]


async def test_every_time_is_in_the_log_when_one_asks_for_it(
    watch: Watch, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_site(f"sqlite:///{tmp_path / 'test.db'}", LOG_RESPONSE_TIME="true") as site:
        with caplog.at_level(logging.INFO):
            await site.anonymous().get("/healthz")
            slow_down(site, watch, 0.6)
            await site.anonymous().get("/healthz")
    assert [record.levelname for record in lines(caplog)] == ["INFO", "WARNING"]


async def test_slow_requests_are_in_the_histogram_with_their_time(watch: Watch, sqlite_site: Site) -> None:
    slow_down(sqlite_site, watch, 3)
    await sqlite_site.anonymous().get("/healthz")
    value = sqlite_site.app.latency_registry.get_sample_value
    labels = {"method": "GET", "route": "/healthz", "status": "200"}
    assert value("driftsentry_http_request_seconds_sum", labels) == 3
    assert value("driftsentry_http_request_seconds_bucket", labels | {"le": "2.0"}) == 0
    assert value("driftsentry_http_request_seconds_bucket", labels | {"le": "5.0"}) == 1
