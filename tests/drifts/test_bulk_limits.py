"""What many at once may cost, how old a form may be, and what is true behind a part of a list."""

import re
from typing import Any

import pytest

from driftsentry.db_sqlite import SQLiteEngine
from driftsentry.drifts import bulk
from tests.drifts.test_bulk import NAMES, picks, said, scan, statuses
from tests.drifts.test_bulk_all import everything
from tests.site import Site


async def test_a_form_that_is_too_old_is_told_to_look_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.post_body(scan(1))
    engineer = await site.as_engineer()
    form = await everything(engineer) | {"seq": "0"}
    monkeypatch.setattr(bulk, "REMEMBERED", 2)
    text = await said(await engineer.post("/drifts/bulk", form), 409)
    assert "The list has changed too much since you loaded the page" in text
    assert await statuses(site) == ["detected"] * 5
    again = {name: re.findall(rf'name="{name}" value="([^"]*)"', text)[0] for name in ("all", "count", "seq", "query")}
    told = await said(await engineer.post("/drifts/bulk", form, {"HX-Request": "true"}), 409)
    assert "Select all 5 that match" in told
    drifts = await site.rows("SELECT * FROM drifts ORDER BY id")
    for _twice in range(2):  # who ticks rows names what he saw
        assert "2 drifts rejected" in await said(
            await engineer.post("/drifts/bulk", picks(drifts[:2], verdict="rejected", seq="0"))
        )
    assert int(again["seq"]) > 2
    monkeypatch.setattr(bulk, "REMEMBERED", 20)
    assert "5 drifts rejected" in await said(await engineer.post("/drifts/bulk", form | again)), "two were done before"


async def test_after_a_part_the_number_that_match_is_said_anew(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite_site.post_body(scan(1))
    engineer, htmx = await sqlite_site.as_engineer(), {"HX-Request": "true"}
    form = await everything(engineer)
    drifts = await sqlite_site.rows("SELECT * FROM drifts ORDER BY id")
    ticked = picks(drifts[:2], query=form["query"], seq=form["seq"], verdict="rejected")
    text = await said(await engineer.post("/drifts/bulk", ticked, htmx))
    assert 'hx-swap-oob="outerMorph" id="select-all-label"' in text
    assert "> Select all 3 that match" in text
    assert f'name="seq" value="{form["seq"]}"' in text, "what came since the page is still new"
    text = await said(await engineer.post("/drifts/bulk", form | {"count": "3"}, htmx))
    assert "3 drifts rejected" in text
    assert ' form="selection" disabled> Nothing matches any more' in text
    text = await said(await engineer.post("/drifts/bulk", form | {"count": "0", "verdict": "approved"}, htmx), 409)
    assert "Nothing matches any more. Nothing was done" in text
    await sqlite_site.post_body(scan(2, *NAMES[:3]))
    monkeypatch.setattr(bulk, "MOST", 1)
    [late] = await sqlite_site.rows("SELECT * FROM drifts WHERE address = :name", name=NAMES[0])
    text = await said(await engineer.post("/drifts/bulk", picks([late], query=form["query"], seq=form["seq"]), htmx))
    assert ' form="selection" disabled> Too many match to select all of them' in text


async def test_drifts_and_decisions_are_written_all_at_once(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await sqlite_site.post_body(scan(1))
    engineer, said_often = await sqlite_site.as_engineer(), list[str]()
    many = SQLiteEngine.executemany

    async def note(self: SQLiteEngine, raw: Any, sql: str, rows: Any) -> None:
        said_often.append(sql)
        await many(self, raw, sql, rows)

    monkeypatch.setattr(SQLiteEngine, "executemany", note)
    snoozed = await everything(engineer, verdict="snoozed", until="1 week", reason="")
    assert "5 drifts snoozed" in await said(await engineer.post("/drifts/bulk", snoozed))
    assert "5 drifts rejected" in await said(
        await engineer.post("/drifts/bulk", await everything(engineer, "/drifts?status=snoozed"))
    )
    often = {sql.split("(")[0].strip() for sql in said_often}
    assert "INSERT INTO events" in often
    assert not {each for each in often if "UPDATE drifts" in each or each == "INSERT INTO decisions"}
