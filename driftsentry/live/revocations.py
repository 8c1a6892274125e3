"""Sessions that were revoked lately: their sockets end at once, and none of them gets another one."""

from collections import deque
from collections.abc import Sequence

from driftsentry.db import Database
from driftsentry.events import BATCH, Event, select_of_kind_after

KEPT = 2000


class Revocations:
    """For one event loop."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._recent: deque[str] = deque(maxlen=KEPT)

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._recent

    async def known_by(self, batch: Sequence[Event]) -> set[str]:
        """The sessions that end with `batch`, and where much comes behind it also those that end there: nobody keeps
        his socket for as long as ten thousand other events take."""
        ends = [event for event in batch if event.kind == "session.revoked"]
        if len(batch) >= BATCH:
            async with self._db.read() as tx:
                ends += await select_of_kind_after(tx, batch[-1].seq, "session.revoked")
        found = [event.data["session_id"] for event in ends]
        self._recent.extend(found)
        return set(found)
