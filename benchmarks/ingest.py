"""A plan of 52 MB with 10,000 drifts on its way in, beside `json.loads` of the same file.

    python -m benchmarks.ingest [ROUNDS]

Each round starts a server on a fresh SQLite file, warms it up, and posts three scans over HTTP: all new, the same
again, and one value changed in most of them. Each goes to three stacks: while nothing else happens, while
memory is looked at, and while somebody reads the list of drifts without a pause. Prints medians.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from benchmarks.big_plan import DRIFTS, big_plan
from driftsentry.db import Database
from tests.servers import Server, running_server
from tests.site import add_person, open_session, sign

MEGABYTE = 1_000_000
SAMPLE_SECONDS = 0.2
READ_SECONDS = 0.02
REST_SECONDS = 2  # until the disk has what was written before
_LOADS = """
import json, psutil, sys, time
body = open(sys.argv[1], "rb").read()
before = psutil.Process().memory_full_info().uss
start = time.perf_counter()
document = json.loads(body)
print(time.perf_counter() - start, psutil.Process().memory_full_info().uss - before)
"""


@dataclass
class Round:
    """Seconds, megabytes and milliseconds of one round, by what was done."""

    seconds: dict[str, float] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)
    page: dict[str, list[float]] = field(default_factory=dict)


def loads(path: Path) -> tuple[float, float]:
    """Seconds and megabytes of `json.loads` in a process of its own."""
    printed = subprocess.check_output([sys.executable, "-c", _LOADS, str(path)], text=True)
    seconds, size = printed.split()
    return float(seconds), int(size) / MEGABYTE


def memory(server: Server) -> float:
    """Megabytes that the server and what it has started hold alone."""
    total = 0
    process = psutil.Process(server.process.pid)
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_full_info().pss
        except psutil.Error:
            continue
    return total / MEGABYTE


async def seconds_of(action: Awaitable[None]) -> float:
    start = time.perf_counter()
    await action
    return time.perf_counter() - start


async def megabytes_of(server: Server, action: Awaitable[None]) -> float:
    """The most that it takes beyond what was there before."""
    before, most = memory(server), 0.0
    doing = asyncio.ensure_future(action)
    while not doing.done():
        most = max(most, memory(server) - before)
        await asyncio.sleep(SAMPLE_SECONDS)
    await doing
    return most


async def pages_during(server: Server, action: Awaitable[None], cookie: str) -> list[float]:
    """The milliseconds of each list page meanwhile."""
    pages = list[float]()
    done = asyncio.Event()

    async def read() -> None:
        async with server.client(cookie) as client:
            while not done.is_set():
                start = time.perf_counter()
                (await client.get("/drifts")).raise_for_status()
                pages.append((time.perf_counter() - start) * 1000)
                await asyncio.sleep(READ_SECONDS)

    reading = asyncio.create_task(read())
    await action
    done.set()
    await reading
    return pages


async def one_round(folder: Path) -> Round:
    url = f"sqlite:///{folder / 'bench.db'}"
    found = Round()
    with running_server(folder, url) as server:
        token = _token(server)
        cookie = await _cookie(server)

        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=120, trust_env=False) as client:

            async def post(stack: str, body: bytes) -> None:
                (await client.post(f"/api/v1/stacks/{stack}/reports", content=body)).raise_for_status()

            await post("prod/warm", big_plan(1_000))
            found.page["quiet"] = await pages_during(server, asyncio.sleep(2), cookie)
            for name, body in _bodies().items():
                await asyncio.sleep(REST_SECONDS)
                found.seconds[name] = await seconds_of(post("prod/alone", body))
                found.megabytes[name] = await megabytes_of(server, post("prod/measured", body))
                found.page[name] = await pages_during(server, post("prod/busy", body), cookie)
    return found


def _bodies() -> dict[str, bytes]:
    changed = big_plan(scan=3).replace(b"person", b"guest")
    return {"new": big_plan(scan=1), "same": big_plan(scan=2), "changed": changed}


def _token(server: Server) -> str:
    command = [sys.executable, "-m", "driftsentry", "token", "create", "--name", "bench", "--stacks", "*", "--json"]
    env = psutil.Process(server.process.pid).environ()
    return str(json.loads(subprocess.check_output(command, env=env))["token"])


async def _cookie(server: Server) -> str:
    db = Database(server.config.database_url)
    await db.connect()
    try:
        return sign(server.config, await open_session(db, server.config, await add_person(db, "Vera", "viewer")))
    finally:
        await db.disconnect()


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)] if values else 0.0


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    loaded, found = [], []
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        plan.write_bytes(big_plan())
        print(f"{plan.stat().st_size / MEGABYTE:.1f} MB, {DRIFTS:,} drifts, {rounds} rounds")
        for number in range(rounds):
            loaded.append(loads(plan))
            place = Path(folder) / str(number)
            place.mkdir()
            found.append(asyncio.run(one_round(place)))
    base = statistics.median(seconds for seconds, _ in loaded)
    print(f"{'json.loads alone':24}{base:8.2f} s{statistics.median(m for _, m in loaded):22.0f} MB")
    for name in ("new", "same", "changed"):
        seconds = statistics.median(each.seconds[name] for each in found)
        extra = statistics.median(each.megabytes[name] for each in found)
        speed = f"{seconds:8.2f} s{DRIFTS / seconds:10,.0f} drifts/s"
        print(f"{name:24}{speed}{extra:6.0f} MB{seconds / base:8.1f} x json.loads")
    for name in ("quiet", "new", "same", "changed"):
        pages = [value for each in found for value in each.page[name]]
        print(f"list page, {name:13}{statistics.median(pages):8.1f} ms median{p99(pages):10.1f} ms p99 of {len(pages)}")


if __name__ == "__main__":
    main()
