"""Drifts: what differs, what was decided about it, and by whom."""

from driftsentry.drifts.actions import Once, Wish, comment, count_waiting, decide, lapse, most_urgent
from driftsentry.drifts.lines import path_text
from driftsentry.drifts.listing import SORTS, Decided, Listed, Wanted, is_place
from driftsentry.drifts.listing_queries import (
    Found,
    count_timeline,
    select_last_of_request,
    select_list,
    select_listed,
    select_timeline,
)
from driftsentry.drifts.model import Drift, Row, Status, Verdict
from driftsentry.drifts.queries import select_environment_counts, select_recent_decisions
from driftsentry.drifts.sightings import Counts, Outcome, Seen, Sighting, apply, prepare, resolve_held, select_seen

__all__ = [
    "SORTS",
    "Counts",
    "Decided",
    "Drift",
    "Found",
    "Listed",
    "Once",
    "Outcome",
    "Row",
    "Seen",
    "Sighting",
    "Status",
    "Verdict",
    "Wanted",
    "Wish",
    "apply",
    "comment",
    "count_timeline",
    "count_waiting",
    "decide",
    "is_place",
    "lapse",
    "most_urgent",
    "path_text",
    "prepare",
    "resolve_held",
    "select_environment_counts",
    "select_last_of_request",
    "select_list",
    "select_listed",
    "select_recent_decisions",
    "select_seen",
    "select_timeline",
]
