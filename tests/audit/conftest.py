"""People who do something worth an entry, and an admin who looks."""

import pytest

from driftsentry import clock, events
from driftsentry.events import Actor
from tests.site import Browser, Site

EVIL = "=cmd|' /C calc'!A0\",\n<img src=x onerror=alert(1)>\u202e\u200b"


@pytest.fixture
async def admin(site: Site) -> Browser:
    return await site.as_admin()


def person(name: str, actor_id: str = "", address: str = "192.0.2.7") -> Actor:
    return Actor("user", actor_id or name.lower(), name, address, f"request-of-{name}"[:40])


async def note(site: Site, kind: str, actor: Actor, times: int = 1, **more: object) -> None:
    """The same event several times, in one transaction."""
    async with site.db.write() as tx:
        for number in range(times):
            events.record(tx, kind, actor, at=clock.now(), **{"number": number, **more})  # type: ignore[arg-type]


async def add_stack(site: Site) -> None:
    """`prod/app` under the id `s`."""
    await site.run(
        "INSERT INTO stacks (id, slug, environment, interval_seconds, created_at)"
        " VALUES ('s', 'prod/app', 'prod', 1, '2026-11-01')"
    )
