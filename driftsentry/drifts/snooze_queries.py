"""SQL about drifts that are put off."""

from datetime import datetime

from driftsentry.clock import maybe_to_text, to_text
from driftsentry.db import Row, Tx

_WAKE = "UPDATE drifts SET is_snoozed = 0, snoozed_until = NULL, version = version + 1, updated_at = :at"


async def update_snoozed(
    tx: Tx, drift_id: int, *, until: datetime | None, seen: str | None, version: int | None, at: datetime
) -> bool:
    """The guarded update: only while it waits, and has the fingerprint and version that were seen, if any."""
    row = await tx.one(
        "UPDATE drifts SET is_snoozed = 1, snoozed_until = :until, version = version + 1, updated_at = :at"
        " WHERE id = :id AND status = 'detected' AND cause = 'out_of_band' AND is_snoozed = 0"
        " AND fingerprint = coalesce(:seen, fingerprint) AND version = coalesce(:version, version) RETURNING id",
        id=drift_id,
        until=maybe_to_text(until),
        seen=seen,
        version=version,
        at=to_text(at),
    )
    return row is not None


async def update_woken(tx: Tx, drift_id: int, at: datetime) -> bool:
    """False when it is not snoozed."""
    row = await tx.one(f"{_WAKE} WHERE id = :id AND is_snoozed = 1 RETURNING id", id=drift_id, at=to_text(at))
    return row is not None


async def select_due(tx: Tx, at: datetime) -> bool:
    """Whether the time of one has come."""
    found = await tx.value(
        "SELECT id FROM drifts WHERE is_snoozed = 1 AND snoozed_until <= :at LIMIT 1", at=to_text(at)
    )
    return found is not None


async def update_due(tx: Tx, at: datetime) -> list[Row]:
    """Wake those whose time has come; (id, stack_id) of each. Of several processes one gets it."""
    return await tx.all(f"{_WAKE} WHERE is_snoozed = 1 AND snoozed_until <= :at RETURNING id, stack_id", at=to_text(at))
