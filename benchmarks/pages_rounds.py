"""One page of one server after the other, in turn, under the same load."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.pages_servers import Subject
from driftsentry import ROOT
from driftsentry.templating import MOST_KEPT

CONNECTIONS = 4
LISTED = 50  # drifts on a page of the list
WALK = MOST_KEPT // LISTED + 40  # pages: when the first one comes again, its rows are not kept any more
BARE, EXPRESS, OURS = "bare route", "Express", "DriftSentry"


@dataclass(frozen=True, slots=True)
class Case:
    """A page. `paths`: asked for in turn. `etag`: of the copy that the caller has, which is good still."""

    key: str
    label: str
    paths: list[str]
    etag: str = ""

    @property
    def status(self) -> int:
        return 304 if self.etag else 200

    def requests(self, subject: Subject) -> list[str]:
        more = {"If-None-Match": self.etag} if self.etag else {}
        return [subject.request(path, **more) for path in self.paths]


@dataclass
class Measured:
    """One page of one server, over all rounds: requests a second, milliseconds of each, CPU milliseconds a request."""

    name: str
    case: Case
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    size: int = 0  # bytes of a body

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p99(self) -> float:
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]


class Client:
    """The process that makes the load."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.pages_client"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def load(self, subject: Subject, case: Case, seconds: float) -> dict[str, Any]:
        """What `pages_client.run` returns. Raises `RuntimeError` when it has failed; it has said why."""
        asked = {"port": subject.port, "requests": case.requests(subject), "status": case.status}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked | {"seconds": seconds, "connections": CONNECTIONS}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{subject.name}, {case.label}: the client has failed")
        return dict(json.loads(line))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()


def cases(ours: Subject, drifts: int) -> list[Case]:
    """The pages; those of the bare route and of Express are at the same addresses."""
    api = "/api/v1/drifts"
    first = ours.get(f"{api}?pageSize=1&status=detected").json()["data"][0]["id"]
    found = [
        Case("bare", "nothing", ["/"]),
        Case("list", "list of 50", ["/drifts"]),
        Case("filtered", "list, severity and environment", ["/drifts?severity=high&environment=prod"]),
        Case("search", "search for two words", ["/drifts?q=bastion+prod"]),
        Case("overview", "overview", ["/"]),
        Case("drift", "one drift", [f"/drifts/{first}"]),
        Case("JSON", "JSON list of 50", [f"{api}?pageSize={LISTED}&sort=-updatedAt"]),
        Case(
            "unchanged", "JSON of one drift, unchanged", [f"{api}/{first}"], ours.get(f"{api}/{first}").headers["ETag"]
        ),
    ]
    if drifts >= 2 * WALK * LISTED:  # about 55 of 100 are on the list
        found.append(Case("fresh", "list, other rows each time", ours.walk("/drifts", WALK)))
    return found


def is_served(subject: Subject, case: Case) -> bool:
    return case.key in subject.serves if subject.serves else case.key != "bare"


def measure(subjects: Sequence[Subject], pages: Sequence[Case], rounds: int, seconds: float) -> list[Measured]:
    """Every page of every server in each round, and one round before that does not count."""
    pairs = [
        (subject, Measured(subject.name, case)) for case in pages for subject in subjects if is_served(subject, case)
    ]
    with Client() as client:
        for number in range(-1, rounds):  # the first one warms up
            for subject, measured in pairs if number % 2 else reversed(pairs):
                _once(client, subject, measured, seconds, is_counted=number >= 0)
    return [measured for _subject, measured in pairs]


def _once(client: Client, subject: Subject, measured: Measured, seconds: float, *, is_counted: bool) -> None:
    before = subject.cpu()
    found = client.load(subject, measured.case, seconds)
    if is_counted:
        measured.rates.append(found["rate"])
        measured.latencies += found["latencies"]
        measured.cpu.append((subject.cpu() - before) / len(found["latencies"]))
        measured.size = found["size"]
