"""One browser for all these tests, and for each test a server with a fresh database."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.house import House, open_house

HERE = Path(__file__).parent
# The same engine without windows, where it is installed: they cost more than most tests do in them.
PROGRAM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
# The browser speaks to one loop, so the tests share it.
ON_ONE_LOOP = pytest.mark.asyncio(loop_scope="session")
expect.set_options(timeout=4000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and isinstance(item, pytest.Function) and asyncio.iscoroutinefunction(item.obj):
            item.add_marker(ON_ONE_LOOP, append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def house(chromium: Browser, tmp_path: Path) -> AsyncIterator[House]:
    """Open pages and a server. Afterwards neither may have complained."""
    async with open_house(chromium, tmp_path) as house:
        yield house
    assert house.complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(chromium: Browser, tmp_path: Path) -> AsyncIterator[House]:
    """The same with a server process of its own, which may be killed and started again."""
    async with open_house(chromium, tmp_path, is_process=True) as house:
        yield house
    assert house.complaints == []
