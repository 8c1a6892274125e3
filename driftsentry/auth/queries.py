"""SQL about people."""

import re
from datetime import datetime, timedelta

from driftsentry import clock
from driftsentry.auth import preferences
from driftsentry.auth.model import Account, Role, User
from driftsentry.auth.preferences import Preferences
from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Row, Tx

_ACCOUNT = (
    "SELECT u.*, (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND u.is_active = 1 AND s.revoked_at IS NULL"
    " AND s.expires_at > :now AND (s.kind = 'api' OR s.last_seen_at > :seen_after)) AS living FROM users u"
)
# The database makes both sides small: not every one knows how to do that beyond ASCII.
_NAMED = "(lower(u.name) LIKE lower(:pattern) ESCAPE '\\' OR u.email LIKE lower(:pattern) ESCAPE '\\')"
_LONG = timedelta(days=3650)


def user_of(row: Row) -> User:
    return User(
        row["id"],
        row["email"],
        row["name"],
        Role(row["role"]),
        row["password_hash"],
        row["theme"],
        bool(row["is_active"]),
    )


async def select_user_by_email(tx: Tx, email: str) -> User | None:
    row = await tx.one("SELECT * FROM users WHERE email = :email", email=email)
    return user_of(row) if row else None


async def select_user(tx: Tx, user_id: str) -> User | None:
    row = await tx.one("SELECT * FROM users WHERE id = :id", id=user_id)
    return user_of(row) if row else None


async def select_accounts(tx: Tx, idle: timedelta = _LONG) -> list[Account]:
    """Everybody, by e-mail address. `idle`: a browser's session that was not used for so long is dead."""
    now = clock.now()
    rows = await tx.all(_ACCOUNT + " ORDER BY u.email", now=to_text(now), seen_after=to_text(now - idle))
    return [_account(row) for row in rows]


async def select_some_accounts(tx: Tx, idle: timedelta, *, text: str, after: str, limit: int) -> list[Account]:
    """Those with `text` in name or e-mail address, by that address, behind the address `after`. `idle`: as above."""
    now = clock.now()
    rows = await tx.all(
        f"{_ACCOUNT} WHERE {_NAMED} AND u.email > :after ORDER BY u.email LIMIT :limit",
        pattern=_containing(text),
        after=after,
        limit=limit,
        now=to_text(now),
        seen_after=to_text(now - idle),
    )
    return [_account(row) for row in rows]


async def count_accounts(tx: Tx, text: str) -> int:
    return int(await tx.value(f"SELECT count(*) FROM users u WHERE {_NAMED}", pattern=_containing(text)))


def _containing(text: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", text.replace("\0", ""))
    return f"%{escaped}%"


async def select_account(tx: Tx, user_id: str, idle: timedelta = _LONG) -> Account | None:
    now = clock.now()
    row = await tx.one(_ACCOUNT + " WHERE u.id = :id", id=user_id, now=to_text(now), seen_after=to_text(now - idle))
    return _account(row) if row else None


def _account(row: Row) -> Account:
    state = "disabled" if not row["is_active"] else "active" if row["password_hash"] else "invited"
    return Account(
        row["id"],
        row["email"],
        row["name"],
        Role(row["role"]),
        state,
        from_text(row["created_at"]),
        maybe_from_text(row["signed_in_at"]),
        row["living"],
    )


async def select_users(tx: Tx) -> list[User]:
    return [user_of(row) for row in await tx.all("SELECT * FROM users ORDER BY email")]


async def select_role(tx: Tx, user_id: str) -> Role | None:
    """The role of an active user as of this transaction."""
    role = await tx.value("SELECT role FROM users WHERE id = :id AND is_active = 1", id=user_id)
    return Role(role) if role else None


async def count_users(tx: Tx) -> int:
    return int(await tx.value("SELECT count(*) FROM users"))


async def count_other_admins(tx: Tx, user_id: str) -> int:
    """Those who can sign in: an admin who was invited and never came saves nobody from being locked out."""
    return int(
        await tx.value(
            "SELECT count(*) FROM users WHERE role = 'admin' AND is_active = 1 AND password_hash <> '' AND id <> :id",
            id=user_id,
        )
    )


async def insert_user(tx: Tx, user: User, created_at: datetime) -> None:
    await tx.run(
        "INSERT INTO users (id, email, name, role, password_hash, theme, is_active, created_at, alerts_read_to)"
        " VALUES (:id, :email, :name, :role, :password_hash, :theme, 1, :created_at,"
        " (SELECT coalesce(max(id), 0) FROM alerts))",  # what was before him is nothing new to him
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role.value,
        password_hash=user.password_hash,
        theme=user.theme,
        created_at=to_text(created_at),
    )


async def update_user_active(tx: Tx, user_id: str, *, is_active: bool) -> bool:
    """Whether it was the other way until now."""
    row = await tx.one(
        "UPDATE users SET is_active = :active WHERE id = :id AND is_active <> :active RETURNING id",
        id=user_id,
        active=int(is_active),
    )
    return row is not None


async def update_role(tx: Tx, user_id: str, role: Role) -> bool:
    """Whether it was another one until now."""
    row = await tx.one(
        "UPDATE users SET role = :role WHERE id = :id AND role <> :role RETURNING id", id=user_id, role=role.value
    )
    return row is not None


async def update_name(tx: Tx, user_id: str, name: str) -> None:
    await tx.run("UPDATE users SET name = :name WHERE id = :id", id=user_id, name=name)


async def update_password(tx: Tx, user_id: str, password_hash: str, *, instead_of: str | None = None) -> bool:
    """False when the password is not `instead_of` any more: somebody else has changed it meanwhile."""
    row = await tx.one(
        "UPDATE users SET password_hash = :hash WHERE id = :id AND (:any = 1 OR password_hash = :old) RETURNING id",
        id=user_id,
        hash=password_hash,
        any=int(instead_of is None),
        old=instead_of or "",
    )
    return row is not None


async def update_signed_in(tx: Tx, user_id: str, at: datetime) -> None:
    await tx.run("UPDATE users SET signed_in_at = :at WHERE id = :id", id=user_id, at=to_text(at))


async def update_theme(tx: Tx, user_id: str, theme: str) -> None:
    await tx.run("UPDATE users SET theme = :theme WHERE id = :id", id=user_id, theme=theme)


async def select_preferences(tx: Tx, user_id: str) -> Preferences:
    return preferences.read(await tx.value("SELECT preferences FROM users WHERE id = :id", id=user_id))


async def update_preferences(tx: Tx, user_id: str, chosen: Preferences) -> None:
    text = preferences.written(chosen)
    await tx.run("UPDATE users SET preferences = :preferences WHERE id = :id", id=user_id, preferences=text)
