"""SQL about values that change with every scan."""

from collections.abc import Iterable, Mapping, Sequence

from driftsentry.db import Tx


async def select_streaks(tx: Tx, stack_id: str) -> dict[int, dict[str, tuple[int, str]]]:
    """By drift and path: how many reports in a row changed the value, and the fingerprint by then."""
    rows = await tx.all(
        "SELECT v.drift_id, v.path, v.changes, v.fingerprint FROM value_streaks v JOIN drifts d ON d.id = v.drift_id"
        " WHERE d.stack_id = :stack_id",
        stack_id=stack_id,
    )
    found: dict[int, dict[str, tuple[int, str]]] = {}
    for drift_id, path, changes, fingerprint in rows:
        found.setdefault(drift_id, {})[path] = (changes, fingerprint)
    return found


async def delete_streaks(tx: Tx, drift_ids: Sequence[int]) -> None:
    await tx.run_many("DELETE FROM value_streaks WHERE drift_id = :id", [{"id": drift_id} for drift_id in drift_ids])


async def replace_streaks(tx: Tx, drift_id: int, fingerprint: str, counts: Mapping[str, int]) -> None:
    await delete_streaks(tx, [drift_id])
    await tx.run_many(
        "INSERT INTO value_streaks (drift_id, path, changes, fingerprint)"
        " VALUES (:drift_id, :path, :changes, :fingerprint)",
        [
            {"drift_id": drift_id, "path": path, "changes": changes, "fingerprint": fingerprint}
            for path, changes in counts.items()
        ],
    )


async def insert_learned(tx: Tx, stack_id: str, learned: Iterable[tuple[str, str]], at: str) -> None:
    """(resource type, path as JSON); those that are known stay as they are."""
    await tx.run_many(
        "INSERT INTO learned_attributes (stack_id, resource_type, path, learned_at)"
        " VALUES (:stack_id, :resource_type, :path, :at) ON CONFLICT DO NOTHING",
        [{"stack_id": stack_id, "resource_type": kind, "path": path, "at": at} for kind, path in learned],
    )
