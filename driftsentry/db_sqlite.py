"""SQLite for `databases`: kept connections, our PRAGMAs on each, one thread hop a query.

The backend that `databases` ships opens a connection and a thread for every acquire (ten times slower),
loses the PRAGMAs with it, and starts deferred transactions, which fail under concurrent writers.
Only `db.py` imports this module.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import aiosqlite
from databases.core import DatabaseURL
from databases.interfaces import ConnectionBackend, DatabaseBackend, TransactionBackend

from driftsentry.db_statement import Statement

BUSY_SECONDS = 5.0
POOL_SIZE = 8
WATCH_SECONDS = 0.03
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # what was acknowledged survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16384",
)
_OUTAGES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


class _Connection(sqlite3.Connection):
    """Sends a pending BEGIN in the same thread hop as the first statement of a transaction."""

    begin_with = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            for pragma in _PRAGMAS:
                super().execute(pragma)
        except sqlite3.Error:
            self.close()
            raise

    def execute(self, *args: Any) -> sqlite3.Cursor:
        if self.begin_with:
            begin, self.begin_with = self.begin_with, ""
            super().execute(begin)
        return super().execute(*args)


def _driver(connection: aiosqlite.Connection) -> _Connection:
    return cast(_Connection, connection._conn)


class SQLiteBackend(DatabaseBackend):
    def __init__(self, url: DatabaseURL | str, **_options: Any) -> None:
        self._path = DatabaseURL(url).database
        self._idle: list[aiosqlite.Connection] = []
        self._places = asyncio.Semaphore(POOL_SIZE)

    async def connect(self) -> None:
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        self._idle.append(await self.open())

    async def disconnect(self) -> None:
        """Close every connection, waiting a moment for those in use: one left open keeps the process alive."""
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(BUSY_SECONDS):
                while taken < POOL_SIZE:
                    await self._places.acquire()
                    taken += 1
        while self._idle:
            await self._idle.pop().close()
        for _ in range(taken):
            self._places.release()

    def connection(self) -> "SQLiteConnection":
        return SQLiteConnection(self)

    async def open(self) -> aiosqlite.Connection:
        opening = asyncio.ensure_future(self._open())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # aiosqlite leaves a thread behind when it is cancelled here: let it finish, then close it.
            await (await opening).close()
            raise

    async def _open(self) -> aiosqlite.Connection:
        # The event loop uses it too, for what takes no time, and only while its thread has nothing to do.
        connection = aiosqlite.connect(
            self._path, factory=_Connection, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
        try:
            await connection
        except BaseException:
            await asyncio.to_thread(connection._thread.join)  # else its last words may reach a loop that is closed
            raise
        connection.row_factory = sqlite3.Row
        return connection

    async def take(self) -> aiosqlite.Connection:
        await self._places.acquire()
        try:
            return self._idle.pop() if self._idle else await self.open()
        except BaseException:
            self._places.release()
            raise

    def keep(self, connection: aiosqlite.Connection) -> None:
        """Keep one that is in no transaction for the next one."""
        _driver(connection).begin_with = ""
        self._idle.append(connection)
        self._places.release()

    async def give_back(self, connection: aiosqlite.Connection) -> None:
        """Roll back what a cancelled task left behind, then keep the connection for the next one."""
        try:
            _driver(connection).begin_with = ""
            if connection.in_transaction:
                await connection.rollback()
            self._idle.append(connection)
        except (sqlite3.Error, ValueError):
            with suppress(sqlite3.Error, ValueError):
                await connection.close()
        finally:
            self._places.release()


class SQLiteConnection(ConnectionBackend):
    """For one transaction. `is_at_rest`: it is over, and nothing of it is on its way to the thread."""

    is_at_rest = False

    def __init__(self, backend: SQLiteBackend) -> None:
        self._backend = backend
        self._connection: aiosqlite.Connection | None = None

    async def acquire(self) -> None:
        self._connection = await self._backend.take()

    async def release(self) -> None:
        connection, self._connection = self.raw_connection, None
        if self.is_at_rest:
            self._backend.keep(connection)
            return
        # Shielded: a second cancellation must not lose the connection, nor leave its write lock held.
        await asyncio.shield(asyncio.ensure_future(self._backend.give_back(connection)))

    async def fetch_all(self, query: Statement) -> list[Any]:  # type: ignore[override]
        return list(await self.raw_connection.execute_fetchall(query.sql, query.values))

    async def fetch_one(self, query: Statement) -> Any:  # type: ignore[override]
        rows = await self.fetch_all(query)
        return rows[0] if rows else None

    def transaction(self) -> "SQLiteTransaction":
        return SQLiteTransaction(self)

    @property
    def raw_connection(self) -> aiosqlite.Connection:
        if self._connection is None:
            raise RuntimeError("the connection is not acquired")
        return self._connection


class SQLiteTransaction(TransactionBackend):
    _reads = False

    def __init__(self, connection: SQLiteConnection) -> None:
        self._connection = connection

    async def start(self, is_root: bool, extra_options: dict[str, Any]) -> None:
        if not is_root:
            raise RuntimeError("transactions do not nest: pass the open one down")
        raw = self._connection.raw_connection
        self._reads = bool(extra_options.get("readonly"))
        if self._reads:
            _driver(raw).begin_with = "BEGIN"
        else:
            await raw.execute_fetchall("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        raw = self._connection.raw_connection
        if self._reads:
            _driver(raw).commit()  # it only lets go of the snapshot: a hop to the thread would cost more
        else:
            await raw.commit()
        self._connection.is_at_rest = True

    async def rollback(self) -> None:
        await self._connection.raw_connection.rollback()


class SQLiteEngine:
    """What `db.py` needs to know about SQLite beyond queries."""

    name = "sqlite"
    backend = "driftsentry.db_sqlite:SQLiteBackend"
    read_options: dict[str, Any] = {"readonly": True}
    write_options: dict[str, Any] = {}

    def pool_options(self) -> dict[str, Any]:
        return {}

    async def lock(self, raw: aiosqlite.Connection) -> None:
        """Nothing to do: BEGIN IMMEDIATE is the lock."""

    async def announce(self, raw: aiosqlite.Connection) -> None:
        """Nothing to do: other processes see `PRAGMA data_version` change."""

    async def executemany(self, raw: aiosqlite.Connection, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        await raw.executemany(sql, rows)

    async def run_script(self, raw: aiosqlite.Connection, script: str) -> None:
        """Statement by statement: `executescript` would commit the transaction that it runs in."""
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                await raw.execute_fetchall(statement)
                statement = ""

    async def index_added(self, raw: aiosqlite.Connection, after: int) -> None:
        await raw.execute(
            "INSERT INTO drift_search (rowid, search_text) SELECT id, search_text FROM drifts WHERE id > ?", (after,)
        )

    def search(self, words: list[str]) -> tuple[str, str]:
        clause = "d.id IN (SELECT rowid FROM drift_search WHERE drift_search MATCH :words)"
        return clause, " ".join(f'"{word}"*' for word in words)

    def search_amount(self, words: list[str]) -> tuple[str, str]:
        found = "(SELECT 1 FROM drift_search WHERE drift_search MATCH :words LIMIT :most)"
        return "SELECT count(*) FROM " + found, self.search(words)[1]  # noqa: S608 - nothing from outside

    def is_outage(self, error: BaseException) -> bool:
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _OUTAGES  # the high bits only say more about the low ones

    async def watch(self, url: str, on_change: Callable[[], None]) -> None:
        """Call `on_change` within 30 ms of a commit by another process. Polling costs 5 us, and a hop of a thread."""
        connection = await SQLiteBackend(url).open()
        try:
            known = None
            while True:
                [(version,)] = await connection.execute_fetchall("PRAGMA data_version")
                if version != known:
                    known = version
                    on_change()
                await asyncio.sleep(WATCH_SECONDS)
        finally:
            await connection.close()
