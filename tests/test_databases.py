"""The database of one PostgreSQL server goes from test to test: nothing that a test did may reach the next."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.databases import PostgresServer

CODE = "INSERT INTO setup_codes VALUES ('a', 'b')"
EVENT = "INSERT INTO events VALUES (1, '', '', 'system', '', '', '', '', NULL, NULL, NULL, '{}', '', '')"
MANY = EVENT.replace("VALUES (1,", "SELECT n,").replace("'')", "'' FROM generate_series(1, 9999) AS n")
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"


def run(url: str, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def contents(url: str) -> dict[str, list[str]]:
    """Every row, by its table."""

    async def look() -> dict[str, list[str]]:
        connection = await asyncpg.connect(url)
        names = [row[0] for row in await connection.fetch(TABLES)]
        rows = {name: [row[0] for row in await connection.fetch(f"SELECT t::text FROM {name} t")] for name in names}
        await connection.close()
        return rows

    return asyncio.run(look())


@pytest.mark.parametrize("left", [[CODE, EVENT], [CODE, MANY], ["UPDATE event_head SET seq = 7"]])
def test_what_a_test_wrote_is_gone(postgres: PostgresServer, left: list[str]) -> None:
    with postgres.lent() as url:
        before = contents(url)
        assert before["event_head"] == ['(1,0,"","")']
        run(url, *left)
        assert contents(url) != before
    with postgres.lent() as again:
        assert again == url
        assert contents(again) == before


@pytest.mark.parametrize(
    "left",
    [
        "ALTER TABLE events DISABLE TRIGGER events_refuse_change",
        "DROP INDEX events_by_drift",
        "DROP TABLE alert_reads",
        "CREATE TABLE more (id INTEGER)",
        "ALTER TABLE stacks ADD COLUMN more TEXT",
        "DELETE FROM event_head",
        "INSERT INTO schema_version VALUES (99, '')",
    ],
)
def test_a_database_that_is_not_as_it_was_is_thrown_away(postgres: PostgresServer, left: str) -> None:
    with postgres.lent() as url:
        before = contents(url)
        run(url, left)
    with postgres.lent() as other:
        assert other != url
        assert contents(other) == before
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        run(url)


def test_what_a_killed_server_had_begun_is_never_committed(postgres: PostgresServer) -> None:
    runner = asyncio.Runner()
    with postgres.lent() as url:
        server = runner.run(asyncpg.connect(url))
        runner.run(server.execute("BEGIN"))
        runner.run(server.execute(CODE))
    with pytest.raises(asyncpg.PostgresConnectionError):
        runner.run(server.execute("COMMIT"))
    with postgres.lent() as again:
        assert contents(again)["setup_codes"] == []
    runner.close()


def test_two_at_once_are_two(postgres: PostgresServer) -> None:
    with postgres.lent() as one, postgres.lent() as two:
        assert urlsplit(one).path != urlsplit(two).path
