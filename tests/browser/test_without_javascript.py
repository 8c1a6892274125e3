"""Every task without a line of JavaScript."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.house import REASON, House
from tests.browser.plans import door, noise, size
from tests.site import PASSWORD


@pytest.fixture
def plain() -> dict[str, Any]:
    return {"java_script_enabled": False}


async def send(page: Page, button: str, status: int = 303) -> None:
    """Press a button whose form is posted; `status` is the answer's."""
    async with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        await page.get_by_role("button", name=button).click()
    assert (await answer.value).status == status
    await page.wait_for_load_state()


async def test_sign_in_look_around_and_sign_out(house: House, plain: dict[str, Any]) -> None:
    house.expect("status 401")
    await house.person("Emil")
    await house.report(size("web"), door("ssh"), noise("role"))
    page = await house.visit("/drifts?severity=critical", **plain)
    await expect(page).to_have_url(f"{house.url}/login?next=/drifts%3Fseverity%3Dcritical")

    await page.get_by_label("E-mail").fill("emil@example.com")
    await page.get_by_label("Password").fill("not the one")
    await send(page, "Sign in", 401)
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await expect(page.get_by_label("E-mail")).to_have_value("emil@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await send(page, "Sign in")
    await expect(page).to_have_url(f"{house.url}/drifts?severity=critical")
    await expect(page.locator(".row-link")).to_have_text(["aws_security_group.ssh"])
    await expect(page.locator("#live-state")).to_have_text("Not live")

    await page.get_by_role("link", name="Clear").click()
    await expect(page.locator(".row-link")).to_have_text(["aws_security_group.ssh", "aws_instance.web"])
    await page.get_by_role("link", name="Informational").click()
    await expect(page.locator(".row-link")).to_have_text(["aws_iam_role.role"])
    await page.get_by_role("link", name="Overview").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await page.get_by_role("link", name="Stacks", exact=True).click()
    await page.get_by_role("link", name="prod/app").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("prod/app")

    await page.get_by_role("button", name="Account: Emil").click()
    await send(page, "Sign out")
    await expect(page).to_have_url(f"{house.url}/login")
    await page.goto("/drifts")
    await expect(page).to_have_url(f"{house.url}/login?next=/drifts")


async def test_filter_search_and_page_through_a_long_list(house: House, plain: dict[str, Any]) -> None:
    await house.report(*(size(f"m{number:03}") for number in range(119)), door("ssh"))
    page = await house.visit("/drifts", "Vera", "viewer", **plain)
    seen: list[str] = []
    for expected in (50, 50, 20):
        await expect(page.locator(".row")).to_have_count(expected)
        seen += await page.locator(".row-link").all_text_contents()
        if len(seen) < 120:
            await page.get_by_role("link", name="Next page").click()
    assert seen[0] == "aws_security_group.ssh", "critical first"
    assert len(set(seen)) == 120
    await page.get_by_role("link", name="First page").click()
    await expect(page.locator(".row-link").first).to_have_text("aws_security_group.ssh")

    await page.get_by_role("searchbox").fill("m007")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.locator(".row-link")).to_have_text(["aws_instance.m007"])
    await page.get_by_role("link", name="Clear").click()
    await page.get_by_label("Severity").select_option("critical")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.locator(".row-link")).to_have_text(["aws_security_group.ssh"])


async def test_approve_with_a_reason_is_shown_after_a_redirect(house: House, plain: dict[str, Any]) -> None:
    house.expect("status 422")
    await house.report(size("web"))
    path = await house.path_of("aws_instance.web")
    page = await house.visit(path, "Emil", **plain)
    reason = page.get_by_label("Reason")
    await reason.fill("  too short   ")  # long enough for the browser, not for the server
    await send(page, "Approve", 422)
    await expect(page.locator(".decision [role=alert]")).to_contain_text("10 to 1000 characters; this one has 9")
    await expect(reason).to_have_value("  too short   ")

    await reason.fill(REASON)
    await send(page, "Approve")
    await expect(page).to_have_url(house.url + path)
    await expect(page.locator(".verdicts")).to_contain_text("Emil decided on")
    await expect(page.locator(".decision blockquote")).to_have_text(REASON)
    await expect(page.locator(".timeline")).to_contain_text(REASON)

    await page.get_by_label("Comment").fill("The ticket is OPS-12")
    await send(page, "Add comment")
    await expect(page).to_have_url(house.url + path)
    await expect(page.locator(".timeline")).to_contain_text("The ticket is OPS-12")


async def test_a_decision_on_old_facts_is_refused_with_the_new_ones_and_the_reason_kept(
    house: House, plain: dict[str, Any]
) -> None:
    house.expect("status 409")
    await house.report(size("web"))
    page = await house.visit(await house.path_of("aws_instance.web"), "Emil", **plain)
    await page.get_by_label("Reason").fill(REASON)
    await house.report(size("web", "m5.24xlarge"))
    await send(page, "Approve", 409)
    await expect(page.locator(".decision [role=alert]")).to_contain_text("This drift changed since you loaded the page")
    await expect(page.locator(".diff")).to_contain_text("m5.24xlarge")
    await expect(page.get_by_label("Reason")).to_have_value(REASON)
    await send(page, "Approve")
    await expect(page.locator(".verdicts")).to_contain_text("Emil decided on")


async def test_somebody_who_was_slower_keeps_his_words(house: House, plain: dict[str, Any]) -> None:
    house.expect("status 409")
    await house.report(size("web"))
    page = await house.visit(await house.path_of("aws_instance.web"), "Emil", **plain)
    await page.get_by_label("Reason").fill("No, it should go")
    await house.decide("aws_instance.web", by="Eva")
    await send(page, "Reject", 409)
    await expect(page.locator(".decision [role=alert]")).to_contain_text("Eva has approved this drift already")
    await expect(page.get_by_label("What you typed")).to_have_value("No, it should go")


async def test_two_at_once_with_one_reason(house: House, plain: dict[str, Any]) -> None:
    await house.report(size("a"), size("b"), size("c"))
    page = await house.visit("/drifts", "Emil", **plain)
    for name in ("a", "b"):
        await page.get_by_role("checkbox", name=f"aws_instance.{name}").check()
    await page.get_by_label("Reason for all selected").fill(REASON)
    await house.decide("aws_instance.b", by="Eva", verdict="rejected")
    await send(page, "Approve", 200)
    await expect(page.get_by_role("heading", level=1)).to_have_text("1 drift approved, 1 left out")
    await expect(page.locator("main")).to_contain_text("Eva has rejected this drift already")
    await page.get_by_role("link", name="Back to what needs a decision").click()
    await expect(page.locator(".row-link")).to_have_text(["aws_instance.c"])


async def test_the_theme_is_kept(house: House, plain: dict[str, Any]) -> None:
    page = await house.visit("/stacks", "Emil", **plain)
    await page.get_by_role("button", name="Account: Emil").click()
    await send(page, "Dark")
    await expect(page).to_have_url(f"{house.url}/stacks")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.goto("/")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
