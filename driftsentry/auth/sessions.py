"""Ending sessions: one's own, and for admins anybody's. One write transaction and its events each."""

from driftsentry import clock, errors
from driftsentry.auth import queries, session_queries
from driftsentry.auth.actions import require_role, revoke
from driftsentry.auth.endings import end_sessions
from driftsentry.auth.model import Person, Role
from driftsentry.db import Database
from driftsentry.events import Actor


async def end(db: Database, actor: Actor, session_id: str) -> None:
    """End a session: one's own, or as an admin anybody's. Raises `NotFound` when it has ended already."""
    async with db.write() as tx:
        await require_role(tx, actor, Role.VIEWER)
        owner = await session_queries.select_owner(tx, session_id)
        is_own = owner is not None and owner[0] == actor.id
        # NotFound for somebody else's too: who may not end it shall not learn that it is there.
        if owner is None or not (is_own or await queries.select_role(tx, actor.id) is Role.ADMIN):
            raise errors.NotFound("There is no such session. It may have ended already.")
        await revoke(tx, session_id, actor, clock.now(), "ended by its owner" if is_own else "ended by an admin")


async def end_others(db: Database, actor: Actor, person: Person) -> int:
    """End all sessions of `person` but the one that asks; how many."""
    async with db.write() as tx:
        await require_role(tx, actor, Role.VIEWER)
        return await end_sessions(tx, person.id, actor, clock.now(), "ended by its owner", but=person.session_id)


async def end_all_of(db: Database, actor: Actor, user_id: str) -> int:
    """End all sessions of somebody, as an admin; how many. Raises `NotFound` when there is no such user."""
    async with db.write() as tx:
        await require_role(tx, actor, Role.ADMIN)
        if await session_queries.select_holder(tx, user_id) is None:
            raise errors.NotFound("There is no such user.")
        return await end_sessions(tx, user_id, actor, clock.now(), "ended by an admin")
