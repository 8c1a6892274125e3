"""Values that want to be code stay text: on first sight, and when a push brings them."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.house import REASON, House
from tests.browser.plans import Entry, entry, size

IMAGE = "<img src=x onerror=alert(1)>"
SCRIPT = "<script>alert(2)</script>"
BREAKOUT = '" autofocus onfocus="alert(3)" hx-get="/logout" hx-trigger="load" x="'
SINGLE = "' onmouseover='alert(4)' hx-post='/logout' hx-trigger='load'"
PARTIAL = '<hx-partial hx-target="body" hx-swap="innerHTML">gone</hx-partial><i hx-swap-oob="innerHTML:body">gone</i>'
TURNED = "safe\u202egnp.exe"
HOLLOW = "ad\u200bmin\ufeff"
LINES = "one\ntwo\r\nthree"
HUGE = "A" * 100_000 + "the end"
HOSTILE = (IMAGE, SCRIPT, BREAKOUT, SINGLE, PARTIAL, TURNED, HOLLOW, LINES)
ADDRESS = f'aws_instance.web["{IMAGE}{BREAKOUT}{SCRIPT}{PARTIAL}{TURNED}{HOLLOW}"]'
STATIC = re.compile(r"/static/[a-z/.-]+\?v=[0-9a-f]{8}")


def hostile(after: str) -> Entry:
    tags = {value: value for value in HOSTILE}
    before = {"description": "tame", "instance_type": "m5.large", "tags": {}, "user_data": "A" * 100_000}
    values = {"description": "".join(HOSTILE), "instance_type": after, "tags": tags, "user_data": HUGE}
    return entry(ADDRESS, before, values, kind="aws_instance")


async def all_pages(house: House, path: str) -> list[Page]:
    window = await house.window("Emil")
    pages = []
    for place in ("/drifts", path, "/stacks/prod/app", "/", "/stacks"):
        page = await window.new_page()
        await house.go(page, place)
        pages.append(page)
    return pages


async def assert_tame(page: Page) -> None:
    """Nothing of the values became an element or an attribute, and each address is whole and visible."""
    elements = "img, iframe, hx-partial, body script:not([src^='/static/'])"
    assert not await page.locator(f"{elements}, [onerror], [onfocus], [onmouseover]").count()
    assert not await page.locator("[hx-trigger], [hx-get='/logout'], [hx-post='/logout']").count()
    text = await page.locator("body").inner_text()
    assert not re.search("[\u200b\u202e\ufeff]", text)


async def assert_shown(page: Page) -> None:
    await expect(page.locator("main")).to_contain_text(IMAGE)
    await expect(page.locator("main")).to_contain_text(SCRIPT)
    await expect(page.locator("main")).to_contain_text(r"safe\u202egnp.exe")
    await expect(page.locator("main")).to_contain_text(r"ad\u200bmin\ufeff")


async def test_hostile_values_are_text_on_every_page_and_after_a_push(house: House) -> None:
    await house.report(hostile("m5.4xlarge"), size("web"))
    path = await house.path_of(ADDRESS)
    pages = await all_pages(house, path)
    listed, watched, stack, overview, _stacks = pages
    for page in (listed, watched, stack, overview):
        await assert_shown(page)
    for page in pages:
        await assert_tame(page)

    reason = "".join(HOSTILE)[:900]
    await house.report(hostile("m5.24xlarge"))
    await expect(watched.locator(".verdicts")).to_contain_text("The facts changed")
    await watched.get_by_role("link", name="Show the new facts").click()
    await expect(watched.locator(".diff")).to_contain_text("24xlarge")
    await house.decide(ADDRESS, reason=reason)
    number = path.rpartition("/")[2]
    for page in (listed, stack, overview):
        await expect(page.locator(f"#drift-{number}")).to_contain_text("Approved")
    await expect(overview.locator("#overview-recent")).to_contain_text(IMAGE)
    await expect(watched.locator(".timeline")).to_contain_text(SCRIPT)
    for page in (listed, watched, stack, overview):
        await assert_shown(page)
    for page in pages:
        await assert_tame(page)
    assert r"safe\u202egnp.exe" in await watched.title()

    allowed = {path, "/drifts", "/", "/stacks", "/stacks/prod/app"}
    strays = [asked for method, asked in house.requests if method != "GET" or asked not in allowed]
    assert [asked for asked in strays if not STATIC.fullmatch(asked)] == []


async def test_a_name_of_a_person_is_text_too(house: House) -> None:
    await house.report(size("web"))
    user = await house.person("Eva")
    async with house.db.write() as tx:
        await tx.run("UPDATE users SET name = :name WHERE id = :id", name=IMAGE + BREAKOUT + TURNED, id=user.id)
    page = await house.visit(await house.path_of("aws_instance.web"), "Eva")
    watched = await house.visit(page.url, "Vera", "viewer")
    await page.get_by_label("Reason").fill(REASON)
    await page.get_by_role("button", name="Approve").click()
    await expect(watched.locator(".verdicts")).to_contain_text(BREAKOUT)
    await expect(page.locator(".verdicts")).to_contain_text(IMAGE)
    await expect(page.locator(".timeline")).to_contain_text(BREAKOUT)
    await assert_tame(page)
    await assert_tame(watched)


@pytest.mark.parametrize("width", [1280, 320])
async def test_a_huge_value_is_cut_and_hides_no_other_change(house: House, width: int) -> None:
    await house.report(hostile("m5.4xlarge"))
    path = await house.path_of(ADDRESS)
    page = await house.visit(path, "Emil", viewport={"width": width, "height": 800})
    diff = page.locator(".diff")
    await expect(diff.locator("mark", has_text="the end")).to_be_visible()  # what differs, behind 100,000 others
    await expect(diff).to_contain_text("(cut, 95,904 characters before)")
    await expect(diff).to_contain_text("4xlarge")
    assert (await diff.bounding_box() or {"height": 0})["height"] < 12_000
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
