"""What rules make of a finding: which of its lines do not count, and how severe it is. Masked values only. Pure."""

from driftsentry.judging.globs import matches
from driftsentry.judging.ignoring import Ignore
from driftsentry.judging.marking import Book, Marked, general, mark
from driftsentry.judging.model import Conditions, Line, Rule, Severity, Verdict
from driftsentry.judging.questions import QUESTIONS
from driftsentry.judging.reading import conditions_of, conditions_to_json, problems_of
from driftsentry.judging.severity import SHIPPED, Ruleset, judge
from driftsentry.judging.sighting import Seen, Sighting, sight, sight_again

__all__ = [
    "QUESTIONS",
    "SHIPPED",
    "Book",
    "Conditions",
    "Ignore",
    "Line",
    "Marked",
    "Rule",
    "Ruleset",
    "Seen",
    "Severity",
    "Sighting",
    "Verdict",
    "conditions_of",
    "conditions_to_json",
    "general",
    "judge",
    "mark",
    "matches",
    "problems_of",
    "sight",
    "sight_again",
]
