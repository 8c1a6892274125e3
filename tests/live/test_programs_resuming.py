"""`/api/v1/live`: what a program missed is told in order, once, and then what happens."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from driftsentry import clock, events
from driftsentry.db import Database
from driftsentry.events import Event
from driftsentry.live import hub as hubs
from driftsentry.live import resuming
from driftsentry.live.messages import Message
from tests.api.program import as_role
from tests.live.feeds import PATH, Feed, all_live, knocking, latest, opened
from tests.live.test_live import hub
from tests.live.test_programs import decide, numbers, scan
from tests.site import Site


@pytest.mark.parametrize("from_database", [False, True])
async def test_resume_tells_what_was_missed_in_order_once_then_live(site: Site, from_database: bool) -> None:
    await site.post_body(scan(1))
    await site.caught_up()
    start, engineer = await latest(site), await as_role(site, "engineer")
    await decide(engineer)
    await site.post_body(scan(2, "3"))
    await site.caught_up()
    if from_database:
        hub(site)._recent.clear()
    async with knocking(site, Authorization=f"Bearer {engineer.token}") as feed:
        await feed.say("resume", after=start)
        await decide(engineer, "reject")
        told = await feed.until(await latest(site))
    of_drift = [each for each in told if each["type"].startswith("drift:")]
    assert [each["type"] for each in of_drift] == ["drift:approved", "drift:changed", "drift:rejected"]
    assert told[0]["seq"] > start


async def test_nothing_is_missed_or_told_twice_while_events_come_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one batch is missed, and others come in between, told or only committed."""
    monkeypatch.setattr(hubs, "BATCH", 50)
    monkeypatch.setattr(hubs, "FEW_MISSED", 10)
    await site.post_body(scan(1))
    await site.caught_up()
    start, program = await latest(site), await as_role(site, "viewer")
    await record(site, 180)
    await site.caught_up()
    hub(site)._recent.clear()

    async def go_on() -> None:
        for _ in range(12):
            await record(site, 5)

    async with (
        opened(site, program, after=start) as at_once,
        knocking(site, Authorization=f"Bearer {program.token}") as later,
    ):
        going = asyncio.create_task(go_on())
        await later.say("resume", after=start)
        await going
        last = await latest(site)
        everything = list(range(start + 1, last + 1))
        assert numbers(await at_once.until(last)) == everything
        assert numbers(await later.until(last)) == everything
        await all_live(site)
        await later.say("resume", after=start + 20)
        assert numbers(await later.until(last)) == everything[20:]
        await record(site, 1)
        assert [(await feed.hear())["seq"] for feed in (at_once, later)] == [last + 1] * 2


async def test_what_is_committed_but_not_told_to_others_yet_is_told_once(site: Site) -> None:
    await site.post_body(scan(1))
    await record(site, 5)
    await site.caught_up()
    start, program, its_hub = await latest(site) - 5, await as_role(site, "viewer"), hub(site)
    its_hub._recent.clear()  # so that it is read from the table, which has more
    async with its_hub._turn, opened(site, program, after=start) as feed:
        async with asyncio.timeout(5):
            while not its_hub._turn._waiters:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await record(site, 5)
        its_hub._turn.release()
        await record(site, 1)
        last = await latest(site)
        assert numbers(await feed.until(last)) == list(range(start + 1, last + 1))
        await its_hub._turn.acquire()


async def record(site: Site, amount: int) -> None:
    async with site.db.write() as tx:
        for _ in range(amount):
            events.record(tx, "drift.moved", events.SYSTEM, at=clock.now(), drift_id=1)


