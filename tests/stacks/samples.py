"""Values for the templates of stacks, with hostile text wherever text comes from outside."""

from datetime import UTC, datetime
from types import SimpleNamespace as Thing

NOW = datetime(2026, 11, 21, 19, 6, tzinfo=UTC)


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
        }  # fmt: skip
    return values
