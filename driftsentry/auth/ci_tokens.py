"""Tokens of CI jobs: made, revoked, and recognised."""

from datetime import timedelta

from driftsentry import clock, errors, events, ids
from driftsentry.auth import token_queries
from driftsentry.auth.model import Token
from driftsentry.db import Database, Tx
from driftsentry.events import SYSTEM

TOKEN_PREFIX = "dsk_"  # noqa: S105


async def create_token(db: Database, name: str, stacks: tuple[str, ...], lifetime: timedelta) -> tuple[Token, str]:
    """The token and its secret, which is shown once and not kept."""
    secret, now = ids.secret(TOKEN_PREFIX), clock.now()
    token = Token(ids.new(), name, stacks, now, now + lifetime, None, None)
    async with db.write() as tx:
        await token_queries.insert_token(tx, token, ids.fingerprint_of(secret))
        events.record(tx, "token.created", SYSTEM, at=now, token_id=token.id, name=name, stacks=list(stacks))
    return token, secret


async def revoke_token(db: Database, name_or_id: str) -> int:
    """How many tokens of that name or id were alive until now."""
    async with db.write() as tx:
        revoked = await token_queries.update_token_revoked(tx, name_or_id, clock.now())
        for token in revoked:
            events.record(tx, "token.revoked", SYSTEM, at=clock.now(), token_id=token.id, name=token.name)
    return len(revoked)


async def identify_token(tx: Tx, secret: str) -> Token:
    """Raises `InvalidToken` for one that is unknown, revoked or expired, each in its own words."""
    token = (
        await token_queries.select_token(tx, ids.fingerprint_of(secret)) if secret.startswith(TOKEN_PREFIX) else None
    )
    if token is None:
        raise errors.InvalidToken("This token is unknown. Make one with: python -m driftsentry token create")
    if token.revoked_at is not None:
        raise errors.InvalidToken("This token was revoked. Ask an admin for another one.")
    if token.expires_at <= clock.now():
        raise errors.InvalidToken("This token has expired. Ask an admin for another one.", code="TOKEN_EXPIRED")
    return token
