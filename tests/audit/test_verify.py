"""`audit verify` finds whatever was done to the log behind the program's back."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from driftsentry import audit, clock, events
from driftsentry.config import _derived
from driftsentry.db import Database
from driftsentry.events import Log
from tests.servers import server_environment
from tests.site import SETTINGS
from tests.test_cli import run

KEY = _derived(SETTINGS["DATA_KEY"], "data")
Tamper = Callable[[Database], Awaitable[None]]


@pytest.fixture
async def log(db: Database) -> Database:
    """A log of ten entries, written one after the other, in a database whose triggers were taken off."""
    db.before_commit = Log(KEY).seal
    for number in range(1, 11):
        async with db.write() as tx:
            events.record(tx, "thing.done", events.SYSTEM, at=clock.now(), number=number)
    async with db.write() as tx:
        if db.engine == "sqlite":
            await tx.run("DROP TRIGGER events_refuse_update")
            await tx.run("DROP TRIGGER events_refuse_delete")
        else:
            await tx.run("ALTER TABLE events DISABLE TRIGGER USER")
    return db


async def run_sql(db: Database, *statements: str) -> None:
    async with db.write() as tx:
        for statement in statements:
            await tx.run(statement)


async def edit(db: Database) -> None:
    await run_sql(db, "UPDATE events SET data = replace(data, '5', '6') WHERE seq = 5")


async def edit_the_name(db: Database) -> None:
    await run_sql(db, "UPDATE events SET actor_name = 'Somebody else' WHERE seq = 5")


async def edit_the_time(db: Database) -> None:
    await run_sql(db, "UPDATE events SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 1")


async def delete(db: Database) -> None:
    await run_sql(db, "DELETE FROM events WHERE seq = 5")


async def delete_and_close_the_gap(db: Database) -> None:
    await run_sql(db, "DELETE FROM events WHERE seq = 5", "UPDATE events SET seq = 0 - seq WHERE seq > 5")
    await run_sql(db, "UPDATE events SET seq = 0 - seq - 1 WHERE seq < 0", "UPDATE event_head SET seq = 9")


async def delete_the_first(db: Database) -> None:
    await run_sql(db, "DELETE FROM events WHERE seq = 1")


async def reorder(db: Database) -> None:
    for old, new in ((5, 99), (6, 5), (99, 6)):
        await run_sql(db, f"UPDATE events SET seq = {new} WHERE seq = {old}")


async def insert(db: Database) -> None:
    columns = "at, kind, actor_kind, actor_id, actor_name, address, request_id, stack_id, drift_id, report_id, data"
    await run_sql(
        db,
        f"INSERT INTO events (seq, {columns}, previous_hash, hash)"
        f" SELECT 11, {columns}, hash, 'forged' FROM events WHERE seq = 10",
        "UPDATE event_head SET seq = 11, hash = 'forged'",
    )


async def insert_with_another_key(db: Database) -> None:
    db.before_commit = Log(b"a key that somebody else made up").seal
    async with db.write() as tx:
        events.record(tx, "thing.done", events.SYSTEM, at=clock.now())


async def cut(db: Database) -> None:
    await run_sql(db, "DELETE FROM events WHERE seq > 7")


async def cut_with_its_head(db: Database) -> None:
    await cut(db)
    await run_sql(db, "UPDATE event_head SET seq = 7, hash = (SELECT hash FROM events WHERE seq = 7)")


async def empty(db: Database) -> None:
    await run_sql(db, "DELETE FROM events")


async def empty_with_its_head(db: Database) -> None:
    await empty(db)
    await run_sql(db, "DELETE FROM event_head")


TAMPERINGS: tuple[Tamper, ...] = (
    edit, edit_the_name, edit_the_time, delete, delete_and_close_the_gap, delete_the_first, reorder, insert,
    insert_with_another_key, cut, cut_with_its_head, empty, empty_with_its_head,
)  # fmt: skip


async def test_an_untouched_log_is_verified(log: Database) -> None:
    found = await audit.verify(log, Log(KEY))
    assert (found.entries, found.problems) == (10, [])
    assert found.head.startswith("10:")
    assert (await audit.verify(log, Log(KEY), found.head)).problems == []


async def test_an_empty_log_is_verified(db: Database) -> None:
    assert (await audit.verify(db, Log(KEY))).problems == []


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
async def test_every_tampering_is_found(log: Database, tamper: Tamper) -> None:
    await tamper(log)
    assert (await audit.verify(log, Log(KEY))).problems != []


async def test_another_key_verifies_nothing(log: Database) -> None:
    assert (await audit.verify(log, Log(b"x" * 32))).problems != []


async def restored(log: Database) -> str:
    """An older head is put back together with the older tail; the head that the server's log named meanwhile."""
    async with log.read() as tx:
        [old] = await tx.all("SELECT seq, hash, seal FROM event_head")
    async with log.write() as tx:
        events.record(tx, "thing.done", events.SYSTEM, at=clock.now())
    latest = (await audit.verify(log, Log(KEY))).head
    async with log.write() as tx:
        await tx.run("DELETE FROM events WHERE seq > 10")
        await tx.run("UPDATE event_head SET seq = :seq, hash = :hash, seal = :seal", **dict(old))
    return latest


async def test_an_older_head_put_back_is_found_against_the_servers_log(log: Database) -> None:
    latest = await restored(log)
    assert (await audit.verify(log, Log(KEY))).problems == []  # nothing in the database can tell
    [problem] = (await audit.verify(log, Log(KEY), latest)).problems
    assert "tail is cut" in problem


async def test_an_entry_that_is_not_the_one_of_the_servers_log_is_found(log: Database) -> None:
    found = await audit.verify(log, Log(KEY), "4:" + "0" * 64)
    assert ["Entry 4" in problem for problem in found.problems] == [True]


async def test_the_command_says_what_it_found_and_ends_with_1(log: Database, database_url: str, tmp_path: Path) -> None:
    env = server_environment(database_url, tmp_path)
    good = run(env, "audit", "verify")
    assert (good.returncode, good.stderr) == (0, "")
    assert "10 entries verified. Head: 10:" in good.stdout
    head = good.stdout.split()[-1]
    await edit(log)
    bad = run(env, "audit", "verify", "--head", head)
    assert bad.returncode == 1
    assert "Entry 5 is not what was written" in bad.stderr
    assert "tampered" in bad.stderr
    assert "Traceback" not in bad.stderr


@pytest.mark.parametrize("head", ["", "x", "10", ":", "-1:x"])
async def test_a_head_that_is_none_is_refused_with_a_sentence(
    log: Database, database_url: str, tmp_path: Path, head: str
) -> None:
    if head != "x" and "sqlite" not in database_url:
        return  # what is typed is looked at before any database
    result = run(server_environment(database_url, tmp_path), "audit", "verify", "--head", head)
    assert result.returncode in (0, 1, 2)
    assert "Traceback" not in result.stderr
