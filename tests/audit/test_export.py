"""The audit log as a file: all that was asked for, once, and harmless in a spreadsheet."""

import csv
import io
import json
from typing import Any

import pytest

from driftsentry import errors
from driftsentry.audit import Filter, export
from driftsentry.events import Actor
from tests.audit.conftest import EVIL, add_stack, note, person
from tests.site import Browser, Site


async def rows(browser: Browser, query: str = "") -> list[dict[str, str]]:
    text = await browser.text(f"/audit/export?format=csv{query}")
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def lines(browser: Browser, query: str = "") -> list[dict[str, Any]]:
    text = await browser.text(f"/audit/export?format=jsonl{query}")
    return [json.loads(line) for line in text.split("\n")[:-1]]


async def test_csv_holds_everything_newest_first(site: Site, admin: Browser) -> None:
    await note(site, "thing.done", person("Ada"), 3)
    recorded = await site.events()
    found = await rows(admin)
    assert [int(row["seq"]) for row in found] == [event.seq for event in reversed(recorded)]
    assert tuple(found[0]) == export.COLUMNS
    last = found[0]
    assert (last["actor_name"], last["address"], last["hash"]) == ("Ada", "192.0.2.7", recorded[-1].hash)
    assert (last["previous_hash"], json.loads(last["data"])) == (recorded[-2].hash, {"number": 2})
    assert last["sentence"] == "Ada: thing.done"


@pytest.mark.parametrize(
    "name", [EVIL, "+1", "-1+cmd", "@SUM(A1)", "\tx", "\rx", "\n=1", '"=1', 'a","=1', "<b>x</b>", ""]
)
async def test_csv_calculates_nothing_and_loses_nothing(sqlite_site: Site, name: str) -> None:
    admin = await sqlite_site.as_admin()
    await note(sqlite_site, "thing.done", Actor("user", name, name, name, name), reason=name)
    [row] = await rows(admin, "&kind=thing.done")
    for column, value in row.items():
        assert not value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), column
    assert row["actor_name"].removeprefix("'") == name
    assert json.loads(row["data"])["reason"] == name


async def test_json_lines_hold_every_column_as_it_is(site: Site, admin: Browser) -> None:
    await add_stack(site)
    actor = Actor("token", "t1", EVIL, "192.0.2.1", "r1")
    await note(site, "thing.done", actor, stack_id="s", drift_id=7, report_id="p", half="\ud800", text=EVIL)
    [line] = await lines(admin, "&kind=thing.done")
    [event] = await site.events("thing.done")
    assert line.pop("previousHash") in ("", (await site.events())[-2].hash if event.seq > 1 else "")
    assert line == {
        "seq": event.seq, "at": event.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "kind": "thing.done",
        "actor": {"kind": "token", "id": "t1", "name": EVIL}, "address": "192.0.2.1", "requestId": "r1",
        "stack": "prod/app",
        "driftId": 7, "reportId": "p", "data": {"number": 0, "half": "\ud800", "text": EVIL}, "hash": event.hash,
    }  # fmt: skip


async def test_a_stack_is_named_by_its_slug(site: Site, admin: Browser) -> None:
    await add_stack(site)
    await note(site, "thing.done", person("Ada"), stack_id="s")
    assert [line["stack"] for line in await lines(admin, "&stack=prod/app")] == ["prod/app"]
    assert [row["stack"] for row in await rows(admin, "&stack=prod/app")] == ["prod/app"]


async def test_it_holds_what_the_filter_says(site: Site, admin: Browser) -> None:
    for name in ("Ada", "Eve"):
        await note(site, "thing.done", person(name), 600)
    found = await rows(admin, "&actor=Eve")
    assert len({row["seq"] for row in found}) == len(found) == 600
    assert {row["actor_name"] for row in found} == {"Eve"}


async def test_an_export_is_an_entry_with_what_was_asked_for(site: Site, admin: Browser) -> None:
    await lines(admin, "&actor=Eve&since=2026-11-01&kind=")
    [event] = await site.events("audit.exported")
    assert event.data == {"format": "jsonl", "filters": {"actor": "Eve", "since": "2026-11-01 00:00:00+00:00"}}
    assert event.actor.name == "Ada"
    assert event.actor.address == "127.0.0.1"


async def test_the_file_has_a_name_with_the_date_and_is_not_shown(site: Site, admin: Browser) -> None:
    for format, kind in (("csv", "text/csv"), ("jsonl", "application/jsonl")):
        response = await admin.get(f"/audit/export?format={format}")
        name = response.headers["Content-Disposition"]
        assert name.startswith('attachment; filename="driftsentry-audit-20')
        assert name.endswith(f'.{format}"')
        assert str(response.content_type).startswith(kind)
        assert response.headers["Cache-Control"] == "no-store"


async def test_a_mistake_gives_no_file_but_its_reason(site: Site, admin: Browser) -> None:
    for query in ("format=xls", "format=", "format=csv&since=soon", "format=csv&drift=x"):
        assert (await admin.get(f"/audit/export?{query}")).status_code == 422
    assert not await site.events("audit.exported")


async def test_a_long_log_takes_longer_than_other_answers_may(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await sqlite_site.as_admin()
    await note(sqlite_site, "thing.done", person("Ada"), 200)
    monkeypatch.setattr(export, "BATCH", 1)
    sqlite_site.app.config["RESPONSE_TIMEOUT"] = 0.02
    assert len(await lines(admin)) == 200


async def test_five_thousand_entries_come_in_pieces_without_what_is_newer(site: Site) -> None:
    await note(site, "thing.done", person("Ada"), 5000)
    pieces, seqs = [], []
    async for piece in export.stream(site.db, "jsonl", Filter(), 5001):
        pieces.append(piece)
        seqs += [json.loads(line)["seq"] for line in piece.splitlines()]
        await note(site, "thing.done", person("Eve"))
    assert seqs == list(range(5000, 0, -1))
    assert len(pieces) == 11  # what stands above the entries of a CSV is one
    assert max(map(len, pieces)) < 500_000


async def test_a_reader_who_leaves_gives_the_connection_back(site: Site) -> None:
    await note(site, "thing.done", person("Ada"), 1500)
    for _ in range(20):  # more than there are connections
        stream = export.stream(site.db, "csv", Filter(), 1501)
        assert (await anext(stream)).startswith(b'"seq"')  # type: ignore[arg-type]
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]


async def test_an_engineer_cannot_by_the_verb_either(site: Site) -> None:
    emil = await site.person("Emil", "engineer")
    with pytest.raises(errors.Forbidden):
        await export.begin_export(site.db, Actor("user", emil.id, "Emil"), "csv", Filter())
    assert not await site.events("audit.exported")
