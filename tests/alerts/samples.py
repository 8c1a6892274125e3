"""Values for the templates of alerts, with hostile text wherever text comes from outside."""

from datetime import UTC, datetime

from driftsentry.alerts import Alert, Kind
from driftsentry.alerts.views import Group, Shown, Span

NOW = datetime(2026, 11, 21, 19, 6, tzinfo=UTC)


def alert(evil: str, number: int = 3, kind: str = "drifts", *, is_read: bool = False) -> Alert:
    severity = "high" if kind in ("drifts", "lapsed") else None
    return Alert(
        number, Kind(kind), evil, "s1", evil, 7, evil, evil, severity, 2, 1, NOW, is_read, f"New: {evil}", evil, evil
    )  # fmt: skip


def values_of(name: str, evil: str) -> dict[str, object]:
    """What the templates `alerts/*` need beside the values of all templates."""
    if not name.startswith("alerts/"):
        return {}
    listed = [alert(evil, n, kind, is_read=n % 2 == 0) for n, kind in enumerate(Kind, start=1)]
    other = alert(evil, 90)
    return {
        "alert": alert(evil),
        "spans": [Span(key, "Older", [Group(evil, evil, "s1", some)]) for key, some in (("a", listed), ("b", [other]))],
        "alerted": [evil, "prod/x"],
        "shown": Shown(True, evil, 9),
        "has_focus": True,
        "amount": 5,
        "newest_id": 5,
        "next_url": "/alerts?before=1",
    }
