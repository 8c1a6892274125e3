"""`/admin/status`: the processes, who is connected, and how fast changes reach the pages; the same in `/metrics`."""

import asyncio
import re
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from driftsentry import clock, migrations
from driftsentry.live import presence_queries
from driftsentry.live.presence import Presence
from driftsentry.live.presence_queries import Process
from tests.ingest.samples import entry, plan
from tests.site import Site

PLAN = plan(entry({"a": "1"}, {"a": "2"}))


def rows(text: str) -> dict[str, str]:
    """What the tables say: the last cell of each row by its first."""
    found = re.findall(r"<tr><th scope=\"row\">(.*?)</th>.*?<td class=\"number\">([^<]*)</td></tr>", text, re.DOTALL)
    return {re.sub("<[^>]*>", "", head).strip(): value for head, value in found}


async def scraped(site: Site) -> dict[str, float]:
    """Samples of `/metrics` as `name` or `name{label value}`."""
    text = await (await site.anonymous().get("/metrics")).get_data(as_text=True)
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {" ".join([sample.name, *sample.labels.values()]): sample.value for sample in samples}


@pytest.mark.parametrize("role", ["viewer", "engineer"])
async def test_it_is_for_admins(sqlite_site: Site, role: str) -> None:
    who = await sqlite_site.as_role(role)
    assert (await who.get("/admin/status")).status_code == 403
    assert 'href="/admin/status"' not in await who.text("/account")
    assert str((await sqlite_site.anonymous().get("/admin/status")).location).startswith("/login")


async def test_an_idle_process_shows_itself_its_database_and_nobody(site: Site) -> None:
    text = await (await site.as_admin()).text("/admin/status")
    assert "1 process " in text
    assert "this one" in text
    assert f"<dd>version {migrations.latest()}</dd>" in text
    assert ("SQLite" if site.db.engine == "sqlite" else "PostgreSQL") in text
    assert float(re.findall(r"([0-9.]+) MB", text)[0]) > 0
    assert "Nobody is connected." in text
    assert rows(text)["Open pages"] == "0"
    assert "events pushed within" not in text
    found = await scraped(site)
    assert (found["driftsentry_processes"], found["driftsentry_rooms"], found["driftsentry_sockets page"]) == (1, 0, 0)
    assert "driftsentry_push_delay_seconds 0.5" not in found


async def test_people_pushes_and_their_delay_are_counted(site: Site) -> None:
    await site.post_body(plan(entry({"a": "1"}, {"a": "3"})))
    await site.caught_up()
    ada, emil = await site.as_admin(), await site.as_engineer()
    path = f"/live?after={site.app.tail.seq}&room=drifts&room=drift:1"
    async with ada.socket(path) as one, ada.socket(path), emil.socket(path):
        await site.connected(3)
        await site.post_body(PLAN)
        async with asyncio.timeout(5):
            while "demo.x" not in str(await one.receive()):
                pass
        await site.caught_up()
        text = await ada.text("/admin/status")
        found = await scraped(site)
    numbers = rows(text)
    assert (numbers["Open pages"], numbers["Programs connected"]) == ("3", "0")
    assert (numbers["drifts"], numbers["drift:1"]) == ("2", "2")
    assert "2 rooms " in text
    assert int(numbers["Events told"]) == found["driftsentry_events_told_total"] > 0
    assert int(numbers["Frames pushed"]) >= 3
    half, nearly_all = [int(each) for each in re.findall(r">(\d+) ms<", text)]
    assert 0 <= half <= nearly_all < 5000
    assert found["driftsentry_sockets page"] == 3
    assert found["driftsentry_room_members drifts"] == 2
    assert found["driftsentry_room_members alerts"] == 0
    assert 0 < found["driftsentry_push_delay_seconds 0.5"] <= found["driftsentry_push_delay_seconds 0.99"] < 5
    assert found["driftsentry_frames_pushed_total"] >= 3
    assert found["driftsentry_slow_readers_dropped_total"] == 0
    assert not [name for name in found if "drift:1" in name]  # a label for each drift would never end


async def test_other_processes_are_there_with_what_they_hold(sqlite_site: Site) -> None:
    presence = sqlite_site.app.extensions["presence"]
    assert isinstance(presence, Presence)
    now = clock.now()
    other = Process("0" * 26, "<b>far\u202eaway", 4711, now - timedelta(hours=3), now, 1200)
    async with sqlite_site.db.write() as tx:
        await presence_queries.insert_process(tx, other)
        rooms = {"drifts": {"u1": "", "u2": ""}} | {f"drift:{n}": {"u1": "Gerd"} for n in range(60)}
        await presence_queries.upsert_rooms(tx, other.id, rooms)
    await presence.sync()
    text = await (await sqlite_site.as_admin()).text("/admin/status")
    assert "2 processes " in text
    assert "&lt;b&gt;far\\u202eaway" in text
    assert "1,200" in text
    assert "4711" in text
    assert "3 h ago" in text
    assert rows(text)["drifts"] == "2"
    assert "The 50 fullest." in text
    assert "Gerd" not in text
