"""The audit log: what happened, in words, and whether it is what was once written."""

from driftsentry.audit.actions import Verification, verify
from driftsentry.audit.model import Change, Entry, Filter
from driftsentry.audit.queries import count_entries, select_entries

__all__ = ["Change", "Entry", "Filter", "Verification", "count_entries", "select_entries", "verify"]
