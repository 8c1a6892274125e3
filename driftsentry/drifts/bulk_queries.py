"""SQL of what is done to many drifts at once."""

import json
from collections.abc import Iterator, Mapping, Sequence

from driftsentry.clock import from_text, maybe_from_text, maybe_to_text, to_text
from driftsentry.db import Row, Tx
from driftsentry.drifts.model import Decision, Standing, Status, Verdict

_PART = 500
# Whatever can bring a drift into a list, or make another one of it.
_OTHER = (
    "'drift.detected', 'drift.changed', 'drift.filled', 'drift.reopened', 'drift.lapsed', 'drift.ignored',"
    " 'drift.rejudged', 'drift.moved', 'drift.woken'"
)
_STANDING = (
    "SELECT d.id, d.stack_id, d.status, d.cause, d.is_snoozed, d.fingerprint, x.id, x.user_id, u.name, x.verdict,"
    " x.reason, x.fingerprint, x.until, x.decided_at FROM drifts d LEFT JOIN decisions x ON x.id = d.decision_id"
    " LEFT JOIN users u ON u.id = x.user_id"
)


async def select_standings(tx: Tx, drift_ids: Sequence[int]) -> dict[int, Standing]:
    """Those of `drift_ids` that exist, by id."""
    rows = [row for part in _parts(drift_ids) for row in await tx.all(f"{_STANDING} WHERE d.id IN ({part})")]
    return {row[0]: _standing(row) for row in rows}


async def select_changed(tx: Tx, drift_ids: Sequence[int], seq: int) -> set[int]:
    """Which of `drift_ids` became what they are only after event `seq`."""
    found: set[int] = set()
    for part in _parts(drift_ids):
        sql = f"SELECT DISTINCT drift_id FROM events WHERE drift_id IN ({part}) AND seq > :seq AND kind IN ({_OTHER})"
        found |= {row[0] for row in await tx.all(sql, seq=seq)}
    return found


async def select_done(tx: Tx, actor_id: str, kind: str, seq: int, said: Mapping[str, str]) -> list[int]:
    """The drifts to which he did this after event `seq`, with these words."""
    rows = await tx.all(
        "SELECT drift_id, data FROM events WHERE actor_id = :actor_id AND seq > :seq AND kind = :kind ORDER BY seq",
        actor_id=actor_id,
        seq=seq,
        kind=kind,
    )
    told = [(row[0], json.loads(row[1])) for row in rows]
    return list(dict.fromkeys(drift_id for drift_id, data in told if said.items() <= data.items()))


async def update_decided(tx: Tx, decisions: Sequence[Decision]) -> None:
    """Decisions of one deed: they differ in their ids, drifts and facts alone.

    Each is guarded by the facts that it names, though in this transaction nobody else can have changed them.
    """
    for start in range(0, len(decisions), _PART):
        made, values = _made(decisions[start : start + _PART])
        await tx.run(
            f"{made} UPDATE drifts SET status = :verdict, decision_id = made.id, version = version + 1,"
            " updated_at = :decided_at, is_snoozed = 0, snoozed_until = NULL FROM made"
            " WHERE drifts.id = made.drift_id AND status = 'detected' AND drifts.fingerprint = made.fingerprint",
            **values,
        )
        await tx.run(
            f"{made} INSERT INTO decisions (id, drift_id, user_id, verdict, reason, fingerprint, changes, until,"
            " decided_at, detected_at)"
            " SELECT made.id, d.id, :user_id, :verdict, :reason, d.fingerprint, d.changes, :until, :decided_at,"
            " d.detected_at FROM made JOIN drifts d ON d.id = made.drift_id AND d.decision_id = made.id",
            **values,
        )


async def update_snoozed(tx: Tx, standings: Sequence[Standing], *, until: str | None, at: str) -> None:
    for part in _parts([standing.id for standing in standings]):
        await tx.run(
            "UPDATE drifts SET is_snoozed = 1, snoozed_until = :until, version = version + 1, updated_at = :at"
            f" WHERE id IN ({part}) AND status = 'detected' AND cause = 'out_of_band' AND is_snoozed = 0",
            until=until,
            at=at,
        )


def _parts(drift_ids: Sequence[int]) -> Iterator[str]:
    for start in range(0, len(drift_ids), _PART):
        yield ", ".join(str(int(drift_id)) for drift_id in drift_ids[start : start + _PART])


def _made(decisions: Sequence[Decision]) -> tuple[str, dict[str, object]]:
    """What differs between them as a table `made`, in SQL; and its values with what they have in common."""
    rows, values, first = [], dict[str, object](), decisions[0]
    for n, each in enumerate(decisions):
        rows.append(f"({int(each.drift_id)}, :id{n}, :facts{n})")
        values |= {f"id{n}": each.id, f"facts{n}": each.fingerprint}
    common = {
        "user_id": first.user_id,
        "verdict": first.verdict.value,
        "reason": first.reason,
        "until": maybe_to_text(first.until),
        "decided_at": to_text(first.decided_at),
    }
    return f"WITH made (drift_id, id, fingerprint) AS (VALUES {', '.join(rows)})", values | common


def _standing(row: Row) -> Standing:
    drift_id, stack_id, status, cause, is_snoozed, fingerprint, *made = row
    decision = None
    if made[0] is not None:
        made_id, user_id, user_name, verdict, reason, facts, until, at = made
        decision = Decision(
            made_id, drift_id, user_id, user_name, Verdict(verdict), reason, facts, (), maybe_from_text(until),
            from_text(at),
        )  # fmt: skip
    return Standing(drift_id, stack_id, Status(status), cause, bool(is_snoozed), fingerprint, decision)
