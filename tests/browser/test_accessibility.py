"""axe finds nothing with dialogs open, errors shown, and after pushes; the pages themselves: test_every_page.py."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page, WebSocketRoute, expect

from tests.browser.house import REASON, House
from tests.browser.plans import door, noise, size

AXE = (Path(__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that a scheme can break; widths can break all of them
Look = tuple[int, str, list[str]]  # width, scheme, rules
LOOKS: list[Look] = [(1280, "light", RULES), (1280, "dark", COLOURS), (320, "dark", RULES), (320, "light", COLOURS)]
# The first look is at everything, and every look at how wide the whole page is. The others leave out what repeats on a
# page of more than a thousand elements: an item between the first two and the last of its list, each part of which is
# of a kind that an earlier item has shown.
# Of one kind are elements that no style sheet and no rule of axe can tell apart but by what is written in them: they
# and all that they lie in have the same names, the same state, and the same values of all attributes but of OWN, which
# number, name or lead to one thing. So a hundred severity rules cost as much as those among them that differ.
OWN = ["id", "href", "value", "action", "formaction", "aria-label", "aria-labelledby", "title", "datetime"]
LOOK = """async ([rules, own, isFirst]) => {
  const width = document.documentElement.scrollWidth
  const states = [":checked", ":disabled", ":focus", ":hover", ":target", ":empty", ":first-child", ":last-child"]
  const kinds = new Map([[null, ""]]), seen = new Set(), repeated = []
  const kind = part => {
    if (!kinds.has(part)) {
      const traits = [...part.attributes].map(({name, value}) => own.includes(name) ? name : `${name}=${value}`).sort()
      const state = states.filter(each => part.matches(each))
      kinds.set(part, `${kind(part.parentElement)} ${part.localName} ${part.cellIndex} ${[...traits, ...state]}`)
    }
    return kinds.get(part)
  }
  const isWhole = isFirst || document.querySelectorAll("*").length < 1000
  for (const item of isWhole ? [] : document.querySelectorAll("li, tr, article")) {
    const parts = [item, ...item.querySelectorAll("*")].map(kind)
    const isEdge = !item.nextElementSibling || !item.previousElementSibling?.previousElementSibling
    if (!isEdge && parts.every(each => seen.has(each))) repeated.push(item)
    parts.forEach(each => seen.add(each))
  }
  const gaps = repeated.map(item => item.cloneNode(false))  // so that first, last and next stay what they are
  gaps.forEach((gap, index) => { gap.hidden = true; gap.removeAttribute("id"); repeated[index].replaceWith(gap) })
  const {violations} = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]})
  gaps.forEach((gap, index) => gap.replaceWith(repeated[index]))
  return {width, violations}
}"""


async def assert_fit_for_all(page: Page, looks: list[Look] = LOOKS) -> None:
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE + "; 0")  # over the debugger, which no CSP stops
    for number, (width, scheme, rules) in enumerate(looks):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        # At the top: what the sticky header covers of a page that is scrolled depends on where it stopped.
        await page.evaluate("scrollTo(0, 0)")
        found = await page.evaluate(LOOK, [rules, OWN, number == 0])
        place = f"{page.url} {width} {scheme}"
        assert found["width"] <= width, f"{place} scrolls sideways"
        assert violations(found["violations"]) == [], place


def violations(found: list[dict[str, Any]]) -> list[str]:
    """Each as `rule: element`."""
    return [f"{rule['id']}: {node['html'][:160]} {node['any'][:1]}" for rule in found for node in rule["nodes"]]


async def furnish(house: House) -> dict[str, str]:
    """A bit of everything; paths by what is there."""
    await house.report(door("open"), size("web"), size("approved"), size("rejected"), size("again"), noise("role"))
    await house.report(size("lab"), stack="dev/lab")
    await house.decide("aws_instance.approved")
    await house.decide("aws_instance.rejected", verdict="rejected")
    await house.decide("aws_instance.again")
    await house.report(size("again", "m5.24xlarge"))
    names = ("aws_security_group.open", "aws_instance.approved", "aws_instance.again", "aws_iam_role.role")
    return {name.rpartition(".")[2]: await house.path_of(name) for name in names}


async def test_axe_finds_nothing_on_the_login_and_its_refusal(house: House) -> None:
    house.expect("status 401")
    await house.person("Vera", "viewer")  # without anybody, the login leads to /setup
    page = await house.visit("/login")
    await assert_fit_for_all(page)
    await page.get_by_label("E-mail").fill("nobody@example.com")
    await page.get_by_label("Password").fill("whatever it was")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await assert_fit_for_all(page)


async def test_axe_finds_nothing_with_dialogs_open_and_refusals_shown(house: House) -> None:
    house.expect("status 403", "status 409", "status 422")
    drifts = await furnish(house)
    window = await house.window("Emil")
    await window.route_web_socket("**/live?*", _cut)
    page = await window.new_page()
    await page.goto("/drifts")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await assert_fit_for_all(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Account: Emil").click()
    await expect(page.locator("#person-menu")).to_be_visible()
    await assert_fit_for_all(page)
    await page.keyboard.press("Escape")
    await page.locator(".row").get_by_role("checkbox").first.check()
    for tool in ("Sort", "Save", "View", "Download"):
        await page.locator("summary", has_text=tool).first.click()
    await assert_fit_for_all(page)

    await page.goto(drifts["open"])
    await page.get_by_label("Reason").fill("   short   ")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.locator(".decision [role=alert]")).to_contain_text("10 to 1000")
    await assert_fit_for_all(page)
    await house.decide("aws_security_group.open")
    await page.get_by_label("Reason").fill(REASON + "!")
    await page.get_by_role("button", name="Reject").click()
    await expect(page.locator(".decision [role=alert]")).to_contain_text("Eva has approved this drift already")
    await assert_fit_for_all(page)


async def test_axe_finds_nothing_after_pushes(house: House) -> None:
    drifts = await furnish(house)
    listed = await house.visit("/drifts", "Vera", "viewer")
    watched = await house.visit(drifts["open"], "Vera", "viewer")
    await house.decide("aws_security_group.open")
    await house.report(size("new"))
    await expect(listed.locator("#drifts-news")).to_have_text("1 new - Show")
    await expect(watched.locator(".verdicts")).to_contain_text("Eva decided on")
    for page in (listed, watched):
        await assert_fit_for_all(page)


async def _cut(socket: WebSocketRoute) -> None:
    """Nothing comes, so an open form stays as it was."""


async def test_the_skip_link_is_the_first_stop_and_leads_to_the_content(house: House) -> None:
    page = await house.visit("/drifts", "Vera", "viewer")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


async def test_the_keys_move_select_open_search_and_explain_themselves(house: House) -> None:
    await house.report(door("a"), size("b"), size("c"))
    page = await house.visit("/drifts", "Emil")
    links = page.locator(".row-link")
    for key, index in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1), ("k", 0)):
        await page.keyboard.press(key)
        await expect(links.nth(index)).to_be_focused()
    await page.keyboard.press("x")
    await expect(page.locator(".row").get_by_role("checkbox").first).to_be_checked()
    await expect(page.locator("#selection-count")).to_have_text("1")
    await page.keyboard.press("j")
    await expect(links.nth(1)).to_be_focused()

    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_hidden()
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.type("j?x")
    await expect(page.get_by_role("searchbox")).to_have_value("j?x")
    await page.get_by_role("searchbox").blur()

    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(house.url + await house.path_of("aws_security_group.a"))
    await expect(page.locator("#live-state")).to_have_text("Live")
    await page.keyboard.press("a")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type(REASON)
    await page.get_by_label("Reason").blur()
    await page.keyboard.press("r")
    await expect(page.get_by_role("button", name="Reject")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".verdicts")).to_contain_text("Emil decided on")
    await page.keyboard.press("g")
    await page.keyboard.press("s")
    await expect(page).to_have_url(f"{house.url}/stacks")


async def test_axe_finds_nothing_on_the_severity_rules(house: House) -> None:
    house.expect("status 422")
    await house.report(door("open"), size("web"))
    page = await house.visit("/admin/rules", "Ada", "admin")
    await page.get_by_role("link", name="New rule").click()
    await page.get_by_label("Name").fill('larger <img src=x onerror=alert(1)> "')
    await page.get_by_label("Reason").fill("{nonsense}")
    await page.get_by_label("Attributes").fill("instance_type")
    await page.get_by_role("button", name="Try").click()
    await expect(page.get_by_text("Nothing is filled in for {nonsense}.")).to_be_visible()
    await assert_fit_for_all(page)
    await page.get_by_label("Reason").fill("{attribute} went from {before} to {after}")
    await page.get_by_role("button", name="Try").click()
    await expect(page.locator(".rule-effects li")).to_have_count(1)
    await assert_fit_for_all(page)
    await page.get_by_role("button", name="Save the rule").click()
    await expect(page.get_by_role("alert")).to_contain_text("judged again")
    await page.get_by_role("link", name="larger").click()
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    await page.get_by_role("link", name="Severity rules").click()
    await assert_fit_for_all(page, LOOKS[:1])  # with one switched off
    await page.get_by_role("link", name="old TLS allowed").click()
    await assert_fit_for_all(page)


async def test_axe_finds_nothing_on_reports_and_on_a_stack_in_doubt(house: House) -> None:
    house.expect("status 422")
    await house.report(door("open"), size("web"), noise("role"))
    await house.report(door("open", 23), size("lab"))
    async with house.db.write() as tx:
        await tx.run(
            "UPDATE stacks SET last_report_at = '2026-01-01T00:00:00.000000Z', announced_drifts = 3,"
            " announced_at = '2026-01-02T00:00:00.000000Z'"
        )
        learned = "INSERT INTO learned_attributes SELECT id, 'aws_db_instance', '[\"latest\"]', created_at FROM stacks"
        await tx.run(learned)
    page = await house.visit("/stacks/prod/app", "Emil")
    await page.get_by_text("GitHub Actions").click()
    await assert_fit_for_all(page)
    await page.get_by_label("A report every: number").fill("4")
    await page.get_by_label("A report every: unit").select_option("min")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#schedule-problem")).to_contain_text("5 min to 366 days")
    await assert_fit_for_all(page)
    await house.go(page, "/stacks/prod/app")
    await page.locator(".reports tbody a").first.click()
    await expect(page.get_by_role("heading", name="Opened")).to_be_visible()
    await assert_fit_for_all(page)
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_role("heading", name="Changed")).to_be_visible()
    await assert_fit_for_all(page)
    await house.go(page, "/")  # its strip names the stack
    await assert_fit_for_all(page)
