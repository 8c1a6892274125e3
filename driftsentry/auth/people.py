"""Accounts of people: one write transaction and its event each."""

from driftsentry import clock, errors, events, ids
from driftsentry.auth import passwords, queries, session_queries
from driftsentry.auth.actions import revoke
from driftsentry.auth.model import Person, Role, User
from driftsentry.db import Database, Tx
from driftsentry.events import SYSTEM

DEMO_NAMES = {Role.VIEWER: "Vera Viewer", Role.ENGINEER: "Emil Engineer", Role.ADMIN: "Ada Admin"}


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
    for session_id in await session_queries.select_living_sessions(tx, user.id):
        await revoke(tx, session_id, SYSTEM, clock.now(), why)


async def _require_user(tx: Tx, email: str) -> User:
    user = await queries.select_user_by_email(tx, email.strip().lower())
    if user is None:
        raise errors.NotFound(f"There is no user {email}. `user list` shows them.")
    return user
