"""How severe a finding is, by rules that see masked values only."""

from driftsentry.rules.model import Severity, Verdict
from driftsentry.rules.severity import judge

__all__ = ["Severity", "Verdict", "judge"]
