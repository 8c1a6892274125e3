"""Judges findings by rules. The highest that matches wins; among equals, the first.

All is prepared for speed: of each (type, action) it is known which rules can match, and of each path which lines of
them. What is left for an ordinary finding is a look into two dictionaries and a few questions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from driftsentry.ingest.model import Change, Finding
from driftsentry.judging.globs import matches, matches_any
from driftsentry.judging.model import Line, Rule, Severity, Verdict, significant
from driftsentry.judging.naming import searchable, type_name
from driftsentry.judging.patterns import Test, read
from driftsentry.judging.questions import QUESTIONS, Answer
from driftsentry.judging.reasons import filled
from driftsentry.judging.shipped import RULES

# Paths come from outside: what is kept of them is thrown away now and then.
MOST_KEPT = 20_000
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the rule with this index, ready to be asked."""

    index: int
    globs: tuple[str, ...]
    before: Test
    after: Test
    has_values: bool

    def is_about(self, texts: tuple[str, ...]) -> bool:
        return not self.globs or matches_any(self.globs, *texts)

    def takes(self, change: Change) -> bool:
        if not self.has_values:
            return True
        if change.is_sensitive:  # what is hidden cannot be compared
            return False
        return self.before(change.before, change.after) and self.after(change.after, change.before)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule, ready to be asked. What its lines say has been found out before."""

    index: int
    rule: Rule
    lines: tuple[_Line, ...]
    ask: Callable[[Finding], Answer] | None

    def answer(self, finding: Finding, environment: str, place: _Place) -> Answer:
        """Whether the rule matches whose lines do; True, or what its question says."""
        conditions = self.rule.conditions
        if conditions.environments and not matches_any(conditions.environments, environment):
            return False
        if conditions.addresses and not matches_any(conditions.addresses, finding.address):
            return False
        if conditions.every and not all(self._is_like(change, place) for change in significant(finding)):
            return False
        return self.ask(finding) if self.ask else True

    def _is_like(self, change: Change, place: _Place) -> bool:
        return any(line.index == self.index and line.takes(change) for line in place.lines_at(change.path))


@dataclass(slots=True)
class _Memory:
    """What was found out, by (type, action). `paths`: how many there are in all places together."""

    places: dict[tuple[str, str], _Place] = field(default_factory=dict)
    paths: int = 0

    def make_room(self) -> None:
        if len(self.places) >= MOST_KEPT or self.paths >= MOST_KEPT:
            self.places.clear()
            self.paths = 0


@dataclass(slots=True)
class _Place:
    """What can match objects of one type with one action. `always`: rules without lines. `by_path`: lines."""

    always: tuple[int, ...]
    lines: tuple[_Line, ...]
    memory: _Memory
    by_path: dict[Path, tuple[_Line, ...]] = field(default_factory=dict)

    def met(self, finding: Finding) -> dict[int, Change]:
        """The rules one of whose lines a difference looks like, with the first such difference."""
        found: dict[int, Change] = {}
        for change in finding.changes if self.lines else ():
            if change.noise:
                continue
            for line in self.lines_at(change.path):
                if line.index not in found and line.takes(change):
                    found[line.index] = change
        return found

    def lines_at(self, path: Path) -> tuple[_Line, ...]:
        """Those that are about an attribute, whatever its values."""
        lines = self.by_path.get(path)
        return self._learn(path) if lines is None else lines

    def _learn(self, path: Path) -> tuple[_Line, ...]:
        self.memory.make_room()
        self.memory.paths += 1
        texts = _texts(path)
        lines = self.by_path[path] = tuple(line for line in self.lines if line.is_about(texts))
        return lines


@dataclass(frozen=True)
class Ruleset:
    """Rules in the order in which people put them. What is prepared is not pickled: workers make their own, once."""

    rules: tuple[Rule, ...] = ()

    def __reduce__(self) -> tuple[object, ...]:
        return _shared, (self.rules,)

    def judge(self, finding: Finding, environment: str = "") -> Verdict:
        """The verdict of the highest rule that matches; informational findings are low."""
        if finding.cause == "informational" and finding.action not in ("delete", "replace"):
            return Verdict(Severity.LOW, "informational", finding.cause_reason)
        place = self._place_of(finding)
        met = place.met(finding)
        for index in sorted({*place.always, *met}) if met else place.always:
            ready = self._ready[index]
            answer = ready.answer(finding, environment, place)
            if answer is not False:
                rule = ready.rule
                return Verdict(rule.severity, rule.name, filled(rule.reason, finding, met.get(index), answer))
        return Verdict(Severity.MEDIUM, "changed attribute", _difference(finding))

    @cached_property
    def _ready(self) -> tuple[_Ready, ...]:
        """The highest first; among equals, as people put them."""
        ordered = sorted(self.rules, key=lambda rule: -rule.severity.rank)
        return tuple(_prepared(index, rule) for index, rule in enumerate(ordered))

    @cached_property
    def _memory(self) -> _Memory:
        return _Memory()

    def _place_of(self, finding: Finding) -> _Place:
        key = finding.resource_type, finding.action
        place = self._memory.places.get(key)
        if place is None:
            self._memory.make_room()
            place = self._memory.places[key] = self._survey(*key)
        return place

    def _survey(self, resource_type: str, action: str) -> _Place:
        """Which rules can match at all."""
        able = [(n, ready) for n, ready in enumerate(self._ready) if _may_match(ready.rule, resource_type, action)]
        always = tuple(index for index, ready in able if not ready.lines)
        return _Place(always, tuple(line for _index, ready in able for line in ready.lines), self._memory)


def _may_match(rule: Rule, resource_type: str, action: str) -> bool:
    conditions, names = rule.conditions, (resource_type, type_name(resource_type))
    if conditions.types and not matches_any(conditions.types, *names):
        return False
    if conditions.except_types and matches_any(conditions.except_types, *names):
        return False
    if not conditions.actions:
        return not conditions.lines or action != "delete"
    return any(matches(glob, part) for glob in conditions.actions for part in (action, *action.split("+")))


def _prepared(index: int, rule: Rule) -> _Ready:
    asks = rule.conditions.asks
    lines = tuple(_prepared_line(index, line) for line in rule.conditions.lines)
    return _Ready(index, rule, lines, QUESTIONS[asks].ask if asks else None)


def _prepared_line(index: int, line: Line) -> _Line:
    globs = tuple(
        ("" if glob.startswith(".") else "*.") + glob + ("" if glob.endswith(".") else ".*") for glob in line.attributes
    )
    return _Line(index, globs, read(line.before), read(line.after), bool(line.before or line.after))


def _texts(path: Path) -> tuple[str, ...]:
    """A path as globs may name it: in the spelling of Terraform, and in the tool's own."""
    return searchable(path), "".join([".", *(f"{part}." for part in path if isinstance(part, str))])


def _difference(finding: Finding) -> str:
    names = list(dict.fromkeys(str(change.path[0]) if change.path else "it" for change in significant(finding)))
    if not names:
        return finding.cause_reason
    return f"{names[0]} differs from the code" + (f", and {len(names) - 1} more" if len(names) > 1 else "")


@lru_cache(maxsize=8)
def _shared(rules: tuple[Rule, ...]) -> Ruleset:
    return Ruleset(rules)


SHIPPED = Ruleset(RULES)


def judge(finding: Finding, *, environment: str = "", rules: Ruleset = SHIPPED) -> Verdict:
    """How much a finding matters in a stack of that environment."""
    return rules.judge(finding, environment)
