"""Each page of the program, for each role: axe in light and dark, wide and narrow, its width, its weight, its quiet.

What the console says, and what the CSP refuses, fails any test of a house. A new page is in this walk by itself, and
fails it until places.py says where it can be seen.
"""

from datetime import timedelta

from playwright.async_api import BrowserContext, Response

from driftsentry import auth, clock, events, ids, rules
from driftsentry.drifts import comment
from driftsentry.events import Actor
from driftsentry.rules import severity_actions, severity_draft
from driftsentry.rules.ignore_model import Draft as Ignores
from driftsentry.web import Access
from tests.browser.house import House
from tests.browser.places import World, pages, pages_of
from tests.browser.test_accessibility import LOOKS, RULES, Look, assert_fit_for_all, furnish
from tests.browser.test_weight import SHIFTS, packed, shift

MOST_BYTES, MOST_SCRIPT = 40_000, 22_000  # as a proxy sends them that compresses
MOST_REQUESTS, MOST_SHIFT = 7, 0.02
# What only differs by who looks: in both schemes and widths. What there is at all, an admin has seen in each of both.
BOTH = [look for look in LOOKS if look[2] is RULES]
# What is folded is there too. Menus lie above all else, one at a time: test_accessibility.py opens them.
_UNFOLD = "document.querySelectorAll('main details:not(.drop, .sure)').forEach((each, at) => { each.open = at < 12 })"


async def world_of(house: House) -> World:
    """A bit of everything, so that no page is empty."""
    paths = await furnish(house)
    ada = await house.person("Ada", "admin")
    actor, key = Actor("user", ada.id, ada.name, "127.0.0.1", ""), house.config.data_key
    world: World = {name: path.rpartition("/")[2] for name, path in paths.items()}
    rule = severity_draft.Draft(name="Labs can wait", reason="It is a lab", types="aws_iam_*", severity="low")
    await severity_actions.add(house.db, key, actor, rule)
    ignore = ("dev/*", "*", "*", "tags", "*", "Tags of labs are nobody's business", str(clock.now().date()))
    await rules.add_ignore(house.db, key, actor, Ignores(ids.new(), *ignore))
    words = "Look at **this**:\n\n> `0.0.0.0/0`\n\n- [why](https://example.org)"
    await comment(house.db, actor, int(world["open"]), words)
    token, _secret = await auth.create_token(house.db, actor, "nightly", ("prod/app",), timedelta(days=30))
    async with house.db.read() as tx:
        world["report"] = await tx.value("SELECT max(id) FROM reports")
    world |= {"drift": world["open"], "stack": "prod/app", "user": ada.id, "rule": rule.id, "token": token.id}
    return world


async def walk(house: House, window: BrowserContext, paths: list[str], looks: list[Look] = LOOKS) -> None:
    """Weigh each page without a cache, and look at it; once at pages that are the same but for the frame."""
    seen = set[str]()
    await window.add_init_script(SHIFTS)
    page, answers = await window.new_page(), list[Response]()

    def keep(answer: Response) -> None:
        sent = answer.request
        # What was on its way for the page before is no part of this one; a redirection to it is.
        if sent.is_navigation_request() and not sent.redirected_from:
            answers.clear()
        answers.append(answer)

    page.on("response", keep)
    await (await window.new_cdp_session(page)).send("Network.setCacheDisabled", {"cacheDisabled": True})
    for path in paths:
        await page.set_viewport_size({"width": 1280, "height": 800})
        await house.go(page, path)
        assert len(answers) <= MOST_REQUESTS, f"{path}: {[answer.url for answer in answers]}"
        assert await packed(answers, "javascript") <= MOST_SCRIPT, path
        assert await packed(answers, "") <= MOST_BYTES, path
        assert await shift(page) <= MOST_SHIFT, path
        await page.evaluate(_UNFOLD)
        shown = await page.locator("main").inner_html()
        if shown not in seen:
            await assert_fit_for_all(page, looks)
        seen.add(shown)


async def test_all_that_an_admin_sees(house: House) -> None:
    world = await world_of(house)
    await walk(house, await house.window("Ada", "admin"), pages_of("admin", world))


async def test_all_that_a_stranger_sees(house: House) -> None:
    house.expect("status 404")  # the setup, which is over
    vera = await house.person("Vera", "viewer")
    world = {"code": await auth.make_reset_link(house.db, events.SYSTEM, vera.id)}
    await walk(house, await house.window(), [*pages(Access.ANYONE, world), "/nowhere"])


async def test_all_that_an_engineer_and_a_viewer_see(house: House) -> None:
    house.expect("status 403", "status 404")
    world = await world_of(house)
    states = [f"/drifts/{world[name]}" for name in ("approved", "again", "role")]
    engineers = [*pages_of("engineer", world), *states, "/drifts?q=nothing"]
    await walk(house, await house.window("Emil"), engineers, BOTH)
    viewers = [*pages_of("viewer", world), *states, "/drifts/999", f"/drifts/{world['drift']}/ignore?line=0"]
    await walk(house, await house.window("Vera", "viewer"), viewers, BOTH)
