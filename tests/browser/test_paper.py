"""A drift on paper: all of what is folded on the screen, and nothing that could only be clicked."""

from playwright.async_api import expect

from tests.browser.house import House
from tests.browser.plans import entry

CLICKED = (".top", ".neighbours", ".verdict", ".comment", ".line-ignore", ".diff-choice", ".rest > summary")


async def test_an_auditor_prints_all_of_a_drift_black_on_white(house: House) -> None:
    names = [f"setting_{number:02}" for number in range(60)]
    await house.report(entry("aws_instance.many", dict.fromkeys(names, "a"), dict.fromkeys(names, "b")))
    page = await house.visit(await house.path_of("aws_instance.many"), "Emil", color_scheme="dark")
    await expect(page.locator(".line:visible")).to_have_count(50)
    await expect(page.get_by_text("Show 10 more differences")).to_be_visible()

    for selector in CLICKED:  # else nothing would be shown by its absence
        await expect(page.locator(selector)).not_to_have_count(0)

    await page.emulate_media(media="print")
    await expect(page.locator(".line:visible")).to_have_count(60)
    for selector in CLICKED:
        await expect(page.locator(selector).first).to_be_hidden()
    await expect(page.locator(".printed")).to_contain_text(f"Printed from {house.url}/drifts/1, as it was on")
    light = """() => [document.body, document.querySelector("h1")].map(each => getComputedStyle(each))
        .map((style, index) => index ? style.color : style.backgroundColor)"""
    assert await page.evaluate(light) == ["rgb(255, 255, 255)", "rgb(21, 32, 31)"]
