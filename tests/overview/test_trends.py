"""What is kept of each day and week, in the transaction of the events themselves, on both databases."""

from datetime import UTC, date, datetime, timedelta

import pytest

from driftsentry import clock, drifts, events, migrations, overview
from driftsentry.db import Database, Tx
from driftsentry.drifts import Snooze
from driftsentry.events import SYSTEM
from driftsentry.overview import queries
from driftsentry.overview.model import Day, Flow, Level, Week
from tests.alerts.plans import actor_of, decide
from tests.browser.plans import Entry, door, noise, plan_of, size
from tests.site import Site

MONDAY = datetime(2026, 11, 9, 8, tzinfo=UTC)
START = MONDAY.date()
STEP = "0008_trends.sql"


async def report(site: Site, at: datetime, *entries: Entry) -> None:
    with clock.pretend(at):
        response = await site.post_body(plan_of(entries))
        assert response.status_code == 201, await response.get_data()


async def days(db: Database, since: date = START) -> list[Day]:
    async with db.read() as tx:
        return await queries.select_days(tx, since)


async def weeks(db: Database) -> list[Week]:
    async with db.read() as tx:
        return await queries.select_weeks(tx, START)


async def begin_again(tx: Tx) -> None:
    """As a database of the version before, which is migrated."""
    [script] = [path.read_text() for path in migrations.steps() if path.name == STEP]
    for table in ("drift_days", "decision_weeks"):
        await tx.run(f"DROP TABLE {table}")
    await tx.run_script(migrations.for_engine(script, tx.engine))


async def live_two_weeks(site: Site) -> None:
    """Two drifts and noise come; one is decided, the other goes; the first changes, is put off, and decided again."""
    await report(site, MONDAY, door("web"), size("m"), noise("role"))
    with clock.pretend(MONDAY + timedelta(hours=3, minutes=20)):
        await decide(site, "aws_security_group.web")
    drift = await site.drift("aws_security_group.web")
    engineer = actor_of(await site.person("Emil"))
    with clock.pretend(MONDAY + timedelta(days=2)):
        await drifts.comment(site.db, engineer, drift["id"], "a comment counts nowhere")
    await report(site, MONDAY + timedelta(days=3), door("web", port=23), noise("role"))
    with clock.pretend(MONDAY + timedelta(days=4)):
        seen = (await site.drift("aws_security_group.web"))["fingerprint"]
        await drifts.snooze(site.db, engineer, drift["id"], Snooze(drifts.UNTIL_CHANGE, seen, ""))
    with clock.pretend(MONDAY + timedelta(days=8)):
        await decide(site, "aws_security_group.web", "rejected")


async def test_each_day_keeps_what_it_did_and_how_it_ended(site: Site) -> None:
    await live_two_weeks(site)
    at = START
    none, one = Level(0, 0, 0, 0), Level(1, 0, 0, 0)
    assert await days(site.db) == [
        Day(at, Flow(2, 0), Level(0, 0, 1, 0)),
        Day(at + timedelta(days=3), Flow(0, 1), one),
        Day(at + timedelta(days=4), Flow(0, 0), none),
        Day(at + timedelta(days=8), Flow(0, 0), none),
    ]
    later = await days(site.db, at + timedelta(days=6))
    assert [day.day for day in later] == [at + timedelta(days=4), at + timedelta(days=8)], "the one before is known"
    second = Week(at + timedelta(days=7), 1, timedelta(days=5))
    assert await weeks(site.db) == [Week(at, 1, timedelta(hours=3)), second]


async def test_the_migration_finds_in_the_log_what_would_have_been_kept(site: Site) -> None:
    await live_two_weeks(site)
    kept, kept_weeks = await days(site.db), await weeks(site.db)
    async with site.db.write() as tx:
        await begin_again(tx)
    found = await days(site.db)
    assert [(day.day, day.flow) for day in found if day.flow != Flow()] == [
        (day.day, day.flow) for day in kept if day.flow != Flow()
    ]
    assert [day.level for day in found] == [None] * (len(found) - 1) + [kept[-1].level]
    assert found[-1].day == (await site.events())[-1].at.date()
    assert await weeks(site.db) == kept_weeks


async def test_an_empty_database_is_migrated_to_empty_tables(db: Database) -> None:
    async with db.write() as tx:
        await begin_again(tx)
    assert (await days(db), await weeks(db)) == ([], [])


async def test_what_is_not_committed_is_not_kept(db: Database) -> None:
    async def refuse(tx: Tx) -> None:
        raise RuntimeError("no")

    db.before_commit = overview.before_commit(refuse)
    with pytest.raises(RuntimeError):
        async with db.write() as tx:
            events.record(tx, "drift.detected", SYSTEM, at=MONDAY, cause="out_of_band")
    assert await days(db) == []


async def test_the_median_is_the_wait_of_the_one_in_the_middle(db: Database) -> None:
    week = START
    async with db.write() as tx:
        await queries.add_to_weeks(tx, {(week, 60): 2, (week, 3600): 1, (week, 86400): 1})
        await queries.add_to_weeks(tx, {(week - timedelta(days=7), 60): 1})
    assert await weeks(db) == [Week(week, 4, timedelta(minutes=1))], "of an even number the shorter one"
    async with db.write() as tx:
        await queries.add_to_weeks(tx, {(week, 3600): 1, (week + timedelta(days=7), 7200): 10**9})
    after = Week(week + timedelta(days=7), 10**9, timedelta(hours=2))
    assert await weeks(db) == [Week(week, 5, timedelta(hours=1)), after]


async def test_a_decision_on_many_at_once_is_kept_whole(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_PART", 2)
    await report(sqlite_site, MONDAY, *(size(f"m{number}") for number in range(5)))
    found = await sqlite_site.rows("SELECT id, stack_id FROM drifts")
    async with sqlite_site.db.write() as tx:
        for drift_id, stack_id in found:
            at = MONDAY + timedelta(minutes=5)
            events.record(tx, "drift.approved", SYSTEM, at=at, stack_id=stack_id, drift_id=drift_id)
    assert await weeks(sqlite_site.db) == [Week(START, 5, timedelta(minutes=5))]
    [day] = await days(sqlite_site.db)
    assert (day.flow, day.level) == (Flow(5, 0), Level(0, 0, 5, 0)), "the level is what the counts say"
