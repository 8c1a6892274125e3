"""To put off and to ignore, from the page of a drift: by keys, and without a line of JavaScript."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.plans import door, size
from tests.browser.test_accessibility import assert_fit_for_all
from tests.browser.test_without_javascript import send


async def test_without_javascript_a_line_is_ignored_and_comes_back(house: House) -> None:
    house.expect("status 422")
    await house.report(size("web"), size("db"), door("ssh"))
    plain = await house.visit("/drifts", "Emil", java_script_enabled=False)
    scripted = await house.visit("/drifts", "Emil")
    await plain.goto(await house.path_of("aws_instance.web"))
    await plain.get_by_role("link", name="Ignore").click()
    await expect(plain.get_by_label("Attribute")).to_have_value("instance_type")
    await plain.get_by_label("Addresses").fill("aws_instance.*")
    await send(plain, "Preview", 200)
    await expect(plain.locator(".ignore-preview")).to_contain_text("Now: 2 differences of 2 drifts")
    await plain.get_by_label("Reason").fill("They are resized by hand on busy days")
    await send(plain, "Save the rule")
    await expect(plain.locator(".ignored")).to_contain_text("1 difference ignored")
    await house.go(scripted, plain.url)
    await assert_fit_for_all(scripted)
    await plain.goto("/drifts")
    await expect(plain.locator(".row-link")).to_have_text(["aws_security_group.ssh"])
    await plain.get_by_role("link", name="Ignore rules").click()
    await expect(plain.locator(".ignore-rule")).to_contain_text("Hides 2 differences of 2 drifts now")
    await house.go(scripted, "/ignore-rules")
    await assert_fit_for_all(scripted)
    await send(plain, "End now")
    await plain.get_by_role("link", name="Drifts", exact=True).first.click()
    await expect(plain.locator(".row-link")).to_have_count(3)
    await house.go(scripted, f"{await house.path_of('aws_instance.web')}/ignore?line=0")
    await scripted.get_by_label("Attribute").fill("not a path")
    await scripted.get_by_role("button", name="Preview").click()
    await expect(scripted.get_by_role("alert").filter(has_text="cannot be kept")).to_be_visible()
    await assert_fit_for_all(scripted)


async def test_a_drift_is_snoozed_and_woken_while_somebody_else_watches(house: House) -> None:
    await house.report(door("ssh"), size("web"))
    path = await house.path_of("aws_security_group.ssh")
    listed, watched = await house.visit("/drifts", "Vera", "viewer"), await house.visit(path, "Vera", "viewer")
    page = await house.visit(path, "Emil")
    await page.keyboard.press("s")
    await expect(page.get_by_role("combobox", name="Until")).to_be_focused()
    await page.get_by_role("combobox", name="Until").select_option("1 week")
    await page.get_by_role("button", name="Snooze").click()
    await expect(page.locator(".snooze")).to_contain_text("Snoozed until")
    await expect(page.locator(".drift-marks")).to_contain_text("Snoozed")
    await expect(watched.locator(".snooze")).to_contain_text("Snoozed until")
    await expect(watched.get_by_role("button", name="Wake it now")).to_have_count(0)
    await expect(listed.locator(".tabs")).to_contain_text("Needs decision 1")
    await expect(listed.locator(".row", has_text="aws_security_group.ssh")).to_contain_text("left this list")
    await assert_fit_for_all(page)
    await house.go(listed, "/drifts")
    await page.get_by_role("button", name="Wake it now").click()
    await expect(page.locator(".timeline")).to_contain_text("woke it")
    await expect(page.get_by_text("Snooze: decide later")).to_be_visible()
    await expect(listed.locator("#drifts-news")).to_have_text("1 new - Show")
