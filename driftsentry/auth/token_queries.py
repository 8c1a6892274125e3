"""SQL about the tokens of CI jobs."""

from datetime import datetime

from driftsentry.auth.model import Scope, Token, stacks_from_text, stacks_to_text
from driftsentry.clock import from_text, maybe_from_text, to_text
from driftsentry.db import Row, Tx

_SELECT = "SELECT t.*, COALESCE(u.name, '') AS maker FROM tokens t LEFT JOIN users u ON u.id = t.created_by"


def _token(row: Row, maker: str = "") -> Token:
    return Token(
        row["id"],
        row["name"],
        stacks_from_text(row["stacks"]),
        from_text(row["created_at"]),
        from_text(row["expires_at"]),
        maybe_from_text(row["last_used_at"]),
        maybe_from_text(row["revoked_at"]),
        Scope(row["scope"]),
        row["created_by"],
        maker,
        row["last_used_address"] or "",
    )


async def insert_token(tx: Tx, token: Token, secret_hash: str) -> None:
    await tx.run(
        "INSERT INTO tokens (id, name, secret_hash, stacks, created_at, expires_at, scope, created_by)"
        " VALUES (:id, :name, :secret_hash, :stacks, :created_at, :expires_at, :scope, :created_by)",
        id=token.id,
        name=token.name,
        secret_hash=secret_hash,
        stacks=stacks_to_text(token.stacks),
        created_at=to_text(token.created_at),
        expires_at=to_text(token.expires_at),
        scope=token.scope.value,
        created_by=token.created_by,
    )


async def select_token(tx: Tx, secret_hash: str) -> Token | None:
    row = await tx.one(_SELECT + " WHERE t.secret_hash = :secret_hash", secret_hash=secret_hash)
    return _token(row, row["maker"]) if row else None


async def select_token_by_id(tx: Tx, token_id: str) -> Token | None:
    row = await tx.one(_SELECT + " WHERE t.id = :id", id=token_id.replace("\0", ""))
    return _token(row, row["maker"]) if row else None


async def select_tokens(tx: Tx) -> list[Token]:
    """All that were ever made, the oldest first."""
    return [_token(row, row["maker"]) for row in await tx.all(_SELECT + " ORDER BY t.created_at, t.id")]


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
        key=name_or_id.replace("\0", ""),
        at=to_text(at),
    )
    return [_token(row) for row in rows]


async def update_tokens_revoked_of(tx: Tx, user_id: str, at: datetime) -> list[Token]:
    """Revoke what this user made; those that were not revoked until now."""
    rows = await tx.all(
        "UPDATE tokens SET revoked_at = :at WHERE created_by = :user_id AND revoked_at IS NULL RETURNING *",
        user_id=user_id,
        at=to_text(at),
    )
    return [_token(row) for row in rows]
