"""Severity rules as their pages show them: a line each in their list, and one of them with all that it says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from driftsentry.judging import QUESTIONS, Conditions, Line, Rule, Severity
from driftsentry.rules.severity_model import KeptRule, facts_of, sentence_of

_FIRST = 2
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Row:
    """A rule in the list. `match`: one line; `drifts`: how many not resolved ones have their severity from it."""

    kept: KeptRule
    match: str
    drifts: int


@dataclass(frozen=True, slots=True)
class About:
    """A rule on its own page: its place among the `peers` rules of its severity, from 1, and its neighbours there."""

    kept: KeptRule
    sentence: str
    facts: list[tuple[str, list[str]]]
    drifts: int
    place: int
    peers: int
    upper: KeptRule | None
    lower: KeptRule | None


def rows_by_severity(kept: Sequence[KeptRule], counts: Mapping[str, int]) -> list[tuple[Severity, list[Row]]]:
    """`kept` in the order in which they are asked. `counts`: of drifts, by the name of the rule."""
    return [
        (severity, [Row(each, match_of(each.rule), counts.get(each.rule.name, 0)) for each in of_severity])
        for severity, of_severity in groupby(kept, lambda each: each.severity)
    ]


def about(kept: Sequence[KeptRule], counts: Mapping[str, int], key: str) -> About | None:
    """None when there is no such rule."""
    one = next((each for each in kept if each.key == key), None)
    if one is None:
        return None
    peers = [each for each in kept if each.severity is one.severity]
    place = peers.index(one)
    return About(
        one, sentence_of(one.rule), facts_of(one.rule), counts.get(one.rule.name, 0), place + 1, len(peers),
        upper=peers[place - 1] if place else None, lower=peers[place + 1] if place + 1 < len(peers) else None,
    )  # fmt: skip


def match_of(rule: Rule) -> str:
    """What a rule asks for, in one line: the first of its values, and how many more there are."""
    text = " · ".join(part for part in _parts(rule.conditions) if part) or "everything"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _parts(conditions: Conditions) -> Iterator[str]:
    yield _some(conditions.types)
    if conditions.except_types:
        yield f"not {_some(conditions.except_types)}"
    for values in (conditions.addresses, conditions.environments, conditions.actions):
        yield _some(values)
    yield from (_difference(line, conditions.every) for line in conditions.lines[:1])
    if len(conditions.lines) > 1:
        yield f"or {len(conditions.lines) - 1} more"
    yield QUESTIONS[conditions.asks].words if conditions.asks in QUESTIONS else conditions.asks


def _difference(line: Line, every: bool) -> str:
    names = _some(tuple(name.strip(".") for name in line.attributes))
    values = f"{line.before} → {line.after}" if line.before and line.after else line.after
    values = values or (f"was {line.before}" if line.before else "")
    return ("only " if every and names else "") + ": ".join(part for part in (names, values) if part)


def _some(values: Sequence[str]) -> str:
    more = f" +{len(values) - _FIRST}" if len(values) > _FIRST else ""
    return ", ".join(values[:_FIRST]) + more
