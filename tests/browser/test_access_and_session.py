"""Who is signed out, or may not do something, is told so at once, and finds back."""

import asyncio
import re
import subprocess
import sys

from playwright.async_api import Page, expect

from driftsentry import ROOT
from tests.browser.house import REASON, House
from tests.browser.plans import size
from tests.servers import server_environment
from tests.site import PASSWORD


async def sign_in(page: Page, email: str) -> None:
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")


async def test_who_is_signed_out_comes_to_the_login_and_back(house: House) -> None:
    await house.person("Emil")
    await house.report(size("web"))
    path = await house.path_of("aws_instance.web")
    page = await house.visit(path)
    await expect(page).to_have_url(f"{house.url}/login?next={path}")
    await sign_in(page, "emil@example.com")
    await expect(page).to_have_url(house.url + path)
    await expect(page.locator("#live-state")).to_have_text("Live")


async def test_the_way_back_leads_nowhere_else(house: House) -> None:
    await house.person("Emil")
    for target in ("https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"):
        page = await house.visit("/login?next=" + target)
        await sign_in(page, "emil@example.com")
        await expect(page).to_have_url(f"{house.url}/")


async def test_a_disabled_person_is_told_so_within_two_seconds(house: House) -> None:
    page = await house.visit("/drifts", "Emil")
    still = await house.visit("/drifts", "Eva")
    command = [sys.executable, "-m", "driftsentry", "user", "disable", "emil@example.com"]
    env = server_environment(f"sqlite:///{house.folder / 'test.db'}", house.folder)
    await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=env, check=True, capture_output=True, timeout=20)
    await expect(page.locator("#live-state")).to_have_text("Signed out", timeout=2000)
    await page.get_by_role("link", name="Sign in").click()
    await expect(page).to_have_url(f"{house.url}/login?next=/drifts")
    await sign_in(page, "emil@example.com")
    house.expect("status 401")
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await expect(still.locator("#live-state")).to_have_text("Live")


async def test_a_form_of_an_ended_session_leads_to_the_login(house: House) -> None:
    house.expect("status 401", "WebSocket")
    await house.report(size("web"))
    path = await house.path_of("aws_instance.web")
    page = await house.visit(path, "Emil")
    await page.get_by_label("Reason").fill(REASON)
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Approve").click()
    await expect(page).to_have_url(f"{house.url}/login?next={path}")
    assert (await house.drift("aws_instance.web"))["status"] == "detected"


async def test_a_viewer_who_posts_gets_the_page_that_names_the_role(house: House) -> None:
    house.expect("status 403")
    await house.report(size("web"))
    path = await house.path_of("aws_instance.web")
    page = await house.visit(path, "Vera", "viewer")
    await page.evaluate(
        """path => {
            const form = document.createElement("form")
            form.method = "post"
            form.action = path
            form.innerHTML = '<input name=verdict value=approved><input name=reason value="A long enough reason">'
            document.body.append(form)
            form.submit()
        }""",
        f"{path}/decision",
    )
    await expect(page.get_by_role("heading", level=1)).to_have_text("You may not do that")
    await expect(page.locator("main")).to_contain_text("Vera")
    await expect(page.locator("main")).to_contain_text("Your role is viewer")
    await expect(page.locator("main")).to_contain_text("This needs the role engineer")
    assert (await house.drift("aws_instance.web"))["status"] == "detected"


async def test_errors_are_pages_with_a_way_on(house: House) -> None:
    # The list is left at once, before its socket is open: htmx then says so beside Chromium.
    house.expect("status 404", "htmx:ws:error")
    window = await house.window("Vera", "viewer")
    for path in ("/drifts/999", "/stacks/no/such", "/nowhere"):
        page = await window.new_page()
        await page.goto(path)
        await expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
        await expect(page.locator("main")).to_contain_text("name this request")
        await page.locator("main").get_by_role("link", name="Go to the drifts").click()
        await expect(page).to_have_url(f"{house.url}/drifts")


async def test_the_theme_is_kept_on_the_server_and_comes_with_the_first_paint(house: House) -> None:
    page = await house.visit("/drifts?status=all", "Emil", color_scheme="light")
    await page.get_by_role("button", name="Account: Emil").click()
    await page.get_by_role("button", name="Dark").click()
    await expect(page).to_have_url(f"{house.url}/drifts?status=all")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    elsewhere = await house.visit("/drifts", "Emil", color_scheme="light", java_script_enabled=False)
    assert await dark(elsewhere)
    await elsewhere.get_by_role("button", name="Account: Emil").click()
    await elsewhere.get_by_role("button", name="System").click()
    await expect(elsewhere.locator("html")).to_have_attribute("data-theme", "auto")
    assert not await dark(elsewhere)


async def dark(page: Page) -> bool:
    """By what is painted behind the text, where there are no scripts to ask."""
    painted = await page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", str(painted))[:3])
    return red + green + blue < 200
