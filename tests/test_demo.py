"""The demo data: every kind of thing is there to look at, told as if it had happened."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from driftsentry import audit, auth, clock, demo, stacks
from driftsentry.auth import passwords
from driftsentry.db import Database, Row
from driftsentry.events import Log
from driftsentry.ingest import changes_from_json
from driftsentry.stacks import Freshness
from tests.conftest import EVENT_KEY, opened

DATA_KEY = b"d" * 32
_DRIFTS = "SELECT s.slug, d.* FROM drifts d JOIN stacks s ON s.id = d.stack_id ORDER BY d.id"


async def make_people(db: Database) -> None:
    """The demo users, without the slowness of their passwords."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "hash_now", lambda password: f"not a hash of {password}")
        await auth.ensure_demo_users(db)


@pytest.fixture(scope="module")
def filled_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo data: to fill it takes a second."""
    path = shutil.copy(migrated_file, tmp_path_factory.mktemp("demo") / "demo.db")

    async def make() -> None:
        async with opened(f"sqlite:///{path}") as db:
            await make_people(db)
            assert await demo.fill(db, DATA_KEY) == len(demo.STACKS)

    asyncio.run(make())
    return path


@pytest.fixture
async def people(db: Database) -> None:
    await make_people(db)


@pytest.fixture
async def told(filled_file: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A database with the demo data, on SQLite: one test fills PostgreSQL too."""
    async with opened(f"sqlite:///{shutil.copy(filled_file, tmp_path / 'demo.db')}") as db:
        yield db


async def rows(db: Database, sql: str) -> list[Row]:
    async with db.read() as tx:
        return await tx.all(sql)


async def test_drifts_are_there_in_every_status_severity_and_cause(told: Database) -> None:
    drifts = await rows(told, _DRIFTS)
    assert 100 <= len(drifts) <= 120
    assert Counter(row["status"] for row in drifts) == {"detected": 66, "approved": 10, "rejected": 6, "resolved": 37}
    severities = Counter(row["severity"] for row in drifts if row["status"] == "detected")
    assert severities.keys() == {"critical", "high", "medium", "low"}
    assert min(severities.values()) >= 5
    assert Counter(row["cause"] for row in drifts)["informational"] == 12
    assert {row["action"] for row in drifts} == {"update", "delete"}
    assert {row["provider"].rpartition("/")[2] for row in drifts} == {"aws", "azurerm", "google"}


async def test_most_of_the_rules_have_something_to_show(told: Database) -> None:
    rules = {row["severity_rule"] for row in await rows(told, _DRIFTS)}
    assert rules >= {
        "network open to the world",
        "permissions for everything",
        "permissions widened",
        "public access",
        "data lost",
        "deleted",
        "deletion protection off",
        "encryption off",
        "logging off",
        "versioning off",
        "secret changed",
        "retention shortened",
        "tags only",
        "informational",
    }


async def test_stacks_are_there_in_every_freshness_that_a_report_can_leave(told: Database) -> None:
    async with told.read() as tx:
        entries = await stacks.entries(tx, clock.now())
    assert {entry.freshness for entry in entries} == set(Freshness) - {Freshness.NEVER}
    assert {entry.stack.environment for entry in entries} == {"prod", "staging", "dev", "shared"}
    reasons = {entry.stack.slug: entry.stack.incomplete_reason for entry in entries if entry.stack.incomplete_reason}
    assert reasons.keys() == {"staging/shop", "staging/data"}
    assert "targeted" in reasons["staging/data"]
    clean = next(entry for entry in entries if entry.stack.slug == "shared/dns")
    assert (clean.tally.waiting, clean.tally.decided, clean.freshness) == (0, 0, Freshness.FRESH)


async def test_filling_twice_makes_nothing_new(told: Database) -> None:
    before = (await rows(told, "SELECT max(seq) FROM events"))[0][0]
    assert await demo.fill(told, DATA_KEY) == 0
    assert (await rows(told, "SELECT max(seq) FROM events"))[0][0] == before
    assert len(await rows(told, "SELECT id FROM stacks")) == len(demo.STACKS)
    assert len(await rows(told, "SELECT id FROM tokens")) == 1


async def test_a_database_with_one_stack_is_left_alone(db: Database, people: None) -> None:
    async with db.write() as tx:
        await stacks.ensure(tx, "prod/ours", clock.now())
    assert await demo.fill(db, DATA_KEY) == 0
    assert not await rows(db, "SELECT id FROM drifts")
    assert not await rows(db, "SELECT id FROM tokens")


