"""The time, in UTC. Nobody else asks the operating system."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_pretended: ContextVar[datetime | None] = ContextVar("pretended", default=None)


def now() -> datetime:
    """The current time, aware, in UTC."""
    return _pretended.get() or datetime.now(UTC)


@contextmanager
def pretend(moment: datetime) -> Iterator[None]:
    """Within this block (and the tasks and threads begun in it) it is `moment`: for demo data and tests."""
    token = _pretended.set(moment)
    try:
        yield
    finally:
        _pretended.reset(token)


def to_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: of fixed width, so that it sorts as text on both engines."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> datetime:
    """The inverse of `to_text`."""
    return datetime.fromisoformat(text)


def maybe_from_text(text: str | None) -> datetime | None:
    """As `from_text`, for columns that may be NULL."""
    return None if text is None else datetime.fromisoformat(text)


def maybe_to_text(moment: datetime | None) -> str | None:
    """As `to_text`, for what may be missing."""
    return None if moment is None else to_text(moment)
