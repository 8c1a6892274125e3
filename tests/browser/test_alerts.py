"""Alerts in windows: the badge is each person's own, news waits, and what was read changes in place everywhere."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.plans import door, size
from tests.browser.test_accessibility import assert_fit_for_all


async def test_news_waits_and_what_was_read_changes_in_all_windows_of_that_person(house: House) -> None:
    await house.person("Vera", "viewer")
    await house.person("Emil")
    await house.report(door("old"), size("m"))
    first = await house.visit("/alerts", "Vera", "viewer")
    second = await first.context.new_page()
    await house.go(second, "/alerts?show=all")
    other = await house.visit("/stacks", "Emil")
    for page in (first, second, other):
        await expect(page.locator("#nav-alerts")).to_have_text("1 unread alert")
        await page.evaluate("window.__same = 1")

    await house.report(door("new"), stack="prod/data")
    for page in (first, second, other):
        await expect(page.locator("#nav-alerts")).to_have_text("2 unread alerts", timeout=1000)
    for page in (first, second):
        await expect(page.locator("#alerts-news")).to_have_text("1 new - Show")
        await expect(page.locator(".alert")).to_have_count(1)
    await first.locator("#alerts-news").click()
    await expect(first.locator(".alert")).to_have_count(2)
    await expect(first.locator("#alerts-news")).to_be_hidden()
    await second.keyboard.press(".")
    await expect(second.locator(".alert")).to_have_count(2)

    row = first.locator("#alert-1")
    await row.get_by_role("button", name="Mark as read").click()
    await expect(row).to_have_attribute("data-read", "yes", timeout=1000)
    await expect(second.locator("#alert-1")).to_have_attribute("data-read", "yes", timeout=1000)
    await expect(second.locator("#alert-2")).to_have_attribute("data-read", "no")
    for page in (first, second):
        await expect(page.locator("#nav-alerts")).to_have_text("1 unread alert")
    await expect(other.locator("#nav-alerts")).to_have_text("2 unread alerts")

    await first.get_by_role("button", name="Mark all as read").click()
    await expect(first.locator("#alerts-list")).to_contain_text("You have read everything")
    await expect(first.get_by_role("link", name="Unread", exact=True)).to_be_focused()
    await expect(second.locator("#alert-2")).to_have_attribute("data-read", "yes", timeout=1000)
    await expect(second.locator("#nav-alerts")).to_be_hidden()
    for page in (first, second, other):
        assert await page.evaluate("window.__same === 1")

    await other.keyboard.press("g")
    await other.keyboard.press("a")
    await expect(other).to_have_url(house.url + "/alerts")
    await expect(other.locator(".alert")).to_have_count(2)


async def test_axe_finds_nothing_on_alerts_and_the_question_of_a_held_report(house: House) -> None:
    await house.person("Emil")
    page = await house.visit("/alerts", "Emil")
    await assert_fit_for_all(page)
    machines = [size(f"m{number}") for number in range(24)]
    await house.report(*machines, door("web"), door("other"))
    for entry in machines:
        house.fixed(entry["address"])
    await house.report()
    await house.go(page, "/alerts")
    await expect(page.locator(".alert")).to_have_count(2)
    await page.get_by_role("button", name="Mark as read").first.click()
    await expect(page.locator(".alert[data-read=yes]")).to_have_count(1)
    await assert_fit_for_all(page)
    await page.get_by_role("link", name="missing at once").click()
    await expect(page.locator("#stack-held")).to_contain_text("Are 24 drifts gone?")
    await house.go(page, "/stacks/prod/app")
    await assert_fit_for_all(page)
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.locator("#stack-held")).to_be_hidden()
    await expect(page.locator(".rows .row")).to_have_count(2)


async def test_without_javascript_alerts_are_read_by_forms(house: House) -> None:
    await house.person("Vera", "viewer")
    await house.report(door("a"))
    await house.report(door("b"), stack="prod/data")
    page = await house.visit("/alerts?show=all", "Vera", "viewer", java_script_enabled=False)
    await page.locator("#alert-1").get_by_role("button").click()
    await expect(page).to_have_url(house.url + "/alerts?show=all")
    await expect(page.locator("#alert-1")).to_contain_text("Read")
    await expect(page.locator("#nav-alerts")).to_have_text("1 unread alert")
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.locator("#nav-alerts")).to_be_hidden()
