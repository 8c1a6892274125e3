"""SQL about alerts, and about who has read them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftsentry.alerts import words
from driftsentry.alerts.model import UNREAD_LIMIT, Alert, Draft, Kind, Mark
from driftsentry.clock import from_text, to_text
from driftsentry.db import Row, Tx
from driftsentry.judging import Severity

_CHUNK = 500
_FROM = (
    " FROM alerts a JOIN stacks s ON s.id = a.stack_id LEFT JOIN drifts d ON d.id = a.drift_id"
    " LEFT JOIN alert_reads r ON r.alert_id = a.id AND r.user_id = :user_id"
)
_SELECT = (
    "SELECT a.*, s.slug, s.environment, d.address,"
    " CASE WHEN d.severity = a.severity THEN d.severity_reason END AS because,"
    " CASE WHEN a.id <= :read_to OR r.alert_id IS NOT NULL THEN 1 ELSE 0 END AS is_read" + _FROM
)
_UNREAD = "a.id > :read_to AND r.alert_id IS NULL"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a drift is at the end of the transaction that may alert it. `decisions`: how many were made of it."""

    drift_id: int
    fingerprint: str
    reopened: int
    severity: Severity
    cause: str
    decisions: int


def _chunks(ids: Collection[int]) -> Iterator[str]:
    listed = [str(int(each)) for each in ids]
    for start in range(0, len(listed), _CHUNK):
        yield ", ".join(listed[start : start + _CHUNK])


# -- Making ---------------------------------------------------------------------------------------------------


async def select_latest_id(tx: Tx) -> int:
    return int(await tx.value("SELECT coalesce(max(id), 0) FROM alerts"))


async def select_facts(tx: Tx, drift_ids: Collection[int]) -> dict[int, Facts]:
    found = {}
    for part in _chunks(drift_ids):
        for row in await tx.all(
            "SELECT d.id, d.fingerprint, d.reopened, d.severity, d.cause,"
            " (SELECT count(*) FROM decisions x WHERE x.drift_id = d.id) AS decisions"
            f" FROM drifts d WHERE d.id IN ({part})"
        ):
            found[row[0]] = Facts(row[0], row[1], row[2], Severity(row[3]), row[4], row[5])
    return found


async def select_marks(tx: Tx, drift_ids: Collection[int]) -> set[Mark]:
    """What these drifts were alerted for until now."""
    found = set()
    for part in _chunks(drift_ids):
        rows = await tx.all(
            f"SELECT drift_id, fingerprint, reason, occurrence FROM alerted_drifts WHERE drift_id IN ({part})"
        )
        found |= {Mark(*row) for row in rows}
    return found


async def insert_alert(tx: Tx, alert_id: int, draft: Draft) -> bool:
    """False when there is one about the very same already."""
    row = await tx.one(
        "INSERT INTO alerts (id, kind, once_key, stack_id, drift_id, report_id, severity, drifts, critical, created_at)"
        " VALUES (:id, :kind, :once_key, :stack_id, :drift_id, :report_id, :severity, :drifts, :critical, :at)"
        " ON CONFLICT (once_key) DO NOTHING RETURNING id",
        id=alert_id,
        kind=draft.kind.value,
        once_key=draft.once_key,
        stack_id=draft.stack_id,
        drift_id=draft.drift_id,
        report_id=draft.report_id,
        severity=draft.severity,
        drifts=draft.drifts,
        critical=draft.critical,
        at=to_text(draft.created_at),
    )
    return row is not None


async def insert_marks(tx: Tx, alert_id: int, marks: Sequence[Mark]) -> None:
    await tx.run_many(
        "INSERT INTO alerted_drifts (drift_id, fingerprint, reason, occurrence, alert_id)"
        " VALUES (:drift_id, :fingerprint, :reason, :occurrence, :alert_id)",
        [
            {
                "drift_id": mark.drift_id,
                "fingerprint": mark.fingerprint,
                "reason": mark.reason,
                "occurrence": mark.occurrence,
                "alert_id": alert_id,
            }
            for mark in marks
        ],
    )


