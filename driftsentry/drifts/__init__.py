"""Drifts: what differs, what was decided about it, and by whom."""

from driftsentry.drifts.actions import count_waiting, decide, lapse, most_urgent
from driftsentry.drifts.model import Drift, Row, Status, Verdict
from driftsentry.drifts.queries import select_environment_counts, select_recent_decisions
from driftsentry.drifts.sightings import Counts, Seen, Sighting, apply, prepare, select_seen

__all__ = [
    "Counts",
    "Drift",
    "Row",
    "Seen",
    "Sighting",
    "Status",
    "Verdict",
    "apply",
    "count_waiting",
    "decide",
    "lapse",
    "most_urgent",
    "prepare",
    "select_environment_counts",
    "select_recent_decisions",
    "select_seen",
]
