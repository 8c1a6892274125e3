"""What the trends are drawn from, kept with each transaction: to count it for a page would take a million rows."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date

from driftsentry.clock import from_text
from driftsentry.db import Tx
from driftsentry.events import Entry
from driftsentry.overview import queries
from driftsentry.overview.model import Flow, monday_of, rounded

_CAME = ("drift.detected", "drift.reopened")
_DECIDED = ("drift.approved", "drift.rejected")
_CHANGES_NO_COUNT = ("drift.commented", "drift.moved")


def before_commit(rest: Callable[[Tx], Awaitable[None]]) -> Callable[[Tx], Awaitable[None]]:
    """What `Database.before_commit` is set to: the kept days and weeks, then the rest."""

    async def keep(tx: Tx) -> None:
        await note(tx)
        await rest(tx)

    return keep


async def note(tx: Tx) -> None:
    """Keep what the events of this transaction say of its day."""
    entries = [entry for entry in tx.entries if _may_count(entry)]
    for day in sorted({_day_of(entry) for entry in entries}):
        await queries.add_to_day(tx, day, _flow([entry for entry in entries if _day_of(entry) == day]))
    decided = [entry for entry in entries if entry.kind in _DECIDED]
    if decided:
        await queries.add_to_weeks(tx, await _waits(tx, decided))


def _may_count(entry: Entry) -> bool:
    return entry.kind.startswith("drift.") and entry.kind not in _CHANGES_NO_COUNT


def _day_of(entry: Entry) -> date:
    return entry.at.astimezone(UTC).date()


def _flow(entries: list[Entry]) -> Flow:
    kinds = Counter(entry.kind for entry in entries if entry.data.get("cause") != "informational")
    return Flow(sum(kinds[kind] for kind in _CAME), kinds["drift.resolved"])


async def _waits(tx: Tx, decided: list[Entry]) -> Counter[tuple[date, int]]:
    """How many decisions there are of each week and wait. A decision leaves the drift's `detected_at` as it was."""
    since = await queries.select_detected(tx, {entry.drift_id for entry in decided if entry.drift_id is not None})
    return Counter(
        (monday_of(_day_of(entry)), rounded(entry.at - from_text(since[entry.drift_id])))
        for entry in decided
        if entry.drift_id in since
    )
