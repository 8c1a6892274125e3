"""SQL about refresh tokens."""

from dataclasses import dataclass
from datetime import datetime

from driftsentry.auth.model import Role, User
from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Tx


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token with its session and the session's owner."""

    session_id: str
    session_end: datetime
    expires_at: datetime
    spent_at: datetime | None
    is_alive: bool  # the session was not revoked, and its owner is active
    user: User


async def select_refresh(tx: Tx, token_hash: str) -> Refresh | None:
    row = await tx.one(
        "SELECT r.session_id, r.expires_at, r.spent_at, s.expires_at AS session_end, s.revoked_at,"
        " u.id, u.email, u.name, u.role, u.theme, u.is_active"
        " FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id"
        " WHERE r.token_hash = :token_hash",
        token_hash=token_hash,
    )
    if row is None:
        return None
    active = bool(row["is_active"])
    return Refresh(
        row["session_id"],
        from_text(row["session_end"]),
        from_text(row["expires_at"]),
        maybe_from_text(row["spent_at"]),
        active and row["revoked_at"] is None,
        User(row["id"], row["email"], row["name"], Role(row["role"]), "", row["theme"], active),
    )


async def insert_refresh(tx: Tx, token_hash: str, session_id: str, expires_at: datetime) -> None:
    await tx.run(
        "INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES (:token_hash, :session_id, :end)",
        token_hash=token_hash,
        session_id=session_id,
        end=to_text(expires_at),
    )


async def update_refresh_spent(tx: Tx, token_hash: str, at: datetime) -> None:
    await tx.run(
        "UPDATE refresh_tokens SET spent_at = :at WHERE token_hash = :token_hash AND spent_at IS NULL",
        token_hash=token_hash,
        at=to_text(at),
    )


async def delete_refreshes_before(tx: Tx, end: datetime) -> None:
    """Forget those that ended before `end`: used again, they are refused as unknown."""
    await tx.run("DELETE FROM refresh_tokens WHERE expires_at < :end", end=to_text(end))
