"""A page that lost its server comes back by itself, with all that happened meanwhile."""

import asyncio
import re
import time

import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect

from tests.browser.house import REASON, House
from tests.browser.plans import size

LOST = ("WebSocket connection to", "htmx:ws:error", "ERR_CONNECTION_REFUSED")
RECONNECTING = re.compile(r"Reconnecting( in \d+ s)?")


async def open_three(house: House, address: str) -> list[Page]:
    """The list, the drift and the overview, each in the state of now."""
    window = await house.window("Vera", "viewer")
    pages = []
    for path in ("/drifts", await house.path_of(address), "/"):
        page = await window.new_page()
        await house.go(page, path)
        await page.evaluate("window.__same = 1")
        pages.append(page)
    return pages


async def expect_converged(house: House, pages: list[Page], address: str, seconds: float) -> None:
    listed, watched, overview = pages
    drift = await house.drift(address)
    until = time.monotonic() + seconds

    def left() -> float:
        return max(1.0, (until - time.monotonic()) * 1000)

    await expect(listed.locator(f"#drift-{drift['id']}")).to_contain_text("Approved", timeout=left())
    await expect(watched.locator(".verdicts")).to_contain_text("Eva decided on", timeout=left())
    await expect(overview.locator("#overview-recent")).to_contain_text(REASON, timeout=left())
    for page in pages:
        await expect(page.locator("#live-state")).to_have_text("Live", timeout=left())
        assert await page.evaluate("window.__same === 1")


@pytest.mark.parametrize(("end", "seconds"), [("SIGTERM", 0.0), ("SIGKILL", 5.0)])
async def test_after_a_time_without_a_server_pages_converge_by_themselves(
    mortal: House, end: str, seconds: float
) -> None:
    mortal.expect(*LOST)
    await mortal.report(size("web"), size("db"))
    pages = await open_three(mortal, "aws_instance.web")
    if end == "SIGKILL":
        mortal.running().kill()
    else:
        assert await asyncio.to_thread(mortal.running().stop) == 0
    for page in pages:
        await expect(page.locator("#live-state")).to_have_text(RECONNECTING)
    await mortal.decide("aws_instance.web")
    if seconds:
        for left in ("[2-5]", "1"):  # it counts down
            await pages[0].get_by_text(re.compile(f"Reconnecting in {left} s")).wait_for()
    await asyncio.sleep(seconds)
    await mortal.start()
    await expect_converged(mortal, pages, "aws_instance.web", 7)


async def test_what_happens_between_render_and_connection_is_not_lost(house: House) -> None:
    await house.report(size("web"), size("db"))
    decided = asyncio.Event()

    async def connect_late(socket: WebSocketRoute) -> None:
        await decided.wait()
        socket.connect_to_server()

    window = await house.window("Vera", "viewer")
    await window.route_web_socket("**/live?*", connect_late)
    page = await window.new_page()
    await page.goto("/drifts")
    drift = await house.drift("aws_instance.web")
    await house.decide("aws_instance.web")
    await house.report(size("queue"))
    await expect(page.locator(f"#drift-{drift['id']}")).to_contain_text("Needs decision")
    decided.set()
    await expect(page.locator(f"#drift-{drift['id']}")).to_contain_text("Approved")
    await expect(page.locator("#drifts-news")).to_have_text("1 new - Show")
    await expect(page.locator("#nav-waiting")).to_contain_text("2")


@pytest.mark.parametrize("late", ["htmx.min.js", "hx-ws.min.js", "live.js"])
async def test_a_page_becomes_live_however_late_a_script_comes(house: House, late: str) -> None:
    async def delay(route: Route) -> None:
        await asyncio.sleep(0.4)
        await route.continue_()

    await house.report(size("web"))
    window = await house.window("Vera", "viewer")
    await window.route(f"**/static/{late}?*", delay)
    page = await window.new_page()
    await page.goto("/drifts")
    await expect(page.locator("#live-state")).to_have_text("Live")
    await house.decide("aws_instance.web")
    await expect(page.locator(".row")).to_contain_text("Approved")


async def test_nothing_comes_twice_after_several_lost_connections(mortal: House) -> None:
    mortal.expect(*LOST)
    await mortal.report(size("web"))
    page = await mortal.visit("/drifts", "Emil")
    for number in (1, 2):
        mortal.running().kill()
        await expect(page.locator("#live-state")).to_have_text(RECONNECTING)
        await mortal.start()
        await mortal.report(size(f"new{number}"))
        await expect(page.locator("#drifts-news")).to_have_text(f"{number} new - Show", timeout=9000)
    await expect(page.locator("#drifts-news-items > [data-of]")).to_have_count(2)
    await page.locator("#drifts-news").click()
    await expect(page.locator(".row")).to_have_count(3)
