"""How many clicks and confirming keys it takes, counted by the browser."""

from playwright.async_api import BrowserContext, Page, expect

from tests.browser.house import REASON, House
from tests.browser.plans import door, size
from tests.site import PASSWORD

# Every press of a pointer; and every key, but those that write into a field or go on to the next one.
_COUNT = """
const count = () => { sessionStorage.presses = Number(sessionStorage.presses ?? 0) + 1 }
addEventListener("pointerdown", count, true)
addEventListener("keydown", ({key, target}) => {
  const isText = target.matches?.("input:not([type=checkbox]), textarea") && key !== "Enter"
  if (!isText && !["Tab", "Shift"].includes(key)) count()
}, true)
"""


async def counting(window: BrowserContext, house: House, path: str) -> Page:
    await window.add_init_script(_COUNT)
    page = await window.new_page()
    await house.go(page, path)
    return page


async def presses(page: Page) -> int:
    return int(await page.evaluate("sessionStorage.presses ?? 0"))


async def test_four_approve_the_most_urgent_drift_from_the_login_page(house: House) -> None:
    await house.person("Emil")
    await house.report(size("web"), door("ssh"), size("db"))
    page = await counting(await house.window(), house, "/")
    await page.keyboard.type("emil@example.com")  # the first field has the focus
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.locator(".row-link").first.click()
    await page.get_by_label("Reason").click()
    await page.keyboard.type(REASON)
    await page.get_by_role("button", name="Approve").click()
    await expect(page.locator(".verdicts")).to_contain_text("Emil decided on")
    assert (await house.drift("aws_security_group.ssh"))["status"] == "approved"
    assert await presses(page) == 4


async def test_one_shows_all_critical_ones_in_production(house: House) -> None:
    await house.report(door("ssh"), door("rdp"), size("web"))
    await house.report(door("lab"), stack="dev/lab")
    page = await counting(await house.window("Vera", "viewer"), house, "/")
    await page.get_by_role("link", name="2 critical in prod").click()
    await expect(page.locator(".row-link")).to_have_text(["aws_security_group.rdp", "aws_security_group.ssh"])
    assert await presses(page) == 1


async def test_three_reject_twenty_with_one_reason(house: House) -> None:
    await house.report(*(size(f"m{number:02}") for number in range(20)), stack="dev/lab")
    page = await counting(await house.window("Emil"), house, "/drifts")
    await page.get_by_label("Select all 20 that match").click()
    await page.get_by_label("Reason for all selected").click()
    await page.keyboard.type(REASON)
    await page.get_by_role("button", name="Reject").click()
    await expect(page.locator("#bulk-answer")).to_contain_text("20 drifts rejected")
    async with house.db.read() as tx:
        assert await tx.value("SELECT count(*) FROM drifts WHERE status = 'rejected'") == 20
    assert await presses(page) == 3


async def test_none_tells_which_stack_stopped_reporting(house: House) -> None:
    await house.report(size("web"), stack="prod/silent")
    await house.report(size("db"), stack="prod/fine")
    async with house.db.write() as tx:
        await tx.run("UPDATE stacks SET last_report_at = '2026-01-01T00:00:00.000000Z' WHERE slug = 'prod/silent'")
    page = await counting(await house.window("Vera", "viewer"), house, "/")
    strip = page.get_by_role("region", name="Stacks")
    await expect(strip.get_by_role("link", name="prod/silent")).to_be_in_viewport()
    await expect(strip).to_contain_text("Stopped reporting")
    await expect(strip.get_by_role("link", name="prod/fine")).to_have_count(0)
    assert await presses(page) == 0
