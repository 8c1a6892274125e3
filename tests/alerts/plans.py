"""Reports that alert, and the alerts that they bring."""

from datetime import UTC, datetime, timedelta
from typing import Any

from driftsentry import alerts, clock
from driftsentry.alerts import Alert
from driftsentry.auth.model import User
from driftsentry.events import Actor
from tests.browser.plans import Entry, door, size
from tests.ingest.samples import plan
from tests.site import Site

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
REASON = "the vendor asked us to keep it"


def scan(minute: int, *entries: Entry, **top: object) -> bytes:
    """What the tool printed at that minute."""
    return plan(*entries, timestamp=(START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ"), **top)


async def post(site: Site, minute: int, *entries: Entry, stack: str = "prod/app", **top: object) -> dict[str, Any]:
    response = await site.post_body(scan(minute, *entries, **top), stack)
    answer = await response.get_json()
    assert response.status_code in (200, 201), answer
    return dict(answer["data"])


async def told(site: Site, user: User | None = None) -> list[Alert]:
    """All alerts, oldest first."""
    async with site.db.read() as tx:
        return (await alerts.select_alerts(tx, user.id if user else None, limit=1000))[::-1]


def actor_of(user: User) -> Actor:
    return Actor("user", user.id, user.name, "127.0.0.1")


async def decide(site: Site, address: str, verdict: str = "approved", until: str = "") -> None:
    drift = await site.drift(address)
    form = {"verdict": verdict, "reason": REASON, "fingerprint": drift["fingerprint"], "until": until}
    response = await (await site.as_engineer()).post(f"/drifts/{drift['id']}/decision", form)
    assert response.status_code == 303


def in_days(days: int) -> datetime:
    return clock.now() + timedelta(days=days)


__all__ = ["actor_of", "decide", "door", "in_days", "post", "scan", "size", "told"]
