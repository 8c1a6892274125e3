"""Reports: what CI jobs upload, and what each one did."""

from driftsentry.reports.actions import check_stack, receive
from driftsentry.reports.model import Receipt, Report, Upload
from driftsentry.reports.queries import select_reports

__all__ = ["Receipt", "Report", "Upload", "check_stack", "receive", "select_reports"]
