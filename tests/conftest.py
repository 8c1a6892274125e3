"""Fixtures that go through all tests. Every database test runs on SQLite and on PostgreSQL."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from driftsentry import events, migrations
from driftsentry.db import Database
from tests.databases import PostgresServer, postgres_server
from tests.site import Site, running_site

EVENT_KEY = b"k" * 32


def pytest_configure(config: pytest.Config) -> None:
    # The tests speak plain http; browsers take Secure cookies from loopback all the same.
    config.addinivalue_line("filterwarnings", "ignore:Secure cookies will be ignored")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI a skipped test is a failed one: nothing may go unnoticed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and os.environ.get("FAIL_ON_SKIP") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed here: {report.longrepr}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database on each engine (SQLite is migrated by whoever connects first)."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.fresh()
    yield url
    server.drop(url)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A connected database whose events are chained."""
    database = Database(database_url)
    database.before_commit = events.Log(EVENT_KEY).seal
    await database.connect()
    await migrations.migrate(database)
    yield database
    await database.disconnect()


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    """The whole application on a fresh database, once on each engine."""
    async with running_site(database_url) as running:
        yield running


@pytest.fixture
async def sqlite_site(tmp_path: Path) -> AsyncIterator[Site]:
    """The same on SQLite alone: for promises that no database has a part in."""
    async with running_site(f"sqlite:///{tmp_path / 'test.db'}") as running:
        yield running
