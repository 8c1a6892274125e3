"""The history of a stack's reports: what each one did, how long it took, where it came from; older ones behind it."""

import re

from driftsentry.reports.model import Report
from driftsentry.reports.words import result_of, source_of, time_of
from driftsentry.stacks.pages import REPORTS
from tests.alerts.plans import post, scan, size
from tests.reports import samples
from tests.site import Site


async def test_the_history_says_what_each_report_did_and_where_it_came_from(site: Site) -> None:
    await post(site, 1, size("a"), size("b"))
    about = {"commit": "c0ffee0123456789", "runId": "42", "runUrl": "https://ci.example.com/42", "duration": "83.2"}
    response = await site.post_body(scan(2, size("a", "m5.huge"), size("c")), **about)
    answered = (await response.get_json())["data"]["report"]
    assert (answered["durationSeconds"], answered["announced"]) == (83.2, 0)
    [row] = await site.rows("SELECT duration_ms, took_ms FROM reports WHERE id = :id", id=answered["id"])
    assert row[0] == 83_200
    assert 0 <= row[1] < 30_000

    page = await (await site.as_viewer()).text("/stacks/prod/app")
    newest = page.partition("<tbody>")[2].partition("</tr>")[0]
    numbers = re.findall(r'<td class="number"[^>]*>([^<]*)</td>', newest)
    assert numbers == ["1", "1", "0", "1", "0", "0", "1 min 23 s"]
    for text in (f'href="/reports/{answered["id"]}"', "Terraform 1.11.4, refresh-only plan", "c0ffee0123<", "CI run"):
        assert text in newest
    assert 'href="https://ci.example.com/42" rel="noopener noreferrer"' in newest


async def test_older_reports_are_behind_a_link(sqlite_site: Site) -> None:
    site = sqlite_site
    for minute in range(REPORTS + 3):
        await post(site, minute, size("a"))
    viewer = await site.as_viewer()
    page = await viewer.text("/stacks/prod/app")
    ids = re.findall(r'<tr id="report-(\w+)"', page)
    [older] = re.findall(r'rel="next" href="([^"#]+)', page)
    behind = await viewer.text(older)
    rest = re.findall(r'<tr id="report-(\w+)"', behind)
    assert (len(ids), len(rest)) == (REPORTS, 3)
    assert len({*ids, *rest}) == REPORTS + 3
    assert 'rel="next"' not in behind
    assert "Newest reports" in behind
    assert "No report is older" in await viewer.text(f"/stacks/prod/app?before={rest[-1]}")
    assert "No report is older" in await viewer.text("/stacks/prod/app?before=nonsense'--")


async def test_a_duration_that_cannot_be_is_refused(sqlite_site: Site) -> None:
    for wrong in ("-1", "1728001", "soon", "1e999"):
        response = await sqlite_site.post_body(scan(1), duration=wrong)
        assert response.status_code == 400, wrong
    response = await sqlite_site.post_body(scan(1), direction="sideways")
    assert (await response.get_json())["error"]["details"][0]["field"] == "direction"
    assert (await sqlite_site.post_body(scan(1), duration="0")).status_code == 201


def _report(**other: object) -> Report:
    facts = vars(samples.report("x")) | {"announced": 0, "tool_version": "1.11.4", "format": "terraform_plan"}
    return type("R", (), facts | other)()  # type: ignore[return-value]


def test_what_came_is_said_in_words() -> None:
    assert source_of(_report()) == "Terraform 1.11.4, refresh-only plan"
    assert source_of(_report(mode="normal", tool="opentofu")) == "OpenTofu 1.11.4, plan"
    assert source_of(_report(format="terraform_log", mode="destroy")) == (
        "Terraform 1.11.4, destroy log of a plan, without values"
    )
    assert source_of(_report(format="pulumi", tool="pulumi", tool_version="", mode="scan")) == "Pulumi, preview"
    assert source_of(_report(format="other", tool="", tool_version="", mode="scan")) == "other"
    assert result_of(_report(detected=2, changed=0, reopened=0, resolved=1)) == "2 new, 1 closed"
    assert result_of(_report(detected=0, changed=0, reopened=0, resolved=0)) == "nothing new"
    assert result_of(_report(announced=12)) == "counted 12"
    said = [time_of(ms) for ms in (None, 0, 850, 1_849, 42_000, 725_400)]
    assert said == ["", "0 ms", "850 ms", "1.8 s", "42 s", "12 min 5 s"]
