"""What was worked out from a database, kept for the next who asks for the same."""

from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from driftsentry.db import Database

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """The latest `most` of each database.

    A key names all that the thing depends on: the number of the last event stands for the database, a minute for the
    time, and of whoever asks there must be everything that can be seen.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: WeakKeyDictionary[Database, dict[Hashable, Made]] = WeakKeyDictionary()

    def find(self, db: Database, key: Hashable) -> Made | None:
        return self._found.get(db, {}).get(key)

    def keep(self, db: Database, key: Hashable, made: Made) -> Made:
        of_db = self._found.setdefault(db, {})
        of_db[key] = made
        if len(of_db) > self._most:
            del of_db[next(iter(of_db))]  # the oldest
        return made

    async def get(self, db: Database, key: Hashable, make: Callable[[], Awaitable[Made]]) -> Made:
        found = self.find(db, key)
        return self.keep(db, key, await make()) if found is None else found


def minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
