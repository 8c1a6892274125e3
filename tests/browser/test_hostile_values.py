"""Values that want to be code stay text: in every place, on every page, on first sight and when a push brings them."""

import csv
import io
import time
from urllib.parse import quote

from playwright.async_api import BrowserContext, Page, expect

from driftsentry.templating import visible
from driftsentry.web import Access
from tests.browser.hostile import STACK, assert_nothing_asked_for, assert_tame, crowded, settle, sow, watched_window
from tests.browser.house import House
from tests.browser.payloads import PAYLOADS, VISIBLE
from tests.browser.places import World, pages, pages_of

SLOWEST = 5.0  # seconds until a page is live, on a machine that has other things to do
MANY = quote("".join(VISIBLE[::6]), safe="")
# What a page says again of what its address asks for.
ASKED = (
    f"/drifts?q={MANY}", f"/drifts?q=sevrity:{MANY}&status={MANY}&sort={MANY}", f"/drifts?stack={MANY}&by={MANY}",
    f"/stacks?q={MANY}", f"/stacks/{MANY}", f"/alerts?stack={MANY}", f"/audit?q={MANY}&kind={MANY}&since={MANY}",
    f"/audit?actor={MANY}&stack={MANY}&address={MANY}&drift={MANY}", f"/admin/users?q={MANY}",
    f"/admin/sessions?user={MANY}", f"/setup/stack?stack={MANY}", f"/reports/{MANY}", f"/{MANY}",
)  # fmt: skip


async def open_pages(house: House, world: World) -> dict[str, Page]:
    """What somebody has before his eyes while it all comes in."""
    window = await watched_window(house, "Ada", "admin")
    found = {}
    for path in ("/drifts", f"/drifts/{world['drift']}", f"/stacks/{STACK}", "/", "/stacks", "/alerts"):
        found[path] = await window.new_page()
        await house.go(found[path], path)
    return found


async def texts_of(house: House, window: BrowserContext, paths: list[str]) -> dict[str, str]:
    """What stands on these pages, each of which must be tame and soon there."""
    page, found = await window.new_page(), {}
    for path in paths:
        began = time.monotonic()
        await house.go(page, path)
        assert time.monotonic() - began < SLOWEST, path
        await assert_tame(page)
        found[path] = await page.locator("main").text_content() or ""
    await page.close()
    return found


def missing(text: str, length: int = 1000) -> list[str]:
    """The payloads, cut to so many characters, that cannot be read there."""
    kept = VISIBLE if length < 1000 else PAYLOADS  # the names of things are short, and can be seen
    return [each for each in kept if visible(each[:length].replace("\0", "␀")) not in text]


async def test_every_payload_in_every_place_stays_text_on_every_page(house: House) -> None:
    house.expect("status 404", "status 422", "does not conform to the required format")  # of what is asked for
    world = await settle(house)
    opened = await open_pages(house, world)
    await sow(house, world)
    await house.report(crowded("m5.24xlarge"), stack=STACK)
    await expect(opened[f"/drifts/{world['drift']}"].locator(".verdicts")).to_contain_text("The facts changed")
    await expect(opened[f"/drifts/{world['drift']}"].locator(".timeline")).to_contain_text("[here](javascript:")
    await expect(opened["/drifts"].locator("#drifts-news")).to_be_visible()
    await expect(opened["/"].locator("#overview-recent")).to_contain_text(VISIBLE[0])
    for page in opened.values():
        await assert_tame(page)
        await page.close()

    window = await watched_window(house, "Ada", "admin", viewport={"width": 320, "height": 800})
    found = await texts_of(house, window, [*pages_of("admin", world), *ASKED])
    anonymous = await watched_window(house, "", "")
    await texts_of(house, anonymous, [*pages(Access.ANYONE, world), f"/login?next={MANY}", f"/welcome/{MANY}"])
    assert missing(found[f"/drifts/{world['drift']}"]) == []
    assert missing(found["/drifts/views"], 60) == []
    assert missing(found["/admin/rules"], 70) == []
    assert missing(found["/admin/tokens"], 100) == []
    assert missing(found["/ignore-rules"], 100) == []
    assert not await alive_cells(window)
    await assert_endless_is_bounded(house, window, world)
    assert_nothing_asked_for(house)


async def alive_cells(window: BrowserContext) -> list[str]:
    """Those of the files that a spreadsheet would calculate."""
    files = [
        await window.request.get(path) for path in ("/drifts/export?format=csv&status=all", "/audit/export?format=csv")
    ]
    cells = [cell for file in files for row in csv.reader(io.StringIO(await file.text())) for cell in row]
    assert len(cells) > 1000
    return [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def assert_endless_is_bounded(house: House, window: BrowserContext, world: World) -> None:
    """What differs at the end of a line of a megabyte is seen, and how much of the rest is not."""
    page = await window.new_page()
    await house.go(page, f"/drifts/{world['endless']}")
    await assert_tame(page)
    await expect(page.locator(".diff mark", has_text="the end")).to_be_visible()
    await expect(page.locator(".diff-hidden")).to_contain_text("not kept here")