@pytest.mark.parametrize("after", [0, 10**9, 2**63 - 1])
async def test_too_far_back_or_ahead_is_a_gap_and_then_live(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(hubs, "MOST_RESUMED", 1)
    site = sqlite_site
    await site.post_body(scan(1))
    async with opened(site, await as_role(site, "viewer")) as feed:
        seq = await latest(site)
        await all_live(site)
        assert await feed.ask("resume", after=after) == {"type": "gap", "after": after, "seq": seq}
        await site.post_body(scan(2, "3"))
        assert (await feed.hear())["seq"] == seq + 1


class Stuck:
    """Resumes begin and stay, until `go_on`."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on, self.was_cancelled = asyncio.Event(), asyncio.Event(), False
        self._describe = hub(site)._describe
        monkeypatch.setattr(hub(site), "_describe", self.describe)

    async def describe(self, db: Database, batch: Sequence[Event]) -> Sequence[Message]:
        if batch:
            self.begun.set()
            try:
                await self.go_on.wait()
            except asyncio.CancelledError:
                self.was_cancelled = True
                raise
        return await self._describe(db, batch)


async def stuck_resume(site: Site, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> Stuck:
    await all_live(site)
    stuck = Stuck(site, monkeypatch)
    await feed.say("resume", after=0)
    await asyncio.wait_for(stuck.begun.wait(), 5)
    return stuck


async def test_who_resumes_is_heard_meanwhile_and_cannot_ask_for_more(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, program = sqlite_site, await as_role(sqlite_site, "viewer")
    await site.post_body(scan(1))
    async with opened(site, program) as feed:
        stuck = await stuck_resume(site, feed, monkeypatch)
        [socket] = list(hub(site).members)
        socket.heard_at = before = 0
        await feed.say("pong")
        assert (await feed.ask("join", room="drift:1"))["type"] == "room:joined"
        assert socket.heard_at > before
        assert (await feed.ask("resume", after=0))["error"]["code"] == "CONFLICT"
        stuck.go_on.set()
        assert (await feed.hear())["type"] == "drift:created"
        await site.post_body(scan(2, "3"))
        assert (await feed.hear_of("drift:changed", "drift:created"))["type"] == "drift:changed"  # told once


async def test_who_vanishes_while_it_resumes_is_gone(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site, program = sqlite_site, await as_role(sqlite_site, "viewer")
    await site.post_body(scan(1))
    async with opened(site, program) as feed:
        stuck = await stuck_resume(site, feed, monkeypatch)
        await feed.socket._send_queue.put({"type": "websocket.disconnect", "code": 1006})
        async with asyncio.timeout(5):
            while not stuck.was_cancelled:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert len(hub(site)) == 0


async def test_what_goes_wrong_while_it_resumes_ends_the_connection(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site, program = sqlite_site, await as_role(sqlite_site, "viewer")

    async def broken(*_: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(hub(site), "join_program", broken)
    async with knocking(site, f"{PATH}?after=0", Authorization=f"Bearer {program.token}") as feed:
        assert await feed.closed() == 1011
    assert caplog.messages.count("live.failed") == 1
    caplog.clear()


async def test_in_no_room_nothing_is_read_for_a_resume(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site, program, read = sqlite_site, await as_role(sqlite_site, "viewer"), []
    await site.post_body(scan(1))
    async with opened(site, program) as feed:
        for room in ("drifts", "alerts"):
            await feed.ask("leave", room=room)
        await all_live(site)
        plain, start = hub(site)._since, await latest(site)

        async def since(after: int, *more: int) -> Sequence[Event]:
            read.append(after)
            return await plain(after, *more)

        monkeypatch.setattr(hub(site), "_since", since)
        await feed.say("resume", after=0)
        joined = await feed.ask("join", room="drifts")
        await site.post_body(scan(2, "3"))
        told = await feed.hear()
    assert [after for after in read if after < start] == []
    assert (told["type"], told["seq"] > joined["data"]["seq"]) == ("drift:changed", True)


async def test_a_connection_resumes_five_times_a_minute(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site, program = sqlite_site, await as_role(sqlite_site, "viewer")
    await site.post_body(scan(1))
    async with opened(site, program) as feed:  # which is the first
        for _ in range(resuming.RESUMES_A_MINUTE - 1):
            await all_live(site)
            await feed.say("resume", after=0)
            assert (await feed.hear())["type"] == "drift:created"
        await all_live(site)
        assert (await feed.ask("resume", after=0))["error"]["code"] == "RATE_LIMITED"
        monkeypatch.setattr(resuming, "monotonic", lambda: time.monotonic() + 60)
        await feed.say("resume", after=0)
        assert (await feed.hear())["type"] == "drift:created"


async def test_a_ping_says_how_far_one_is_and_a_pong_keeps_the_connection(sqlite_site: Site) -> None:
    site = sqlite_site
    async with opened(site, await as_role(site, "viewer"), "drifts") as feed:
        hub(site).beat()
        assert await feed.hear() == {"type": "ping", "seq": await latest(site)}
        [socket] = list(hub(site).members)
        before = socket.heard_at
        await feed.say("pong")
        await feed.ask("join", room="drifts")
        assert socket.heard_at > before
        hub(site)._silence = 0
        hub(site).beat()
        assert await feed.closed() == 1001
