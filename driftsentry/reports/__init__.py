"""Reports: what CI jobs upload, and what each one did."""

from driftsentry.reports.actions import check_stack, receive
from driftsentry.reports.held import Answer, settle
from driftsentry.reports.model import Receipt, Report, Upload
from driftsentry.reports.queries import count_reports, select_reports, select_waiting

__all__ = [
    "Answer",
    "Receipt",
    "Report",
    "Upload",
    "check_stack",
    "count_reports",
    "receive",
    "select_reports",
    "select_waiting",
    "settle",
]
