"""Fixtures that go through all tests. Every database test runs on SQLite and on PostgreSQL."""

import gc
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from driftsentry import events, migrations
from driftsentry.auth import passwords
from driftsentry.db import Database
from tests.databases import PostgresServer, postgres_server, sqlite_file
from tests.site import Site, running_site

EVENT_KEY = b"k" * 32

# To compile all tests takes each worker ten seconds: what is compiled is kept, also where the environment says no.
sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    # The tests speak plain http; browsers take Secure cookies from loopback all the same.
    config.addinivalue_line("filterwarnings", "ignore:Secure cookies will be ignored")
    config.addinivalue_line("markers", "lab: drives programs of others, and is skipped where they are not installed")
    config.addinivalue_line("markers", "real_rounds: is about how much computing a password takes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first, so that nothing waits for it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("lab") is None)


def pytest_collection_finish() -> None:
    # Thousands of tests and the libraries stay to the end: the collector need not look through them again and again.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI a skipped test is a failed one: nothing may go unnoticed. But CI does not install what `lab` asks for."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    may_skip = hasattr(report, "wasxfail") or item.get_closest_marker("lab") is not None
    if report.skipped and os.environ.get("FAIL_ON_SKIP") and not may_skip:
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed here: {report.longrepr}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables that tests have recorded, in whatever process they ran."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name == "table":
                terminalreporter.section(report.nodeid)
                terminalreporter.write_line(str(value))


@pytest.fixture(autouse=True)
def _quick_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process a password, also one of nobody, takes 4 rounds of bcrypt: the real 12 take 300 ms."""
    if request.node.get_closest_marker("real_rounds") is None:
        monkeypatch.setattr(passwords, "ROUNDS", 4)
        monkeypatch.setattr(passwords, "_hash_of_nobody", cache(lambda: "$2b$04$" + "." * 53))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every test on SQLite starts with a copy of."""
    return sqlite_file(tmp_path_factory.mktemp("migrated") / "test.db")


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'test.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without rows, on each engine."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.lent() as url:
        yield url


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A connected, migrated database whose events are chained."""
    database = Database(url)
    database.before_commit = events.Log(EVENT_KEY).seal
    await database.connect()
    await migrations.migrate(database)
    yield database
    await database.disconnect()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    """The whole application on a fresh database, once on each engine."""
    async with running_site(database_url) as running:
        yield running


@pytest.fixture
async def sqlite_site(sqlite_url: str) -> AsyncIterator[Site]:
    """The same on SQLite alone: for promises that no database has a part in."""
    async with running_site(sqlite_url) as running:
        yield running
