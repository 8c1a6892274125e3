"""Stacks: what is planned alone, and how fresh its reports are."""

from driftsentry.stacks.actions import ensure, note_report, note_stale
from driftsentry.stacks.model import Entry, Freshness, Stack, Tally, is_slug
from driftsentry.stacks.queries import select_stack, select_stacks
from driftsentry.stacks.views import entries, entry_of, freshest_last, require, require_entry

__all__ = [
    "Entry",
    "Freshness",
    "Stack",
    "Tally",
    "ensure",
    "entries",
    "entry_of",
    "freshest_last",
    "is_slug",
    "note_report",
    "note_stale",
    "require",
    "require_entry",
    "select_stack",
    "select_stacks",
]
