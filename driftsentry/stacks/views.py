"""Stacks as pages show them: with what waits in each, and how fresh it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftsentry import errors
from driftsentry.db import Tx
from driftsentry.stacks import queries
from driftsentry.stacks.model import Entry, Freshness, Stack, Tally, knowledge
from driftsentry.stacks.rhythm import Schedule, Source, words_of

NAMED = 3
WORST_FIRST = (Freshness.ERRORED, Freshness.STALE, Freshness.LATE, Freshness.NEVER, Freshness.FRESH)


# Why a list may be incomplete, as one stack says it and as several do.
_DOUBTS = {
    "silent": ("{} stack has not reported in time", "{} stacks have not reported in time"),
    "errored": ("the last run of {} stack failed", "the last runs of {} stacks failed"),
    "incomplete": ("the last report of {} stack was incomplete", "the last reports of {} stacks were incomplete"),
    "announced": ("HCP Terraform counted drift in {} stack", "HCP Terraform counted drift in {} stacks"),
    "never": ("{} stack has never reported", "{} stacks have never reported"),
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why what is shown may not be all that there is, and the stacks it comes from: `more` are not named."""

    sentence: str
    stacks: list[Stack]
    more: int


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """In words."""

    interval: str
    grace: str
    stale_after: str
    source: Source


async def entries(tx: Tx, now: datetime) -> list[Entry]:
    """All stacks, by name."""
    tallies = await queries.select_tallies(tx)
    return [entry_of(stack, tallies.get(stack.id, Tally()), now) for stack in await queries.select_stacks(tx)]


async def require(tx: Tx, slug: str) -> Stack:
    """Raises `NotFound`."""
    stack = await queries.select_stack(tx, slug)
    if stack is None:
        raise errors.NotFound("There is no such stack. Its first report makes it.")
    return stack


async def require_entry(tx: Tx, slug: str, now: datetime) -> Entry:
    """As `require`, with what waits in it."""
    stack = await require(tx, slug)
    return entry_of(stack, (await queries.select_tallies(tx, stack.id)).get(stack.id, Tally()), now)


def entry_of(stack: Stack, tally: Tally, now: datetime) -> Entry:
    freshness = stack.freshness(now)
    return Entry(stack, tally, freshness, knowledge(stack, freshness))


def freshest_last(listed: list[Entry]) -> list[Entry]:
    """What did not report comes first, then what has most to decide on."""
    return sorted(
        listed, key=lambda entry: (WORST_FIRST.index(entry.freshness), -entry.tally.waiting, entry.stack.slug)
    )


def doubts(listed: Sequence[Stack], now: datetime, *, slug: str = "", environment: str = "") -> list[Doubt]:
    """Why a list of drifts of these stacks (of one of them, of one environment) may be incomplete; [] when it is not.

    A stack is named once, under the gravest reason.
    """
    found: dict[str, list[Stack]] = {}
    for stack in listed:
        if slug in ("", stack.slug) and environment in ("", stack.environment):
            found.setdefault(_doubt_of(stack, now), []).append(stack)
    return [_doubt(forms, found[reason]) for reason, forms in _DOUBTS.items() if reason in found]


def _doubt_of(stack: Stack, now: datetime) -> str:
    freshness = stack.freshness(now)
    if freshness is Freshness.ERRORED:
        return "errored"
    if freshness in (Freshness.LATE, Freshness.STALE):
        return "silent"
    if stack.announced:
        return "announced"
    if freshness is Freshness.NEVER:
        return "never"
    return "incomplete" if stack.incomplete_reason else ""


def _doubt(forms: tuple[str, str], of: list[Stack]) -> Doubt:
    return Doubt(forms[len(of) != 1].format(f"{len(of):,}"), of[:NAMED], len(of) - len(of[:NAMED]))


def schedule_of(schedule: Schedule) -> ScheduleView:
    return ScheduleView(
        words_of(schedule.interval), words_of(schedule.grace), words_of(schedule.stale_after), schedule.source
    )
