"""What is new waits until the reader asks for it; a list counts only what belongs into it."""

import re
from urllib.parse import quote

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.plans import door, noise, size


async def test_new_drifts_wait_behind_a_count_and_come_on_a_click(house: House) -> None:
    await house.report(size("web"), size("db"))
    page = await house.visit("/drifts", "Vera", "viewer")
    await expect(page.locator(".row")).to_have_count(2)
    await page.locator(".row-link").first.focus()
    top = await page.locator(".row").first.bounding_box()

    await house.report(size("a"), door("b"), noise("c"))
    await expect(page.locator("#drifts-news")).to_have_text("2 new - Show", timeout=1000)
    await house.report(size("d"))
    await expect(page.locator("#drifts-news")).to_have_text("3 new - Show", timeout=1000)
    await expect(page.locator(".row")).to_have_count(2)
    await expect(page.locator("#nav-waiting")).to_contain_text("5")
    await expect(page.locator(".row-link").first).to_be_focused()
    assert await page.locator(".row").first.bounding_box() == top, "rows moved under the reader's eyes"
    await expect(page.locator("#announcer")).to_contain_text("drift")

    await page.locator("#drifts-news").click()
    await expect(page.locator(".row")).to_have_count(5)
    await expect(page.locator("#drifts-news")).to_be_hidden()

    # What fits a search, only a search can tell: no number is promised.
    await house.go(page, "/drifts?q=aws_instance.web")
    await house.report(size("website"))
    await expect(page.locator("#drifts-news")).to_have_text("Something changed - Show")
    await expect(page.locator(".row")).to_have_count(1)
    await page.locator("#drifts-news").click()
    await expect(page.locator(".row")).to_have_count(2)
    await expect(page).to_have_url(re.compile(r"\?q=aws_instance\.web"))
    await expect(page.locator("#drifts-news")).to_be_hidden()


async def test_one_that_comes_back_or_changes_is_news_once(house: House) -> None:
    await house.report(size("web"), size("db"))
    await house.decide("aws_instance.db")
    page = await house.visit("/drifts", "Vera", "viewer")
    await house.report(size("db", "m5.24xlarge"))
    await expect(page.locator("#drifts-news")).to_have_text("1 new - Show")
    await house.report(size("db", "m5.12xlarge"), size("web", "m5.24xlarge"))
    await expect(page.locator("#nav-waiting")).to_contain_text("2")
    await expect(page.locator("#drifts-news")).to_have_text("1 new - Show")
    await page.keyboard.press(".")
    await expect(page.locator(".row")).to_have_count(2)


FITTING = {
    "severity=critical": 1,
    "severity=low": 0,
    "stack=prod/app": 3,
    "stack=dev/lab": 1,
    "environment=dev": 1,
    "status=informational": 1,
    "status=all": 5,
    "status=all&drift=1": 0,
}


async def test_a_filtered_list_counts_only_what_fits(house: House) -> None:
    await house.report(size("web"))
    await house.report(size("lab"), stack="dev/lab")
    window = await house.window("Vera", "viewer")
    pages = {query: await window.new_page() for query in FITTING}
    for query, page in pages.items():
        await house.go(page, "/drifts?" + quote(query, safe="=&"))
    await house.report(size("a"), door("b"), size("c"), noise("d"))
    await house.report(size("e"), stack="dev/lab")
    for page in pages.values():
        await expect(page.locator("#nav-waiting")).to_contain_text("6")
    said = {query: await page.locator("#drifts-news").text_content() for query, page in pages.items()}
    assert {query: text for query, text in said.items() if await pages[query].locator("#drifts-news").is_visible()} == {
        query: f"{count} new - Show" for query, count in FITTING.items() if count
    }
    for query, count in FITTING.items():
        if count:
            before = await pages[query].locator(".row").count()
            await pages[query].locator("#drifts-news").click()
            await expect(pages[query].locator(".row")).to_have_count(before + count)
            await pages[query].locator("#live-state[data-state=live]").wait_for()  # or its end is a complaint
