"""Stacks as pages show them: with what waits in each, and how fresh it is."""

from datetime import datetime

from driftsentry import errors
from driftsentry.db import Tx
from driftsentry.stacks import queries
from driftsentry.stacks.model import Entry, Freshness, Stack, Tally, knowledge

_WORST_FIRST = (Freshness.ERRORED, Freshness.STALE, Freshness.LATE, Freshness.NEVER, Freshness.FRESH)


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
        listed, key=lambda entry: (_WORST_FIRST.index(entry.freshness), -entry.tally.waiting, entry.stack.slug)
    )
