"""Signing in and out, and what admins do to people and tokens: one write transaction and its event each."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftsentry import clock, errors, events, ids
from driftsentry.auth import passwords, queries
from driftsentry.auth.model import SESSIONS_PER_USER, Person, Role, Token, User
from driftsentry.config import Config
from driftsentry.db import Database, Tx
from driftsentry.events import SYSTEM, Actor

FAILURES = 5
WINDOW = timedelta(minutes=15)
WRONG = "The e-mail address or the password is wrong."
TOKEN_PREFIX = "dsk_"  # noqa: S105
DEMO_NAMES = {Role.VIEWER: "Vera Viewer", Role.ENGINEER: "Emil Engineer", Role.ADMIN: "Ada Admin"}
_SEEN_EVERY = timedelta(minutes=1)
_turns = passwords.Turns()


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a sign-in comes from."""

    address: str
    user_agent: str
    request_id: str


async def sign_in(db: Database, settings: Config, email: str, password: str, caller: Caller) -> str:
    """Check the password and open a session; its secret, for the cookie.

    Raises `Invalid` (too long), `SignedOut` (wrong) or `RateLimited`, alike for accounts that do not exist.
    """
    passwords.check_length(password)
    email = email.replace("\0", "").strip().lower()
    key = hmac.new(settings.data_key, b"account|" + email.encode(), hashlib.sha256).hexdigest()
    async with _turns:
        async with db.write() as tx:
            # Counted before hashing and taken back after: guesses sent side by side count each other.
            await _count_attempt(tx, key, caller.address)
            user = await queries.select_user_by_email(tx, email)
        active = user if user and user.is_active else None
        right = await passwords.is_right(password, active.password_hash if active else None)
    if not right or active is None:
        raise errors.SignedOut(WRONG, code="INVALID_CREDENTIALS")
    return await _open_session(db, settings, active, key, caller)


async def _count_attempt(tx: Tx, key: str, address: str) -> None:
    now = clock.now()
    failures = await queries.select_failures(tx, key, address, now - WINDOW)
    if len(failures) >= FAILURES:
        wait = int((failures[-FAILURES] + WINDOW - now).total_seconds()) + 1
        raise errors.RateLimited(
            f"Too many wrong passwords. Try again in {max(1, round(wait / 60))} minutes.", retry_after=wait
        )
    await queries.insert_failure(tx, ids.new(), key, address, now)


async def _open_session(db: Database, settings: Config, user: User, key: str, caller: Caller) -> str:
    secret, session_id, now = ids.secret(), ids.new(), clock.now()
    actor = Actor("user", user.id, user.name, caller.address, caller.request_id)
    async with db.write() as tx:
        if await queries.select_role(tx, user.id) is None:  # disabled while the password was checked
            raise errors.SignedOut(WRONG, code="INVALID_CREDENTIALS")
        await queries.delete_failures(tx, key, now - WINDOW)
        await queries.insert_session(
            tx,
            session_id,
            user.id,
            ids.fingerprint_of(secret),
            caller.user_agent,
            caller.address,
            now,
            now + settings.session_absolute,
        )
        events.record(tx, "session.started", actor, at=now, session_id=session_id)
        for oldest in (await queries.select_living_sessions(tx, user.id))[:-SESSIONS_PER_USER]:
            await revoke(tx, oldest, actor, now, "too many sessions")
    return secret


async def identify(db: Database, settings: Config, secret: str) -> Person | None:
    """Who holds this session now; None when it is unknown, revoked, idle for too long or at its end."""
    now = clock.now()
    async with db.read() as tx:
        found = await queries.select_person(tx, ids.fingerprint_of(secret))
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
        return session_ids - await queries.select_alive(tx, session_ids, now, now - settings.session_idle)


async def note_seen(db: Database, person: Person) -> None:
    """Keep the session from idling out; written once a minute at most."""
    now = clock.now()
    if now - person.last_seen_at >= _SEEN_EVERY:
        async with db.write() as tx:
            await queries.update_session_seen(tx, person.session_id, now)


async def sign_out(db: Database, person: Person, actor: Actor) -> None:
    async with db.write() as tx:
        await revoke(tx, person.session_id, actor, clock.now(), "signed out")


async def revoke(tx: Tx, session_id: str, actor: Actor, at: datetime, why: str) -> None:
    """End a session within `tx`. Its cookie is dead at once; the event closes its sockets in every process."""
    if await queries.update_session_revoked(tx, session_id, at, why):
        events.record(tx, "session.revoked", actor, at=at, session_id=session_id, why=why)


