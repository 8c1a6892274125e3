"""Rules that people keep: how severe a drift is, what is ignored, and until when."""

from driftsentry.rules.books import books
from driftsentry.rules.ignore_actions import add as add_ignore
from driftsentry.rules.ignore_actions import end as end_ignore
from driftsentry.rules.ignore_actions import end_due
from driftsentry.rules.ignore_preview import preview
from driftsentry.rules.ignore_queries import select_active, select_hidden_drifts, select_of_drift, select_rules
from driftsentry.rules.severity_queries import select_kept, select_ruleset

__all__ = [
    "add_ignore",
    "books",
    "end_due",
    "end_ignore",
    "preview",
    "select_active",
    "select_hidden_drifts",
    "select_kept",
    "select_of_drift",
    "select_rules",
    "select_ruleset",
]
