"""What happens to many sockets when something goes wrong: a slow one among them, a restart, a long time."""

import time
from pathlib import Path
from statistics import median

from benchmarks.live_rounds import Client, Push
from benchmarks.live_servers import DriftSentry, driftsentry, driftsentry_again

OTHERS, TURNS, PUSHES = 200, 8, 50
BULK = 50  # drifts of one decision: its frame is about 75 kB
# Bytes that a slow reader has not taken before the others are looked at. It may owe 1 MiB, besides what the transport
# and the kernel hold, so that it is closed while they are.
FILLED = 1_100_000
RETURNING, BACK_SECONDS = 2_000, 60
HELD, HELD_SECONDS = 10_000, 100  # longer than a silent connection is kept


def slow(folder: Path) -> str:
    """In turns with and without one that does not read; before each turn so much is pushed that it is far behind."""
    codes: list[int] = []
    without: list[Push] = []
    beside: list[Push] = []
    with driftsentry(folder, 2 * TURNS * (PUSHES + FILLED // 1000)) as subject, Client() as client:
        client.open(subject, OTHERS)
        for _ in range(TURNS):
            without += _turn(client, subject)
            client.ask("open_slow", heads=subject.heads())
            beside += _turn(client, subject)
            codes.append(client.ask("end_slow")["code"])
    alone, with_slow = _spread(without), _spread(beside)
    names = ("99 of 100 of all had a push within", "99 of 100 of the others in the median push")
    told = [
        f"{name} {ours:.1f} ms of the click, without it {base:.1f} ms ({ours / base:.2f} x)"
        for name, ours, base in zip(names, with_slow, alone, strict=True)
    ]
    return (
        f"a slow reader beside {OTHERS} others, {TURNS} turns of {PUSHES} decisions with it and without:"
        f" {'; '.join(told)}; dropped in {len(codes) - codes.count(0)} turns of {TURNS}"
    )


def _turn(client: Client, subject: DriftSentry) -> list[Push]:
    sent = 0
    while sent < FILLED:
        client.push(subject, subject.decide_many(BULK))
        sent += len(client.payload)
    pushes = [client.push(subject, subject.decide()) for _ in range(PUSHES)]
    if any(push.lost for push in pushes):
        raise RuntimeError("some of the others did not get every push")
    return pushes


def _spread(pushes: list[Push]) -> tuple[float, float]:
    """Milliseconds from the click: to 99 of 100 over all pushes, and the median of that of each push.

    The second hardly sees what else the machine does; the first sees a single push that was late.
    """
    return p99([each for push in pushes for each in push.each()]), median(p99(push.each()) for push in pushes)


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def restart(folder: Path) -> str:
    """SIGTERM, the next process at the same address, and browsers that come back as the page does."""
    with Client() as client:
        with driftsentry(folder, 20) as before:
            client.open(before, RETURNING)
            client.push(before, before.decide())
            client.ask("stay", heads=before.heads())
            stopped = time.perf_counter()
            code = before.server.stop(30)
            ended = time.perf_counter()
        with driftsentry_again(before) as after:
            ready = time.perf_counter()
            found = client.ask("all_back", seconds=BACK_SECONDS)
            lost = client.push(after, after.decide()).lost
    return (
        f"a restart with {RETURNING:,} sockets: the process ended with {code} after {ended - stopped:.1f} s,"
        f" the next was ready {ready - stopped:.1f} s after the SIGTERM, and {found['open']:,} were back after"
        f" {found['at'] - stopped:.1f} s; closed with {found['closed']}; {lost:,} missed the next push"
    )


def held(folder: Path) -> str:
    """Many sockets at once, for longer than a silent one is kept, then a push to all."""
    with driftsentry(folder, 20) as subject, Client() as client:
        started = time.perf_counter()
        meanwhile = client.open(subject, HELD)
        opened = time.perf_counter() - started
        time.sleep(HELD_SECONDS)
        state = client.ask("state")
        push = client.push(subject, subject.decide())
        size = subject.megabytes()
    return (
        f"{HELD:,} sockets, opened within {opened:.0f} s (refused at first: {meanwhile['refused']}, closed and back:"
        f" {meanwhile['closed'] or 'none'}): {HELD_SECONDS} s later {state['open']:,} are open, lost:"
        f" {state['closed'] or 'none'}; a push came to the last {push.click_to_last:.0f} ms after the click,"
        f" {push.lost:,} missed it; {size:.0f} MB"
    )
