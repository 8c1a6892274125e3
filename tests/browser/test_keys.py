"""The keyboard alone does the work, and does nothing for whom it would get in the way of."""

import re
from urllib.parse import quote

from playwright.async_api import Page, expect

from tests.browser.house import REASON, House, look
from tests.browser.plans import door, noise, size


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_the_keyboard_decides_alone_and_sends_nothing_by_one_key(house: House) -> None:
    await house.report(door("a"), size("b"), size("c"), size("d"))
    page = await house.visit("/drifts", "Emil")
    await press(page, "j", "j", "r")
    reason = page.locator("#selection input[name=reason]")
    await expect(reason).to_be_focused()
    await expect(page.locator(".row").nth(1).get_by_role("checkbox")).to_be_checked()
    await page.keyboard.type(REASON + " a r x ?")
    async with page.expect_response("**/drifts/bulk"):
        await press(page, "Control+Enter")
    rejected = await house.drift("aws_instance.d")
    assert rejected["status"] == "rejected", "the answer that r has chosen, not the first of the form"

    await house.go(page, await house.path_of("aws_instance.b"))
    await press(page, "s")
    await expect(page.locator(".later select")).to_be_focused()
    await page.locator("h1").click()
    await page.locator("#decision-reason").fill(REASON)
    await press(page, "Control+Enter")
    assert (await house.drift("aws_instance.b"))["status"] == "detected", "which of the two was not said"
    await page.locator("h1").click()
    await press(page, "a")
    await expect(page.get_by_role("button", name="Approve")).to_be_focused()
    await page.locator("#decision-reason").focus()
    await press(page, "Control+Enter")
    await expect(page.locator(".verdicts")).to_contain_text("Emil decided on")
    assert (await house.drift("aws_instance.b"))["status"] == "approved"


async def test_j_and_k_walk_through_every_list(house: House) -> None:
    await house.person("Ada", "admin")  # alerts are of those who are there
    await house.report(door("a"), size("b"))
    await house.report(size("lab"), stack="dev/lab")
    page = await house.visit("/stacks", "Ada", "admin")
    await press(page, "j", "j", "j", "k")
    await expect(page.locator(".stack a").first).to_be_focused()
    await press(page, "Enter")
    await expect(page).to_have_url(re.compile(r"/stacks/\w+/\w+$"))
    await house.go(page, "/alerts")
    await press(page, "j")
    await expect(page.locator(".alert a").first).to_be_focused()
    await press(page, "g", "u")
    await page.wait_for_url("**/audit")
    await press(page, "j", "j", "Enter")
    await expect(page.locator(".entry").nth(1).locator("details")).to_have_attribute("open", "")
    await press(page, "Alt+j", "Control+k", "Meta+x")
    await expect(page.locator(".entry summary").nth(1)).to_be_focused()


async def test_keys_that_are_switched_off_are_not_even_loaded(house: House) -> None:
    await house.report(size("web"))
    page = await house.visit("/account", "Vera", "viewer")
    await page.get_by_role("region", name="Preferences").get_by_role("button", name="Off").click()
    await expect(page.get_by_role("alert")).to_contain_text("Your preferences are saved")
    await expect(page.get_by_role("button", name="Off")).to_have_attribute("aria-pressed", "true")
    house.requests.clear()
    await house.go(page, "/drifts")
    await press(page, "j", "?", "g", "o")
    await expect(page.locator("body")).to_be_focused()
    await expect(page.locator("#keys")).to_have_count(0)
    assert "/drifts" in [path for _, path in house.requests]
    assert not [path for _, path in house.requests if "keys.js" in path or path == "/"]


async def test_the_title_counts_what_is_critical_and_the_icon_calls_in_a_hidden_tab(house: House) -> None:
    await house.report(door("a"), size("b"), noise("c"))
    page = await (await house.window("Vera", "viewer")).new_page()
    await page.clock.install()
    await house.go(page, "/drifts?severity=" + quote("critical"))
    icon = page.locator("link[rel=icon]")
    await expect(page).to_have_title("(1) Drifts · DriftSentry")
    await house.report(door("d"))
    await expect(page).to_have_title("(2) Drifts · DriftSentry")
    await expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))

    await look(page, away=True)
    await house.decide("aws_security_group.a")
    await house.report(size("e"))
    await page.clock.run_for(62_000)
    await expect(page).to_have_title("(1) Drifts · DriftSentry")
    await expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
    await house.report(door("f"))
    await page.clock.run_for(62_000)
    await expect(page).to_have_title("(2) Drifts · DriftSentry")
    await expect(icon).to_have_attribute("href", re.compile("favicon-calling.svg"))
    await expect(page.locator("#live-state")).to_have_text("Paused")
    await look(page, away=False)
    await expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
    await expect(page.locator("#live-state")).to_have_text("Live")
