"""The audit log: whether it is what was once written."""

from driftsentry.audit.actions import Verification, verify

__all__ = ["Verification", "verify"]
