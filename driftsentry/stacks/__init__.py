"""Stacks: what is planned alone, and how fresh its reports are."""

from driftsentry.stacks.actions import ensure, note_announced, note_report, note_silence
from driftsentry.stacks.model import Entry, Freshness, Stack, Tally, environment_of, is_slug
from driftsentry.stacks.queries import has_stacks, select_learned, select_stack, select_stacks
from driftsentry.stacks.recipes import recipes_for
from driftsentry.stacks.rhythm import Schedule, Source, span_of
from driftsentry.stacks.scheduling import forget, learn_again, set_schedule
from driftsentry.stacks.views import Doubt, doubts, entries, entry_of, freshest_last, require, require_entry

__all__ = [
    "Doubt",
    "Entry",
    "Freshness",
    "Schedule",
    "Source",
    "Stack",
    "Tally",
    "doubts",
    "ensure",
    "entries",
    "entry_of",
    "environment_of",
    "forget",
    "freshest_last",
    "has_stacks",
    "is_slug",
    "learn_again",
    "note_announced",
    "note_report",
    "note_silence",
    "recipes_for",
    "require",
    "require_entry",
    "select_learned",
    "select_stack",
    "select_stacks",
    "set_schedule",
    "span_of",
]
