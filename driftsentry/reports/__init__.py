"""Reports: what CI jobs upload, and what each one did."""

from driftsentry.reports.actions import check_stack, receive
from driftsentry.reports.bars import bars_of
from driftsentry.reports.body import Body
from driftsentry.reports.held import Answer, settle
from driftsentry.reports.history import line_of, offenders
from driftsentry.reports.large import LargeReports
from driftsentry.reports.model import Receipt, Report, Upload
from driftsentry.reports.notifications import Notice, note, notice_of, secret_of, verify
from driftsentry.reports.queries import count_reports, select_reports, select_waiting

__all__ = [
    "Answer",
    "Body",
    "LargeReports",
    "Notice",
    "Receipt",
    "Report",
    "Upload",
    "bars_of",
    "check_stack",
    "count_reports",
    "line_of",
    "note",
    "notice_of",
    "offenders",
    "receive",
    "secret_of",
    "select_reports",
    "select_waiting",
    "settle",
    "verify",
]
