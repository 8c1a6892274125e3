"""`/api/v1/live`: what a program missed is told in order, once, and then what happens."""

import asyncio

import pytest

from driftsentry import clock, events
from driftsentry.live import hub as hubs
from tests.api.program import as_role
from tests.live.feeds import knocking, latest, opened
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
        knocking(site, Authorization=f"Bearer {program.token}") as resuming,
    ):
        going = asyncio.create_task(go_on())
        await resuming.say("resume", after=start)
        await going
        last = await latest(site)
        await resuming.say("resume", after=start + 20)
        everything = list(range(start + 1, last + 1))
        assert numbers(await at_once.until(last)) == everything
        assert numbers(await resuming.until(last)) == everything
        assert numbers(await resuming.until(last)) == everything[20:]
        await record(site, 1)
        assert [(await feed.hear())["seq"] for feed in (at_once, resuming)] == [last + 1] * 2


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
        assert await feed.ask("resume", after=after) == {"type": "gap", "after": after, "seq": seq}
        await site.post_body(scan(2, "3"))
        assert (await feed.hear())["seq"] == seq + 1


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
