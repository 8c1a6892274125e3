"""A backup is restored under a running server: pages look anew, and none waits for numbers that come a second time."""

import asyncio
import json
import re

import pytest

from tests.api.program import as_role
from tests.live.feeds import opened
from tests.live.test_changes import changes
from tests.live.test_live import address, closed, connected, decide, heard, hub, latest, scan
from tests.site import Site


async def restore(site: Site, seq: int) -> None:
    """As if somebody had put the backup of an earlier time in place."""
    async with site.db.write() as tx:
        if site.db.engine == "sqlite":
            await tx.run("DROP TRIGGER events_refuse_delete")
        else:
            await tx.run("ALTER TABLE events DISABLE TRIGGER USER")
        await tx.run("DELETE FROM events WHERE seq > :seq", seq=seq)
        await tx.run("UPDATE event_head SET seq = :seq", seq=seq)
    site.app.tail.poke()
    async with asyncio.timeout(5):
        while hub(site).seq != seq:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_pages_and_programs_come_back_and_hear_what_happens_next(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    await site.post_body(scan(1))
    await site.caught_up()
    viewer, program = await site.as_viewer(), await as_role(site, "viewer")
    early = await latest(site)
    await decide(site)
    await site.caught_up()
    late = await latest(site)
    async with viewer.socket(await address(site, "drifts")) as socket, opened(site, program) as feed:
        await connected(site, 2)
        await restore(site, early)
        assert (await closed(socket), await feed.closed()) == (1012, 1012)
    assert "events.shorter" in caplog.messages
    caplog.clear()
    async with viewer.socket(f"/live?after={late}&room=drifts") as socket:
        assert json.loads(await heard(socket)) == {"type": "reload", "seq": early}
        await connected(site)
        await site.post_body(scan(2, "3"))
        assert re.search(r'id="live-cursor" data-seq="(\d+)"', await heard(socket))
    answer = await viewer.get(changes(late + 100, "drifts"))
    assert json.loads(await answer.get_data(as_text=True))["type"] == "reload"