# -- Looking --------------------------------------------------------------------------------------------------


async def select_alerts(
    tx: Tx,
    user_id: str | None,
    *,
    unread_only: bool = False,
    stack: str = "",
    kind: str = "",
    limit: int,
    offset: int = 0,
    before: int | None = None,
) -> list[Alert]:
    """The newest first, as `user_id` sees them (None: nobody, who has read nothing). `before`: older than this id."""
    where, values = _conditions(unread_only=unread_only, stack=stack, kind=kind)
    if before is not None:
        where, values = f"{where} AND a.id < :before", values | {"before": before}
    rows = await tx.all(
        f"{_SELECT} WHERE {where} ORDER BY a.id DESC LIMIT :limit OFFSET :offset",
        **await _reader(tx, user_id),
        **values,
        limit=limit,
        offset=offset,
    )
    return await _alerts(tx, rows)


async def count_alerts(
    tx: Tx, user_id: str | None, *, unread_only: bool = False, stack: str = "", kind: str = ""
) -> int:
    where, values = _conditions(unread_only=unread_only, stack=stack, kind=kind)
    reader = await _reader(tx, user_id)
    if not unread_only:
        del reader["read_to"]
    return int(await tx.value(f"SELECT count(*){_FROM} WHERE {where}", **reader, **values))


async def select_some(tx: Tx, user_id: str | None, alert_ids: Collection[int]) -> list[Alert]:
    """Those of `alert_ids` that exist, the newest first."""
    rows: list[Row] = []
    reader = await _reader(tx, user_id)
    for part in _chunks(sorted(alert_ids, reverse=True)):
        rows += await tx.all(f"{_SELECT} WHERE a.id IN ({part}) ORDER BY a.id DESC", **reader)
    return await _alerts(tx, rows)


async def select_alerted_stacks(tx: Tx) -> list[str]:
    """The slugs of stacks that have brought an alert."""
    rows = await tx.all(
        "SELECT slug FROM stacks s WHERE EXISTS (SELECT 1 FROM alerts a WHERE a.stack_id = s.id) ORDER BY slug"
    )
    return [row[0] for row in rows]


async def select_alert(tx: Tx, user_id: str | None, alert_id: int) -> Alert | None:
    return next(iter(await select_some(tx, user_id, [alert_id])), None)


async def count_unread(tx: Tx, user_id: str) -> int:
    """How many alerts somebody has not read; counting stops at `UNREAD_LIMIT`."""
    return (await count_unread_of(tx, [user_id])).get(user_id, 0)


async def count_unread_of(tx: Tx, user_ids: Collection[str]) -> dict[str, int]:
    """The same for several people in one go. Who does not exist is left out."""
    counted = {}
    listed = sorted(user_ids)
    for start in range(0, len(listed), _CHUNK):
        part = {f"u{number}": user_id for number, user_id in enumerate(listed[start : start + _CHUNK])}
        for row in await tx.all(
            "SELECT u.id, (SELECT count(*) FROM (SELECT 1 FROM alerts a WHERE a.id > u.alerts_read_to AND NOT EXISTS"
            " (SELECT 1 FROM alert_reads r WHERE r.alert_id = a.id AND r.user_id = u.id) LIMIT :most) AS unread)"
            f" FROM users u WHERE u.id IN ({', '.join(f':{name}' for name in part)})",
            most=UNREAD_LIMIT,
            **part,
        ):
            counted[row[0]] = int(row[1])
    return counted


async def _reader(tx: Tx, user_id: str | None) -> dict[str, Any]:
    """The parameters of `_SELECT` for somebody. Looked up first: as a bound number it makes use of the index."""
    read_to = await tx.value("SELECT alerts_read_to FROM users WHERE id = :id", id=user_id) if user_id else None
    return {"user_id": user_id or "", "read_to": read_to or 0}


