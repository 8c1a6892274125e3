"""The time, in UTC. Tests replace `now`; nobody else asks the operating system."""

from datetime import UTC, datetime

_RFC3339 = "%Y-%m-%dT%H:%M:%S.%fZ"


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: of fixed width, so that it sorts as text on both engines."""
    return moment.astimezone(UTC).strftime(_RFC3339)


def from_text(text: str) -> datetime:
    """The inverse of `to_text`."""
    return datetime.fromisoformat(text)


def maybe_from_text(text: str | None) -> datetime | None:
    """As `from_text`, for columns that may be NULL."""
    return None if text is None else datetime.fromisoformat(text)