async def test_the_log_is_whole_and_tells_the_last_weeks_in_order(db: Database, people: None) -> None:
    assert await demo.fill(db, DATA_KEY) == len(demo.STACKS)
    found = await audit.verify(db, Log(EVENT_KEY))
    assert (found.problems, found.entries > 200) == ([], True)
    kinds = Counter(row[0] for row in await rows(db, "SELECT kind FROM events"))
    assert kinds["drift.changed"] == kinds["drift.reopened"] == kinds["token.created"] == 1
    assert kinds["drift.commented"] >= 5
    moments = [clock.from_text(row[0]) for row in await rows(db, "SELECT at FROM events ORDER BY seq")][3:]
    assert moments == sorted(moments)
    assert timedelta(0) < clock.now() - moments[-1] < timedelta(minutes=10)
    assert timedelta(days=30) < clock.now() - moments[0] < demo.HISTORY + timedelta(minutes=1)


async def test_a_drift_changed_after_its_approval_and_another_one_came_back(told: Database) -> None:
    drifts = {(row["slug"], row["address"]): row for row in await rows(told, _DRIFTS)}
    changed = drifts["prod/network", "aws_security_group.vpn"]
    assert (changed["status"], changed["reopened"]) == ("detected", 0)
    decisions = await rows(told, "SELECT * FROM decisions")
    before = next(row for row in decisions if row["id"] == changed["decision_id"])
    assert before["verdict"] == "approved"
    assert before["fingerprint"] != changed["fingerprint"]
    back = drifts["prod/identity", "aws_iam_role.readonly"]
    assert (back["status"], back["reopened"]) == ("detected", 1)


async def test_decisions_are_made_by_those_who_may_with_reasons_and_some_ends(told: Database) -> None:
    decisions = await rows(told, "SELECT x.*, u.role FROM decisions x JOIN users u ON u.id = x.user_id")
    assert {row["role"] for row in decisions} == {"engineer", "admin"}
    assert len({row["reason"] for row in decisions}) == len(decisions) >= 20
    ends = [clock.from_text(row["until"]) for row in decisions if row["until"]]
    assert len(ends) >= 3
    assert all(end > clock.now() for end in ends)


async def test_secrets_are_masked_and_hostile_text_is_kept_as_it_is(told: Database) -> None:
    drifts = await rows(told, _DRIFTS)
    shown = "".join(row["changes"] for row in drifts)
    assert "hunter-" not in shown
    assert "live-9c2e" not in shown
    assert "<img src=x onerror=alert(1)>" in shown
    assert "\u202e" in shown
    assert "公開" in shown
    lake = next(row for row in drifts if row["address"] == "aws_s3_bucket_policy.lake")
    assert [change.kind for change in changes_from_json(lake["changes"])] == ["added"]


async def test_without_the_demo_users_everything_waits_for_a_decision(db: Database) -> None:
    assert await demo.fill(db, DATA_KEY) == len(demo.STACKS)
    assert {row["status"] for row in await rows(db, _DRIFTS)} == {"detected", "resolved"}
    assert not await rows(db, "SELECT id FROM decisions")
    assert not await rows(db, "SELECT seq FROM events WHERE kind = 'drift.commented'")


async def test_a_person_who_may_not_decide_any_more_decides_nothing(db: Database, people: None) -> None:
    async with db.write() as tx:
        await tx.run("UPDATE users SET is_active = 0 WHERE email = 'engineer@driftsentry.local'")
    assert await demo.fill(db, DATA_KEY) == len(demo.STACKS)
    assert not await rows(db, "SELECT id FROM decisions")


def test_nothing_happens_before_it_was_seen_or_in_the_future() -> None:
    now = clock.now()
    for stack in demo.STACKS:
        for seen in stack.seen:
            first = stack.moment(seen.since, now)
            assert stack.reports > seen.since >= seen.last, seen.address
            assert all(first < first + timedelta(hours=act.hours) < now for act in seen.acts), seen.address


def test_the_logins_that_are_told_are_those_of_the_users_that_are_made() -> None:
    assert [line.split() for line in demo.LOGINS] == [
        [f"{role}@driftsentry.local", f"{role}123"] for role in ("admin", "engineer", "viewer")
    ]
