"""What no line of a rule can say: questions about a whole finding, asked by name.

Each answers False, True, or a sentence that says what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from driftsentry.ingest.model import Finding
from driftsentry.judging import network, permissions
from driftsentry.judging.model import attribute_of, significant
from driftsentry.judging.naming import snake
from driftsentry.judging.patterns import number_of

Answer = bool | str
_RETENTIONS = ("retention_in_days", "retention_days", "log_retention_days", "retention_period")


@dataclass(frozen=True, slots=True)
class Question:
    """`words`: for people, behind "only when"."""

    ask: Callable[[Finding], Answer]
    words: str


def secret_changed(finding: Finding) -> Answer:
    for change in finding.changes:
        if change.is_sensitive and not change.noise:
            inside = f" ({attribute_of(change)})" if len(change.path) > 1 else ""
            return f"the secret in {change.path[0] if change.path else 'it'}{inside} is another one now"
    return False


def was_replaced(finding: Finding) -> Answer:
    if finding.action == "replace":
        return f"the {finding.resource_type} was replaced by another one"
    for change in finding.changes:
        if change.forces_replacement and not change.noise:
            return f"undoing the change of {change.path[0] if change.path else 'it'} replaces the resource"
    return False


def shortened_retention(finding: Finding) -> Answer:
    for change in significant(finding):
        before, after = number_of(change.before), number_of(change.after)
        if snake(attribute_of(change)) not in _RETENTIONS or before is None or after is None:
            continue
        # 0 means for ever.
        if after != 0 and (before == 0 or after < before):
            return f"{attribute_of(change)} went from {change.before or 'for ever'} to {change.after}"
    return False


QUESTIONS: Mapping[str, Question] = {
    "opened_to_the_world": Question(network.opened_to_the_world, "a network is open to the world that was not before"),
    "allows_everything": Question(permissions.allows_everything, "a policy allows everything, or everybody, now"),
    "was_widened": Question(permissions.was_widened, "a policy allows more than before"),
    "secret_changed": Question(secret_changed, "a secret changed"),
    "was_replaced": Question(was_replaced, "it was replaced, or undoing it would replace it"),
    "shortened_retention": Question(shortened_retention, "logs are kept for a shorter time"),
}
