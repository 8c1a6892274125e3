"""Drifts: what differs, what was decided about it, and by whom."""

from driftsentry.drifts.actions import (
    Comment,
    Once,
    Wish,
    comment,
    decide,
    lapse,
    most_urgent,
    require,
    text_of,
)
from driftsentry.drifts.listing import SORTS, Decided, Listed, Wanted, is_place
from driftsentry.drifts.listing_queries import (
    Found,
    count_timeline,
    select_list,
    select_listed,
    select_timeline,
)
from driftsentry.drifts.model import Drift, Row, Status, Verdict
from driftsentry.drifts.open_queries import OpenDrift, count_open_by_rule, select_open_drifts
from driftsentry.drifts.queries import select_recent_decisions, select_rows
from driftsentry.drifts.query import asking_for, parse_query
from driftsentry.drifts.reviewing import BookOf, review
from driftsentry.drifts.sighting_queries import select_seen
from driftsentry.drifts.sightings import Counts, Occasion, Outcome, Outrun, apply, apply_again, resolve_held
from driftsentry.drifts.snoozing import UNTIL_CHANGE, Snooze, snooze, wake, wake_due
from driftsentry.drifts.waiting import count_waiting
from driftsentry.drifts.walk_queries import FAR
from driftsentry.drifts.written import path_text

__all__ = [
    "FAR",
    "SORTS",
    "UNTIL_CHANGE",
    "BookOf",
    "Comment",
    "Counts",
    "Decided",
    "Drift",
    "Found",
    "Listed",
    "Occasion",
    "Once",
    "OpenDrift",
    "Outcome",
    "Outrun",
    "Row",
    "Snooze",
    "Status",
    "Verdict",
    "Wanted",
    "Wish",
    "apply",
    "apply_again",
    "asking_for",
    "comment",
    "count_open_by_rule",
    "count_timeline",
    "count_waiting",
    "decide",
    "is_place",
    "lapse",
    "most_urgent",
    "parse_query",
    "path_text",
    "require",
    "resolve_held",
    "review",
    "select_list",
    "select_listed",
    "select_open_drifts",
    "select_recent_decisions",
    "select_rows",
    "select_seen",
    "select_timeline",
    "snooze",
    "text_of",
    "wake",
    "wake_due",
]
