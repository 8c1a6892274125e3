"""What a list shows, as a file: the same drifts in the same order, from all of its pages, harmless in a spreadsheet."""

import csv
import io
import json
import re
from html import unescape
from typing import Any

import pytest

from driftsentry.drifts import export, walk_queries
from tests.api.program import program_of
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site
from tests.template_values import EVIL

SECRET = "hunter2-of-the-value"


async def rows(browser: Browser, query: str = "") -> list[dict[str, str]]:
    response = await browser.get(f"/drifts/export?format=csv{query}")
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(str(await response.get_data(as_text=True)), newline="")))


async def drifts(browser: Browser, query: str = "") -> list[dict[str, Any]]:
    response = await browser.get(f"/drifts/export?format=json{query}")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    body = json.loads(await response.get_data())
    assert body["success"] is True
    assert body["meta"] == {"total": len(body["data"]), "isCapped": False}
    return list(body["data"])


async def report(site: Site, *names: str, stack: str = "prod/app") -> None:
    entries = [entry({"a": "1", "b": SECRET}, {"a": "2", "b": ""}, address=name, name="x") for name in names]
    assert (await site.post_body(plan(*entries), stack)).status_code == 201


async def test_all_pages_are_in_the_file_in_the_order_of_the_list(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH", 7)
    await report(site, *(f"aws_instance.n{number:02}" for number in range(60)))
    await report(site, "aws_instance.other", stack="dev/lab")
    viewer = await site.as_viewer()
    first = await viewer.text("/drifts?stack=prod/app")
    second = await viewer.text(unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0]))
    shown = re.findall(r'<li id="drift-(\d+)"', first + second)
    assert len(shown) == 60
    assert [row["id"] for row in await rows(viewer, "&stack=prod/app")] == shown
    assert [drift["id"] for drift in await drifts(viewer, "&stack=prod/app")] == shown
    assert [row["address"] for row in await rows(viewer, "&q=stack:dev/lab")] == ["aws_instance.other"]
    assert await rows(viewer, "&status=resolved") == []
    assert await drifts(viewer, "&status=resolved") == []


async def test_json_is_what_the_api_gives_and_no_file_holds_a_value(sqlite_site: Site) -> None:
    await report(sqlite_site, "aws_instance.a", "aws_instance.b")
    engineer = await sqlite_site.as_engineer()
    one = await sqlite_site.drift("aws_instance.a")
    form = {"verdict": "approved", "reason": "it is wanted so", "fingerprint": one["fingerprint"]}
    await engineer.post(f"/drifts/{one['id']}/decision", form)
    program = await program_of(sqlite_site, sqlite_site.people["Emil"])
    listed = (await program.get("/drifts?sort=-updatedAt")).data
    assert sorted(await drifts(engineer, "&status=all"), key=str) == sorted(listed, key=str)
    [row] = await rows(engineer, "&status=approved")
    assert tuple(row) == export.COLUMNS
    assert (row["attributes"], row["verdict"], row["decided_by"]) == ("a, b", "approved", "Emil")
    assert (row["reason"], row["is_changed_since_decision"], row["until"]) == ("it is wanted so", "no", "")
    for format in ("csv", "json"):
        assert SECRET not in await engineer.text(f"/drifts/export?format={format}&status=all")


@pytest.mark.parametrize("name", [EVIL, "=1+1", "+1", "-1+cmd", "@SUM(A1)", "\tx", "\rx", "\n=1", 'a","=1', "\ud800"])
async def test_a_spreadsheet_calculates_nothing_and_nothing_is_lost(sqlite_site: Site, name: str) -> None:
    await report(sqlite_site, "aws_instance.a")
    await sqlite_site.run("UPDATE drifts SET attributes = :names", names=json.dumps([name]))
    viewer = await sqlite_site.as_viewer()
    [row] = await rows(viewer)
    assert not row["attributes"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert row["attributes"].removeprefix("'") in (name, name.encode("utf-8", "backslashreplace").decode())
    if name != "\ud800":
        assert (await drifts(viewer))[0]["attributes"] == [name]


async def test_it_ends_at_its_limit_and_says_so(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST", 4)
    monkeypatch.setattr(export, "BATCH", 3)
    await report(sqlite_site, *(f"aws_instance.n{number}" for number in range(4)))
    viewer = await sqlite_site.as_viewer()
    assert len(await drifts(viewer)) == 4, "as many as the limit are not too many"
    await report(sqlite_site, "aws_instance.n4", stack="dev/lab")
    assert len(await rows(viewer)) == 4
    body = json.loads(await viewer.text("/drifts/export?format=json"))
    assert (len(body["data"]), body["meta"]) == (4, {"total": 4, "isCapped": True})


async def test_the_file_is_one_to_keep_and_a_list_that_is_not_understood_makes_none(sqlite_site: Site) -> None:
    viewer = await sqlite_site.as_viewer()
    response = await viewer.get("/drifts/export?format=csv")
    assert re.fullmatch(
        r'attachment; filename="driftsentry-drifts-[0-9-]{10}\.csv"', response.headers["Content-Disposition"]
    )
    for query in ("", "format=xlsx", "format=csv&status=gone", "format=json&severity=enormous"):
        assert (await viewer.get(f"/drifts/export?{query}")).status_code == 422, query
    assert str((await sqlite_site.anonymous().get("/drifts/export?format=csv")).location).startswith("/login")


async def test_as_many_as_its_limit_are_whole_wherever_looking_was_given_up(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST", 4)
    monkeypatch.setattr(walk_queries, "FEW", 0)
    monkeypatch.setattr(walk_queries, "FAR", 2)
    await report(sqlite_site, *(f"aws_instance.n{number}" for number in range(9)))
    viewer = await sqlite_site.as_viewer()
    for others, is_capped in (((4, 5, 6, 7, 8), False), ((3, 5, 6, 7, 8), False), ((0, 6, 7, 8), True)):
        await sqlite_site.run("UPDATE drifts SET action = 'update'")
        await sqlite_site.run(
            f"UPDATE drifts SET action = 'delete' WHERE address IN {tuple(f'aws_instance.n{n}' for n in others)}"
        )
        for order in ("oldest", "newest"):
            body = json.loads(await viewer.text(f"/drifts/export?format=json&q=action:update&sort={order}"))
            assert (len(body["data"]), body["meta"]) == (4, {"total": 4, "isCapped": is_capped}), (others, order)
            assert len(await rows(viewer, f"&q=action:update&sort={order}")) == 4
