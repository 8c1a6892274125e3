"""Signing in and out: one write transaction and its event each."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftsentry import clock, errors, events, ids
from driftsentry.auth import passwords, queries, session_queries
from driftsentry.auth.model import SESSIONS_PER_USER, NewSession, Person, Role, User
from driftsentry.config import Config
from driftsentry.db import Database, Tx
from driftsentry.events import SYSTEM, Actor
from driftsentry.templating import plural

FAILURES = 5
WINDOW = timedelta(minutes=15)
WRONG = "The e-mail address or the password is wrong."
_SEEN_EVERY = timedelta(minutes=1)
_turns = passwords.Turns()


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a sign-in comes from."""

    address: str
    user_agent: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What kind of session begins, and for how long at most. A program's has no secret of its own."""

    kind: str
    secret_hash: str
    lifetime: timedelta


async def sign_in(db: Database, settings: Config, email: str, password: str, caller: Caller) -> str:
    """Check the password and open a session of a browser; its secret, for the cookie. Raises as `check_password`."""
    user = await check_password(db, settings, email, password, caller.address)
    secret = ids.secret()
    async with db.write() as tx:
        await begin_session(tx, user, caller, Opening("browser", ids.fingerprint_of(secret), settings.session_absolute))
    return secret


async def check_password(db: Database, settings: Config, email: str, password: str, address: str) -> User:
    """Who has this e-mail address and this password.

    Raises `Invalid` (too long), `SignedOut` (wrong) or `RateLimited`, alike for accounts that do not exist.
    """
    passwords.check_length(password)
    email = email.replace("\0", "").strip().lower()
    key = hmac.new(settings.data_key, b"account|" + email.encode(), hashlib.sha256).hexdigest()
    async with _turns:
        async with db.write() as tx:
            # Counted before hashing and taken back after: guesses sent side by side count each other.
            await count_attempt(tx, key, address)
            user = await queries.select_user_by_email(tx, email)
        active = user if user and user.is_active else None
        right = await passwords.is_right(password, active.password_hash if active else None)
    if not right or active is None:
        raise errors.SignedOut(WRONG, code="INVALID_CREDENTIALS")
    async with db.write() as tx:
        await session_queries.delete_failures(tx, key, clock.now() - WINDOW)
    return active


async def count_attempt(tx: Tx, key: str, address: str, what: str = "passwords") -> None:
    """Raises `RateLimited` when this account or this address has failed too often; else counts one more failure."""
    now = clock.now()
    failures = await session_queries.select_failures(tx, key, address, now - WINDOW)
    if len(failures) >= FAILURES:
        wait = int((failures[-FAILURES] + WINDOW - now).total_seconds()) + 1
        raise errors.RateLimited(
            f"Too many wrong {what}. Try again in {plural(-(-wait // 60), 'minute')}.", retry_after=wait
        )
    await session_queries.insert_failure(tx, ids.new(), key, address, now)


async def begin_session(tx: Tx, user: User, caller: Caller, opening: Opening) -> str:
    """Open a session within `tx`; its id. Raises `SignedOut` for somebody who was disabled meanwhile."""
    if await queries.select_role(tx, user.id) is None:
        raise errors.SignedOut(WRONG, code="INVALID_CREDENTIALS")
    session_id, now = ids.new(), clock.now()
    new = NewSession(
        session_id,
        user.id,
        opening.kind,
        opening.secret_hash,
        caller.user_agent,
        caller.address,
        now,
        now + opening.lifetime,
    )
    await session_queries.insert_session(tx, new)
    await queries.update_signed_in(tx, user.id, now)
    actor = Actor("user", user.id, user.name, caller.address, caller.request_id)
    events.record(tx, "session.started", actor, at=now, session_id=session_id, of=opening.kind)
    for oldest in (await session_queries.select_living_sessions(tx, user.id))[:-SESSIONS_PER_USER]:
        await revoke(tx, oldest, actor, now, "too many sessions")
    return session_id


async def identify(db: Database, settings: Config, secret: str) -> Person | None:
    """Who holds this session now; None when it is unknown, revoked, idle for too long or at its end."""
    now = clock.now()
    async with db.read() as tx:
        found = await session_queries.select_person(tx, ids.fingerprint_of(secret))
    if found is None:
        return None
    person, end = found
    if now >= end or now - person.last_seen_at >= settings.session_idle:
        async with db.write() as tx:  # for good: a clock that jumps back must not revive it
            await revoke(tx, person.session_id, SYSTEM, now, "expired")
        return None
    return person


async def dead_sessions(db: Database, settings: Config, session_ids: set[str]) -> set[str]:
    """Those of `session_ids` that were revoked, have run out, or belong to somebody who is disabled."""
    now = clock.now()
    async with db.read() as tx:
        return session_ids - await session_queries.select_alive(tx, session_ids, now, now - settings.session_idle)


async def note_seen(db: Database, person: Person) -> None:
    """Keep the session from idling out; written once a minute at most."""
    now = clock.now()
    if now - person.last_seen_at >= _SEEN_EVERY:
        async with db.write() as tx:
            await session_queries.update_session_seen(tx, person.session_id, now)


async def sign_out(db: Database, person: Person, actor: Actor) -> None:
    async with db.write() as tx:
        await revoke(tx, person.session_id, actor, clock.now(), "signed out")


async def revoke(tx: Tx, session_id: str, actor: Actor, at: datetime, why: str) -> None:
    """End a session within `tx`. Its cookie is dead at once; the event closes its sockets in every process."""
    owner = await session_queries.select_owner(tx, session_id)
    if owner and await session_queries.update_session_revoked(tx, session_id, at, why):
        user_id, email = owner
        events.record(tx, "session.revoked", actor, at=at, session_id=session_id, user_id=user_id, email=email, why=why)


async def require_role(tx: Tx, actor: Actor, needed: Role) -> None:
    """Raises `Forbidden` unless `actor` has the role in this very transaction, whatever a page or token said."""
    role = await queries.select_role(tx, actor.id) if actor.kind == "user" else None
    if role is None or not role.includes(needed):
        has = f"Your role is {role}." if role else "Your account is not active."
        raise errors.Forbidden(f"{has} This needs the role {needed}; an admin can give it to you.")
