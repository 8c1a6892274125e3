"""What the templates of the overview are rendered with in tests of all templates."""

from datetime import UTC, date, datetime, timedelta

from markupsafe import Markup

from driftsentry.overview.model import Day, Flow, Level, Week
from driftsentry.overview.trends import SPANS, Trends, flow_chart, open_chart, wait_chart
from driftsentry.overview.views import Cell, Freshness, Named, Place, RecentDecision, Table, Trouble

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EMPTY = Table((), 0, (), 0, 0, 0)
_STATES = ("fresh", "late", "stale", "errored", "never")
_TROUBLES = ("errored", "stale", "late", "never", "announced", "incomplete")


def days_of(*totals: int | None) -> list[Day]:
    """One for each number of critical drifts that are open at its end, until 21 November."""
    first = date(2026, 11, 21) - timedelta(days=len(totals) - 1)
    return [
        Day(
            first + timedelta(days=number),
            None if total is None else Flow(total, 1),
            None if total is None else Level(total, 0, 0, 0),
        )
        for number, total in enumerate(totals)
    ]


def weeks_of(*minutes: int | None) -> list[Week]:
    """One for each median, until the week of 16 November."""
    first = date(2026, 11, 16) - timedelta(weeks=len(minutes) - 1)
    mondays = [first + timedelta(weeks=number) for number in range(len(minutes))]
    return [
        Week(monday) if wait is None else Week(monday, 3, timedelta(minutes=wait))
        for monday, wait in zip(mondays, minutes, strict=True)
    ]


def values_of(name: str, text: str) -> dict[str, object]:
    """For a template of the overview: `text` wherever a text from outside can stand."""
    if not name.startswith("overview/"):
        return {}
    named = (Named(text, NOW), Named(text, None))
    cells = tuple(Cell(amount, "/drifts?environment=" + text) for amount in (3, 0, 1, 0))
    place = Place(text, cells, Cell(4, "/drifts?environment=" + text))
    calm = name == "overview/_calm.html"
    charts = (open_chart(days_of(None, 2, 3)), flow_chart(days_of(0, 0)), wait_chart(weeks_of(None, 90)))
    return {
        "freshness": Freshness(
            tuple((state, number) for number, state in enumerate(_STATES)),
            9,
            2,
            tuple(Trouble(state, named, 3) for state in _TROUBLES),
            NOW,
            NOW,
        ),
        "table": Table((place, place), 2, cells, 0 if calm else 4, 2, 3),
        "recent": [RecentDecision(7, text, text, "approved", text, NOW, text, 12)],
        "trends": Trends(30, NOW, charts),
        "spans": SPANS,
        "drawn": Markup("<h1>Overview</h1>"),
    }
