"""The promises of `db.py`, on both engines."""

import asyncio
from datetime import timedelta

import pytest

from driftsentry import clock, errors, events, migrations
from driftsentry.db import Database, Tx
from driftsentry.db_statement import numbered
from driftsentry.tail import Tail
from tests.databases import PostgresServer

ADD_STACK = "INSERT INTO stacks (id, slug, environment, interval_seconds, created_at) VALUES (:id, :id, 'prod', 1, :at)"


async def add_stack(tx: Tx, name: str) -> None:
    await tx.run(ADD_STACK, id=name, at=clock.to_text(clock.now()))


async def count_stacks(db: Database) -> int:
    async with db.read() as tx:
        return int(await tx.value("SELECT count(*) FROM stacks"))


async def test_a_write_that_fails_leaves_nothing(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.write() as tx:
            await add_stack(tx, "a")
            raise RuntimeError
    assert await count_stacks(db) == 0


async def test_a_cancelled_write_leaves_nothing_and_no_lock(db: Database) -> None:
    entered = asyncio.Event()

    async def write_slowly() -> None:
        async with db.write() as tx:
            await add_stack(tx, "a")
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write_slowly())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with db.write() as tx:
        await add_stack(tx, "b")
    assert await count_stacks(db) == 1


async def test_a_read_is_one_snapshot(db: Database) -> None:
    async with db.read() as before:
        assert await before.value("SELECT count(*) FROM stacks") == 0
        async with db.write() as tx:
            await add_stack(tx, "a")
        assert await before.value("SELECT count(*) FROM stacks") == 0
    assert await count_stacks(db) == 1


async def test_a_reader_cannot_write(db: Database) -> None:
    if db.engine == "sqlite":  # SQLite has no read-only transaction: nothing is committed, which is what matters
        async with db.read() as tx:
            await add_stack(tx, "a")
            await tx._connection.raw_connection.rollback()
    else:
        with pytest.raises(errors.Unavailable):
            async with db.read() as tx:
                await add_stack(tx, "a")
    assert await count_stacks(db) == 0


async def test_many_concurrent_read_then_write_transactions_all_succeed(db: Database) -> None:
    async def add_next() -> None:
        async with db.write() as tx:
            amount = await tx.value("SELECT count(*) FROM stacks")
            await asyncio.sleep(0)
            await add_stack(tx, f"stack-{amount}")

    await asyncio.gather(*[add_next() for _ in range(160)])
    assert await count_stacks(db) == 160


async def test_literals_with_percent_and_colon_are_text(db: Database) -> None:
    async with db.read() as tx:
        assert await tx.value("SELECT '100% :name' WHERE :x = 1", x=1) == "100% :name"


def test_parameters_are_numbered_once_each_and_casts_stay() -> None:
    assert numbered("a = :a AND b = :b AND c = :a::text AND d = 'x:y'") == (
        "a = $1 AND b = $2 AND c = $1::text AND d = 'x:y'",
        ("a", "b"),
    )


async def test_sqlite_pragmas_hold_on_every_connection(db: Database) -> None:
    if db.engine != "sqlite":
        return

    async def pragmas() -> list[object]:
        async with db.read() as tx:
            await asyncio.sleep(0.05)  # so that each of the tasks has a connection of its own
            names = ("journal_mode", "synchronous", "foreign_keys")
            return [await tx.value(f"PRAGMA {name}") for name in names]

    assert await asyncio.gather(*[pragmas() for _ in range(6)]) == [["wal", 2, 1]] * 6


async def test_events_are_told_only_after_the_commit(db: Database) -> None:
    told: list[int] = []

    def after_commit() -> None:
        told.append(1)

    db.after_commit = after_commit
    async with db.write() as tx:
        events.record(tx, "thing.done", events.SYSTEM, at=clock.now())
        assert told == []
    assert told == [1]
    with pytest.raises(RuntimeError):
        async with db.write() as tx:
            events.record(tx, "thing.done", events.SYSTEM, at=clock.now())
            raise RuntimeError
    assert told == [1]


