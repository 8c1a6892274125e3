"""SQL about the tokens of CI jobs."""

from datetime import datetime

from driftsentry.auth.model import Token, stacks_from_text, stacks_to_text
from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Row, Tx


def _token(row: Row) -> Token:
    return Token(
        row["id"],
        row["name"],
        stacks_from_text(row["stacks"]),
        from_text(row["created_at"]),
        from_text(row["expires_at"]),
        maybe_from_text(row["last_used_at"]),
        maybe_from_text(row["revoked_at"]),
    )


async def insert_token(tx: Tx, token: Token, secret_hash: str) -> None:
    await tx.run(
        "INSERT INTO tokens (id, name, secret_hash, stacks, created_at, expires_at)"
        " VALUES (:id, :name, :secret_hash, :stacks, :created_at, :expires_at)",
        id=token.id,
        name=token.name,
        secret_hash=secret_hash,
        stacks=stacks_to_text(token.stacks),
        created_at=to_text(token.created_at),
        expires_at=to_text(token.expires_at),
    )


async def select_token(tx: Tx, secret_hash: str) -> Token | None:
    row = await tx.one("SELECT * FROM tokens WHERE secret_hash = :secret_hash", secret_hash=secret_hash)
    return _token(row) if row else None


async def select_tokens(tx: Tx) -> list[Token]:
    return [_token(row) for row in await tx.all("SELECT * FROM tokens ORDER BY created_at")]


async def update_token_used(tx: Tx, token: Token, at: datetime, address: str) -> None:
    await tx.run(
        "UPDATE tokens SET last_used_at = :at, last_used_address = :address WHERE id = :id",
        id=token.id,
        at=to_text(at),
        address=address,
    )


async def update_token_revoked(tx: Tx, name_or_id: str, at: datetime) -> list[Token]:
    rows = await tx.all(
        "UPDATE tokens SET revoked_at = :at WHERE (id = :key OR name = :key) AND revoked_at IS NULL RETURNING *",
        key=name_or_id,
        at=to_text(at),
    )
    return [_token(row) for row in rows]
