"""Whatever thousands that come back, or one that asks for too much, have drawn: a push waits for none of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from driftsentry import errors
from driftsentry.events import Event
from driftsentry.live import hub as hubs
from driftsentry.live.catching_up import SEATS
from driftsentry.live.pushing import Drawn, reload_at
from driftsentry.live.socket import Member, Socket
from driftsentry.live.wire import Frame, Wire
from driftsentry.regions import OwnRegion
from tests.live.test_changes import changes
from tests.live.test_live import address, closed, connected, decide, heard, hub, latest, scan, stuck
from tests.live.test_programs_resuming import record
from tests.site import Site

ROOMS = frozenset({"drifts"})


class Slow:
    """Draws in place of a hub's own: what is to be drawn waits at `gate`, but not what happens from now on."""

    def __init__(self, site: Site) -> None:
        its_hub = hub(site)
        self._draw, self.known = its_hub._pages.draw, its_hub.seq
        its_hub._pages.draw = self  # type: ignore[method-assign, assignment]
        self._turn, self.in_turn = its_hub._turn, 0
        self.gate = asyncio.Event()
        self.started = 0
        self.problem: Exception | None = None

    async def __call__(self, batch: Sequence[Event], *rest: Any) -> Drawn:
        if batch[0].seq <= self.known:
            self.started += 1
            self.in_turn += self._turn.locked()
            await self.gate.wait()
            if self.problem:
                raise self.problem
        return await self._draw(batch, *rest)

    async def under_way(self, amount: int = 1) -> None:
        async with asyncio.timeout(5):
            while self.started < amount:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


async def some(site: Site) -> int:
    """A page that knows this event has missed a decision."""
    await site.post_body(scan(1))
    before = await latest(site)
    await decide(site)
    await site.caught_up()
    return before


def member(name: str) -> Member:
    return Member(name, name, name, False)


async def test_a_push_and_a_revocation_wait_for_nobody_who_catches_up(sqlite_site: Site) -> None:
    before, viewer = await some(sqlite_site), await sqlite_site.as_viewer()
    leaving = await sqlite_site.as_engineer()
    async with (
        viewer.socket(await address(sqlite_site, "drifts")) as socket,
        leaving.socket(await address(sqlite_site, "drifts")) as gone,
    ):
        await connected(sqlite_site, 2)
        slow = Slow(sqlite_site)
        async with viewer.socket(await address(sqlite_site, "drift:1", after=before)) as late:
            await slow.under_way()
            asking = [asyncio.create_task(viewer.get(changes(before, "drifts"))) for _ in range(3)]
            await sqlite_site.post_body(scan(2, "3"))
            assert 'id="drift-1"' in await heard(socket)
            await leaving.post("/logout")
            assert await closed(gone) == 4401
            await sqlite_site.caught_up()
            slow.gate.set()
            assert f'data-seq="{slow.known}"' in await heard(late)
            assert f'data-seq="{hub(sqlite_site).seq}"' in await heard(late)  # nothing fell in between
            assert {response.status_code for response in await asyncio.gather(*asking)} == {200}


async def test_one_person_has_one_drawn_at_a_time(sqlite_site: Site) -> None:
    before, slow = await some(sqlite_site), Slow(sqlite_site)
    hub(sqlite_site)._catch_ups._seats = asyncio.Semaphore(100)
    asked = [frozenset({"drifts", f"drift:{number}"}) for number in range(5)]
    greedy = [asyncio.create_task(hub(sqlite_site).missed(before, rooms, member("Greta"))) for rooms in asked]
    await slow.under_way()
    other = asyncio.create_task(hub(sqlite_site).missed(before, ROOMS, member("Otto")))
    await slow.under_way(2)
    assert slow.started == 2
    slow.gate.set()
    assert len(await other) == 1
    assert [len(frames) for frames in await asyncio.gather(*greedy)] == [1] * 5


async def test_few_are_drawn_at_a_time_however_many_come_back(sqlite_site: Site) -> None:
    before, slow = await some(sqlite_site), Slow(sqlite_site)
    asking = [
        asyncio.create_task(hub(sqlite_site).missed(before, frozenset({f"drift:{number}"}), member(f"p{number}")))
        for number in range(20)
    ]
    await slow.under_way(SEATS)
    for _ in range(20):
        await asyncio.sleep(0)
    assert slow.started == SEATS
    slow.gate.set()
    assert len(await asyncio.gather(*asking)) == 20


