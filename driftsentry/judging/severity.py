"""The rules that ship, as one table. The highest that matches wins; among equals, the first."""

from __future__ import annotations

from driftsentry.ingest.model import Finding
from driftsentry.judging import lifecycles, network, permissions, switches
from driftsentry.judging.model import Rule, Severity, Verdict, significant

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW

RULES: tuple[Rule, ...] = (
    Rule("network open to the world", CRITICAL, network.opened_to_the_world, "a network is open to the world now"),
    Rule("permissions for everything", CRITICAL, permissions.allows_everything, "a policy allows everything now"),
    Rule("public access", CRITICAL, switches.is_public_now, "it can be reached by everybody now"),
    Rule("data lost", CRITICAL, lifecycles.lost_data, "something that holds data is gone"),
    Rule("permissions widened", HIGH, permissions.was_widened, "a policy allows more now"),
    Rule("deleted", HIGH, lifecycles.is_gone, "the resource is gone"),
    Rule("replaced", HIGH, lifecycles.was_replaced, "the resource was replaced"),
    Rule("deletion protection off", HIGH, switches.lost_protection, "it can be deleted by mistake now"),
    Rule("encryption off", HIGH, switches.lost_encryption, "encryption is off now"),
    Rule("logging off", HIGH, switches.lost_logging, "logging is off now"),
    Rule("versioning off", HIGH, switches.lost_versioning, "versioning is off now"),
    Rule("secret changed", HIGH, lifecycles.secret_changed, "a secret is another one now"),
    Rule("retention shortened", MEDIUM, switches.shortened_retention, "logs are kept for a shorter time now"),
    Rule("tags only", LOW, lifecycles.only_tags, "only tags differ"),
)
_BY_RANK = sorted(RULES, key=lambda rule: -rule.severity.rank)


def judge(finding: Finding) -> Verdict:
    """The verdict of the highest rule that matches; informational findings are low."""
    if finding.cause == "informational" and finding.action not in ("delete", "replace"):
        return Verdict(LOW, "informational", finding.cause_reason)
    for rule in _BY_RANK:
        matched = rule.matches(finding)
        if matched:
            return Verdict(rule.severity, rule.name, matched if isinstance(matched, str) else rule.reason)
    return Verdict(MEDIUM, "changed attribute", _difference(finding))


def _difference(finding: Finding) -> str:
    names = list(dict.fromkeys(str(change.path[0]) for change in significant(finding)))
    if not names:
        return finding.cause_reason
    return f"{names[0]} differs from the code" + (f", and {len(names) - 1} more" if len(names) > 1 else "")
