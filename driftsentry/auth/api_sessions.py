"""Sessions of programs: a short access token, and refresh tokens of which each has one successor."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftsentry import clock, errors, events, ids
from driftsentry.auth import access_tokens, actions, refresh_queries, session_queries
from driftsentry.auth.access_tokens import Claim
from driftsentry.auth.actions import Caller, Opening
from driftsentry.auth.model import Person, User
from driftsentry.auth.refresh_queries import Refresh
from driftsentry.config import Config
from driftsentry.db import Database, Tx
from driftsentry.events import SYSTEM, Actor

REFRESH_LIFETIME = timedelta(days=7)
# Two requests of one program may carry the same token, or an answer may get lost: within this time the same
# token gives the same successor.
GRACE = timedelta(seconds=10)
_OVER = "This session has ended. Sign in again: POST /api/v1/auth/login"
_ENDED = "This refresh token is not valid any more. Sign in again: POST /api/v1/auth/login"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a program gets; `refresh_token` is not stored and cannot be shown again."""

    user: User
    access_token: str
    refresh_token: str


async def log_in(db: Database, settings: Config, email: str, password: str, caller: Caller) -> Grant:
    """Open a session of a program. Raises as `actions.check_password`."""
    user = await actions.check_password(db, settings, email, password, caller.address)
    async with db.write() as tx:
        session_id = await actions.begin_session(tx, user, caller, Opening("api", "", settings.api_session))
        now = clock.now()
        await refresh_queries.delete_refreshes_before(tx, now - REFRESH_LIFETIME)
        first = ids.secret()
        await _keep(tx, settings, first, session_id, now, now + settings.api_session)
    return _grant(settings, user, session_id, first)


async def refresh(db: Database, settings: Config, token: str, caller: Caller) -> Grant:
    """A new pair for a refresh token, which is spent by that.

    Raises `InvalidToken`. A spent one that comes again is in two hands: its whole session ends.
    """
    async with db.write() as tx:
        found, now = await _require(tx, settings, token), clock.now()
        refusal = await _refuse(tx, found, caller, now)
        if refusal is None and found.spent_at is None:
            await refresh_queries.update_refresh_spent(tx, _hash(settings, token), now)
            await _keep(tx, settings, _successor(settings, token), found.session_id, now, found.session_end)
            await session_queries.update_session_seen(tx, found.session_id, now)
    if refusal:  # raised here: within the transaction it would undo the end of the session
        raise refusal
    return _grant(settings, found.user, found.session_id, _successor(settings, token))


async def _refuse(tx: Tx, found: Refresh, caller: Caller, now: datetime) -> errors.InvalidToken | None:
    """End the session of a token that was stolen or has run out, and say so; None for a good one."""
    if found.spent_at is not None and abs(now - found.spent_at) > GRACE:
        actor = _actor(found.user, caller)
        events.record(tx, "refresh_token.reused", actor, at=now, session_id=found.session_id)
        await actions.revoke(tx, found.session_id, actor, now, "refresh token used twice")
        return errors.InvalidToken(f"This refresh token was used before, so its session was ended. {_ENDED}")
    if found.session_end <= now or (found.spent_at is None and found.expires_at <= now):
        # For good: a clock that jumps back must not revive it.
        await actions.revoke(tx, found.session_id, SYSTEM, now, "expired")
        return errors.InvalidToken(_ENDED, code="TOKEN_EXPIRED")
    return None


async def log_out(db: Database, settings: Config, token: str, caller: Caller) -> None:
    """End the session of a refresh token. Its access token stops at once. Raises `InvalidToken`."""
    async with db.write() as tx:
        found = await _require(tx, settings, token)
        await actions.revoke(tx, found.session_id, _actor(found.user, caller), clock.now(), "signed out")


async def identify(db: Database, settings: Config, access_token: str) -> Person:
    """Who holds an access token, as the database knows him now. Raises `InvalidToken`."""
    now = clock.now()
    claim, end = access_tokens.read(settings.jwt_secret, access_token, now)
    async with db.read() as tx:
        found = await session_queries.select_person_of_program(tx, claim.session_id)
    if found is None or found[0].id != claim.user_id:
        raise errors.InvalidToken(_OVER)
    person, session_end = found
    if session_end <= now:
        async with db.write() as tx:  # for good: a clock that jumps back must not revive it
            await actions.revoke(tx, person.session_id, SYSTEM, now, "expired")
        raise errors.InvalidToken(_OVER)
    if end <= person.last_seen_at:  # nor a token that had ended when its session was seen last
        raise access_tokens.expired()
    return person


async def _require(tx: Tx, settings: Config, token: str) -> Refresh:
    """A token of a session that was not ended: spent or not, run out or not."""
    found = await refresh_queries.select_refresh(tx, _hash(settings, token))
    if found is None or not found.is_alive:
        raise errors.InvalidToken(_ENDED)
    return found


async def _keep(tx: Tx, settings: Config, token: str, session_id: str, now: datetime, session_end: datetime) -> None:
    end = min(now + REFRESH_LIFETIME, session_end)  # no chain outlives its session
    await refresh_queries.insert_refresh(tx, _hash(settings, token), session_id, end)


def _grant(settings: Config, user: User, session_id: str, token: str) -> Grant:
    return Grant(user, access_tokens.issue(settings.jwt_secret, Claim(user.id, session_id), clock.now()), token)


def _actor(user: User, caller: Caller) -> Actor:
    return Actor("user", user.id, user.name, caller.address, caller.request_id)


def _hash(settings: Config, token: str) -> str:
    return hmac.digest(settings.jwt_refresh_secret, b"hash|" + token.encode(), "sha256").hex()


def _successor(settings: Config, token: str) -> str:
    """Computed, not stored: only who has both the key and the token before it can know it."""
    digest = hmac.digest(settings.jwt_refresh_secret, b"successor|" + token.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
