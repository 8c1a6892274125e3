"""Stacks as pages show them: with what waits in each, and how fresh it is."""

from datetime import datetime

from driftsentry.db import Tx
from driftsentry.stacks import queries
from driftsentry.stacks.model import Entry, Freshness, Stack, Tally, knowledge

_WORST_FIRST = (Freshness.ERRORED, Freshness.STALE, Freshness.LATE, Freshness.NEVER, Freshness.FRESH)


async def entries(tx: Tx, now: datetime) -> list[Entry]:
    """All stacks, by name."""
    tallies = await queries.select_tallies(tx)
    return [entry_of(stack, tallies.get(stack.id, Tally()), now) for stack in await queries.select_stacks(tx)]


def entry_of(stack: Stack, tally: Tally, now: datetime) -> Entry:
    freshness = stack.freshness(now)
    return Entry(stack, tally, freshness, knowledge(stack, freshness))


def freshest_last(listed: list[Entry]) -> list[Entry]:
    """What did not report comes first, then what has most to decide on."""
    return sorted(
        listed, key=lambda entry: (_WORST_FIRST.index(entry.freshness), -entry.tally.waiting, entry.stack.slug)
    )
