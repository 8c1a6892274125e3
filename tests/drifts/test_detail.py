"""The page of one drift says what differs, why it matters, how well that is known, and what one may do about it."""

import json
import re

from tests.ingest.samples import entry, plan
from tests.site import Site

POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*"}]}
FORCED = {"change": {"replace_paths": [["size"]]}}
SWITCH = re.compile(r'<input type="checkbox" class="diff-switch" name="diff" value="split" [^>]*?(checked)?>')


def text_in(html: str) -> str:
    """What one reads: no tags, one blank between words."""
    return " ".join(re.sub("<[^>]+>", " ", html).split())


async def page(site: Site, before: object, after: object, role: str = "engineer", **fields: object) -> str:
    await site.post_body(plan(entry(before, after, **fields)))
    return await (await site.as_role(role)).text("/drifts/1")


async def test_the_head_says_why_and_how_often_it_was_seen(sqlite_site: Site) -> None:
    body = plan(entry({"a": "1"}, {"a": "2"}))
    for run in range(3):
        await sqlite_site.post_body(body, runId=str(run))
    admin, viewer = await sqlite_site.as_admin(), await sqlite_site.as_viewer()
    text = await admin.text("/drifts/1")
    assert "by the rule “ changed attribute ” All rules" in text_in(text)
    assert 'data-role="admin"' in text, "the styles show the link to the rules by it"
    assert 'data-role="viewer"' in await viewer.text("/drifts/1")
    assert "Times seen 3 complete reports" in text_in(text)
    assert "What approve and reject mean" in text
    assert "What informational means" not in text
    assert "Printed from http://localhost/drifts/1 , as it was on" in text_in(text)
    await sqlite_site.post_body(plan(entry({"a": "1"}, {"a": "2"}), complete=False))
    assert "Times seen 3 complete reports" in text_in(await viewer.text("/drifts/1"))
    assert "<form" not in (await viewer.text("/drifts/1")).partition('class="drift-side"')[2].partition("</aside>")[0]


async def test_a_drift_that_is_gone_is_counted_until_it_went_and_anew_when_it_comes_back(sqlite_site: Site) -> None:
    viewer, body = await sqlite_site.as_viewer(), plan(entry({"a": "1"}, {"a": "2"}))
    for run, report in enumerate((body, body, plan(), plan())):
        await sqlite_site.post_body(report, runId=str(run))
    assert "Times seen 2 complete reports" in text_in(await viewer.text("/drifts/1"))
    await sqlite_site.post_body(body, runId="again")
    text = text_in(await viewer.text("/drifts/1"))
    assert "Times seen 1 complete report Came back 1 time" in text


async def test_what_informational_means_stands_where_it_is(sqlite_site: Site) -> None:
    assert "What informational means" in await page(sqlite_site, {"a": None}, {"a": []})


async def test_each_kind_of_difference_is_shown_as_what_it_is(sqlite_site: Site) -> None:
    script = "\n".join(f"echo {number}" for number in range(30))
    before = {
        "policy": json.dumps(POLICY), "ports": [1, 2, 3], "script": script, "password": "one", "size": 1,
        "hash": "A1" * 60, "gone": json.dumps(POLICY),
    }  # fmt: skip
    after = before | {
        "policy": json.dumps(POLICY).replace("Get*", "*"), "ports": [2, 4, 5, 6], "script": script.replace("15", "x"),
        "password": "two", "size": 2, "hash": "B2" * 60, "gone": None,
    }  # fmt: skip
    marks = {"before_sensitive": {"password": True}, "after_sensitive": {"password": True}, **FORCED["change"]}
    html = await page(sqlite_site, before, after, change=marks)
    text = text_in(html)
    assert "policy.Statement[0].Action inside JSON text" in text
    assert "ports 2 only in code, 3 only in reality" in text
    assert "Show 12 unchanged lines" in text
    assert "password Ignore … password (sensitive, changed)" in text
    assert "size forces replacement" in text
    assert "ignore?line" in html
    assert text.count("Show all 120 characters") == 2
    assert "gone JSON text, laid out" in text
    assert "&#34;Action&#34;: &#34;s3:Get*&#34;\n" in html


async def test_side_by_side_is_remembered_without_javascript_and_with_it(sqlite_site: Site) -> None:
    await sqlite_site.post_body(plan(entry({"a": "1"}, {"a": "2"})))
    engineer, viewer = await sqlite_site.as_engineer(), await sqlite_site.as_viewer()
    for pairs, is_split in (([("diff", "split"), ("diff", "unified")], True), ([("diff", "unified")], False)):
        response = await engineer.post("/account/preferences", [("next", "/drifts/1"), *pairs])
        assert (response.status_code, response.location) == (303, "/drifts/1")
        shown = SWITCH.search(await engineer.text("/drifts/1"))
        assert shown
        assert bool(shown[1]) is is_split
    response = await engineer.post("/account/preferences", {"diff": "split"}, {"HX-Request": "true"})
    assert response.status_code == 204
    assert 'hx-swap="none" checked' in await engineer.text("/drifts/1")
    assert 'hx-swap="none" checked' not in await viewer.text("/drifts/1")


async def test_one_html_serves_both_views_so_that_it_can_be_pushed(sqlite_site: Site) -> None:
    await sqlite_site.post_body(plan(entry({"a": "1\n2"}, {"a": "1\n3"})))
    engineer = await sqlite_site.as_engineer()
    both = []
    for view in ("split", "unified"):
        await engineer.post("/account/preferences", {"diff": view})
        both.append(
            (await engineer.text("/drifts/1")).partition('<section id="drift-1-diff"')[2].partition("</section>")[0]
        )
    assert both[0] == both[1] != ""


async def test_more_attributes_than_are_kept_are_counted(sqlite_site: Site) -> None:
    tags = {f"k{number}": "a" * 40 for number in range(700)}
    html = await page(sqlite_site, {"tags": tags}, {"tags": dict.fromkeys(tags, "b" * 40)})
    assert "200 more differences" in html
    assert html.count('class="line"') == 500
    assert "Show 450 more differences" in html
    assert html.partition('<details class="rest">')[0].count('class="line"') == 50
    assert len(html) < 400_000


async def test_megabytes_of_text_are_left_out_by_name_and_shown_from_where_one_wants(sqlite_site: Site) -> None:
    before = {f"p{number:02}": f"{number} " * 4000 for number in range(60)}
    html = await page(sqlite_site, before, {key: value.upper() + "x" for key, value in before.items()})
    assert len(html) < 400_000
    assert html.count('class="left-out"') > 20
    assert "p59" in html
    assert '<details class="rest">' in html
    last = re.findall(r'href="/drifts/1\?line=(\d+)#line-\1"', html)[-1]
    assert last == "59"
    html = await (await sqlite_site.as_viewer()).text("/drifts/1?line=59")
    assert html.count('class="left-out"') == 59
    assert "59 59 59" in html
    assert '<details class="rest" open>' in html, "what was asked for is not folded away"
