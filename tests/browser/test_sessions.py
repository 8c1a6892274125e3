"""Ending sessions in a browser, and a token that is seen once: with scripts, on the real pages."""

import re

from playwright.async_api import expect

from driftsentry.auth.guards import COOKIE
from tests.browser.house import House
from tests.browser.test_accessibility import assert_fit_for_all
from tests.site import open_session


async def test_a_session_that_is_ended_is_told_to_its_open_page(house: House) -> None:
    """The other window says so at once, though nobody touched it."""
    house.expect("status 401")
    lost = await house.visit("/drifts", "Emil")
    mine = await house.visit("/account", "Emil")
    rows = mine.locator(".device")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("this one")
    await mine.get_by_role("button", name=re.compile("^End the session")).click()
    await expect(rows).to_have_count(1)
    await expect(mine.get_by_role("heading", name="Sessions")).to_be_focused()
    assert mine.url.endswith("/account"), "the list alone was changed"
    await expect(lost.locator("#live-state")).to_have_text("Signed out")
    await mine.get_by_role("button", name=re.compile("^Sign out here")).click()
    await mine.wait_for_url("**/login")
    assert COOKIE not in {cookie["name"] for cookie in await mine.context.cookies()}


async def test_an_admin_ends_a_session_and_all_others_from_the_list(house: House) -> None:
    emil = await house.person("Emil")
    for _ in range(3):
        await open_session(house.db, house.config, emil)
    page = await house.visit("/admin/sessions", "Ada", "admin")
    ends = page.get_by_role("button", name=re.compile("^End the session of Emil"))
    await expect(ends).to_have_count(3)
    await ends.first.click()
    await expect(ends).to_have_count(2)
    await expect(page.locator("#sessions-title")).to_be_focused()
    await page.get_by_role("link", name="Emil").first.click()
    await page.locator("summary", has_text="End all of this user").click()
    await page.get_by_role("button", name="End all 2").click()
    await expect(page.get_by_role("alert")).to_contain_text("All sessions of this user were ended.")
    await assert_fit_for_all(page)


async def test_a_token_is_seen_once(house: House) -> None:
    house.expect("status 422", "status 409")
    page = await house.visit("/admin/tokens", "Ada", "admin")
    await page.get_by_label("Name").fill('nightly <img src=x onerror=alert(1)> "')
    await page.get_by_label("Stacks").fill("prod/<b>")
    await page.get_by_role("button", name="Make token").click()
    await expect(page.get_by_text("Letters, digits")).to_be_visible()
    await assert_fit_for_all(page)
    await page.get_by_label("Stacks").fill("prod/*")
    await page.get_by_role("button", name="Make token").click()
    secret = await page.locator("#token-secret").inner_text()
    assert re.fullmatch(r"dsk_[\w-]{43}", secret)
    await expect(page.get_by_role("row", name=re.compile("nightly <img"))).to_be_visible()
    await assert_fit_for_all(page)
    await page.reload()
    await expect(page.get_by_text("was made already")).to_be_visible()
    assert secret not in await page.content()
    async with house.db.read() as tx:
        assert await tx.value("SELECT count(*) FROM tokens") == 1
    await page.locator("summary", has_text="Revoke").first.click()
    await page.get_by_role("button", name=re.compile("^Revoke nightly")).click()
    await expect(page.get_by_role("alert").first).to_contain_text("The token was revoked")
    await page.get_by_text("Expired and revoked").click()
    await assert_fit_for_all(page)


async def test_the_account_works_and_looks_well_without_scripts(house: House) -> None:
    house.expect("status 422")
    await open_session(house.db, house.config, await house.person("Vera", "viewer"))
    window = await house.window("Vera", "viewer", java_script_enabled=False)
    page = await window.new_page()
    await page.goto("/account")
    await page.get_by_role("button", name="End all others").click()
    await expect(page.get_by_text("All your other sessions were ended.")).to_be_visible()
    await expect(page.locator(".device")).to_have_count(1)
    await page.get_by_label("Your password now").fill("not this one at all")
    await page.get_by_label("The new one").fill("a few words make a good one")
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_text("This is not your password.")).to_be_visible()
    assert "a few words" not in await page.get_by_label("The new one").input_value()
    page = await house.visit("/account", "Vera", "viewer")
    await assert_fit_for_all(page)
