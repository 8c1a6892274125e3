"""What reports teach: attributes that have another value on each scan of a stack while nothing else changes.

A value that changed in three reports running, and alone, is taken for one that changes by itself: from then on it opens
nothing. Only plain values are, and none that a rule finds worse than medium: nobody can teach an open port away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from driftsentry.clock import to_text
from driftsentry.db import Row, Tx
from driftsentry.drifts import learning_queries as queries
from driftsentry.drifts import stored_queries
from driftsentry.drifts.learning_queries import Streak
from driftsentry.ingest import Change, Finding
from driftsentry.judging import Book, Severity, general, mark
from driftsentry.judging.sighting import Seen, Sighting, finding_of, sight

ENOUGH = 3  # reports in a row, so four values: people change a setting twice
MOST = 200  # changed drifts that are studied: what comes by the thousand shows in a few
_MILD = (Severity.LOW.value, Severity.MEDIUM.value)
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the changed drifts of a report were made of, and the book with what they teach.

    `learned`: (resource type, path as JSON) of attributes that were not known for it.
    """

    book: Book
    stored: dict[int, Finding]
    learned: tuple[tuple[str, str], ...] = ()

    def taught(self, seen: Sighting) -> Sighting:
        """The sighting by the new book."""
        return sight(_finding(seen), self.book, Seen()) if self.learned else seen

    def is_retold(self, sighting: Sighting, drift_id: int) -> bool:
        """Whether the drift was made of the same facts, which count in another way by now."""
        return mark(self.stored[drift_id], self.book).finding.fingerprint == sighting.fingerprint


async def study(
    tx: Tx, book: Book, stack_id: str, changed: Sequence[tuple[Sighting, Row]], unchanged: set[int], *, at: datetime
) -> Lesson:
    """Compare the drifts that changed with what they were, and keep count of values that change alone."""
    streaks = await queries.select_streaks(tx, stack_id)
    await queries.delete_streaks(tx, sorted(unchanged & streaks.keys()))
    stored = {
        row["id"]: finding_of(row) for row in await stored_queries.select_stored(tx, [row["id"] for _, row in changed])
    }
    learned: dict[tuple[str, str], None] = {}
    for sighting, before in changed[:MOST]:
        counted = {
            path: _longer(streaks.get(before["id"], {}).get(path), before["fingerprint"], digests)
            for path, digests in _shifted(stored[before["id"]], sighting).items()
        }
        await queries.replace_streaks(tx, before["id"], sighting.fingerprint, counted)
        if counted and min(streak.changes for streak in counted.values()) >= ENOUGH:
            assert sighting.facts is not None, "a changed drift has its columns"
            learned.update({(sighting.facts["resource_type"], path): None for path in counted})
    await queries.insert_learned(tx, stack_id, learned, to_text(at))
    paths = frozenset((kind, tuple(msgspec.json.decode(path))) for kind, path in learned)
    return Lesson(replace(book, learned=book.learned | paths), stored, tuple(learned))


async def note_repetition(tx: Tx, stack_id: str) -> None:
    """A report found all open drifts as they were: no value of theirs changes with every scan."""
    await queries.delete_streaks_of_open(tx, stack_id)


def _finding(sighting: Sighting) -> Finding:
    assert sighting.facts is not None, "a changed drift has its columns"
    return finding_of({**sighting.facts, "address": sighting.address, "deposed": sighting.deposed})


def _longer(known: Streak | None, fingerprint: str, digests: tuple[str, str]) -> Streak:
    """The streak with one report more; from its beginning where one was left out, or a value comes back."""
    before, after = digests
    if known and known.fingerprint == fingerprint and after not in known.seen:
        return Streak(known.changes + 1, fingerprint, (*known.seen, after))
    return Streak(1, fingerprint, (before, after))


def _shifted(before: Finding, sighting: Sighting) -> dict[str, tuple[str, str]]:
    """The attributes, as JSON, whose real value is another one than it was, when nothing else is; else none.

    With the digests of what they were and are.
    """
    if sighting.facts is None or sighting.facts["severity"] not in _MILD or sighting.action != "update":
        return {}
    old, new = _by_place(before.changes), _by_place(_finding(sighting).changes)
    if old.keys() != new.keys() or before.action != "update":
        return {}
    other = [place for place in new if old[place].digest != new[place].digest]
    if not all(_is_plain(old[place], new[place]) for place in other):
        return {}
    shifted: dict[str, tuple[str, str]] = {}
    for place in other:  # members of a list have one path in general
        path = _json.encode(general(new[place].path)).decode()
        was, is_ = shifted.get(path, ("", ""))
        shifted[path] = (was + old[place].digest, is_ + new[place].digest)
    return shifted


def _by_place(changes: Iterable[Change]) -> dict[tuple[object, ...], Change]:
    significant = [change for change in changes if not change.noise]
    return {(change.path, change.is_member, change.is_member and change.digest): change for change in significant}


def _is_plain(old: Change, new: Change) -> bool:
    """A text or number that only reality has changed, and that everybody can see."""
    values = (old.before, old.after, new.before, new.after)
    is_scalar = all(isinstance(value, str | int | float) or value is None for value in values)
    is_visible = not (old.is_sensitive or new.is_sensitive or old.in_json or new.in_json)
    return is_scalar and is_visible and old.before == new.before and not any(isinstance(v, bool) for v in values)
