"""Alerts as their page shows them: which ones, new and older, and by stack."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from driftsentry.alerts.model import Alert

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page is narrowed to: the query string is its state. `before`: only alerts older than this id."""

    unread_only: bool = True
    stack: str = ""
    before: int | None = None

    def url(self, *, unread_only: bool | None = None, stack: str | None = None, before: int | None = None) -> str:
        """The same with something changed; always its first page unless `before` is given."""
        only = self.unread_only if unread_only is None else unread_only
        pairs = {
            "show": "" if only else "all",
            "stack": self.stack if stack is None else stack,
            "before": before or "",
        }
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"/alerts?{query}" if query else "/alerts"


@dataclass(frozen=True, slots=True)
class Group:
    """The alerts of one stack on one page."""

    stack: str
    environment: str
    stack_id: str
    alerts: list[Alert]


@dataclass(frozen=True, slots=True)
class Span:
    """The alerts of one stretch of time on one page, by stack."""

    key: str
    title: str
    groups: list[Group]


def spans_of(alerts: Sequence[Alert], now: datetime) -> list[Span]:
    """`alerts` (newest first): those of the last day, and what is older. Days have no ends that all readers share."""
    recent = [alert for alert in alerts if now - alert.created_at < DAY]
    older = alerts[len(recent) :]
    named = (("recent", "Last 24 hours", recent), ("older", "Older", older))
    return [Span(key, title, by_stack(of_span)) for key, title, of_span in named if of_span]


def by_stack(alerts: Sequence[Alert]) -> list[Group]:
    """`alerts` (newest first) as groups: the stack with the newest one first."""
    groups: dict[str, Group] = {}
    for alert in alerts:
        made = groups.setdefault(alert.stack_id, Group(alert.stack, alert.environment, alert.stack_id, []))
        made.alerts.append(alert)
    return list(groups.values())
