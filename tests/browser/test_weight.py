"""Pages are light, and nothing jumps while they load or when a push comes."""

import gzip

from playwright.async_api import Page, Response, expect

from tests.browser.house import House
from tests.browser.plans import door, noise, size

SHIFTS = """
new PerformanceObserver(list => {
    for (const entry of list.getEntries())
        if (!entry.hadRecentInput) window.__shift = (window.__shift || 0) + entry.value
}).observe({type: "layout-shift", buffered: true})
"""


async def packed(answers: list[Response], kind: str) -> int:
    """Their bytes as a proxy that compresses sends them."""
    chosen = [answer for answer in answers if kind in answer.headers.get("content-type", "")]
    return sum([len(gzip.compress(await answer.body())) for answer in chosen])


async def shift(page: Page) -> float:
    return float(await page.evaluate("window.__shift || 0"))


async def test_a_list_of_fifty_is_small_in_few_requests(house: House) -> None:
    for stack in ("prod/network", "prod/data", "dev/lab"):
        await house.report(*(size(f"{stack[5:]}_{number:03}") for number in range(20)), door(stack[5:]), stack=stack)
    window = await house.window("Emil")
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    window.on("response", keep)
    page = await window.new_page()
    await house.go(page, "/drifts")
    await page.wait_for_load_state("networkidle")
    await expect(page.locator(".row")).to_have_count(50)
    sizes = {kind: await packed(answers, kind) for kind in ("html", "javascript", "")}
    assert len(answers) <= 7, [answer.url for answer in answers]
    assert sizes["html"] <= 10_000
    assert sizes["javascript"] <= 22_000
    assert sizes[""] <= 40_000


async def test_a_second_page_fetches_nothing_but_itself(house: House) -> None:
    await house.report(size("web"))
    page = await house.visit("/drifts", "Emil")
    await house.go(page, "/drifts?status=all")
    assert await page.evaluate("performance.getEntriesByType('resource').length") >= 5
    over_the_wire = "performance.getEntriesByType('resource').filter(each => each.transferSize).map(each => each.name)"
    assert await page.evaluate(over_the_wire) == []


async def test_nothing_jumps_while_pages_load_or_are_pushed_to(house: House) -> None:
    await house.report(*(size(f"m{number:02}") for number in range(60)), door("open"), noise("role"))
    path = await house.path_of("aws_security_group.open")
    window = await house.window("Emil")
    await window.add_init_script(SHIFTS)
    pages = {}
    for place in ("/drifts", path, "/", "/stacks", "/stacks/prod/app"):
        pages[place] = await window.new_page()
        await house.go(pages[place], place)
        assert await shift(pages[place]) <= 0.02, place
    listed = pages["/drifts"]
    await listed.bring_to_front()
    await house.decide("aws_instance.m59")
    await house.report(size("new"))
    await expect(listed.locator("#drifts-news")).to_have_text("1 new - Show")
    assert await shift(listed) <= 0.02, "the list, after a push"
