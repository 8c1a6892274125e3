"""SQL about values that change with every scan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from driftsentry.db import Tx


@dataclass(frozen=True, slots=True)
class Streak:
    """How many reports in a row changed a value, the fingerprint by then, and the digests of its values so far."""

    changes: int
    fingerprint: str
    seen: tuple[str, ...]


async def select_streaks(tx: Tx, stack_id: str) -> dict[int, dict[str, Streak]]:
    """By drift and path."""
    rows = await tx.all(
        "SELECT v.drift_id, v.path, v.changes, v.fingerprint, v.seen FROM value_streaks v"
        " JOIN drifts d ON d.id = v.drift_id WHERE d.stack_id = :stack_id",
        stack_id=stack_id,
    )
    found: dict[int, dict[str, Streak]] = {}
    for drift_id, path, changes, fingerprint, seen in rows:
        found.setdefault(drift_id, {})[path] = Streak(changes, fingerprint, tuple(seen.split()))
    return found


async def delete_streaks(tx: Tx, drift_ids: Sequence[int]) -> None:
    await tx.run_many("DELETE FROM value_streaks WHERE drift_id = :id", [{"id": drift_id} for drift_id in drift_ids])


async def delete_streaks_of_open(tx: Tx, stack_id: str) -> None:
    await tx.run(
        "DELETE FROM value_streaks WHERE EXISTS (SELECT 1 FROM drifts d WHERE d.id = value_streaks.drift_id"
        " AND d.stack_id = :stack_id AND d.status <> 'resolved')",
        stack_id=stack_id,
    )


async def replace_streaks(tx: Tx, drift_id: int, fingerprint: str, streaks: Mapping[str, Streak]) -> None:
    """`fingerprint`: of the facts by now."""
    await delete_streaks(tx, [drift_id])
    of = {"drift_id": drift_id, "fingerprint": fingerprint}
    await tx.run_many(
        "INSERT INTO value_streaks (drift_id, path, changes, fingerprint, seen)"
        " VALUES (:drift_id, :path, :changes, :fingerprint, :seen)",
        [of | {"path": path, "changes": each.changes, "seen": " ".join(each.seen)} for path, each in streaks.items()],
    )


async def insert_learned(tx: Tx, stack_id: str, learned: Iterable[tuple[str, str]], at: str) -> None:
    """(resource type, path as JSON); those that are known stay as they are."""
    await tx.run_many(
        "INSERT INTO learned_attributes (stack_id, resource_type, path, learned_at)"
        " VALUES (:stack_id, :resource_type, :path, :at) ON CONFLICT DO NOTHING",
        [{"stack_id": stack_id, "resource_type": kind, "path": path, "at": at} for kind, path in learned],
    )
