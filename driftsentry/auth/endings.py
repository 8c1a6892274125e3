"""What ends with an account, a role or a password, inside the transaction that changes it."""

from datetime import datetime

from driftsentry import events
from driftsentry.auth import session_queries, token_queries
from driftsentry.auth.actions import revoke
from driftsentry.db import Tx
from driftsentry.events import Actor


async def end_sessions(tx: Tx, user_id: str, actor: Actor, at: datetime, why: str, *, but: str = "") -> int:
    """End all sessions of somebody, of browsers and of programs, except `but`; how many."""
    ended = [one for one in await session_queries.select_living_sessions(tx, user_id) if one != but]
    for session_id in ended:
        await revoke(tx, session_id, actor, at, why)
    return len(ended)


async def end_tokens(tx: Tx, user_id: str, actor: Actor, at: datetime) -> int:
    """Revoke the tokens of CI jobs that somebody made; how many."""
    revoked = await token_queries.update_tokens_revoked_of(tx, user_id, at)
    for token in revoked:
        events.record(
            tx, "token.revoked", actor, at=at, token_id=token.id, name=token.name, why="its maker was disabled"
        )
    return len(revoked)
