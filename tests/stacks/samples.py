"""Values for the templates of stacks, with hostile text wherever text comes from outside."""

from datetime import UTC, datetime
from types import SimpleNamespace as Thing

from driftsentry.stacks.listing import Facet, Listing, Narrowed

NOW = datetime(2026, 11, 21, 19, 6, tzinfo=UTC)


def entry(evil: str) -> Thing:
    """A stack as lists show it."""
    counts = {"waiting": 10, "critical": 1, "high": 2, "medium": 3, "low": 4, "decided": 5, "informational": 6}
    stack = Thing(
        id="s1", slug=evil, environment=evil, last_report_at=NOW, incomplete_reason=evil, announced=9, announced_at=NOW
    )
    return Thing(stack=stack, tally=Thing(**counts, snoozed=7), freshness="late", freshness_text=evil)


def _listing(evil: str) -> Listing:
    narrowed = Narrowed(evil, evil, "late", 2)
    facets = [Facet(freshness, 3, narrowed.url(freshness=freshness), True) for freshness in ("", "late")]
    return Listing(narrowed, [entry(evil)], 205, facets, [evil], narrowed.url(), narrowed.url(page=3))  # type: ignore[list-item]


def values_of(name: str, evil: str) -> dict[str, object]:
    """What the templates `stacks/*`, and those that say why a list may be incomplete, need beside all values."""
    doubt = Thing(sentence="2 stacks have not reported in time", stacks=[Thing(slug=evil)], more=1)
    values: dict[str, object] = {"doubts": [doubt], "what": "this list"}
    if name.startswith("stacks/"):
        values |= {
            "schedule": Thing(interval="24 h", grace="6 h", stale_after="72 h", source="learned"),
            "form": Thing(
                interval=evil, interval_unit="h", grace=evil, grace_unit="min",
                problems=[Thing(field="interval", message="Give a whole number.")],
            ),
            "learned": [Thing(resource_type=evil, path=evil, text=evil, since=NOW)],
            "recipes": [Thing(title="Plain cron", blocks=(evil, evil))],
            "older_url": "/stacks/x?before=r1",
            "is_older": True,
            "offenders": [
                Thing(row=Thing(id=7, severity="high", address=evil, status="approved"), reopened=2, changed=3)
            ],
            "listing": _listing(evil),
            "is_admin": False,
            "news": [Thing(slug=evil)],
        }  # fmt: skip
    return values
