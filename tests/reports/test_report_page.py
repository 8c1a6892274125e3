"""The page of a report: its facts, the drifts that it opened, changed and closed; and what is different between two."""

import re
from typing import Any

from tests.alerts.plans import decide, door, post, size
from tests.browser.plans import noise
from tests.reports.test_held import answer, machines
from tests.site import Browser, Site


def parts(page: str) -> dict[str, list[str]]:
    """The addresses that are listed, by the title of their list."""
    found = {}
    for part in page.split('<section class="report-part"')[1:]:
        title = re.search(r'id="part-\w+">(.*?) <span', part)
        assert title is not None
        found[title[1]] = re.findall(r'-address" href="/drifts/\d+"><bdi>([^<]*)<', part)
    return found


async def parts_of(browser: Browser, *about: str) -> dict[str, list[str]]:
    return parts(await browser.text("/reports/" + "?with=".join(about)))


async def story(site: Site) -> list[str]:
    """Five reports of one stack: their ids."""
    scans: list[list[dict[str, Any]]] = [
        [size("stays"), size("goes"), door("turns"), noise("role")],
        [size("stays"), door("turns", 23), door("comes")],
        [size("stays"), size("goes"), door("turns"), door("comes"), size("passes")],
        [size("stays"), size("goes"), door("turns", 24), door("comes")],
        [size("stays"), size("goes"), door("turns", 24), door("comes")],
    ]
    return [(await post(site, minute, *scan))["report"]["id"] for minute, scan in enumerate(scans)]


async def test_a_report_lists_what_it_opened_changed_reopened_and_closed(site: Site) -> None:
    first, second, third, _fourth, fifth = await story(site)
    viewer = await site.as_viewer()
    stays, goes, turns = "aws_instance.stays", "aws_instance.goes", "aws_security_group.turns"
    assert await parts_of(viewer, first) == {
        "Opened": [turns, goes, stays], "New, but only noise": ["aws_iam_role.role"],
    }  # fmt: skip
    assert await parts_of(viewer, second) == {
        "Opened": ["aws_security_group.comes"], "Changed": [turns], "Closed": [goes],
    }  # fmt: skip
    assert await parts_of(viewer, third) == {
        "Opened": ["aws_instance.passes"], "Reopened": [goes], "Changed": [turns],
    }  # fmt: skip
    page = await viewer.text(f"/reports/{fifth}")
    assert "It opened, changed and closed nothing." in page
    assert f'rel="prev" href="/reports/{_fourth}"' in page
    assert 'rel="next"' not in page
    for text in ("nothing new, 4 as before", "Terraform 1.11.4, refresh-only plan", "the token <bdi>ci</bdi>", "yes"):
        assert text in page


async def test_two_reports_are_compared_by_what_came_of_all_between_them(site: Site) -> None:
    first, second, third, fourth, fifth = await story(site)
    viewer = await site.as_viewer()
    opened, turned = ["aws_security_group.comes"], ["aws_security_group.turns"]
    for pair in ((first, fourth), (fourth, first), (first, fifth)):
        assert await parts_of(viewer, *pair) == {"Opened": opened, "Changed": turned}, pair
    page = await viewer.text(f"/reports/{first}?with={fifth}")
    assert "1 drift came and went in between" in page
    assert await parts_of(viewer, first, third) == {"Opened": [*opened, "aws_instance.passes"]}, "turns turned back"
    assert await parts_of(viewer, second, third) == {
        "Opened": ["aws_instance.goes", "aws_instance.passes"], "Changed": turned,
    }  # fmt: skip
    same = await viewer.text(f"/reports/{fourth}?with={fifth}")
    assert "What the two say of this stack's drifts is the same." in same
    assert f'<option value="{fifth}" selected>' in same


async def test_only_reports_of_one_stack_can_be_compared(sqlite_site: Site) -> None:
    site = sqlite_site
    here = (await post(site, 1, size("a")))["report"]["id"]
    there = (await post(site, 1, size("a"), stack="prod/other"))["report"]["id"]
    viewer = await site.as_viewer()
    for path, status in (
        (f"/reports/{here}?with={there}", 422),
        (f"/reports/{here}?with={here}", 422),
        (f"/reports/{here}?with=nothing", 404),
        ("/reports/nothing", 404),
        (f"/reports/{here}", 200),
    ):
        assert (await viewer.get(path)).status_code == status, path


async def test_a_held_report_lists_what_it_lacks_until_somebody_has_answered(site: Site) -> None:
    before = (await post(site, 1, *machines(0, 40)))["report"]["id"]
    held = (await post(site, 2, *machines(0, 2)))["report"]["id"]
    viewer = await site.as_viewer()
    page = await viewer.text(f"/reports/{held}")
    [(title, rows)] = parts(page).items()
    assert (title, len(rows)) == ("Missing, and open until an engineer has answered", 25)
    assert "and 13 more, none of them graver" in page
    assert 'href="/stacks/prod/app#stack-held"' in page
    await answer(await site.as_engineer(), "confirmed", held)
    assert list(await parts_of(viewer, held)) == ["Closed"]
    assert await parts_of(viewer, held, before) == {}, "an engineer closed them, after both"


async def test_a_late_report_and_a_decision_in_between_change_no_comparison(sqlite_site: Site) -> None:
    site = sqlite_site
    first = (await post(site, 5, size("a")))["report"]["id"]
    await decide(site, "aws_instance.a")
    late = (await post(site, 1, size("b")))["report"]["id"]
    last = (await post(site, 6, size("a")))["report"]["id"]
    viewer = await site.as_viewer()
    assert "so it changed nothing" in await viewer.text(f"/reports/{late}")
    for pair in ((first, late), (first, last), (late, last)):
        assert await parts_of(viewer, *pair) == {}
