"""What goes wrong, without a line of JavaScript; the tasks themselves are in test_tasks.py."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.house import REASON, House
from tests.browser.plans import size


@pytest.fixture
def plain() -> dict[str, Any]:
    return {"java_script_enabled": False}


async def send(page: Page, button: str, status: int = 303) -> None:
    """Press a button whose form is posted; `status` is the answer's."""
    async with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        await page.get_by_role("button", name=button).click()
    assert (await answer.value).status == status
    await page.wait_for_load_state()


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


async def test_the_theme_is_kept(house: House, plain: dict[str, Any]) -> None:
    page = await house.visit("/stacks", "Emil", **plain)
    await page.get_by_role("button", name="Account: Emil").click()
    await send(page, "Dark")
    await expect(page).to_have_url(f"{house.url}/stacks")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.goto("/")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
