"""Walk the whole chain of events and check every link."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from driftsentry import events
from driftsentry.db import Database, Tx
from driftsentry.events import Log

MOST_PROBLEMS = 20


@dataclass(slots=True)
class Verification:
    """`head` is `seq:hash` of the last entry, as the server's log names it too."""

    entries: int = 0
    head: str = "0:"
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


async def verify(
    db: Database, log: Log, known_head: str | None = None, found: Verification | None = None
) -> Verification:
    """Find edits, deletions, insertions, another order and a cut tail.

    The signed head in the database shows a cut tail. Somebody who restores an older head together with an
    older tail is found by `known_head` (`seq:hash`), which the server writes to its log with every change.
    `found`: filled in on the way, for somebody who looks on.
    """
    found = found or Verification()
    async with db.read() as tx:
        previous, seq = "", 0
        async for row in _rows(tx):
            if row["seq"] != seq + 1:
                found.note(f"Between {seq} and {row['seq']}: entries are missing or out of order.")
            if row["previous_hash"] != previous or row["hash"] != log.chain(row):
                found.note(f"Entry {row['seq']} is not what was written.")
            previous, seq = row["hash"], row["seq"]
            found.entries += 1
            if known_head and known_head.partition(":")[0] == str(seq) and known_head != f"{seq}:{previous}":
                found.note(f"Entry {seq} is not the one that the server's log names.")
        found.head = f"{seq}:{previous}"
        await _check_head(tx, log, found, seq, previous)
    if known_head and int(known_head.partition(":")[0]) > seq:
        found.note(f"The tail is cut: the server's log knows of entry {known_head.partition(':')[0]}.")
    return found


async def _rows(tx: Tx) -> AsyncIterator[dict[str, Any]]:
    seq = 0
    while True:
        rows = await events.select_raw_after(tx, seq)
        for row in rows:
            yield row
        if not rows:
            return
        seq = rows[-1]["seq"]


async def _check_head(tx: Tx, log: Log, found: Verification, seq: int, last: str) -> None:
    head = await tx.one("SELECT seq, hash, seal FROM event_head WHERE id = 1")
    if head is None:
        found.note("The head of the log is missing.")
    elif head["seq"] and head["seal"] != log.seal_of(head["seq"], head["hash"]):
        found.note("The head of the log was not written by this program, or the key is another one.")
    elif (head["seq"], head["hash"]) != (seq, last):
        found.note(f"The tail is cut: the head names entry {head['seq']}, the last one here is {seq}.")
