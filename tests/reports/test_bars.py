"""The history of a stack as small bars, each a link with words; and who comes again and again."""

import re
from dataclasses import replace
from typing import Any

from driftsentry import reports
from tests.alerts.plans import post, size
from tests.reports.test_report_page import story
from tests.site import Site


async def test_bars_and_offenders_on_the_page_of_a_stack(site: Site) -> None:
    told = await story(site)
    await post(site, 9, size("goes"), complete=False)
    page = await (await site.as_viewer()).text("/stacks/prod/app")
    figure = page[page.index('<figure class="bars"') : page.index("</figure>")]
    links = re.findall(r'<a href="/reports/(\w+)" title="[^"]*" data-state="(\w+)">', figure)
    assert [report for report, _state in links[1:]] == told[::-1]
    assert [state for _report, state in links] == ["incomplete"] + ["complete"] * 5
    words = re.findall(r"UTC: <bdi>(.*?)</bdi>", figure)
    assert words[1:] == ["nothing new", "1 changed, 1 closed", "1 new, 1 changed, 1 reopened", *words[4:]]
    assert words[0].startswith("nothing new; incomplete: ")
    assert words[4] == "1 new, 1 changed, 1 closed"
    [offender] = re.findall(r'<ol class="offenders".*?</ol>', page, re.S)
    assert re.findall(r"<bdi>(.*?)</bdi>", offender) == ["aws_security_group.turns"]
    assert "changed 3 times" in offender
    assert "came back" not in offender


async def test_a_stack_without_reports_or_restless_drifts_says_so(sqlite_site: Site) -> None:
    await post(sqlite_site, 1, size("a"))
    page = await (await sqlite_site.as_viewer()).text("/stacks/prod/app?before=0")
    assert "No report is older." in page
    assert "bars" not in page
    assert "offenders" not in page


async def test_a_bar_shows_what_is_small_beside_what_is_large(sqlite_site: Site) -> None:
    await post(sqlite_site, 1, size("a"))
    async with sqlite_site.db.read() as tx:
        [stack] = await tx.all("SELECT id FROM stacks")
        [report] = await reports.select_reports(tx, stack["id"], 1)

    def of(**counts: Any) -> Any:
        return replace(report, counts=replace(report.counts, **counts))

    large, small, late = reports.bars_of(
        [of(detected=900, changed=100, resolved=50), of(detected=1, resolved=1), replace(of(detected=0), is_late=True)]
    )
    assert (large.opened, large.changed, large.closed) == (27, 3, 16)
    assert (small.opened, small.changed, small.closed) == (3, 0, 3)
    assert (late.opened, late.state, late.words) == (0, "late", "came late, changed nothing")
    assert reports.bars_of([]) == []