async def test_events_have_no_gaps_and_one_order_under_concurrency(db: Database) -> None:
    async def write(number: int) -> None:
        async with db.write() as tx:
            for part in range(3):
                events.record(tx, "thing.done", events.SYSTEM, at=clock.now(), number=number, part=part)

    await asyncio.gather(*[write(number) for number in range(20)])
    async with db.read() as tx:
        log = await events.select_after(tx, 0)
    assert [event.seq for event in log] == list(range(1, 61))
    for first in range(0, 60, 3):
        assert [event.data["part"] for event in log[first : first + 3]] == [0, 1, 2]


@pytest.mark.parametrize("change", ["UPDATE events SET kind = 'x'", "DELETE FROM events"])
async def test_the_database_itself_refuses_to_change_events(db: Database, change: str) -> None:
    async with db.write() as tx:
        events.record(tx, "thing.done", events.SYSTEM, at=clock.now())
    with pytest.raises(Exception, match="append-only"):
        async with db.write() as tx:
            await tx.run(change)


async def test_the_tail_hands_over_each_event_once_in_order_also_those_of_another_process(
    db: Database, database_url: str
) -> None:
    seen: list[int] = []
    enough = asyncio.Event()

    async def note(batch: list[events.Event]) -> None:
        seen.extend(event.seq for event in batch)
        if len(seen) >= 20:
            enough.set()

    tail = Tail(db)
    db.after_commit = tail.poke
    tail.subscribe(note)
    await tail.start()
    other = Database(database_url)  # as another process would have it: it cannot poke our tail
    other.before_commit = db.before_commit
    await other.connect()

    async def write(through: Database) -> None:
        async with through.write() as tx:
            events.record(tx, "thing.done", events.SYSTEM, at=clock.now())

    await asyncio.gather(*[write(through) for _ in range(10) for through in (db, other)])
    await asyncio.wait_for(enough.wait(), 5)
    await tail.stop()
    await other.disconnect()
    assert seen == list(range(1, 21))


async def test_a_newer_schema_is_refused(db: Database) -> None:
    async with db.write() as tx:
        await tx.run(
            "INSERT INTO schema_version (version, applied_at) VALUES (:version, :at)",
            version=migrations.latest() + 1,
            at=clock.to_text(clock.now()),
        )
    with pytest.raises(migrations.SchemaTooNew, match="newer program"):
        await migrations.migrate(db)


async def test_times_sort_as_text() -> None:
    moment = clock.now()
    later = moment + timedelta(microseconds=1)
    assert clock.to_text(moment) < clock.to_text(later)
    assert clock.from_text(clock.to_text(moment)) == moment


async def test_lost_connections_heal_and_the_tail_goes_on(db: Database, postgres: PostgresServer) -> None:
    if db.engine != "postgresql":
        return
    seen: list[int] = []
    told = asyncio.Event()

    async def note(batch: list[events.Event]) -> None:
        seen.extend(event.seq for event in batch)
        told.set()

    tail = Tail(db)
    tail.subscribe(note)  # not poked by our own commits: what it hears comes through LISTEN
    await tail.start()
    async with db.read() as tx:
        name = await tx.value("SELECT current_database()")
    await asyncio.to_thread(
        postgres.run, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    async with asyncio.timeout(5):
        while True:
            try:
                async with db.write() as tx:
                    events.record(tx, "thing.done", events.SYSTEM, at=clock.now())
                break
            except errors.Unavailable:
                await asyncio.sleep(0.05)
        await told.wait()
    await tail.stop()
    assert seen == [1]


async def test_a_writer_that_is_cancelled_ends_at_whatever_step(sqlite_url: str) -> None:
    """Also in the moment in which it gets its turn: a task that went on would keep the process from ending."""
    database = Database(sqlite_url)
    await database.connect()

    async def hold() -> None:
        async with database.write():
            await asyncio.Event().wait()

    for steps in range(8):
        task = asyncio.create_task(hold())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        done, _pending = await asyncio.wait({task}, timeout=5)
        assert done, f"it goes on after {steps} steps"
    await database.disconnect()
