"""Accounts of people: one write transaction and its event each. The command line acts as `SYSTEM`."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from driftsentry import clock, errors, events, ids
from driftsentry.auth import actions, fields, link_queries, links, passwords, queries
from driftsentry.auth.endings import end_sessions, end_tokens
from driftsentry.auth.model import Person, Role, User
from driftsentry.config import Config
from driftsentry.db import Database, Tx
from driftsentry.errors import Invalid, Problem
from driftsentry.events import SYSTEM, Actor

DEMO_NAMES = {Role.VIEWER: "Vera Viewer", Role.ENGINEER: "Emil Engineer", Role.ADMIN: "Ada Admin"}
LAST_ADMIN = "This is the last active admin. Make another one first."
Once = Callable[[Tx], Awaitable[None]]


async def choose_theme(db: Database, person: Person, theme: str) -> None:
    if theme not in ("auto", "light", "dark"):
        raise errors.Invalid("Choose auto, light or dark.")
    async with db.write() as tx:
        await queries.update_theme(tx, person.id, theme)


async def prefer(db: Database, user_id: str, **wishes: bool | str | Iterable[str]) -> None:
    """Change some of somebody's preferences. Raises `Invalid` for what cannot be chosen."""
    async with db.write() as tx:
        now = await queries.select_preferences(tx, user_id)
        await queries.update_preferences(tx, user_id, now.changed(**wishes))


# -- Making people ---------------------------------------------------------------------------------------------


async def create_user(db: Database, email: str, name: str, role: Role, password: str) -> User:
    """Raises `Conflict` when the address is taken. Hashes on the calling thread: for the command line."""
    passwords.check_new(password, email.strip().lower(), name)
    return await _create(db, email, name, role, password)


async def ensure_demo_users(db: Database) -> None:
    """The three demo users, if there is no user at all. Everybody knows their passwords."""
    async with db.read() as tx:
        if await queries.count_users(tx):
            return
    for role in Role:
        await _create(db, f"{role}@driftsentry.local", DEMO_NAMES[role], role, f"{role}123")


async def invite(
    db: Database, actor: Actor, email: str, name: str, role: Role, once: Once | None = None
) -> tuple[User, str]:
    """Somebody without a password yet, and the secret of the link that lets him choose one: /welcome/<secret>.

    `once` is awaited first, in the same transaction. Raises `Invalid`, `Forbidden` and `Conflict`.
    """
    fields.gather(fields.problem_of(lambda: fields.email_of(email)), fields.problem_of(lambda: fields.name_of(name)))
    user = User(ids.new(), fields.email_of(email), fields.name_of(name), role, "", "auto", True)
    async with db.write() as tx:
        if once:
            await once(tx)
        await _require_admin(tx, actor)
        await _insert(tx, user)
        events.record(tx, "user.invited", actor, at=clock.now(), role=role.value, **_target(user))
        return user, await links.make(tx, user, actor)


async def _create(db: Database, email: str, name: str, role: Role, password: str) -> User:
    email, name = fields.email_of(email), fields.name_of(name)
    user = User(ids.new(), email, name, role, passwords.hash_now(password), "auto", True)
    async with db.write() as tx:
        await _insert(tx, user)
        events.record(tx, "user.created", SYSTEM, at=clock.now(), role=role.value, **_target(user))
    return user


async def _insert(tx: Tx, user: User) -> None:
    if await queries.select_user_by_email(tx, user.email):
        sentence = f"There is already a user {user.email}."
        raise errors.Conflict(sentence, problems=[Problem("email", sentence)])
    await queries.insert_user(tx, user, clock.now())
    await link_queries.delete_setup_codes(tx)


# -- What admins do to them ------------------------------------------------------------------------------------


async def change(
    db: Database, actor: Actor, user_id: str, *, role: Role | None = None, is_active: bool | None = None
) -> User:
    """Another role, another state or both: all or nothing."""
    async with db.write() as tx:
        await _require_admin(tx, actor)
        if role is not None:
            await _change_role(tx, actor, await _require(tx, user_id), role)
        if is_active is not None:
            await (_enable if is_active else _disable)(tx, actor, await _require(tx, user_id))
        return await _require(tx, user_id)


async def change_role(db: Database, actor: Actor, user_id: str, role: Role) -> User:
    """Another role, and with it the end of all sessions, so that no open page keeps what the old one showed."""
    return await change(db, actor, user_id, role=role)


async def disable(db: Database, actor: Actor, user_id: str) -> User:
    """Refuse somebody everywhere at once: sessions, sockets, links, and the tokens that he made."""
    return await change(db, actor, user_id, is_active=False)


async def enable(db: Database, actor: Actor, user_id: str) -> User:
    """Let somebody sign in again. What was ended stays ended."""
    return await change(db, actor, user_id, is_active=True)


