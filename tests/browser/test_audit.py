"""The audit log in a browser: fit for all, verified without leaving the page, and of use without scripts."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.plans import door, size
from tests.browser.test_accessibility import assert_fit_for_all


async def test_axe_finds_nothing_with_entries_open_problems_said_and_the_chain_verified(house: House) -> None:
    house.expect("does not conform to the required format")
    await house.report(door("open"), size("web"))
    await house.decide("aws_security_group.open", by="Eva")
    page = await house.visit("/drifts", "Ada", "admin")
    await page.keyboard.press("g")
    await page.keyboard.press("u")
    await expect(page).to_have_url(f"{house.url}/audit")
    await expect(page.get_by_role("link", name="Audit", exact=True)).to_have_attribute("aria-current", "page")

    await page.get_by_role("button", name="Verify the chain").click()
    await expect(page.locator(".verified")).to_contain_text("entries verified")
    await expect(page).to_have_url(f"{house.url}/audit")
    for line in await page.locator(".entry summary").all():
        await line.click()
    await expect(page.locator(".entry-changes ins").first).to_be_visible()
    await assert_fit_for_all(page)
    await page.goto("/audit?since=soon&kind=drift&drift=x&stack=none")
    await expect(page.locator("#audit-problems")).to_contain_text("'soon' is no date")
    await assert_fit_for_all(page)


async def test_without_scripts_it_is_filtered_verified_and_taken_away(house: House) -> None:
    await house.report(door("open"))
    await house.decide("aws_security_group.open", by="Eva")
    page = await house.visit("/audit", "Ada", "admin", java_script_enabled=False)
    await page.locator("select[name=kind]").select_option("drift approved")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.locator(".entry")).to_have_count(1)
    await expect(page.locator(".entry")).to_contain_text("Eva approved aws_security_group.open in prod/app")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    assert (await download.value).suggested_filename.endswith(".csv")
    assert len((await (await download.value).path()).read_text().splitlines()) == 2
    await page.get_by_role("button", name="Verify the chain").click()
    await expect(page.locator(".verified")).to_contain_text("entries verified")
