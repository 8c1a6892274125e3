"""What the overview shows beside its rows: how fresh the stacks are, what waits where, and who decided what."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from driftsentry import drifts, stacks
from driftsentry.clock import from_text
from driftsentry.db import Row, Tx
from driftsentry.overview import queries
from driftsentry.overview.model import SEVERITIES

NAMED = 6
ENVIRONMENTS = 40
RECENT, LOOKED_AT = 5, 60
_TROUBLES = ("errored", "stale", "late", "never", "announced", "incomplete")


@dataclass(frozen=True, slots=True)
class Named:
    """A stack, and when its last report came."""

    slug: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Stacks of which less is known than there may be; `more` are not named."""

    state: str
    stacks: tuple[Named, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """How many stacks are in each state, those in doubt by name, and when the newest and the oldest fresh one came."""

    states: tuple[tuple[str, int], ...]
    total: int
    fresh: int
    troubles: tuple[Trouble, ...]
    newest: datetime | None
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Cell:
    amount: int
    href: str


@dataclass(frozen=True, slots=True)
class Place:
    """An environment: what waits in it by severity, and in all."""

    name: str
    cells: tuple[Cell, ...]
    all: Cell


@dataclass(frozen=True, slots=True)
class Table:
    """`more`: environments that only the sums hold. `snoozed` and `informational` wait for nobody just now."""

    places: tuple[Place, ...]
    more: int
    totals: tuple[Cell, ...]
    waiting: int
    snoozed: int
    informational: int

    @property
    def critical(self) -> int:
        return self.totals[SEVERITIES.index("critical")].amount if self.totals else 0


@dataclass(frozen=True, slots=True)
class RecentDecision:
    """`more`: how many others got the same verdict, from the same person, with the same reason, just before."""

    drift_id: int
    address: str
    stack: str
    verdict: str
    user_name: str
    decided_at: datetime
    reason: str
    more: int = 0


def freshness(listed: Sequence[stacks.Stack], now: datetime) -> Freshness:
    """How far the page may be relied on."""
    states = [(stack, stack.freshness(now)) for stack in listed]
    amounts = Counter(state for _stack, state in states)
    fresh = [stack.last_report_at for stack, state in states if state is stacks.Freshness.FRESH]
    times = [at for at in fresh if at is not None]
    return Freshness(
        states=tuple((state.value, amounts[state]) for state in stacks.Freshness),
        total=len(states),
        fresh=len(fresh),
        troubles=tuple(_troubles(states)),
        newest=max(times, default=None),
        oldest=min(times, default=None),
    )


def worries(listed: Sequence[stacks.Stack], slugs: set[str], now: datetime) -> dict[str, str]:
    """The state of those stacks whose drifts may be history by now."""
    states = {stack.slug: stack.freshness(now).value for stack in listed if stack.slug in slugs}
    return {slug: state for slug, state in states.items() if state in _TROUBLES[:3]}


def _troubles(states: Sequence[tuple[stacks.Stack, stacks.Freshness]]) -> list[Trouble]:
    """The gravest first. A stack is named once."""
    found: dict[str, list[stacks.Stack]] = {}
    for stack, state in states:
        found.setdefault(_trouble_of(stack, state), []).append(stack)
    return [_trouble(state, found[state]) for state in _TROUBLES if state in found]


def _trouble_of(stack: stacks.Stack, state: stacks.Freshness) -> str:
    if state in (stacks.Freshness.ERRORED, stacks.Freshness.STALE, stacks.Freshness.LATE):
        return state.value
    if stack.announced:
        return "announced"
    if state is stacks.Freshness.NEVER:
        return "never"
    return "incomplete" if stack.incomplete_reason else ""


def _trouble(state: str, of: list[stacks.Stack]) -> Trouble:
    """Those that have told nothing for the longest time are named."""
    silent = sorted(of, key=lambda stack: (stack.last_report_at or stack.created_at, stack.slug))
    return Trouble(state, tuple(Named(stack.slug, stack.last_report_at) for stack in silent[:NAMED]), len(of[NAMED:]))


async def table(tx: Tx, listed: Sequence[stacks.Stack]) -> Table:
    """The environments of these stacks by name: where one stands does not change while somebody looks."""
    counted = await queries.select_waiting(tx)
    by_environment = {stack.environment: [0, 0, 0, 0] for stack in listed}
    for environment, kind, amount in counted:
        if kind in SEVERITIES:
            by_environment[environment][SEVERITIES.index(kind)] = amount
    fullest = sorted(by_environment, key=lambda name: (-sum(by_environment[name]), name))[:ENVIRONMENTS]
    totals = [sum(amounts) for amounts in zip(*by_environment.values(), strict=True)]
    return Table(
        places=tuple(_place(name, by_environment[name]) for name in sorted(fullest)),
        more=len(by_environment) - len(fullest),
        totals=_cells(totals, ""),
        waiting=sum(totals),
        snoozed=sum(amount for _environment, kind, amount in counted if kind == "snoozed"),
        informational=sum(amount for _environment, kind, amount in counted if kind == "informational"),
    )


def _place(name: str, amounts: Sequence[int]) -> Place:
    narrowed = "&environment=" + quote(name)
    return Place(name, _cells(amounts, narrowed), Cell(sum(amounts), "/drifts?status=open" + narrowed))


def _cells(amounts: Sequence[int], narrowed: str) -> tuple[Cell, ...]:
    return tuple(
        Cell(amount, f"/drifts?status=open&severity={severity}{narrowed}")
        for severity, amount in zip(SEVERITIES, amounts, strict=False)
    )


async def recent(tx: Tx) -> list[RecentDecision]:
    """The newest decisions. Those that somebody made at once are one."""
    rows = await drifts.select_recent_decisions(tx, LOOKED_AT)
    alike = groupby(rows, key=lambda row: (row["user_name"], row["verdict"], row["reason"]))
    return [_decision(list(group)) for _key, group in alike][:RECENT]


def _decision(rows: list[Row]) -> RecentDecision:
    row = rows[0]
    return RecentDecision(
        row["drift_id"],
        row["address"],
        row["stack"],
        row["verdict"],
        row["user_name"],
        from_text(row["decided_at"]),
        row["reason"],
        len(rows) - 1,
    )