async def require_role(tx: Tx, actor: Actor, needed: Role) -> None:
    """Raises `Forbidden` unless `actor` has the role in this very transaction, whatever a page or token said."""
    role = await queries.select_role(tx, actor.id) if actor.kind == "user" else None
    if role is None or not role.includes(needed):
        has = f"Your role is {role}." if role else "Your account is not active."
        raise errors.Forbidden(f"{has} This needs the role {needed}; an admin can give it to you.")


async def choose_theme(db: Database, person: Person, theme: str) -> None:
    if theme not in ("auto", "light", "dark"):
        raise errors.Invalid("Choose auto, light or dark.")
    async with db.write() as tx:
        await queries.update_theme(tx, person.id, theme)


async def create_user(db: Database, email: str, name: str, role: Role, password: str) -> User:
    """Raises `Conflict` when the address is taken. Hashes on the calling thread: for the command line."""
    user = User(ids.new(), email.strip().lower(), name.strip(), role, passwords.hash_now(password), "auto", True)
    if "@" not in user.email:
        raise errors.Invalid("That is not an e-mail address.")
    async with db.write() as tx:
        if await queries.select_user_by_email(tx, user.email):
            raise errors.Conflict(f"There is already a user {user.email}.")
        await queries.insert_user(tx, user, clock.now())
        events.record(tx, "user.created", SYSTEM, at=clock.now(), user_id=user.id, email=user.email, role=role.value)
    return user


async def ensure_demo_users(db: Database) -> None:
    """The three demo users, if there is no user at all."""
    async with db.read() as tx:
        if await queries.count_users(tx):
            return
    for role in Role:
        await create_user(db, f"{role}@driftsentry.local", DEMO_NAMES[role], role, f"{role}123")


async def disable_user(db: Database, email: str) -> None:
    """Refuse somebody everywhere at once. The last active admin is safe."""
    async with db.write() as tx:
        user = await _require_user(tx, email)
        if user.role is Role.ADMIN and not await queries.count_other_admins(tx, user.id):
            raise errors.Conflict("This is the last active admin. Make another one first.")
        await queries.update_user_active(tx, user.id, is_active=False)
        events.record(tx, "user.disabled", SYSTEM, at=clock.now(), user_id=user.id, email=user.email)
        await _end_sessions(tx, user, "account disabled")


async def reset_password(db: Database, email: str, password: str) -> None:
    password_hash = passwords.hash_now(password)
    async with db.write() as tx:
        user = await _require_user(tx, email)
        await queries.update_password(tx, user.id, password_hash)
        events.record(tx, "user.password_reset", SYSTEM, at=clock.now(), user_id=user.id, email=user.email)
        await _end_sessions(tx, user, "password reset")


async def _end_sessions(tx: Tx, user: User, why: str) -> None:
    for session_id in await queries.select_living_sessions(tx, user.id):
        await revoke(tx, session_id, SYSTEM, clock.now(), why)


async def _require_user(tx: Tx, email: str) -> User:
    user = await queries.select_user_by_email(tx, email.strip().lower())
    if user is None:
        raise errors.NotFound(f"There is no user {email}. `user list` shows them.")
    return user


async def create_token(db: Database, name: str, stacks: tuple[str, ...], lifetime: timedelta) -> tuple[Token, str]:
    """The token and its secret, which is shown once and not kept."""
    secret, now = ids.secret(TOKEN_PREFIX), clock.now()
    token = Token(ids.new(), name, stacks, now, now + lifetime, None, None)
    async with db.write() as tx:
        await queries.insert_token(tx, token, ids.fingerprint_of(secret))
        events.record(tx, "token.created", SYSTEM, at=now, token_id=token.id, name=name, stacks=list(stacks))
    return token, secret


async def revoke_token(db: Database, name_or_id: str) -> int:
    """How many tokens of that name or id were alive until now."""
    async with db.write() as tx:
        revoked = await queries.update_token_revoked(tx, name_or_id, clock.now())
        for token in revoked:
            events.record(tx, "token.revoked", SYSTEM, at=clock.now(), token_id=token.id, name=token.name)
    return len(revoked)


async def identify_token(tx: Tx, secret: str) -> Token:
    """Raises `InvalidToken` for one that is unknown, revoked or expired, each in its own words."""
    token = await queries.select_token(tx, ids.fingerprint_of(secret)) if secret.startswith(TOKEN_PREFIX) else None
    if token is None:
        raise errors.InvalidToken("This token is unknown. Make one with: python -m driftsentry token create")
    if token.revoked_at is not None:
        raise errors.InvalidToken("This token was revoked. Ask an admin for another one.")
    if token.expires_at <= clock.now():
        raise errors.InvalidToken("This token has expired. Ask an admin for another one.", code="TOKEN_EXPIRED")
    return token
