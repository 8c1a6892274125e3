"""Pushes to all sockets of all servers in turn, and what they took."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks.live_servers import Request, Subject
from driftsentry import ROOT

Start = Callable[[], AbstractContextManager[Subject]]

WARM = 3  # pushes that are not counted
FEW = 20  # sockets that a server has had before its memory is looked at
PATIENCE = 20  # seconds for a push
REST_SECONDS = 0.05  # between two pushes


@dataclass(frozen=True, slots=True)
class Push:
    """One push, in seconds of `time.perf_counter`. `arrived`: when each socket had it, 0 for one that never had."""

    clicked: float
    answered: float
    arrived: list[float]
    frames: int
    cpu: float = 0  # milliseconds that the server has computed for it

    @property
    def lost(self) -> int:
        return self.arrived.count(0)

    @property
    def click_to_last(self) -> float:
        """Milliseconds."""
        return (max(self.arrived) - self.clicked) * 1000

    @property
    def answer_to_last(self) -> float:
        """Milliseconds; less than 0 where the last socket had it before the one who clicked had the answer."""
        return (max(self.arrived) - self.answered) * 1000

    @property
    def first_to_last(self) -> float:
        """Milliseconds."""
        return (max(self.arrived) - min(filter(None, self.arrived), default=0)) * 1000

    def each(self) -> list[float]:
        """Milliseconds from the click to each socket."""
        return [(at - self.clicked) * 1000 for at in self.arrived if at]


@dataclass
class Measured:
    """One server with `sockets`. Megabytes: before there were any, with all of them idle, and after the pushes."""

    name: str
    sockets: int
    before: float = 0
    idle: float = 0
    active: float = 0
    size: int = 0  # bytes of the last push
    pushes: list[Push] = field(default_factory=list)

    def median(self, what: str) -> float:
        """Of one of the properties of `Push`."""
        return float(statistics.median(getattr(push, what) for push in self.pushes))

    def worst(self, what: str) -> float:
        return float(max(getattr(push, what) for push in self.pushes))

    @property
    def lost(self) -> int:
        return sum(push.lost for push in self.pushes)


class Client:
    """The process that holds the browsers of one server."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.live_client"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.payload = b""  # of the last push, as the first socket had it

    def ask(self, what: str, **arguments: Any) -> dict[str, Any]:
        """What `Fleet` answers. Raises `RuntimeError` when it has failed; it has said why on standard error."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the client has failed")
        return dict(json.loads(line))

    def open(self, subject: Subject, amount: int) -> dict[str, Any]:
        """Open so many sockets, and wait until all are there; how many were refused or closed meanwhile."""
        greeting = subject.greeting
        found = self.ask("open", port=subject.port, heads=subject.heads(), amount=amount, greeting=greeting)
        if found["open"] != amount:
            raise RuntimeError(f"{subject.name}: of {amount} sockets {found['open']} are open: {found}")
        return found

    def push(self, subject: Subject, request: Request) -> Push:
        self.ask("arm")
        time.sleep(REST_SECONDS)
        before = subject.cpu()
        clicked, answered = subject.post(request)
        found = self.ask("wait", seconds=PATIENCE)
        if found["odd"]:
            raise RuntimeError(f"{subject.name} sends frames that are compressed or in pieces")
        self.payload = found["payload"].encode()
        return Push(clicked, answered, found["arrived"], found["frames"], subject.cpu() - before)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()


def warm_up(subject: Subject, payload: bytes, pushes: int) -> bytes:
    """A few sockets and pushes, so that what is loaded at first use is there; what DriftSentry has pushed."""
    with Client() as client:
        client.open(subject, FEW)
        for _ in range(pushes):
            client.push(subject, subject.ask(payload))
        return client.payload


def scale(sockets: int, rounds: int, starts: Sequence[Start], warm: int = WARM) -> list[Measured]:
    """All servers at once, each with `sockets`, one push after the other.

    The first is DriftSentry: all push its bytes. `warm`: pushes with a few sockets, and rounds, that do not count.
    """
    with ExitStack() as stack:
        subjects = [stack.enter_context(start()) for start in starts]
        found = [Measured(subject.name, sockets) for subject in subjects]
        clients, payload = [], b""
        for subject, measured in zip(subjects, found, strict=True):
            pushed = warm_up(subject, payload, warm)
            payload = payload or pushed
            measured.before = subject.megabytes()
            clients.append(stack.enter_context(Client()))
            clients[-1].open(subject, sockets)
            measured.idle = subject.megabytes()
        triples = list(zip(subjects, clients, found, strict=True))
        for number in range(-warm, rounds):
            shift = number % len(triples)
            for subject, client, measured in [*triples[shift:], *triples[:shift]]:
                push = client.push(subject, subject.ask(payload))
                measured.size = len(client.payload)
                if client is clients[0]:
                    payload = client.payload
                if number >= 0:
                    measured.pushes.append(push)
        for subject, measured in zip(subjects, found, strict=True):
            measured.active = subject.megabytes()
    return found
