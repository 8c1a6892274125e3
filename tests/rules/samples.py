"""What the templates of severity rules get, with texts that try to be markup."""

from dataclasses import replace

from driftsentry.judging import QUESTIONS, Conditions, Line, Rule, Severity, Verdict
from driftsentry.rules.severity_draft import ACTIONS, Draft, draft_of
from driftsentry.rules.severity_model import KeptRule, facts_of
from driftsentry.rules.severity_trial import Effect, Trial
from driftsentry.rules.severity_views import About, Row


def values_of(name: str, evil: str) -> dict[str, object]:
    """For the template `name`; nothing when it is none of these."""
    if not name.startswith(("rules/admin", "rules/_admin")):
        return {}
    globs = (evil, evil)
    lines = (Line(globs, evil, evil),)
    rule = Rule("r1", evil, Severity.HIGH, evil, Conditions(globs, globs, globs, globs, globs, lines))
    own, shipped = KeptRule(rule, True, True, evil, "2026"), KeptRule(replace(rule, key="r2"), False, False)
    rows = [Row(own, evil, 3), Row(shipped, evil, 0)]
    draft: Draft = draft_of(own)
    was, becomes = Verdict(Severity.LOW, evil, evil), Verdict(Severity.CRITICAL, evil, evil)
    return {
        "groups": [(Severity.HIGH, rows)],
        "item": rows[0],
        "about": About(own, evil, facts_of(rule), 3, 2, 3, shipped, shipped),
        "draft": draft,
        "wrong": dict.fromkeys(("name", "severity", "types", "actions", "every", "asks"), evil),
        "problem": evil,
        "trial": Trial(9, 60, (Effect(7, evil, evil, was, becomes),), 900, True),
        "severities": tuple(Severity),
        "actions": ACTIONS,
        "chosen": ["delete"],
        "questions": [(key, question.words) for key, question in QUESTIONS.items()],
        "field": "types",
        "label": "Types",
        "hint": "A hint.",
        "most": 200,
        "kind": "lines",
    }
