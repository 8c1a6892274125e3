"""What people do with alerts: they read them."""

from driftsentry import clock, errors, events
from driftsentry.alerts import queries
from driftsentry.alerts.model import Alert
from driftsentry.auth import Role, require_role
from driftsentry.db import Database
from driftsentry.events import Actor


async def read(db: Database, actor: Actor, alert_id: int) -> Alert:
    """Note that `actor` has read it, once. Raises `NotFound`."""
    async with db.write() as tx:
        await require_role(tx, actor, Role.VIEWER)
        if await queries.insert_read(tx, actor.id, alert_id, clock.now()):
            events.record(tx, "alert.read", actor, at=clock.now(), user_id=actor.id, alert_id=alert_id)
        alert = await queries.select_alert(tx, actor.id, alert_id)
    if alert is None:
        raise errors.NotFound("There is no such alert.")
    return alert


async def read_all(db: Database, actor: Actor, up_to: int | None = None, stack: str = "") -> int:
    """Note that `actor` has read all alerts, of one stack or of all, up to the id `up_to` (None: all there are); how
    many were unread."""
    async with db.write() as tx:
        await require_role(tx, actor, Role.VIEWER)
        latest = await queries.select_latest_id(tx)
        up_to = latest if up_to is None else min(up_to, latest)
        if stack:
            became = await queries.insert_reads(tx, actor.id, stack, up_to, clock.now())
        else:
            became = await queries.update_read_to(tx, actor.id, up_to)
        if became:
            at = clock.now()
            events.record(tx, "alert.read", actor, at=at, user_id=actor.id, up_to=up_to, alerts=became)
    return became
