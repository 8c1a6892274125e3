"""SQL about sessions and failed logins."""

from datetime import datetime

from driftsentry.auth.model import Person, Role
from driftsentry.clock import from_text, to_text
from driftsentry.db import Tx


async def insert_session(
    tx: Tx, session_id: str, user_id: str, secret_hash: str, user_agent: str, address: str, at: datetime, end: datetime
) -> None:
    await tx.run(
        "INSERT INTO sessions (id, user_id, secret_hash, user_agent, address, created_at, last_seen_at, expires_at)"
        " VALUES (:id, :user_id, :secret_hash, :user_agent, :address, :at, :at, :expires_at)",
        id=session_id,
        user_id=user_id,
        secret_hash=secret_hash,
        user_agent=user_agent[:400],
        address=address,
        at=to_text(at),
        expires_at=to_text(end),
    )


async def select_person(tx: Tx, secret_hash: str) -> tuple[Person, datetime] | None:
    """Who holds this session and when it ends at the latest, if it was not revoked and the user is active."""
    row = await tx.one(
        "SELECT u.id, u.email, u.name, u.role, u.theme, s.id AS session_id, s.last_seen_at, s.expires_at"
        " FROM sessions s JOIN users u ON u.id = s.user_id"
        " WHERE s.secret_hash = :secret_hash AND s.revoked_at IS NULL AND u.is_active = 1",
        secret_hash=secret_hash,
    )
    if row is None:
        return None
    seen, end = from_text(row["last_seen_at"]), from_text(row["expires_at"])
    role = Role(row["role"])
    return Person(row["id"], row["email"], row["name"], role, row["theme"], row["session_id"], seen), end


async def update_session_seen(tx: Tx, session_id: str, at: datetime) -> None:
    # Never backwards: a clock that jumps back must not revive an idle session.
    await tx.run(
        "UPDATE sessions SET last_seen_at = :at WHERE id = :id AND last_seen_at < :at AND revoked_at IS NULL",
        id=session_id,
        at=to_text(at),
    )


async def select_alive(tx: Tx, session_ids: set[str], now: datetime, seen_after: datetime) -> set[str]:
    """Those of `session_ids` that still open doors."""
    alive: set[str] = set()
    for session_id in session_ids:
        alive |= {
            row[0]
            for row in await tx.all(
                "SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = :id AND u.is_active = 1"
                " AND s.revoked_at IS NULL AND s.expires_at > :now AND s.last_seen_at > :seen_after",
                id=session_id,
                now=to_text(now),
                seen_after=to_text(seen_after),
            )
        }
    return alive


async def select_living_sessions(tx: Tx, user_id: str) -> list[str]:
    """Ids of the sessions that were not revoked, oldest first."""
    rows = await tx.all(
        "SELECT id FROM sessions WHERE user_id = :user_id AND revoked_at IS NULL ORDER BY created_at, id",
        user_id=user_id,
    )
    return [row[0] for row in rows]


async def update_session_revoked(tx: Tx, session_id: str, at: datetime, why: str) -> bool:
    """Whether it was alive until now."""
    row = await tx.one(
        "UPDATE sessions SET revoked_at = :at, revoked_why = :why WHERE id = :id AND revoked_at IS NULL RETURNING id",
        id=session_id,
        at=to_text(at),
        why=why,
    )
    return row is not None


async def select_failures(tx: Tx, account_key: str, address: str, after: datetime) -> list[datetime]:
    """Times of the failures of this account or this address, whichever has more, oldest first."""
    found = []
    for column, value in (("account_key", account_key), ("address", address)):
        rows = await tx.all(
            f"SELECT failed_at FROM login_failures WHERE {column} = :value AND failed_at > :after ORDER BY failed_at",
            value=value,
            after=to_text(after),
        )
        found.append([from_text(row[0]) for row in rows])
    return max(found, key=len)


async def insert_failure(tx: Tx, failure_id: str, account_key: str, address: str, at: datetime) -> None:
    await tx.run(
        "INSERT INTO login_failures (id, account_key, address, failed_at) VALUES (:id, :account_key, :address, :at)",
        id=failure_id,
        account_key=account_key,
        address=address,
        at=to_text(at),
    )


async def delete_failures(tx: Tx, account_key: str, before: datetime) -> None:
    """Forget those of an account that signed in, and all that no longer count."""
    await tx.run(
        "DELETE FROM login_failures WHERE account_key = :account_key OR failed_at < :before",
        account_key=account_key,
        before=to_text(before),
    )
