"""The history of a stack's reports as small bars: what each one opened stands above the line, what it closed below."""

from collections.abc import Sequence
from dataclasses import dataclass

from driftsentry.reports.model import Report
from driftsentry.reports.words import result_of

ABOVE, BELOW = 30, 16  # units of the picture


@dataclass(frozen=True, slots=True)
class Bar:
    """One report. `opened` (new and reopened), `changed`, `closed`: heights. `state`: complete, incomplete or late."""

    report: Report
    words: str
    state: str
    opened: int
    changed: int
    closed: int


def bars_of(reports: Sequence[Report]) -> list[Bar]:
    """In the order of `reports`, all on one scale."""
    above = max((report.detected + report.reopened + report.changed for report in reports), default=0)
    below = max((report.resolved for report in reports), default=0)
    return [_bar(report, above, below) for report in reports]


def _bar(report: Report, above: int, below: int) -> Bar:
    opened = _height(report.detected + report.reopened, above, ABOVE)
    changed = min(_height(report.changed, above, ABOVE), ABOVE - opened)
    state = "late" if report.is_late else "complete" if report.is_complete else "incomplete"
    return Bar(report, _words(report), state, opened, changed, _height(report.resolved, below, BELOW))


def _height(number: int, most: int, room: int) -> int:
    """What is there can be seen, however small it is beside the largest; 3 and more of `room` for 1 and more."""
    return max(3, round(number * room / most)) if number else 0


def _words(report: Report) -> str:
    if report.is_late:
        return "came late, changed nothing"
    return result_of(report) + ("" if report.is_complete else f"; incomplete: {report.incomplete_reason}")
