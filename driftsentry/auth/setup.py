"""The first run: whoever can read the log makes the first admin, and nobody else can."""

import logging
import secrets
from dataclasses import dataclass
from typing import Any

from driftsentry import clock, errors, events, ids
from driftsentry.auth import actions, fields, link_queries, passwords, queries, session_queries
from driftsentry.auth.actions import Caller, Opening
from driftsentry.auth.model import Role, User
from driftsentry.config import Config
from driftsentry.db import Database, Tx
from driftsentry.events import Actor

# Letters and digits that nobody confuses, in one word that a double click selects: 26 of them are 130 bits.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
_THROTTLE_KEY = "setup"  # the keys of accounts are hashes, so none is equal to it
_OVER = "DriftSentry is set up already. Sign in, or ask an admin to invite you."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to be the first admin, as typed."""

    name: str
    email: str
    password: str


async def offer(db: Database, settings: Config) -> None:
    """While there is no user, write a code to the log that opens /setup. Each process has its own."""
    if not await is_open(db):
        return
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    async with db.write() as tx:
        await link_queries.insert_setup_code(tx, ids.fingerprint_of(code), clock.now())
    _log.warning("setup.code", extra={"url": f"{settings.base_url}/setup?code={code}", "code": code})


async def is_open(db: Database) -> bool:
    """Whether there is no user at all."""
    async with db.read() as tx:
        return not await queries.count_users(tx)


async def require_open(db: Database) -> None:
    """Raises `NotFound` once there is a user."""
    if not await is_open(db):
        raise errors.NotFound(_OVER)


async def set_up(db: Database, settings: Config, code: str, wish: Wish, caller: Caller) -> str:
    """Make the first admin and sign him in; the session's secret.

    Raises `NotFound` once there is a user, `Forbidden` for a wrong code, `RateLimited` for many, and `Invalid`.
    """
    await _check_code(db, code, caller.address)
    email, name = _check(wish)
    user = User(ids.new(), email, name, Role.ADMIN, await passwords.hash(wish.password), "auto", True)
    secret = ids.secret()
    async with db.write() as tx:
        # Again: somebody else may have been faster while the password was hashed.
        if await queries.count_users(tx):
            raise errors.NotFound(_OVER)
        await _make(tx, user, Actor("user", user.id, name, caller.address, caller.request_id))
        opening = Opening("browser", ids.fingerprint_of(secret), settings.session_absolute)
        await actions.begin_session(tx, user, caller, opening)
    return secret


async def _make(tx: Tx, user: User, actor: Actor) -> None:
    now = clock.now()
    await queries.insert_user(tx, user, now)
    await link_queries.delete_setup_codes(tx)
    await session_queries.delete_failures(tx, _THROTTLE_KEY, now - actions.WINDOW)
    about: dict[str, Any] = {"user_id": user.id, "email": user.email}
    events.record(tx, "user.created", actor, at=now, role=user.role.value, **about)
    events.record(tx, "setup.completed", actor, at=now, **about)


async def _check_code(db: Database, code: str, address: str) -> None:
    async with db.write() as tx:
        if await queries.count_users(tx):
            raise errors.NotFound(_OVER)
        is_right = await link_queries.has_setup_code(tx, ids.fingerprint_of(code.strip().lower()))
        if not is_right:
            # The right code is never refused: guessing 130 bits is hopeless, but wrong ones could keep the owner out.
            await actions.count_attempt(tx, _THROTTLE_KEY, address, "codes")
    if not is_right:
        raise errors.Forbidden("This is not the code of the log. Each start of DriftSentry without users writes one.")


def _check(wish: Wish) -> tuple[str, str]:
    """E-mail address and name in their one form. Raises `Invalid` with every problem."""
    fields.gather(
        fields.problem_of(lambda: fields.name_of(wish.name)),
        fields.problem_of(lambda: fields.email_of(wish.email)),
        fields.problem_of(lambda: passwords.check_new(wish.password, wish.email.strip().lower(), wish.name)),
    )
    return fields.email_of(wish.email), fields.name_of(wish.name)