def _conditions(*, unread_only: bool, stack: str, kind: str) -> tuple[str, dict[str, Any]]:
    asked = {"s.slug = :stack": stack, "a.kind = :kind": kind}
    conditions = [condition for condition, value in asked.items() if value]
    values = {name: value for name, value in (("stack", stack), ("kind", kind)) if value}
    return " AND ".join([_UNREAD] * unread_only + conditions) or "1 = 1", values


async def _alerts(tx: Tx, rows: Sequence[Row]) -> list[Alert]:
    reasons: dict[int, dict[str, int]] = {row["id"]: {} for row in rows}
    for part in _chunks([row["id"] for row in rows if row["kind"] == Kind.DRIFTS]):
        for alert_id, reason, amount in await tx.all(
            f"SELECT alert_id, reason, count(*) FROM alerted_drifts WHERE alert_id IN ({part}) GROUP BY 1, 2"
        ):
            reasons[alert_id][reason] = int(amount)
    return [_alert(row, reasons[row["id"]]) for row in rows]


def _alert(row: Row, reasons: dict[str, int]) -> Alert:
    kind, drifts, critical = Kind(row["kind"]), row["drifts"], row["critical"]
    return Alert(
        row["id"],
        kind,
        row["slug"],
        row["stack_id"],
        row["environment"],
        row["drift_id"],
        row["address"],
        row["report_id"],
        row["severity"],
        drifts,
        critical,
        from_text(row["created_at"]),
        bool(row["is_read"]),
        words.title(kind, row["slug"], drifts, critical, row["address"], reasons),
        words.reason(kind, drifts, row["severity"], reasons),
        row["because"] or "",
    )


# -- Reading --------------------------------------------------------------------------------------------------


async def insert_read(tx: Tx, user_id: str, alert_id: int, at: datetime) -> bool:
    """Whether it was unread until now."""
    row = await tx.one(
        "INSERT INTO alert_reads (alert_id, user_id, read_at) SELECT a.id, u.id, :at FROM alerts a, users u"
        " WHERE a.id = :alert_id AND u.id = :user_id AND a.id > u.alerts_read_to"
        " ON CONFLICT (alert_id, user_id) DO NOTHING RETURNING alert_id",
        alert_id=alert_id,
        user_id=user_id,
        at=to_text(at),
    )
    return row is not None


async def insert_reads(tx: Tx, user_id: str, stack: str, up_to: int, at: datetime) -> int:
    """Everything of one stack up to `up_to` is read; how many of it were not until now."""
    rows = await tx.all(
        "INSERT INTO alert_reads (alert_id, user_id, read_at) SELECT a.id, u.id, :at FROM alerts a, stacks s, users u"
        " WHERE s.slug = :stack AND a.stack_id = s.id AND a.id <= :up_to AND u.id = :user_id"
        " AND a.id > u.alerts_read_to ON CONFLICT (alert_id, user_id) DO NOTHING RETURNING alert_id",
        user_id=user_id,
        stack=stack,
        up_to=up_to,
        at=to_text(at),
    )
    return len(rows)


async def update_read_to(tx: Tx, user_id: str, up_to: int) -> int:
    """Everything up to `up_to` is read; how many of it were not until now."""
    unread = f"SELECT count(*){_FROM} WHERE {_UNREAD} AND a.id <= :up_to"
    became = int(await tx.value(unread, up_to=up_to, **await _reader(tx, user_id)))
    await tx.run(
        "UPDATE users SET alerts_read_to = :up_to WHERE id = :id AND alerts_read_to < :up_to", id=user_id, up_to=up_to
    )
    await tx.run("DELETE FROM alert_reads WHERE user_id = :id AND alert_id <= :up_to", id=user_id, up_to=up_to)
    return became
