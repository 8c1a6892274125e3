"""SQL about sessions and failed logins."""

from datetime import datetime, timedelta

from driftsentry.auth import preferences
from driftsentry.auth.devices import device_of
from driftsentry.auth.model import NewSession, Person, Role, Session
from driftsentry.clock import from_text, to_text
from driftsentry.db import Row, Tx

_PERSON = (
    "SELECT u.id, u.email, u.name, u.role, u.theme, u.preferences, s.id AS session_id, s.last_seen_at,"
    " s.expires_at, (SELECT seq FROM event_head WHERE id = 1) AS as_of"
    " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.revoked_at IS NULL AND u.is_active = 1"
)


async def insert_session(tx: Tx, new: NewSession) -> None:
    await tx.run(
        "INSERT INTO sessions"
        " (id, user_id, kind, secret_hash, user_agent, address, created_at, last_seen_at, expires_at)"
        " VALUES (:id, :user_id, :kind, :secret_hash, :user_agent, :address, :at, :at, :expires_at)",
        id=new.id,
        user_id=new.user_id,
        kind=new.kind,
        secret_hash=new.secret_hash or f"api:{new.id}",  # no cookie hashes to that
        user_agent=new.user_agent[:400],
        address=new.address,
        at=to_text(new.begins_at),
        expires_at=to_text(new.ends_at),
    )


async def select_person(tx: Tx, secret_hash: str) -> tuple[Person, datetime] | None:
    """Who holds this session and when it ends at the latest, if it was not revoked and the user is active."""
    row = await tx.one(_PERSON + " AND s.kind = 'browser' AND s.secret_hash = :secret_hash", secret_hash=secret_hash)
    return _person(row) if row else None


async def select_person_of_program(tx: Tx, session_id: str) -> tuple[Person, datetime] | None:
    """As `select_person`, for the session that an access token names."""
    row = await tx.one(_PERSON + " AND s.kind = 'api' AND s.id = :id", id=session_id)
    return _person(row) if row else None


def _person(row: Row) -> tuple[Person, datetime]:
    seen, end = from_text(row["last_seen_at"]), from_text(row["expires_at"])
    role, likes = Role(row["role"]), preferences.read(row["preferences"])
    person = Person(
        row["id"], row["email"], row["name"], role, row["theme"], row["session_id"], seen, likes, row["as_of"]
    )
    return person, end


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
                " AND s.revoked_at IS NULL AND s.expires_at > :now"
                " AND (s.kind = 'api' OR s.last_seen_at > :seen_after)",
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


async def select_owner(tx: Tx, session_id: str) -> tuple[str, str] | None:
    """Id and e-mail address of whoever holds this session, if it was not revoked."""
    row = await tx.one(
        "SELECT u.id, u.email FROM sessions s JOIN users u ON u.id = s.user_id"
        " WHERE s.id = :id AND s.revoked_at IS NULL",
        id=session_id.replace("\0", ""),
    )
    return (row["id"], row["email"]) if row else None


async def select_holder(tx: Tx, id_or_email: str) -> tuple[str, str, str] | None:
    """Id, name and e-mail address of somebody, whether there are sessions or not."""
    row = await tx.one(
        "SELECT id, name, email FROM users WHERE id = :id OR email = :email",
        id=id_or_email.replace("\0", ""),
        email=id_or_email.replace("\0", "").lower(),
    )
    return (row["id"], row["name"], row["email"]) if row else None


async def select_sessions(
    tx: Tx,
    now: datetime,
    idle: timedelta,
    *,
    user_id: str | None = None,
    limit: int = 50,
    offset: int = 0,
    before: tuple[datetime, str] | None = None,
) -> list[Session]:
    """Those that are alive, of one user or of everybody, the last seen first; `before`: where a page ended."""
    only, values = _alive(now, idle, user_id)
    if before:
        only += " AND (s.last_seen_at, s.id) < (:seen, :last)"
        values |= {"seen": to_text(before[0]), "last": before[1]}
    rows = await tx.all(
        f"SELECT s.*, u.name, u.email {only} ORDER BY s.last_seen_at DESC, s.id DESC LIMIT :limit OFFSET :offset",
        **values,
        limit=limit,
        offset=offset,
    )
    return [_session(row) for row in rows]


async def count_sessions(tx: Tx, now: datetime, idle: timedelta, *, user_id: str | None = None) -> int:
    only, values = _alive(now, idle, user_id)
    return int(await tx.value(f"SELECT count(*) {only}", **values))


def _alive(now: datetime, idle: timedelta, user_id: str | None) -> tuple[str, dict[str, str]]:
    """FROM and WHERE. A program's session does not idle out: it ends with its last refresh token."""
    only = (
        "FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.is_active = 1 AND s.revoked_at IS NULL"
        " AND s.expires_at > :now AND (s.kind = 'api' OR s.last_seen_at > :seen_after)"
    )
    values = {"now": to_text(now), "seen_after": to_text(now - idle)}
    if user_id is None:
        return only, values
    return only + " AND s.user_id = :user_id", values | {"user_id": user_id}


def _session(row: Row) -> Session:
    return Session(
        row["id"],
        row["user_id"],
        row["name"],
        row["email"],
        row["kind"],
        row["user_agent"],
        device_of(row["user_agent"]),
        row["address"],
        from_text(row["created_at"]),
        from_text(row["last_seen_at"]),
        from_text(row["expires_at"]),
    )


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
