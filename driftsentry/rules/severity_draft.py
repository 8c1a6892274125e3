"""A severity rule as somebody types it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from driftsentry import errors, ids
from driftsentry.errors import Problem
from driftsentry.judging import Conditions, Line, Rule, Severity, problems_of
from driftsentry.rules.severity_model import KeptRule

ACTIONS = ("update", "delete", "replace")
_FIELD_LENGTH = 5000


@dataclass(frozen=True, slots=True)
class Draft:
    """The form. Its `id` becomes the rule's: sent twice, it makes one. `seen`: which state of a rule it changes.

    Lists have one glob a line; types, environments and actions may also have commas between them.
    """

    id: str = field(default_factory=ids.new)
    seen: str = ""
    name: str = ""
    severity: str = Severity.HIGH.value
    reason: str = ""
    types: str = ""
    except_types: str = ""
    addresses: str = ""
    environments: str = ""
    actions: str = ""
    attributes: str = ""
    before: str = ""
    after: str = ""
    every: str = ""
    asks: str = ""


def checked(draft: Draft) -> Rule:
    """The rule that the draft asks for. Raises `Invalid` with every problem."""
    problems = list(_problems_of_form(draft))
    severity = Severity(draft.severity) if draft.severity in set(Severity) else Severity.LOW
    rule = Rule(draft.id, draft.name.strip(), severity, draft.reason.strip(), _conditions(draft))
    problems += [Problem(name, sentence) for name, sentence in problems_of(rule)] if not problems else []
    if problems:
        raise errors.Invalid("This rule cannot be kept so.", problems=problems)
    return rule


def _problems_of_form(draft: Draft) -> Iterator[Problem]:
    if draft.severity not in set(Severity):
        yield Problem("severity", "Choose one of them.")
    for name in Draft.__dataclass_fields__:
        text = getattr(draft, name)
        if len(text) > _FIELD_LENGTH or "\0" in text:
            yield Problem(name, f"{_FIELD_LENGTH} characters at most, and no zero bytes.")


def _conditions(draft: Draft) -> Conditions:
    line = Line(_lines(draft.attributes), draft.before.strip(), draft.after.strip())
    return Conditions(
        types=_words(draft.types),
        except_types=_words(draft.except_types),
        addresses=_lines(draft.addresses),
        environments=_words(draft.environments),
        actions=_words(draft.actions),
        lines=() if line == Line() else (line,),
        every=draft.every != "",
        asks=draft.asks.strip(),
    )


def draft_of(kept: KeptRule) -> Draft:
    """The form for a rule of an admin's own, as it is."""
    return _filled(kept.rule, kept.key, kept.seen)


def draft_like(rule: Rule) -> Draft:
    """The form for another rule that begins as a copy of this one. A form has one line: the first."""
    return _filled(rule, ids.new(), "")


def _filled(rule: Rule, draft_id: str, seen: str) -> Draft:
    conditions = rule.conditions
    line = conditions.lines[0] if conditions.lines else Line()
    return Draft(
        id=draft_id,
        seen=seen,
        name=rule.name if seen else "",
        severity=rule.severity.value,
        reason=rule.reason,
        types="\n".join(conditions.types),
        except_types="\n".join(conditions.except_types),
        addresses="\n".join(conditions.addresses),
        environments="\n".join(conditions.environments),
        actions="\n".join(conditions.actions),
        attributes="\n".join(line.attributes),
        before=line.before,
        after=line.after,
        every="on" if conditions.every else "",
        asks=conditions.asks,
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[\s,]+", text) if word)