@pytest.mark.parametrize("problem", [None, errors.Unavailable("It is away."), RuntimeError("a fault of ours")])
async def test_those_who_lost_the_same_share_one_drawing_though_the_first_is_gone(
    sqlite_site: Site, problem: Exception | None
) -> None:
    before, slow = await some(sqlite_site), Slow(sqlite_site)
    slow.problem = problem
    asking = [asyncio.create_task(hub(sqlite_site).missed(before, ROOMS, member(f"p{n}"))) for n in range(30)]
    await slow.under_way()
    asking[0].cancel()
    slow.gate.set()
    first, *others = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert slow.started == 1
    if isinstance(problem, errors.Unavailable):
        assert {*others} == {problem}
        slow.problem = None  # it is kept for nobody
        assert len(await hub(sqlite_site).missed(before, ROOMS, member("p"))) == 1
        return
    texts = {"".join(frame.text for frame in frames) for frames in others if not isinstance(frames, BaseException)}
    assert len(texts) == 1
    assert (texts == {reload_at(await latest(sqlite_site)).text}) is (problem is not None)


async def test_much_that_happens_while_one_catches_up_is_drawn_outside_of_the_turn_too(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "FEW_MISSED", 2)
    before, slow, its_hub = await some(sqlite_site), Slow(sqlite_site), hub(sqlite_site)
    taken = Taking()
    socket = Socket(taken, member("Vera"), ROOMS)
    joining = asyncio.create_task(its_hub.join(socket, before))
    await slow.under_way()
    start, most = its_hub.seq, await tell(sqlite_site, 5)
    slow.known = most
    slow.gate.set()
    await asyncio.wait_for(joining, 5)
    assert (slow.started, slow.in_turn) == (2, 0)
    await tell(sqlite_site, 1)
    assert taken.cursors() == [start, most, most + 1]
    its_hub.leave(socket)


async def tell(site: Site, amount: int) -> int:
    await record(site, amount)
    await site.caught_up()
    return hub(site).seq


class Taking(Wire):
    """To nowhere."""

    def __init__(self) -> None:
        super().__init__(stuck, stuck)
        self.frames: list[Frame] = []

    is_direct = is_free = True  # type: ignore[assignment]
    is_closing = False  # type: ignore[assignment]

    def write(self, frame: Frame) -> None:
        self.frames.append(frame)

    def cursors(self) -> list[int]:
        return [int(frame.text.partition('data-seq="')[2].partition('"')[0]) for frame in self.frames]


async def test_where_only_ones_own_part_cannot_be_drawn_the_page_is_to_be_fetched_anew(sqlite_site: Site) -> None:
    before = await some(sqlite_site)

    async def broken(_db: object, _batch: object, people: Any) -> list[OwnRegion]:
        if people:
            raise RuntimeError("a fault of ours")
        return []

    hub(sqlite_site)._pages._own_draws = [broken]
    async with (await sqlite_site.as_viewer()).socket(await address(sqlite_site, "drifts", after=before)) as socket:
        assert await heard(socket) == reload_at(await latest(sqlite_site)).text
        await connected(sqlite_site)  # it stays, and hears what happens next


@pytest.mark.parametrize("is_ahead", [False, True])
async def test_a_program_that_vanishes_while_it_resumes_is_let_go(sqlite_site: Site, is_ahead: bool) -> None:
    start = await some(sqlite_site)
    await tell(sqlite_site, 100)
    wire = Taking()
    wire.is_free = False  # type: ignore[misc]
    socket = Socket(wire, member("Pam"), ROOMS, is_program=True)
    its_hub = hub(sqlite_site)
    its_hub.welcome(socket)
    if is_ahead:
        its_hub.seq -= 1  # which this process has not heard of, and never will
        start = its_hub.seq + 1
    resuming = asyncio.create_task(its_hub.join_program(socket, start))
    done, _ = await asyncio.wait([resuming], timeout=0.1)
    assert not done
    wire.is_closing = True  # type: ignore[misc]
    await asyncio.wait_for(resuming, 5)
    assert socket.close_code == 1001
    its_hub.leave(socket)


async def test_what_is_alike_for_many_groups_is_rendered_and_encoded_once(sqlite_site: Site) -> None:
    before = await some(sqlite_site)
    batch = await hub(sqlite_site)._since(before, hub(sqlite_site).seq)
    drawn = await hub(sqlite_site)._pages.draw(batch, frozenset({"drifts", "drift:1"}), {})
    groups = [(False, False, frozenset({"drifts", f"drift:{number}"})) for number in range(2, 50)]
    assert len({id(drawn.frames(group)[0]) for group in groups}) == 1
    [mine] = drawn.frames((False, False, frozenset({"drifts", "drift:1"})))
    [lists], [one] = drawn.frames(groups[0]), drawn.frames((False, False, frozenset({"drift:1"})))
    cursor = one.text[one.text.index('<i hx-swap-oob="outerMorph" id="live-cursor"') :]
    assert mine.text == lists.text.removesuffix(cursor) + one.text
