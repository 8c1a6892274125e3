"""A list of drifts as a file: what it shows, in its order, from all of its pages; names of attributes, no values."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from driftsentry import errors, sheets
from driftsentry.db import Database
from driftsentry.drifts import filter, queries
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.listing import Listed
from driftsentry.drifts.listing_queries import select_some_listed

MOST = 10_000
BATCH = 500
_FACTS = (
    "id stack environment address deposed type status cause action severity severity_reason attributes first_seen_at"
    " detected_at last_seen_at updated_at resolved_at reopened snoozed_until"
).split()
COLUMNS = (*_FACTS, "verdict", "decided_by", "decided_at", "reason", "until", "is_changed_since_decision")
Encode = Callable[[Listed], bytes]


def require_clear(wanted: Filter) -> None:
    """Raises `Invalid` for a list that was only half understood."""
    if wanted.problem:
        raise errors.Invalid(f"Mend the list first, it would be another file than you think: {wanted.problem}")


async def as_csv(db: Database, wanted: Filter) -> AsyncIterator[bytes]:
    """The file in pieces, the first with the names of the columns."""
    yield sheets.lines([COLUMNS]).encode()
    async for batch, _is_cut in _batches(db, wanted):
        yield sheets.lines(_row(listed) for listed in batch).encode("utf-8", "backslashreplace")


async def as_json(db: Database, wanted: Filter, encode: Encode) -> AsyncIterator[bytes]:
    """The file in pieces: the envelope of the API around what `encode` makes of each. A file that broke off is none."""
    amount, is_cut = 0, False
    yield b'{"success":true,"data":['
    async for batch, is_cut in _batches(db, wanted):  # noqa: B007 - the last one is told below
        if batch:
            yield (b"," if amount else b"") + b",\n".join(encode(listed) for listed in batch)
        amount += len(batch)
    yield b'],"meta":{"total":%d,"isCapped":%s}}\n' % (amount, b"true" if is_cut else b"false")


async def _batches(db: Database, wanted: Filter) -> AsyncIterator[tuple[Sequence[Listed], bool]]:
    """Each with whether the file ends there though the list goes on. Each is a short snapshot: who takes long to read
    keeps no transaction open. A drift that meanwhile moves in the list is told once."""
    wanted, told = replace(wanted, after=()), set[int]()
    while True:
        async with db.read() as tx:
            page = await queries.select_page(tx, wanted, min(BATCH, MOST + 1 - len(told)))
            new = [row.id for row in page.rows if row.id not in told]
            batch = await select_some_listed(tx, new[: MOST - len(told)])
        is_cut = len(told) + len(new) > MOST
        told.update(new)
        yield batch, is_cut
        if is_cut or not page.after:
            return
        wanted = replace(wanted, after=filter.place_of(page.after, wanted))


def _row(listed: Listed) -> list[object]:
    facts = [getattr(listed, name) for name in _FACTS]
    facts[_FACTS.index("attributes")] = ", ".join(listed.attributes)
    made = listed.decision
    decision = [made.verdict, made.user_name, made.at, made.reason, made.until] if made else [None] * 5
    return [*facts, *decision, "yes" if listed.is_changed_since_decision else "no"]
