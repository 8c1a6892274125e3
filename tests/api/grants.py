"""Signing in as a program, refreshing and leaving, as tests do it."""

from datetime import timedelta
from typing import Any

from driftsentry import auth, clock
from driftsentry.auth import Caller, Grant
from driftsentry.auth.api_sessions import GRACE
from driftsentry.auth.model import User
from tests.api.program import Answer, Program
from tests.site import PASSWORD, Site

HOME = Caller("203.0.113.1", "tests", "request")
BEYOND_GRACE = GRACE + timedelta(seconds=1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


async def log_in(site: Site, user: User) -> Grant:
    return await auth.log_in(site.db, site.app.settings, user.email, PASSWORD, HOME)


async def refresh(site: Site, token: str, address: str = "203.0.113.1") -> Answer:
    return await Program(site.app, address=address).post("/auth/refresh", json={"refreshToken": token})


async def log_out(site: Site, token: str) -> Answer:
    return await Program(site.app).post("/auth/logout", json={"refreshToken": token})


async def me(site: Site, access_token: str) -> Answer:
    return await Program(site.app, access_token).get("/users/me")


async def successor(site: Site, token: str) -> dict[str, Any]:
    return dict((await refresh(site, token)).data)


async def rows(site: Site) -> int:
    return int(await site.value("SELECT count(*) FROM refresh_tokens"))


def later(by: timedelta) -> Any:
    """Within this block it is later, or earlier, than now."""
    return clock.pretend(clock.now() + by)
