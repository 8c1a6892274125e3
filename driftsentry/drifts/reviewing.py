"""After a rule changed: the drifts that are not resolved, marked and judged again from what is stored of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftsentry import clock, events
from driftsentry.db import Database, Row, Tx
from driftsentry.drifts import stored_queries as queries
from driftsentry.events import Actor
from driftsentry.judging import Book, mark, matches
from driftsentry.judging.sighting import facts_of, finding_of

BookOf = Callable[[Tx, str, str], Awaitable[Book]]
PART = 500  # drifts in one transaction: a decision waits no longer than for these


@dataclass(frozen=True, slots=True)
class _Again:
    """A drift whose columns are others by the new book. `returns`: a line counts that was hidden."""

    row: Row
    facts: dict[str, Any]
    ignored: dict[str, int]
    returns: bool


async def review(db: Database, actor: Actor, book_of: BookOf, stack_glob: str = "*") -> int:
    """Bring the stacks that `stack_glob` matches in line with their books; how many drifts are different.

    What comes out of hiding is `detected` again. Everything else leaves statuses and decisions alone.
    """
    async with db.read() as tx:
        stacks = [stack for stack in await queries.select_stacks(tx) if matches(stack_glob, stack["slug"])]
    return sum([await _review_stack(db, actor, book_of, stack) for stack in stacks])


async def _review_stack(db: Database, actor: Actor, book_of: BookOf, stack: Row) -> int:
    changed, after = 0, 0
    while True:
        async with db.read() as tx:
            book = await book_of(tx, stack["slug"], stack["environment"])
            rows = await queries.select_part(tx, stack["id"], after, PART)
        if not rows:
            return changed
        again = await asyncio.to_thread(_judged, rows, book)
        missed = await _write(db, actor, again, clock.now()) if again else 0
        changed += len(again) - missed
        if not missed:  # else a report or a decision came between: the same part once more
            after = rows[-1]["id"]


def _judged(rows: Sequence[Row], book: Book) -> list[_Again]:
    judged = [_judged_one(row, book) for row in rows]
    return [each for each in judged if each is not None]


def _judged_one(row: Row, book: Book) -> _Again | None:
    stored = finding_of(row)
    marked = mark(stored, book)
    facts = facts_of(marked.finding, book, marked.ignored)
    if all(row[name] == facts[name] for name in queries.JUDGED):
        return None
    hidden = {change.digest for change in stored.changes if change.noise in ("ignored", "learned")}
    returns = any(not change.noise and change.digest in hidden for change in marked.finding.changes)
    return _Again(row, facts, dict(marked.ignored), returns)


async def _write(db: Database, actor: Actor, again: Sequence[_Again], at: datetime) -> int:
    """How many could not be written, since they are other ones by now."""
    missed = 0
    async with db.write() as tx:
        for each in again:
            drift_id = each.row["id"]
            if not await queries.update_judged(tx, each.row, each.facts, at if each.returns else None):
                missed += 1
                continue
            await queries.replace_ignored(tx, drift_id, each.ignored)
            _tell(tx, actor, each, at)
    return missed


def _tell(tx: Tx, actor: Actor, each: _Again, at: datetime) -> None:
    row, facts = each.row, each.facts
    told: dict[str, Any] = {name: facts[name] for name in ("cause", "severity", "action", "fingerprint")}
    more: dict[str, Any]
    if each.returns:
        kind, more = "drift.detected", {"after": "ignored"}
    elif facts["ignored_changes"] > row["ignored_changes"]:
        kind, more = "drift.ignored", {"lines": facts["ignored_changes"], "rules": sorted(each.ignored)}
    else:  # be it only another reason: whatever pages show, an event has told
        kind, more = "drift.rejudged", {"was": row["severity"], "rule": facts["severity_rule"]}
    events.record(tx, kind, actor, at=at, stack_id=row["stack_id"], drift_id=row["id"], **told, **more)
