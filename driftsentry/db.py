"""The database: `read()` is one snapshot, `write()` is one transaction, and there is one writer at a time.

The only place (with the two engines that it alone imports) that knows SQLite from PostgreSQL.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import databases
from databases.core import DatabaseURL
from databases.interfaces import ConnectionBackend

from driftsentry import errors
from driftsentry.db_postgres import PostgresEngine
from driftsentry.db_sqlite import SQLiteEngine
from driftsentry.db_statement import Statement

WAIT_SECONDS = 5.0


class Row(Protocol):
    """What both engines give back: values by name or position."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def keys(self) -> Any: ...


Engine = SQLiteEngine | PostgresEngine


class _Pool(databases.Database):
    SUPPORTED_BACKENDS = {"sqlite": SQLiteEngine.backend, "postgresql": PostgresEngine.backend}


class Tx:
    """One open transaction. Values are named parameters; every method may raise `errors.Unavailable`."""

    __slots__ = ("_connection", "_engine", "entries")

    def __init__(self, connection: ConnectionBackend, engine: Engine) -> None:
        self._connection = connection
        self._engine = engine
        self.entries: list[Any] = []  # what `events.record` noted; `before_commit` writes it

    async def all(self, sql: str, **values: Any) -> list[Row]:
        rows: list[Row] = await self._connection.fetch_all(Statement(sql, values))  # type: ignore[arg-type, assignment]
        return rows

    async def one(self, sql: str, **values: Any) -> Row | None:
        row: Row | None = await self._connection.fetch_one(Statement(sql, values))  # type: ignore[arg-type, assignment]
        return row

    async def value(self, sql: str, **values: Any) -> Any:
        """The first column of the first row, or None."""
        row = await self.one(sql, **values)
        return None if row is None else row[0]

    async def run(self, sql: str, **values: Any) -> None:
        await self._connection.fetch_all(Statement(sql, values))  # type: ignore[arg-type]

    async def run_many(self, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            await self._engine.executemany(self._connection.raw_connection, sql, rows)

    async def run_script(self, script: str) -> None:
        """Several statements without values, as they stand."""
        await self._engine.run_script(self._connection.raw_connection, script)

    async def announce(self) -> None:
        """Let other processes know, at the commit, that there are new events."""
        await self._engine.announce(self._connection.raw_connection)

    def search(self, words: list[str]) -> tuple[str, str]:
        """A condition on `drifts d` with one parameter `:words`, and its value: all words, as prefixes."""
        return self._engine.search(words)

    async def count_found(self, words: list[str], most: int) -> int:
        """How many drifts `search` finds; counting stops at `most`."""
        sql, value = self._engine.search_amount(words)
        return int(await self.value(sql, words=value, most=most))

    async def index_added(self, after: int) -> None:
        """Let `search` find the drifts whose ids are above `after`, which this transaction has added."""
        await self._engine.index_added(self._connection.raw_connection, after)

    @property
    def engine(self) -> str:
        return self._engine.name


class Database:
    """Connections to one database. `url`: `sqlite:////path/file.db` or `postgresql://...`.

    `before_commit` runs inside every writing transaction that recorded events, `after_commit` behind it.
    """

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgres://", "postgresql://", 1)
        self._engine: Engine = SQLiteEngine() if DatabaseURL(url).dialect == "sqlite" else PostgresEngine()
        self._pool = _Pool(self._url, **self._engine.pool_options())
        # In-process writers queue here in order; SQLite's own busy handler would let them race and starve.
        self._turn = asyncio.Lock()
        self.before_commit: Callable[[Tx], Awaitable[None]] | None = None
        self.after_commit: Callable[[], None] | None = None

    @property
    def engine(self) -> str:
        return self._engine.name

    async def connect(self) -> None:
        """Raises `errors.Unavailable`, whatever it is: no server, no right, no such database, or no database."""
        try:
            await self._pool.connect()
        except Exception as problem:
            raise errors.Unavailable("The database cannot be opened.") from problem

    async def disconnect(self) -> None:
        await self._pool.disconnect()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """One consistent snapshot. Never waits for a writer."""
        async with self._transaction(self._engine.read_options) as tx:
            yield tx

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """One transaction, alone among writers of all processes: it needs no retry.

        What it records as events is told to others only after the commit.
        """
        async with self._my_turn():
            async with self._transaction(self._engine.write_options) as tx:
                await self._engine.lock(tx._connection.raw_connection)
                yield tx
                if tx.entries and self.before_commit:
                    await self.before_commit(tx)
        if tx.entries and self.after_commit:
            self.after_commit()

    async def watch(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` whenever another process committed; runs until it is cancelled, or fails."""
        await self._engine.watch(self._url, on_change)

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise errors.Unavailable("Too many changes are waiting to be written. Try again in a moment.") from None
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def _transaction(self, options: dict[str, Any]) -> AsyncIterator[Tx]:
        # The backend's connection itself: `databases.Connection` would share one within a task, and never gives
        # it back when the BEGIN fails or is cancelled.
        connection = self._pool._backend.connection()
        with self._outages():
            async with asyncio.timeout(WAIT_SECONDS):
                await connection.acquire()
            try:
                transaction = connection.transaction()
                await transaction.start(is_root=True, extra_options=options)
                try:
                    yield Tx(connection, self._engine)
                except BaseException:
                    await transaction.rollback()
                    raise
                await transaction.commit()
            finally:
                await connection.release()

    def _outages(self) -> "_Outages":
        return _Outages(self._engine)


class _Outages:
    """Turns the engine's errors of the moment (locked, full, gone) into one that says: try again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and (isinstance(error, TimeoutError) or self._engine.is_outage(error)):
            raise errors.Unavailable("The database cannot be reached or written just now.") from error
