"""Rules from data: the tables that ship, stored ones, and what somebody typed into a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from driftsentry.judging import patterns
from driftsentry.judging.model import Conditions, Line, Rule, Severity
from driftsentry.judging.questions import QUESTIONS
from driftsentry.judging.reasons import places, unknown_places

NAME_LENGTH, REASON_LENGTH, GLOB_LENGTH = 80, 300, 200
MOST_GLOBS, MOST_LINES = 100, 10
_GLOBS = ("types", "except_types", "addresses", "environments", "actions")
_OF_LINES = frozenset({"attribute", "before", "after"})


def rule_of(key: str, name: str, severity: str, reason: str, **conditions: Any) -> Rule:
    """A rule from plain data. Raises ValueError for what is none: other names, or patterns that cannot be read."""
    if unknown := conditions.keys() - set(Conditions.__dataclass_fields__):
        raise ValueError(f"A rule has no {', '.join(sorted(unknown))}.")
    rule = Rule(key, name, Severity(severity), reason, msgspec.convert(conditions, Conditions))
    for _field, sentence in problems_of(rule):
        raise ValueError(f"The rule {key}: {sentence}")
    return rule


def conditions_of(text: str) -> Conditions:
    """The conditions that `conditions_to_json` wrote. Raises ValueError for anything else."""
    return msgspec.json.decode(text, type=Conditions)


def conditions_to_json(conditions: Conditions) -> str:
    return msgspec.json.encode(conditions).decode()


def problems_of(rule: Rule) -> Iterator[tuple[str, str]]:
    """(field, sentence for people) of all that is wrong with it; `attributes`, `before` and `after` are of lines."""
    if not 1 <= len(rule.name) <= NAME_LENGTH or not rule.name.isprintable():
        yield "name", f"Give it a name of 1 to {NAME_LENGTH} printable characters."
    if sentence := _wrong_with_reason(rule):
        yield "reason", sentence
    conditions = rule.conditions
    if conditions == Conditions():
        yield "types", "Say what it is about: it would match every drift."
    for name in _GLOBS:
        if sentence := _wrong_with_globs(getattr(conditions, name)):
            yield name, sentence
    if len(conditions.lines) > MOST_LINES:
        yield "attributes", f"{MOST_LINES} lines at most."
    for line in conditions.lines:
        yield from _problems_of_line(line)
    if conditions.every and not conditions.lines:
        yield "every", "Say of which attributes."
    if conditions.asks and conditions.asks not in QUESTIONS:
        yield "asks", "There is no such question."


def _wrong_with_reason(rule: Rule) -> str:
    if not 1 <= len(rule.reason) <= REASON_LENGTH or not rule.reason.isprintable():
        return f"Say in one sentence of 1 to {REASON_LENGTH} characters why it matters."
    if unknown := unknown_places(rule.reason):
        return f"Nothing is filled in for {{{unknown[0]}}}."
    named = places(rule.reason)
    if named & _OF_LINES and not rule.conditions.lines:
        return "{attribute}, {before} and {after} need a condition on an attribute or a value."
    return "{answer} needs a question." if "answer" in named and not rule.conditions.asks else ""


def _problems_of_line(line: Line) -> Iterator[tuple[str, str]]:
    if sentence := _wrong_with_globs(line.attributes):
        yield "attributes", sentence
    for name in ("before", "after"):
        try:
            patterns.read(getattr(line, name))
        except ValueError as refusal:
            yield name, str(refusal)
    if line == Line():
        yield "attributes", "A line needs an attribute or a value."


def _wrong_with_globs(globs: tuple[str, ...]) -> str:
    if len(globs) > MOST_GLOBS:
        return f"{MOST_GLOBS} at most; one with * covers many."
    if any(not glob or len(glob) > GLOB_LENGTH or not glob.isprintable() for glob in globs):
        return f"Each has 1 to {GLOB_LENGTH} printable characters."
    return ""
