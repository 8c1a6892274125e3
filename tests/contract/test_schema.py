"""schema.sql is what all migrations make, on both engines; a migration that is killed leaves the old or the new."""

import re
from pathlib import Path

import pytest

from driftsentry import clock, migrations
from driftsentry.db import Database
from tests.databases import PostgresServer


def plain(sql: str) -> str:
    """Without comments and layout: a column that was added later stands behind a line end."""
    return re.sub(r"\s*([,()])\s*", r"\1", re.sub(r"\s+", " ", re.sub(r"--.*", "", sql))).strip()


async def described(db: Database) -> set[tuple[str, ...]]:
    """Everything that the engine knows of our tables, columns, indexes, triggers and functions."""
    async with db.read() as tx:
        if db.engine == "sqlite":
            rows = await tx.all("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master")
            return {(*tuple(row)[:3], plain(row[3])) for row in rows}
        found: set[tuple[str, ...]] = set()
        for sql in (
            "SELECT 'column', table_name, column_name, data_type, is_nullable, coalesce(column_default, '')"
            " FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT 'constraint', conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace",
            "SELECT 'trigger', tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT 'function', proname::text, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        ):
            found |= {tuple(row) for row in await tx.all(sql)}
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh(migrated=False)


async def run_step(db: Database, number: int, script: str) -> None:
    async with db.write() as tx:
        await tx.run_script(script)
        values = {"version": number, "at": clock.to_text(clock.now())}
        await tx.run("INSERT INTO schema_version (version, applied_at) VALUES (:version, :at)", **values)


async def test_all_migrations_one_after_the_other_make_schema_sql(db: Database, empty_url: str) -> None:
    walked = Database(empty_url)
    if walked.engine != db.engine:
        return
    await walked.connect()
    try:
        for number, path in enumerate(migrations.steps(), 1):
            await run_step(walked, number, migrations.for_engine(path.read_text(), walked.engine))
        assert await migrations.migrate(walked) is None
        assert await described(walked) == await described(db)
        async with walked.read() as tx:
            assert await tx.value("SELECT count(*) FROM event_head") == 1
    finally:
        await walked.disconnect()


async def test_a_migration_that_is_cut_off_leaves_nothing_and_can_be_repeated(empty_url: str) -> None:
    db = Database(empty_url)
    await db.connect()
    try:
        before = await described(db)
        with pytest.raises(RuntimeError, match="killed"):
            async with db.write() as tx:
                await migrations.step(tx)
                raise RuntimeError("killed")
        assert await described(db) == before
        await migrations.migrate(db)
        async with db.read() as tx:
            assert await migrations.version(tx) == migrations.latest()
    finally:
        await db.disconnect()


async def test_a_current_schema_is_left_alone(db: Database) -> None:
    before = await described(db)
    await migrations.migrate(db)
    assert await described(db) == before
    async with db.read() as tx:
        assert await tx.value("SELECT count(*) FROM schema_version") == 1


def test_the_steps_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in migrations.steps()] == list(range(1, migrations.latest() + 1))
