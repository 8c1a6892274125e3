"""What one person does shows on another's open page: at once, in place, and without what he may not do."""

import time

from playwright.async_api import Page, WebSocketRoute, expect

from tests.browser.house import REASON, House
from tests.browser.plans import size


async def mark(page: Page) -> None:
    await page.evaluate("window.__same = 1")


async def is_the_same(page: Page) -> bool:
    return bool(await page.evaluate("window.__same === 1"))


async def test_others_see_an_approval_within_a_second_and_keep_focus_tick_and_scroll(house: House) -> None:
    await house.report(*(size(f"m{n:02}") for n in range(45)))
    drift = await house.drift("aws_instance.m07")
    path = f"/drifts/{drift['id']}"
    listed = await house.visit("/drifts", "Edda", viewport={"width": 1280, "height": 700})
    watched = await house.visit(path, "Vera", "viewer")
    decider = await house.visit(path, "Emil")
    elsewhere = await house.visit("/drifts?status=informational", "Eva")

    row = listed.locator(f"#drift-{drift['id']}")
    await row.get_by_role("checkbox").check()
    await row.get_by_role("link").focus()
    await listed.evaluate("scrollTo(0, 900)")
    for page in (listed, watched):
        await mark(page)

    await decider.get_by_label("Reason").fill(REASON)
    started = time.monotonic()
    await decider.get_by_role("button", name="Approve").click()
    await expect(row).to_contain_text("Approved", timeout=1000)
    await expect(watched.locator("h1").locator("..")).to_contain_text("Approved", timeout=1000)
    assert time.monotonic() - started < 1

    assert await is_the_same(listed)
    assert await is_the_same(watched)
    await expect(row.get_by_role("checkbox")).to_be_checked()
    await expect(row.get_by_role("link")).to_be_focused()
    assert await listed.evaluate("scrollY") == 900
    await expect(listed.locator("#nav-waiting")).to_contain_text("44")
    await expect(listed.locator(".tabs")).to_contain_text("Needs decision 44")
    await expect(listed.locator(".tabs")).to_contain_text("Done 1")
    await expect(elsewhere.locator(".tabs")).to_contain_text("Done 1")
    await expect(elsewhere.locator(".tabs [aria-current]")).to_contain_text("Informational")
    await expect(watched.locator("form[action$='/decision'], [name=verdict], [name=reason]")).to_have_count(0)
    await expect(watched.locator(".verdicts")).to_contain_text("Emil decided on")
    await expect(watched.locator(".timeline")).to_contain_text(REASON)
    await expect(watched.locator(".verdicts button")).to_have_count(0)


async def test_while_somebody_types_only_the_buttons_change_and_the_text_stays(house: House) -> None:
    await house.report(size("web"))
    page = await house.visit(await house.path_of("aws_instance.web"), "Emil")
    other = await house.visit(page.url, "Eva")
    reason = page.get_by_label("Reason")
    await reason.press_sequentially("We grew on pur")
    await mark(page)

    await other.get_by_label("Reason").fill(REASON)
    await other.get_by_role("button", name="Reject").click()
    await expect(page.locator(".verdicts")).to_contain_text("Eva decided on", timeout=1000)
    await expect(page.locator(".verdicts button")).to_have_count(0)
    await expect(reason).to_be_focused()
    await page.keyboard.type("pose")
    await expect(reason).to_have_value("We grew on purpose")
    assert await is_the_same(page)


async def test_other_facts_under_an_open_form_ask_for_a_look_and_lose_no_word(house: House) -> None:
    await house.report(size("web"))
    page = await house.visit(await house.path_of("aws_instance.web"), "Emil")
    await page.get_by_label("Reason").fill("We grew on purpose")
    await house.report(size("web", "m5.24xlarge"))
    await expect(page.locator(".verdicts")).to_contain_text("The facts changed since this page was opened")
    await expect(page.locator(".verdicts button")).to_have_count(0)
    await expect(page.get_by_label("Reason")).to_have_value("We grew on purpose")
    await page.get_by_role("link", name="Show the new facts").click()
    await expect(page.locator(".diff")).to_contain_text("m5.24xlarge")
    await expect(page.get_by_role("button", name="Approve")).to_be_visible()
    await expect(page.get_by_label("Reason")).to_have_value("We grew on purpose")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.locator(".verdicts")).to_contain_text("Emil decided on")


async def test_an_old_form_sent_by_keyboard_is_refused_and_its_reason_kept(house: House) -> None:
    house.expect("status 409")
    await house.report(size("web"))
    window = await house.window("Emil")
    await window.route_web_socket("**/live?*", _cut)
    page = await window.new_page()
    await page.goto(await house.path_of("aws_instance.web"))
    await page.get_by_label("Reason").fill("We grew on purpose")
    await mark(page)

    await house.decide("aws_instance.web", by="Eva")
    await page.get_by_role("button", name="Approve").focus()
    async with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        await page.keyboard.press("Enter")
    assert (await answer.value).status == 409
    await expect(page.locator(".decision [role=alert]")).to_contain_text("Eva has approved this drift already")
    await expect(page.get_by_label("What you typed")).to_have_value("We grew on purpose")
    await expect(page.locator(".verdicts")).to_contain_text("Eva decided on")
    await expect(page.locator(".timeline")).to_contain_text(REASON)
    assert await is_the_same(page)


async def _cut(socket: WebSocketRoute) -> None:
    """Nothing comes, and nothing goes."""
