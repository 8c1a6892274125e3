"""A stack is connected: what has come shows by itself. And the keyboard goes from one alert to the next."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.plans import door, size
from tests.browser.test_accessibility import assert_fit_for_all


async def test_the_first_report_shows_by_itself_and_alerts_are_read_one_after_the_other(house: House) -> None:
    page = await house.visit("/stacks", "Ada", "admin")
    await assert_fit_for_all(page)
    await page.get_by_role("link", name="Connect the first stack").click()
    await page.get_by_label("Name of the stack").fill("prod/app")
    await assert_fit_for_all(page)
    await page.get_by_role("button", name="Make its token").click()
    await expect(page.locator("#connect-waiting")).to_contain_text("Waiting for the first report")
    await page.get_by_text("Nothing comes?").click()
    await assert_fit_for_all(page)
    secret = await page.locator("#connect-secret").inner_text()
    await house.report(door("a"), size("b"), token=secret)
    await expect(page.locator("#connect-waiting")).to_contain_text("prod/app has reported")
    await expect(page.locator(".connect-rows li")).to_have_count(2)
    await assert_fit_for_all(page)
    for number in range(3):
        await house.report(door(f"c{number}"))
    await page.get_by_role("link", name="Open the stack").click()
    await expect(page.locator(".bars a")).to_have_count(4)
    await assert_fit_for_all(page)

    await house.go(page, "/alerts")
    await page.locator("#alert-4 button").focus()
    for number in (4, 3):
        await page.keyboard.press("Enter")
        await expect(page.locator(f"#alert-{number}")).to_have_attribute("data-read", "yes")
        await expect(page.locator(f"#alert-{number - 1} button")).to_be_focused()
    await assert_fit_for_all(page)
