"""SQL about one-time links and the codes of /setup."""

from datetime import datetime

from driftsentry.auth.model import Link, Purpose
from driftsentry.auth.queries import user_of
from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Tx


async def insert_link(tx: Tx, link: Link, secret_hash: str, created_by: str, at: datetime) -> None:
    await tx.run(
        "INSERT INTO one_time_links (id, secret_hash, user_id, purpose, created_by, created_at, expires_at)"
        " VALUES (:id, :secret_hash, :user_id, :purpose, :created_by, :created_at, :expires_at)",
        id=link.id,
        secret_hash=secret_hash,
        user_id=link.user.id,
        purpose=link.purpose.value,
        created_by=created_by,
        created_at=to_text(at),
        expires_at=to_text(link.expires_at),
    )


async def select_link(tx: Tx, secret_hash: str) -> Link | None:
    row = await tx.one(
        "SELECT u.*, l.id AS link_id, l.purpose, l.expires_at AS link_end, l.used_at AS link_used"
        " FROM one_time_links l JOIN users u ON u.id = l.user_id WHERE l.secret_hash = :secret_hash",
        secret_hash=secret_hash,
    )
    if row is None:
        return None
    end, used = from_text(row["link_end"]), maybe_from_text(row["link_used"])
    return Link(row["link_id"], user_of(row), Purpose(row["purpose"]), end, used)


async def update_link_used(tx: Tx, link_id: str, at: datetime) -> bool:
    """Whether it was good until now: neither used nor replaced, not expired, and its user not disabled."""
    row = await tx.one(
        "UPDATE one_time_links SET used_at = :at WHERE id = :id AND used_at IS NULL AND expires_at > :at"
        " AND EXISTS (SELECT 1 FROM users u WHERE u.id = one_time_links.user_id AND u.is_active = 1) RETURNING id",
        id=link_id,
        at=to_text(at),
    )
    return row is not None


async def update_links_void(tx: Tx, user_id: str, at: datetime) -> None:
    """No link of this user that was not used yet will open anything."""
    await tx.run(
        "UPDATE one_time_links SET used_at = :at WHERE user_id = :user_id AND used_at IS NULL",
        user_id=user_id,
        at=to_text(at),
    )


async def insert_setup_code(tx: Tx, code_hash: str, at: datetime) -> None:
    await tx.run(
        "INSERT INTO setup_codes (code_hash, created_at) VALUES (:code_hash, :created_at)",
        code_hash=code_hash,
        created_at=to_text(at),
    )


async def has_setup_code(tx: Tx, code_hash: str) -> bool:
    return bool(await tx.value("SELECT 1 FROM setup_codes WHERE code_hash = :code_hash", code_hash=code_hash))


async def delete_setup_codes(tx: Tx) -> None:
    await tx.run("DELETE FROM setup_codes")
