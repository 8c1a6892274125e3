"""An admin at work, and what the log must say of it."""

from typing import Any

from quart import Response

from driftsentry.auth.model import User
from driftsentry.events import Actor
from tests.site import Browser, Site

EVIL = '<img src=x onerror=alert(1)>"'
INVITATION = {"email": "Nina@Example.com", "name": "Nina", "role": "engineer"}


def actor_of(user: User) -> Actor:
    return Actor("user", user.id, user.name, "203.0.113.5", "r1")


async def text(response: Response) -> str:
    return str(await response.get_data(as_text=True))


async def row_of(site: Site, user: User) -> Any:
    [row] = await site.rows("SELECT * FROM users WHERE id = :id", id=user.id)
    return row


async def the_admin(site: Site, address: str = "203.0.113.5") -> Browser:
    return await site.browser_of(await site.person("Ada", "admin"), address)


async def check_events(site: Site, target: User | dict[str, str], *kinds: str) -> None:
    """Each of them once more or less, by Ada, from where she sits, about the target."""
    ada = await site.person("Ada", "admin")
    user_id, email = (target["id"], target["email"]) if isinstance(target, dict) else (target.id, target.email)
    found = await site.events(*kinds)
    assert {event.kind for event in found} == set(kinds)
    for event in found:
        assert (event.actor.id, event.actor.name, event.actor.address) == (ada.id, "Ada", "203.0.113.5")
        assert event.actor.request_id
        if event.kind != "token.revoked":
            assert (event.data["user_id"], event.data["email"]) == (user_id, email)
