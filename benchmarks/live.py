"""From a decision to the last of many sockets, beside Socket.IO on Express and the broadcast of `websockets`.

    python -m benchmarks.live [--sockets 100,1000,5000] [--rounds 20] [--slow] [--restart] [--held]

All servers run at once, each in a process of its own, each with as many sockets, held by a client process of its own.
In each round each server pushes once, in turn: an engineer decides a drift as the page does it, and what DriftSentry
pushes for it is posted to the peers, which push the same bytes. Measured are medians, and the worst:

- click to the last: from just before the POST is sent until the last socket has the frame. For DriftSentry that holds
  the session, the decision in the database, the rendering and the push; for the peers the POST and the push.
- answer to the last: from the moment the POST is answered; less than 0 where the push was faster.
- first to the last: from the first socket that has the frame to the last, which is the push alone.
- CPU a push: what all threads of the server have run for it; least disturbed by what else the machine does.

Megabytes are PSS, before the sockets (after some had been there), with all of them idle, and after the rounds. The
handshakes are those of Chromium and offer permessage-deflate; no server takes it. Socket.IO needs node and npm, which
install it at the first run. "bare writes" is no server but what the kernel and the client take: the same frame, written
to each connection in a loop.
"""

import argparse
import resource
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import live_trials
from benchmarks.live_rounds import WARM, Start, scale
from benchmarks.live_servers import driftsentry, socketio_peer, websockets_peer
from benchmarks.live_table import table

SPARE = 500  # files besides the sockets


def raise_limit(sockets: int) -> None:
    """As many open files as the machine allows, for this process and those it starts. Ends it if they are too few."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < sockets + SPARE:
        raise SystemExit(
            f"{sockets:,} sockets need more open files than the {hard:,} that are allowed here (ulimit -Hn)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live")
    parser.add_argument("--sockets", default="100,1000,5000", help="numbers with commas between them, or nothing")
    parser.add_argument("--rounds", type=int, default=20)
    for name, what in (
        ("slow", "one that reads nothing beside 200 others"),
        ("restart", "2,000 come back after a restart"),
        ("held", "10,000 for 100 seconds"),
    ):
        parser.add_argument(f"--{name}", action="store_true", help=what)
    return parser.parse_args()


def trials(asked: argparse.Namespace, folder: Path) -> Iterator[str]:
    if asked.slow:
        yield str(live_trials.slow(folder / "slow"))
    if asked.restart:
        yield live_trials.restart(folder / "restart")
    if asked.held:
        yield live_trials.held(folder / "held")


def main() -> None:
    asked = arguments()
    sizes = [int(size) for size in asked.sockets.split(",") if size]
    raise_limit(max([*sizes, live_trials.HELD if asked.held else live_trials.RETURNING]))
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            ours: Start = partial(driftsentry, Path(folder) / str(size), asked.rounds + 2 * WARM)
            starts: list[Start] = [ours, websockets_peer, socketio_peer, partial(websockets_peer, bare=True)]
            found += scale(size, asked.rounds, starts)
        if found:
            print(
                f"Frames of {found[0].size:,} bytes, medians of {asked.rounds} rounds.\n\n{table(found)}\n", flush=True
            )
        for sentence in trials(asked, Path(folder)):
            print(f"- {sentence}", flush=True)


if __name__ == "__main__":
    main()
