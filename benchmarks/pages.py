"""Pages of many drifts, beside Express 5 with EJS on the same rows and a bare route of Quart.

    python -m benchmarks.pages [--sizes 10000,100000,1000000] [--engines sqlite,postgresql] [--rounds 5]

All servers run at once, each in a process of its own, and take turns: in each round each page of each server gets the
same load for a second, from 4 connections of a client process, each of which asks again when it has the answer. Both
sides check the session in each request: a signed cookie, or for JSON an access token, and a query. Measured are:

- requests a second: the median of the rounds.
- milliseconds to the answer, over all rounds: the median, and what 99 of 100 stay below.
- CPU a request: of all threads of the server's process. What PostgreSQL computes is not in it.
- x: times as many requests a second as that server in the same round, the median of the rounds.

"Other rows each time" walks through more pages than the cache of rows keeps. Express has the list, the searches and
the JSON list: the same rows with the same fields, tabs with counts, and the frame; its pages are checked to list the
same drifts. It reads SQLite with better-sqlite3, in its own thread, and PostgreSQL with pg, its queries side by side.
It needs node and npm, which install it at the first run; without them it is left out.

The databases are made at the first run, a million drifts in some minutes, and kept in `--data`.
"""

import argparse
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from benchmarks import pages_stores
from benchmarks.pages_rounds import Case, Measured, cases, is_served, measure
from benchmarks.pages_servers import Subject, bare_route, driftsentry, express
from benchmarks.pages_table import table

Store = Callable[[Path, int], AbstractContextManager[str]]
STORES: dict[str, Store] = {"sqlite": pages_stores.sqlite, "postgresql": pages_stores.postgresql}
_ROW = re.compile(r'id="drift-([0-9]+)"')


class NotTheSame(Exception):
    """Two servers list other drifts at the same address: their times say nothing about each other."""


def run(url: str, drifts: int, rounds: int, seconds: float, folder: Path, *, with_peer: bool) -> list[Measured]:
    """All pages of all servers on the database at `url`. `folder`: for files of the server."""
    with ExitStack() as stack:
        ours = stack.enter_context(driftsentry(folder, url))
        subjects = [ours, stack.enter_context(bare_route())]
        if with_peer:
            subjects.append(stack.enter_context(express(url)))
        pages = cases(ours, drifts)
        for subject in subjects[2:]:
            check_same(ours, subject, [case for case in pages if is_served(subject, case)])
        return measure(subjects, pages, rounds, seconds)


def check_same(ours: Subject, peer: Subject, pages: Sequence[Case]) -> None:
    """Raises `NotTheSame` unless both list the same drifts in the same order."""
    for case in pages:
        for path in {case.paths[0], case.paths[-1]}:
            if _listed(ours, path) != _listed(peer, path):
                raise NotTheSame(f"{peer.name} lists other drifts than DriftSentry at {path}")


def _listed(subject: Subject, path: str) -> object:
    answer = subject.get(path)
    return answer.json()["data"] if path.startswith("/api/") else _ROW.findall(answer.text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="numbers of drifts with commas between them")
    parser.add_argument("--engines", default=",".join(STORES), help="with commas between them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of load, for each page of each server")
    folder = Path(tempfile.gettempdir()) / "driftsentry-pages"
    parser.add_argument("--data", type=Path, default=folder, help=f"where databases are kept: {folder}")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    has_node = shutil.which("node") is not None
    asked.data.mkdir(parents=True, exist_ok=True)
    for engine in asked.engines.split(","):
        found = {}
        for drifts in map(int, asked.sizes.split(",")):
            with STORES[engine](asked.data, drifts) as url, tempfile.TemporaryDirectory() as folder:
                found[drifts] = run(url, drifts, asked.rounds, asked.seconds, Path(folder), with_peer=has_node)
        print(f"{engine}: {asked.rounds} rounds\n\n{table(found)}\n", flush=True)


if __name__ == "__main__":
    main()
