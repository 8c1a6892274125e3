"""The eighteen tasks, each without a line of JavaScript: all but the setup on one server, with drifts of their own."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from driftsentry.auth import offer_setup
from tests.browser.house import REASON, House, open_house
from tests.browser.plans import door, noise, size
from tests.browser.test_without_javascript import send
from tests.site import PASSWORD, open_session

Task = Callable[[House, Page], Awaitable[None]]
NEW_PASSWORD = "eleven green bicycles"
ROWS = ".row-link"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def busy(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """120 machines in a stack that nobody decides about, and one for each task that changes something."""
    async with open_house(chromium, tmp_path_factory.mktemp("busy")) as house:
        house.expect("status 401", "status 422")
        await house.report(*(size(f"m{number:03}") for number in range(119)), door("ssh"), noise("role"))
        await house.report(*map(size, ("decide", "comment", "snooze", "wrong", "b1", "b2", "b3")), stack="dev/lab")
        yield house
    assert house.complaints == []


async def login(house: House, page: Page) -> None:
    await page.context.clear_cookies()
    await page.goto("/drifts?severity=critical")
    await page.get_by_label("E-mail").fill("emil@example.com")
    await page.get_by_label("Password").fill("not the one")
    await send(page, "Sign in", 401)
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await expect(page.get_by_label("E-mail")).to_have_value("emil@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await send(page, "Sign in")
    await expect(page).to_have_url(f"{house.url}/drifts?severity=critical")
    await expect(page.locator(ROWS)).to_have_text(["aws_security_group.ssh"])
    await expect(page.locator("#live-state")).to_have_text("Not live")


async def logout(house: House, page: Page) -> None:
    await page.goto("/stacks")
    await page.get_by_role("button", name="Account: Emil").click()
    await send(page, "Sign out")
    await expect(page).to_have_url(f"{house.url}/login")
    await page.goto("/drifts")
    await expect(page).to_have_url(f"{house.url}/login?next=/drifts")


async def search(_house: House, page: Page) -> None:
    await page.goto("/drifts")
    await page.get_by_role("searchbox").fill("m007 type:aws_instance -severity:critical")
    await page.get_by_role("button", name="Search", exact=True).click()
    await expect(page.locator(ROWS)).to_have_text(["aws_instance.m007"])
    await page.get_by_role("link", name="Clear").click()
    await expect(page.locator(ROWS)).to_have_count(50)


async def facet(_house: House, page: Page) -> None:
    await page.goto("/drifts")
    await page.get_by_role("region", name="Severity").get_by_role("link", name="critical").click()
    await expect(page.locator(ROWS)).to_have_text(["aws_security_group.ssh"])
    await page.get_by_role("region", name="Severity").get_by_role("link", name="critical").click()
    await expect(page.locator(ROWS)).to_have_count(50)
    await page.get_by_role("link", name="Informational").click()
    await expect(page.locator(ROWS)).to_have_text(["aws_iam_role.role"])


async def sort(_house: House, page: Page) -> None:
    await page.goto("/drifts?q=stack:prod/app")
    await expect(page.locator(ROWS).first).to_have_text("aws_security_group.ssh")  # the most urgent one
    await page.get_by_text("Sort: Urgency").click()
    await page.get_by_role("link", name="Address").click()
    await expect(page.locator(ROWS).first).to_have_text("aws_instance.m000")


async def turn_pages(_house: House, page: Page) -> None:
    await page.goto("/drifts?q=stack:prod/app")
    seen: list[str] = []
    for expected in (50, 50, 20):
        await expect(page.locator(ROWS)).to_have_count(expected)
        seen += await page.locator(ROWS).all_text_contents()
        if expected == 50:
            await page.get_by_role("link", name="Next page").click()
            await page.wait_for_load_state()
    assert (seen[0], len(set(seen))) == ("aws_security_group.ssh", 120)
    await page.get_by_role("link", name="First page").click()
    await expect(page.locator(ROWS).first).to_have_text("aws_security_group.ssh")


async def open_one(house: House, page: Page) -> None:
    await page.goto("/drifts")
    await page.get_by_role("link", name="aws_security_group.ssh").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("aws_security_group.ssh")
    await expect(page.locator(".diff")).to_contain_text("0.0.0.0/0")
    await page.get_by_role("link", name="Next", exact=False).first.click()
    assert page.url != house.url + await house.path_of("aws_security_group.ssh")


async def decide(house: House, page: Page) -> None:
    path = await house.path_of("aws_instance.decide")
    await page.goto(path)
    await page.get_by_label("Reason").fill(REASON)
    await send(page, "Approve")
    await expect(page).to_have_url(house.url + path)
    await expect(page.locator(".verdicts")).to_contain_text("Emil decided on")
    await expect(page.locator(".decision blockquote")).to_have_text(REASON)
    await expect(page.locator(".timeline")).to_contain_text(REASON)


async def see_an_error(house: House, page: Page) -> None:
    await page.goto(await house.path_of("aws_instance.wrong"))
    await page.get_by_label("Reason").fill("  too short   ")  # long enough for the browser, not for the server
    await send(page, "Approve", 422)
    await expect(page.locator(".decision [role=alert]")).to_contain_text("10 to 1000 characters; this one has 9")
    await expect(page.get_by_label("Reason")).to_have_value("  too short   ")
    await page.goto("/drifts?q=sevrity:high")
    await expect(page.locator("#filter-problem")).to_contain_text("severity")
    await expect(page.get_by_role("searchbox")).to_have_value("sevrity:high")


async def comment(house: House, page: Page) -> None:
    path = await house.path_of("aws_instance.comment")
    await page.goto(path)
    await page.get_by_label("Comment").fill("The ticket is **OPS-12**")
    await send(page, "Add comment")
    await expect(page).to_have_url(house.url + path)
    await expect(page.locator(".timeline strong")).to_have_text("OPS-12")


async def snooze(house: House, page: Page) -> None:
    await page.goto(await house.path_of("aws_instance.snooze"))
    await page.get_by_text("Snooze: decide later").click()
    await page.get_by_role("combobox", name="Until").select_option("1 week")
    await send(page, "Snooze")
    await expect(page.locator(".snooze")).to_contain_text("Snoozed until")
    await send(page, "Wake it now")
    await expect(page.get_by_text("Snooze: decide later")).to_be_visible()


async def bulk(house: House, page: Page) -> None:
    await page.goto("/drifts?q=stack:dev/lab")
    for name in ("b1", "b2"):
        await page.get_by_role("checkbox", name=f"aws_instance.{name}").check()
    await page.get_by_label("Reason for all selected").fill(REASON)
    await house.decide("aws_instance.b2", by="Eva", verdict="rejected")
    await send(page, "Approve", 200)
    await expect(page.get_by_role("heading", level=1)).to_have_text("1 drift approved, 1 left out")
    await expect(page.locator("main")).to_contain_text("Eva has rejected this drift already")
    await page.get_by_role("link", name="Back to the list").click()
    await expect(page.get_by_role("link", name="aws_instance.b3")).to_be_visible()
    await expect(page.get_by_role("link", name="aws_instance.b1")).to_have_count(0)


async def save_a_view(_house: House, page: Page) -> None:
    await page.goto("/drifts?q=m00*")
    await page.locator("summary", has_text="Save").click()
    await page.get_by_label("Save this list as").fill("The first ten")
    await send(page, "Save")
    view = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="The first ten")
    await page.goto("/drifts?status=done")
    await view.click()
    await expect(page.get_by_role("searchbox")).to_have_value("m00*")
    await expect(view).to_have_attribute("aria-current", "page")


async def make_a_token(house: House, page: Page) -> None:
    await page.goto("/admin/tokens")
    await page.get_by_label("Name").fill("nightly")
    await page.get_by_label("Stacks").fill("dev/made")
    await send(page, "Make token", 200)
    secret = await page.locator("#token-secret").inner_text()
    await house.report(noise("made"), stack="dev/made", token=secret)


async def end_a_session(house: House, page: Page) -> None:
    emil = await house.person("Emil")
    await open_session(house.db, house.config, emil)
    await page.goto("/account")
    others = page.get_by_role("button", name="End the session")
    before = await others.count()
    await others.first.click()
    await expect(others).to_have_count(before - 1)


async def export(_house: House, page: Page) -> None:
    await page.goto("/drifts?q=m00*")
    for kind, amount in (("CSV", 11), ("JSON", 10)):
        await page.locator("summary", has_text="Download").click()
        async with page.expect_download() as download:
            await page.get_by_role("link", name=kind).click()
        text = (await (await download.value).path()).read_text()
        assert len(text.splitlines() if kind == "CSV" else json.loads(text)["data"]) == amount
        await page.reload()


async def change_password(_house: House, page: Page) -> None:
    await page.goto("/account")
    await page.get_by_label("Your password now").fill(PASSWORD)
    await page.get_by_label("The new one").fill(NEW_PASSWORD)
    await send(page, "Change password")
    await expect(page.get_by_role("alert")).to_contain_text("password")
    await page.context.clear_cookies()
    await page.goto("/login")
    await page.get_by_label("E-mail").fill("paul@example.com")
    await page.get_by_label("Password").fill(NEW_PASSWORD)
    await send(page, "Sign in")


TASKS: dict[Task, tuple[str, str]] = {
    login: ("Emil", "engineer"), logout: ("Emil", "engineer"), search: ("Vera", "viewer"), facet: ("Vera", "viewer"),
    sort: ("Vera", "viewer"), turn_pages: ("Vera", "viewer"), open_one: ("Vera", "viewer"),
    decide: ("Emil", "engineer"), see_an_error: ("Emil", "engineer"), comment: ("Emil", "engineer"),
    snooze: ("Emil", "engineer"), bulk: ("Emil", "engineer"), save_a_view: ("Vera", "viewer"),
    make_a_token: ("Ada", "admin"), end_a_session: ("Emil", "engineer"), export: ("Vera", "viewer"),
    change_password: ("Paul", "viewer"),
}  # fmt: skip


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
async def test_without_javascript_one_can(task: Task, busy: House) -> None:
    page = await (await busy.window(*TASKS[task], java_script_enabled=False)).new_page()
    await task(busy, page)
    await page.context.close()
    assert busy.complaints == []


async def test_without_javascript_one_can_set_it_up(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """From the code in the log to the first drift: the eighteenth task."""
    house.expect("status 422", "status 403")
    await offer_setup(house.db, house.config)
    code = next(vars(record)["code"] for record in caplog.records if record.message == "setup.code")
    page = await house.visit("/", java_script_enabled=False)
    await expect(page).to_have_url(f"{house.url}/setup")
    await page.get_by_label("Code from the log").fill(code)
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_label("E-mail").fill("ada@example.com")
    await page.get_by_label("Password").fill("password")
    await send(page, "Make the first admin", 422)
    await expect(page.get_by_label("Your name")).to_have_value("Ada")
    await page.get_by_label("Password").fill(PASSWORD)
    await send(page, "Make the first admin")
    await expect(page).to_have_url(f"{house.url}/setup/stack")
    await page.get_by_label("Name of the stack").fill("prod/app")
    await send(page, "Make its token", 200)
    secret = await page.locator("#connect-secret").inner_text()
    await house.report(door("ssh"), token=secret)
    await page.get_by_role("link", name="Look again").click()
    await expect(page.locator("#connect-waiting")).to_contain_text("prod/app has reported")
    await page.get_by_role("link", name="aws_security_group.ssh").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("aws_security_group.ssh")
