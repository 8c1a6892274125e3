"""Databases full of drifts, made once and kept: patterns are reported as a CI job does it, and copied with other names.

The copies go into the tables in large transactions, with the triggers that count them and the index that finds them.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from driftsentry import auth, clock, events, ids, migrations, reports
from driftsentry.clock import to_text
from driftsentry.db import Database
from driftsentry.events import SYSTEM, Actor
from driftsentry.ingest.text import words_of
from tests.ingest.samples import entry, plan
from tests.site import add_person

NAME, EMAIL = "Vera", "vera@example.com"
STACKS = (
    "prod/network prod/data prod/shop prod/identity prod/analytics prod/observability"
    " staging/network staging/data staging/shop dev/network dev/sandbox dev/shop"
).split()
VERSION = 1  # of what is made here: grows with it, so that no older database is taken for it
BATCH = 10_000
_KEY = b"k" * 32
_DAYS = 90
# Of a hundred: what became of a drift.
_SHARES = {
    "detected": 55,
    "snoozed": 5,
    "informational": 8,
    "approved": 10,
    "rejected": 6,
    "resolved": 16,
}
_OPEN_TO_ALL = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}
# Type, name, what the state says, what is real.
_CHANGES: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("aws_security_group", "bastion", {"ingress": []}, {"ingress": [_OPEN_TO_ALL], "tags": {"owner": "platform"}}),
    ("aws_s3_bucket", "exports", {"acl": "private"}, {"acl": "public-read"}),
    ("aws_instance", "worker", {"instance_type": "m5.large"}, {"instance_type": "m5.4xlarge", "monitoring": True}),
    ("aws_db_instance", "orders", {"backup_retention_period": 14}, {"backup_retention_period": 0}),
    ("aws_ecs_service", "checkout", {"desired_count": 4}, {"desired_count": 9}),
    ("aws_iam_role", "deploy", {"max_session_duration": 3600}, {"max_session_duration": 43200, "path": "/ops/"}),
    ("aws_lambda_function", "resize", {"memory_size": 256, "timeout": 10}, {"memory_size": 1024, "timeout": 60}),
    ("aws_route53_record", "www", {"ttl": 300, "records": ["192.0.2.1"]}, {"ttl": 60, "records": ["192.0.2.9"]}),
    ("azurerm_storage_account", "archive", {"min_tls_version": "TLS1_2"}, {"min_tls_version": "TLS1_0"}),
    ("google_sql_database_instance", "ledger", {"deletion_protection": True}, {"deletion_protection": False}),
)


async def fill(url: str, drifts: int) -> None:
    """Make the schema and so many drifts of 12 stacks in 3 environments, and an engineer. `url`: an empty database."""
    db = Database(url)
    db.before_commit = events.Log(_KEY).seal
    await db.connect()
    try:
        await migrations.migrate(db)
        await _report(db)
        await _copy(db, drifts, (await add_person(db, NAME)).id)
    finally:
        await db.disconnect()


async def _report(db: Database) -> None:
    token, _secret = await auth.create_token(db, SYSTEM, "ci", ("*",), timedelta(days=90))
    entries = [
        entry(before, after, address=f"module.app.{kind}.{name}", type=kind, name=name)
        for kind, name, before, after in _CHANGES
    ]
    actor, upload = Actor("token", token.id, token.name, "192.0.2.10"), reports.Upload("", "", "")
    for slug in STACKS:
        await reports.receive(db, _KEY, token, actor, slug, reports.Body(plan(*entries)), upload)


async def _copy(db: Database, drifts: int, user_id: str) -> None:
    async with db.read() as tx:
        rows = await tx.all("SELECT d.*, s.slug FROM drifts d JOIN stacks s ON s.id = d.stack_id ORDER BY d.id")
    patterns = [dict(zip(row.keys(), row, strict=True)) for row in rows]
    columns = [name for name in patterns[0] if name != "slug"]
    drift_sql = f"INSERT INTO drifts ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    decision_sql = (
        "INSERT INTO decisions (id, drift_id, user_id, verdict, reason, fingerprint, changes, decided_at, detected_at)"
        " VALUES (:decision_id, :id, :user_id, :status, 'The vendor asked us to keep it.', :fingerprint, :changes,"
        " :updated_at, :detected_at)"
    )
    made = _copies(patterns, drifts, clock.now())
    while batch := list(islice(made, BATCH)):
        async with db.write() as tx:
            await tx.run_many(drift_sql, [{name: drift[name] for name in columns} for drift in batch])
            await tx.index_added(batch[0]["id"] - 1)
            decided = [drift | {"user_id": user_id} for drift in batch if drift["decision_id"]]
            await tx.run_many(decision_sql, [_only(drift, decision_sql) for drift in decided])


def _only(values: dict[str, Any], sql: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if f":{name}" in sql}


def _copies(patterns: list[dict[str, Any]], drifts: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Drifts beside the `patterns`, until all together are so many; the same ones each time, but for their times."""
    chance, first = random.Random(6), patterns[-1]["id"] + 1
    becomes, shares = list(_SHARES), list(_SHARES.values())
    for number in range(first, first + drifts - len(patterns)):
        pattern = patterns[number % len(patterns)]
        [fate] = chance.choices(becomes, shares)
        found = now - timedelta(seconds=chance.randrange(_DAYS * 86400), microseconds=chance.randrange(10**6))
        yield pattern | _named(pattern, number) | _became(fate, found, now)


def _named(pattern: dict[str, Any], number: int) -> dict[str, Any]:
    name = f"{pattern['resource_name']}_{number}"
    module = f"module.region[{number % 40}].module.app"
    address = f"{module}.{pattern['resource_type']}.{name}"
    words = words_of(f"{pattern['slug']} {address} {' '.join(json.loads(pattern['attributes']))}")
    return {
        "id": number,
        "address": address,
        "module_address": module,
        "resource_name": name,
        "search_text": " ".join(words),
        "fingerprint": hashlib.sha256(str(number).encode()).hexdigest(),
    }


def _became(fate: str, found: datetime, now: datetime) -> dict[str, Any]:
    """`fate`: of `_SHARES`."""
    is_decided, is_open = fate in ("approved", "rejected"), fate in ("detected", "snoozed", "informational")
    changed = to_text(found if is_open else found + (now - found) / 3)
    return {
        "status": "detected" if is_open else fate,
        "cause": "informational" if fate == "informational" else "out_of_band",
        "is_snoozed": int(fate == "snoozed"),
        "decision_id": ids.new() if is_decided else None,
        "resolved_at": changed if fate == "resolved" else None,
        "first_seen_at": to_text(found),
        "detected_at": to_text(found),
        "seen_at": to_text(found),
        "updated_at": changed,
    }
