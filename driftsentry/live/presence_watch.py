"""Which of the other processes live. By our own time alone: clocks of several machines need not agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from driftsentry import clock
from driftsentry.live.presence_queries import Process


@dataclass(slots=True)
class _Sign:
    """The last of one process. `silence`: seconds that we watched without another."""

    seen_at: datetime
    changes: int
    silence: float = 0.0
    counts: bool = True


class Watch:
    """A process is gone that gives no sign for `limit` seconds of our watching, whatever time its row says."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._signs: dict[str, _Sign] = {}
        self._looked_at: float | None = None

    def look(self, found: Sequence[Process]) -> None:
        """At the rows of all other processes, as they are now."""
        now, is_first = monotonic(), self._looked_at is None
        # While the database was away nobody could give a sign, and nobody watched.
        passed = min(now - (self._looked_at or now), self._limit / 2)
        self._looked_at = now
        before, self._signs = self._signs, {}
        for process in found:
            last = before.get(process.id)
            if last is None:
                # What was there before us may be left of a process that was killed yesterday.
                is_recent = process.seen_at >= clock.now() - timedelta(seconds=self._limit)
                last = _Sign(process.seen_at, process.changes, counts=is_recent or not is_first)
            elif (last.seen_at, last.changes) == (process.seen_at, process.changes):
                last.silence += passed
            else:
                last = _Sign(process.seen_at, process.changes)
            self._signs[process.id] = last

    def lives(self, process: Process) -> bool:
        """Whether its people count. Also while nobody can look: not for longer than the limit."""
        last = self._signs.get(process.id)  # None: its row was gone, and then the database was, before it was forgotten
        return last is not None and last.counts and self.left(process) > 0

    def is_gone(self, process: Process) -> bool:
        """Whether it may be swept, after a look at it."""
        return self._signs[process.id].silence >= self._limit

    def left(self, process: Process) -> float:
        """Seconds until it is gone, when it gives no sign meanwhile."""
        return self._limit - self._signs[process.id].silence - (monotonic() - (self._looked_at or 0.0))
