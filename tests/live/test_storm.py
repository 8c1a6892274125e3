"""Nothing is missed over connections that fail all the time: ten thousand events, two hundred forced disconnects."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path

from tests.live.listeners import Listener, listener
from tests.live.proxy import DISASTERS, Proxy, running_proxy
from tests.live.viewers import Changer, Page, until_alike
from tests.servers import Server, running_server

EVENTS, DISCONNECTS, PAGES, PROGRAMS = 10_000, 200, 8, 6
# A page shows all of the first; a change of all of the others makes pages fetch themselves anew.
DRIFTS, AT_ONCE, MANY = 48, 64, 210
QUICK = {"LIVE_PING_SECONDS": "1", "LIVE_SILENCE_SECONDS": "3"}
SILENCE = 1.5


class Storm:
    """`cuts`: forced disconnects of connections over which somebody was served."""

    def __init__(self, proxy: Proxy, changer: Changer, events: int) -> None:
        self.proxy, self.changer, self.events = proxy, changer, events
        self.chance = random.Random(11)
        self.cuts = 0

    async def rage(self, disconnects: int, few: list[int], many: list[int]) -> None:
        """Changes and disconnects side by side, until there were enough of both."""
        rounds = self.events // AT_ONCE + 1
        for number in range(rounds):
            is_large = number % 50 == 30
            await self.changer.change(many if is_large else self.chance.choices(few, k=AT_ONCE))
            while self.cuts < disconnects * (number + 1) // rounds:
                await self.strike()

    async def strike(self) -> None:
        """Something happens to a connection over which somebody is served, if there is one."""
        await asyncio.sleep(0.005)
        hale = [link for link in self.proxy.links if link.has_answered and not link.is_struck]
        if hale:
            link = self.chance.choice(hale)
            link.is_struck = True
            self.chance.choice(DISASTERS)(link)
            self.cuts += 1


async def test_everybody_ends_with_what_the_database_holds(database_url: str, tmp_path: Path) -> None:
    """Two servers, and a proxy before them that fails in every way."""
    is_whole = database_url.startswith("sqlite")  # PostgreSQL gets a smaller one: what differs is tested elsewhere
    events, disconnects = (EVENTS, DISCONNECTS) if is_whole else (EVENTS // 10, DISCONNECTS // 8)
    with ExitStack() as stack:
        await storm(database_url, stack, tmp_path, events, disconnects)


async def storm(url: str, stack: ExitStack, tmp_path: Path, events: int, disconnects: int) -> None:
    servers: list[Server] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(stack.enter_context(running_server(tmp_path / name, url, **QUICK)))
    async with AsyncExitStack() as later, asyncio.TaskGroup() as tasks:
        changer = await later.enter_async_context(Changer(url))
        proxy = await later.enter_async_context(
            running_proxy(*[int(server.url.rpartition(":")[2]) for server in servers])
        )
        few, many = await changer.report(servers[0], DRIFTS), await changer.report(servers[0], MANY, "prod/many")
        cookies = [await changer.cookie(f"P{n}", ("viewer", "engineer")[n % 2]) for n in range(PAGES)]
        pages = [Page(proxy.url, servers, cookie, silence=SILENCE) for cookie in cookies]
        programs = [await listener(changer, proxy.url, f"L{n}", silence=SILENCE) for n in range(PROGRAMS)]
        start = programs[-1].cursor
        living = [tasks.create_task(each.live()) for each in (*pages, *programs)]
        await asyncio.gather(*[each.is_open.wait() for each in (*pages, *programs)])
        await Storm(proxy, changer, events).rage(disconnects, few, many)
        await until_alike(pages, changer, few)
        await until_all_told(programs, changer, start)
        for task in living:
            task.cancel()
    assert sum(each.connections for each in (*pages, *programs)) >= disconnects
    assert {code for page in pages for code in page.closes} <= {None, 1006, 1001, 1013}


async def until_all_told(programs: Sequence[Listener], changer: Changer, start: int) -> None:
    """Each program heard of each event once, in order, whatever happened to its connections."""
    async with changer.db.read() as tx:
        sql = "SELECT seq, kind, drift_id FROM events WHERE seq > :start AND drift_id IS NOT NULL ORDER BY seq"
        truth = [(row["seq"], row["kind"].replace(".", ":"), row["drift_id"]) for row in await tx.all(sql, start=start)]
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while any(program.cursor < truth[-1][0] for program in programs):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert [program.gaps for program in programs] == [0] * len(programs)
    for program in programs:
        assert [seq for seq, _kind, _drift in program.told] == [seq for seq, _kind, _drift in truth]
        assert program.told == truth
