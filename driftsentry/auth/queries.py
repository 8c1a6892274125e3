"""SQL about people."""

from datetime import datetime

from driftsentry.auth.model import Role, User
from driftsentry.clock import to_text
from driftsentry.db import Row, Tx


def _user(row: Row) -> User:
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
    return _user(row) if row else None


async def select_users(tx: Tx) -> list[User]:
    return [_user(row) for row in await tx.all("SELECT * FROM users ORDER BY email")]


async def select_role(tx: Tx, user_id: str) -> Role | None:
    """The role of an active user as of this transaction."""
    role = await tx.value("SELECT role FROM users WHERE id = :id AND is_active = 1", id=user_id)
    return Role(role) if role else None


async def count_users(tx: Tx) -> int:
    return int(await tx.value("SELECT count(*) FROM users"))


async def count_other_admins(tx: Tx, user_id: str) -> int:
    return int(
        await tx.value(
            "SELECT count(*) FROM users WHERE role = 'admin' AND is_active = 1 AND id <> :id",
            id=user_id,
        )
    )


async def insert_user(tx: Tx, user: User, created_at: datetime) -> None:
    await tx.run(
        "INSERT INTO users (id, email, name, role, password_hash, theme, is_active, created_at)"
        " VALUES (:id, :email, :name, :role, :password_hash, :theme, 1, :created_at)",
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role.value,
        password_hash=user.password_hash,
        theme=user.theme,
        created_at=to_text(created_at),
    )


async def update_user_active(tx: Tx, user_id: str, *, is_active: bool) -> None:
    await tx.run("UPDATE users SET is_active = :active WHERE id = :id", id=user_id, active=int(is_active))


async def update_password(tx: Tx, user_id: str, password_hash: str) -> None:
    await tx.run("UPDATE users SET password_hash = :hash WHERE id = :id", id=user_id, hash=password_hash)


async def update_theme(tx: Tx, user_id: str, theme: str) -> None:
    await tx.run("UPDATE users SET theme = :theme WHERE id = :id", id=user_id, theme=theme)
