"""How severe a finding is, by rules that see masked values only."""

from driftsentry.judging.model import Severity, Verdict
from driftsentry.judging.severity import judge

__all__ = ["Severity", "Verdict", "judge"]
