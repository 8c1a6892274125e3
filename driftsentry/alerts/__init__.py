"""Alerts: what is new and needs people, told once, and read by each of them."""

from driftsentry.alerts.actions import read, read_all
from driftsentry.alerts.model import UNREAD_LIMIT, Alert, Kind
from driftsentry.alerts.queries import (
    count_alerts,
    count_unread,
    select_alert,
    select_alerted_stacks,
    select_alerts,
    select_some,
)
from driftsentry.alerts.raising import before_commit, raise_for

__all__ = [
    "UNREAD_LIMIT",
    "Alert",
    "Kind",
    "before_commit",
    "count_alerts",
    "count_unread",
    "raise_for",
    "read",
    "read_all",
    "select_alert",
    "select_alerted_stacks",
    "select_alerts",
    "select_some",
]
