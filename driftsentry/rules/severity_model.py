"""Severity rules as they are kept: those that ship, admins' own, and in which order they are asked."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from driftsentry.judging import QUESTIONS, SHIPPED, Rule, Ruleset, Severity, conditions_of, problems_of

_log = logging.getLogger(__name__)
_SHIPPED = {rule.key: (place, rule) for place, rule in enumerate(SHIPPED.rules)}
# Verdicts that no rule gives: a rule of that name could not be told from them.
RESERVED = frozenset({"informational", "changed attribute"})


@dataclass(frozen=True, slots=True)
class Stored:
    """A row: a rule of an admin's own, or what is other than it ships of one that ships, whose key is the id."""

    id: str
    name: str
    severity: str
    conditions: str
    reason: str
    is_active: bool
    position: int | None
    maker: str
    created_at: str
    updated_at: str

    @property
    def is_own(self) -> bool:
        return self.conditions != ""


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule in its place. `maker` and `seen`, which changes with it, are of own rules."""

    rule: Rule
    is_own: bool
    is_active: bool
    maker: str = ""
    seen: str = ""

    @property
    def key(self) -> str:
        return self.rule.key

    @property
    def severity(self) -> Severity:
        return self.rule.severity


def arrange(stored: Sequence[Stored]) -> tuple[KeptRule, ...]:
    """All rules in the order in which they are asked: the most severe first; of these the new ones of people's own,
    then as somebody put them, then as they ship. A row that cannot be read is left out, and said to the log."""
    placed = [*_own(stored), *_shipped({row.id: row for row in stored if not row.is_own})]
    placed.sort(key=lambda pair: (-pair[1].severity.rank, pair[0]))
    return tuple(kept for _place, kept in placed)


Place = tuple[int, int]


def _own(stored: Sequence[Stored]) -> Iterator[tuple[Place, KeptRule]]:
    newest_first = sorted((row for row in stored if row.is_own), key=lambda row: (row.created_at, row.id), reverse=True)
    for number, row in enumerate(newest_first):
        place = (0, number) if row.position is None else (1, row.position)
        try:
            yield place, KeptRule(_rule(row), True, row.is_active, row.maker, row.updated_at)
        except ValueError as problem:
            _log.warning("rule.unreadable", extra={"rule_id": row.id, "cause": str(problem)})


def _rule(row: Stored) -> Rule:
    """Raises ValueError for a row that is no rule, as a newer version may have written it."""
    rule = Rule(row.id, row.name, Severity(row.severity), row.reason, conditions_of(row.conditions))
    for field, sentence in problems_of(rule):
        raise ValueError(f"{field}: {sentence}")
    return rule


def _shipped(others: dict[str, Stored]) -> Iterator[tuple[Place, KeptRule]]:
    for key, (number, rule) in _SHIPPED.items():
        row = others.get(key)
        place = (2, number) if row is None or row.position is None else (1, row.position)
        yield place, KeptRule(rule, False, row is None or row.is_active)


def ruleset_of(stored: Sequence[Stored]) -> Ruleset:
    """What findings are judged by. The same rows give the same object: what it has prepared is used again."""
    return _ruleset(tuple(stored)) if stored else SHIPPED


@lru_cache(maxsize=4)
def _ruleset(stored: tuple[Stored, ...]) -> Ruleset:
    return Ruleset(tuple(kept.rule for kept in arrange(stored) if kept.is_active))


def sentence_of(rule: Rule) -> str:
    """Its reason, for people who look at the rule: what its question is about, where that says it all."""
    return rule.reason if rule.reason != "{answer}" else _words_of(rule.conditions.asks)


def _words_of(asks: str) -> str:
    return QUESTIONS[asks].words if asks in QUESTIONS else asks


def facts_of(rule: Rule) -> list[tuple[str, list[str]]]:
    """(what, values) of what a rule asks for, for people."""
    conditions = rule.conditions
    found = [
        ("Types", list(conditions.types)),
        ("But not", list(conditions.except_types)),
        ("Addresses", list(conditions.addresses)),
        ("Environments", list(conditions.environments)),
        ("Actions", list(conditions.actions)),
    ]
    for line in conditions.lines:
        found += [("Attributes", list(line.attributes)), ("Code says", [line.before]), ("Real is", [line.after])]
    found += [("All differences", ["are of these attributes"] if conditions.every else [])]
    found += [("Only when", [_words_of(conditions.asks)])]
    return [(what, values) for what, values in found if any(values)]
