"""PostgreSQL for `databases`: its own backend, with our statements and asyncpg's rows as they come.

Only `db.py` imports this module.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
from databases.backends.postgres import PostgresBackend, PostgresConnection
from databases.core import DatabaseURL

from driftsentry.db_statement import Statement, numbered

_log = logging.getLogger(__name__)

_CHANNEL = "driftsentry_events"
POLL_SECONDS = 1
# One writer at a time, as on SQLite: what commits later has a higher sequence number, no transaction
# ever needs a retry, and the chain of events has one end.
_WRITER_LOCK = 0x0D21F7
_OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # a database that takes no connections for now
    asyncpg.PostgresIOError,
    asyncpg.InternalClientError,  # a connection that ends amid a statement is not in the state for the next
    OSError,
)


def _encryption(url: DatabaseURL) -> dict[str, Any]:
    """`?ssl=` of the address, as `databases` understands it for its own connections."""
    said = url.options.get("ssl")
    return {} if said is None else {"ssl": {"true": True, "false": False}.get(said.lower(), said)}


class Backend(PostgresBackend):
    def connection(self) -> "Connection":
        return Connection(self, self._dialect)


class Connection(PostgresConnection):
    async def fetch_all(self, query: Statement) -> list[Any]:  # type: ignore[override]
        sql, names = numbered(query.sql)
        return list(await self.raw_connection.fetch(sql, *[query.values[name] for name in names]))

    async def fetch_one(self, query: Statement) -> Any:  # type: ignore[override]
        sql, names = numbered(query.sql)
        return await self.raw_connection.fetchrow(sql, *[query.values[name] for name in names])


class PostgresEngine:
    """What `db.py` needs to know about PostgreSQL beyond queries."""

    name = "postgresql"
    backend = "driftsentry.db_postgres:Backend"
    read_options: dict[str, Any] = {"isolation": "repeatable_read", "readonly": True}
    write_options: dict[str, Any] = {}

    def pool_options(self) -> dict[str, Any]:
        return {
            "min_size": 1,
            "max_size": 10,
            "timeout": 5,
            "command_timeout": 30,
            "server_settings": {"lock_timeout": "5s", "application_name": "driftsentry"},
        }

    async def lock(self, raw: Any) -> None:
        await raw.execute(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")

    async def announce(self, raw: Any) -> None:
        """Tell other processes at the commit. The notification is a hint; the table of events is the truth."""
        await raw.execute(f"NOTIFY {_CHANNEL}")

    async def executemany(self, raw: Any, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        text, names = numbered(sql)
        await raw.executemany(text, [[row[name] for name in names] for row in rows])

    async def run_script(self, raw: Any, script: str) -> None:
        await raw.execute(script)

    async def index_added(self, raw: object, after: int) -> None:
        """Its index follows by itself."""

    def search(self, words: list[str]) -> tuple[str, str]:
        clause = "to_tsvector('simple', d.search_text) @@ to_tsquery('simple', :words)"
        return clause, " & ".join(f"{word}:*" for word in words)

    def search_amount(self, words: list[str]) -> tuple[str, str]:
        clause, value = self.search(words)
        return "SELECT count(*) FROM (SELECT 1 FROM drifts d WHERE " + clause + " LIMIT :most) AS found", value  # noqa: S608

    def is_outage(self, error: BaseException) -> bool:
        return isinstance(error, _OUTAGES)

    async def watch(self, url: str, on_change: Callable[[], None]) -> None:
        """Call `on_change` at each commit that announced events, and each second: a notification is a hint that may be
        lost with its connection, and where a pooler stands in between there is none."""
        told = ""
        while True:
            try:
                await self._listen(url, on_change)
            except (*_OUTAGES, TimeoutError):
                told = ""
            except Exception as problem:  # such as another password: open connections live on, and so does this
                if told != (told := type(problem).__name__):
                    _log.exception("database.not_listening")
            await asyncio.sleep(POLL_SECONDS)
            on_change()

    async def _listen(self, url: str, on_change: Callable[[], None]) -> None:
        parts = DatabaseURL(url)
        connection = await asyncpg.connect(
            host=parts.hostname,
            port=parts.port,
            user=parts.username,
            password=parts.password,
            database=parts.database,
            timeout=5,
            **_encryption(parts),
        )
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            await connection.add_listener(_CHANNEL, lambda *_hint: on_change())
            while not lost.is_set():
                on_change()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await lost.wait()
        finally:
            await connection.close(timeout=1)
