"""SQL about answers that are kept for a repetition of their request."""

from dataclasses import dataclass
from datetime import datetime

from driftsentry.clock import to_text
from driftsentry.db import Tx


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of an earlier request. `answer`: None when it is not kept, or not yet."""

    request_hash: str
    status: int | None
    answer: str | None


async def select_kept(tx: Tx, key_hash: str, since: datetime) -> Kept | None:
    row = await tx.one(
        "SELECT request_hash, status, answer FROM idempotency_keys WHERE key_hash = :key_hash AND created_at >= :since",
        key_hash=key_hash,
        since=to_text(since),
    )
    return Kept(row["request_hash"], row["status"], row["answer"]) if row else None


async def insert_key(tx: Tx, key_hash: str, request_hash: str, at: datetime) -> bool:
    """Whether nobody had the key."""
    row = await tx.one(
        "INSERT INTO idempotency_keys (key_hash, request_hash, created_at) VALUES (:key_hash, :request_hash, :at)"
        " ON CONFLICT (key_hash) DO NOTHING RETURNING key_hash",
        key_hash=key_hash,
        request_hash=request_hash,
        at=to_text(at),
    )
    return row is not None


async def update_answer(tx: Tx, key_hash: str, status: int, answer: str | None) -> None:
    await tx.run(
        "UPDATE idempotency_keys SET status = :status, answer = :answer WHERE key_hash = :key_hash",
        key_hash=key_hash,
        status=status,
        answer=answer,
    )


async def delete_keys_before(tx: Tx, at: datetime) -> None:
    await tx.run("DELETE FROM idempotency_keys WHERE created_at < :at", at=to_text(at))