async def make_reset_link(db: Database, actor: Actor, user_id: str, once: Once | None = None) -> str:
    """The secret of a new link: for a new password, or, before the first one, to accept the invitation.

    Nothing ends until it is used. Raises `Conflict` for somebody who is disabled.
    """
    async with db.write() as tx:
        if once:
            await once(tx)
        await _require_admin(tx, actor)
        user = await _require(tx, user_id)
        if not user.is_active:
            raise errors.Conflict("This account is disabled. Enable it first.")
        return await links.make(tx, user, actor)


async def disable_user(db: Database, email: str) -> None:
    """As `disable`, for the command line."""
    async with db.write() as tx:
        await _disable(tx, SYSTEM, await _require_by_email(tx, email))


async def _change_role(tx: Tx, actor: Actor, user: User, role: Role) -> None:
    if role is not Role.ADMIN:
        await _spare_last_admin(tx, user)
    if await queries.update_role(tx, user.id, role):
        now = clock.now()
        events.record(tx, "user.role_changed", actor, at=now, old=user.role.value, new=role.value, **_target(user))
        await end_sessions(tx, user.id, actor, now, "role changed")


async def _enable(tx: Tx, actor: Actor, user: User) -> None:
    if await queries.update_user_active(tx, user.id, is_active=True):
        events.record(tx, "user.enabled", actor, at=clock.now(), **_target(user))


async def _disable(tx: Tx, actor: Actor, user: User) -> None:
    await _spare_last_admin(tx, user)
    if not await queries.update_user_active(tx, user.id, is_active=False):
        return
    now = clock.now()
    events.record(tx, "user.disabled", actor, at=now, **_target(user))
    await link_queries.update_links_void(tx, user.id, now)
    await end_sessions(tx, user.id, actor, now, "account disabled")
    await end_tokens(tx, user.id, actor, now)


async def _spare_last_admin(tx: Tx, user: User) -> None:
    # In the write transaction, where nobody else writes: two admins cannot both be the one that is left.
    if user.role is Role.ADMIN and user.is_active and not await queries.count_other_admins(tx, user.id):
        raise errors.Conflict(LAST_ADMIN)


# -- Passwords -------------------------------------------------------------------------------------------------


async def change_password(db: Database, settings: Config, person: Person, actor: Actor, old: str, new: str) -> None:
    """One's own; ends all other sessions. Raises `Invalid` (fields `old`, `new`), `RateLimited`, and `Conflict`."""
    passwords.check_new(new, person.email, person.name, field="new")
    try:
        user = await actions.check_password(db, settings, person.email, old, actor.address)
    except (errors.SignedOut, errors.Invalid):
        sentence = "This is not your password."
        raise Invalid(sentence, problems=[Problem("old", sentence)]) from None
    password_hash = await passwords.hash(new)
    async with db.write() as tx:
        if await queries.select_role(tx, user.id) is None:
            raise errors.Forbidden("Your account is not active.")
        if not await queries.update_password(tx, user.id, password_hash, instead_of=user.password_hash):
            raise errors.Conflict("Your password was changed by somebody else at this moment. Nothing was done.")
        await _end_old(tx, actor, user, "user.password_changed", but=person.session_id)


async def reset_password(db: Database, email: str, password: str) -> None:
    """For the command line."""
    password_hash = passwords.hash_now(password)
    async with db.write() as tx:
        user = await _require_by_email(tx, email)
        await queries.update_password(tx, user.id, password_hash)
        await _end_old(tx, SYSTEM, user, "user.password_reset")


async def _end_old(tx: Tx, actor: Actor, user: User, kind: str, *, but: str = "") -> None:
    """What the old password, or a link in its place, had opened."""
    now = clock.now()
    events.record(tx, kind, actor, at=now, **_target(user))
    await link_queries.update_links_void(tx, user.id, now)
    await end_sessions(tx, user.id, actor, now, kind.removeprefix("user.").replace("_", " "), but=but)


# -- Who it is -------------------------------------------------------------------------------------------------


async def _require_admin(tx: Tx, actor: Actor) -> None:
    if actor != SYSTEM:  # the command line: whoever may run it could as well write to the database
        await actions.require_role(tx, actor, Role.ADMIN)


async def _require(tx: Tx, user_id: str) -> User:
    user = await queries.select_user(tx, user_id)
    if user is None:
        raise errors.NotFound("There is no such user.")
    return user


async def _require_by_email(tx: Tx, email: str) -> User:
    user = await queries.select_user_by_email(tx, email.strip().lower())
    if user is None:
        raise errors.NotFound(f"There is no user {email}. `user list` shows them.")
    return user


def _target(user: User) -> dict[str, Any]:
    """Whom an event is about."""
    return {"user_id": user.id, "email": user.email}
