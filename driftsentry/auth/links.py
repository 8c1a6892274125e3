"""One-time links, by which somebody who was invited, or whose password is lost, chooses a password."""

from datetime import timedelta

from driftsentry import clock, errors, events, ids
from driftsentry.auth import fields, link_queries, passwords, queries
from driftsentry.auth.actions import Caller, Opening, begin_session
from driftsentry.auth.endings import end_sessions
from driftsentry.auth.model import Link, Purpose, User
from driftsentry.config import Config
from driftsentry.db import Database, Tx
from driftsentry.events import Actor

LIFETIMES = {Purpose.INVITE: timedelta(days=7), Purpose.RESET: timedelta(hours=24)}
_UNKNOWN = "This link is not known here. Perhaps a part of it got lost when it was copied."


async def make(tx: Tx, user: User, actor: Actor) -> str:
    """The secret of a new link for `user`, within `tx`. Older ones open nothing from now on."""
    purpose = Purpose.RESET if user.password_hash else Purpose.INVITE
    secret, now = ids.secret(), clock.now()
    link = Link(ids.new(), user, purpose, now + LIFETIMES[purpose], None)
    await link_queries.update_links_void(tx, user.id, now)
    await link_queries.insert_link(tx, link, ids.fingerprint_of(secret), actor.name, now)
    events.record(
        tx, "link.created", actor, at=now, link_id=link.id, purpose=purpose.value, user_id=user.id, email=user.email
    )
    return secret


async def find(db: Database, secret: str) -> Link:
    """Raises `NotFound` for a link that opens nothing: 404 when it is unknown, 410 when it is over."""
    async with db.read() as tx:
        link = await link_queries.select_link(tx, ids.fingerprint_of(secret))
    if link is None:
        raise errors.NotFound(_UNKNOWN)
    if not link.is_good(clock.now()):
        raise _over(link)
    return link


async def redeem(db: Database, settings: Config, secret: str, name: str, password: str, caller: Caller) -> str:
    """Set the password, sign in, and give the session's secret. `name`: for an invitation.

    Raises `NotFound` as `find`, also for whoever comes second, and `Invalid`.
    """
    link = await find(db, secret)
    name = _check(link, name, password)
    password_hash = await passwords.hash(password)
    cookie, now = ids.secret(), clock.now()
    async with db.write() as tx:
        if not await link_queries.update_link_used(tx, link.id, now):
            raise _over(link)
        await queries.update_password(tx, link.user.id, password_hash)
        await queries.update_name(tx, link.user.id, name)
        user = await queries.select_user(tx, link.user.id)
        assert user is not None, "the guarded update saw it"
        await _note_use(tx, user, link, Actor("user", user.id, name, caller.address, caller.request_id))
        opening = Opening("browser", ids.fingerprint_of(cookie), settings.session_absolute)
        await begin_session(tx, user, caller, opening)
    return cookie


async def _note_use(tx: Tx, user: User, link: Link, actor: Actor) -> None:
    now = clock.now()
    how = "invitation" if link.purpose is Purpose.INVITE else "reset link"
    events.record(
        tx, "user.password_changed", actor, at=now, user_id=user.id, email=user.email, by=how, link_id=link.id
    )
    await link_queries.update_links_void(tx, user.id, now)
    await end_sessions(tx, user.id, actor, now, "password set by a link")


def _check(link: Link, name: str, password: str) -> str:
    """The name in use from now on. Raises `Invalid` with every problem."""
    user, is_invitation = link.user, link.purpose is Purpose.INVITE
    checks = [fields.problem_of(lambda: passwords.check_new(password, user.email, name or user.name))]
    if is_invitation:
        checks.insert(0, fields.problem_of(lambda: fields.name_of(name)))
    fields.gather(*checks)
    return fields.name_of(name) if is_invitation else user.name


def _over(link: Link) -> errors.NotFound:
    if not link.user.is_active:
        why = "The account that this link is for is disabled."
    elif link.used_at is None and clock.now() >= link.expires_at:
        why = "This link has expired."
    else:
        why = "This link was used already, or a newer one took its place."
    return errors.NotFound(why, status=410)
