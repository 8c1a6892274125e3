"""What the server knows beside a report, and what it makes of a finding: which of its lines do not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import replace

from driftsentry.ingest import fingerprint_of
from driftsentry.ingest.model import Cause, Change, Finding
from driftsentry.judging.ignoring import Ignore, Path, hiding, may_hide
from driftsentry.judging.severity import SHIPPED, Ruleset

LEARNED = "another value on each scan of this stack while nothing else changes"
_DIFFERS = "the real object differs from the saved state"
_ALL_HIDDEN = "all that differs is ignored, or changes with every scan"
_MARKED = ("ignored", "learned")


@dataclass(frozen=True, slots=True)
class Book:
    """What is known of one stack. `key`: the server's secret for fingerprints. `ignores`: those in force. `learned`:
    attributes that change with every scan, as (resource type, path) with None for every index."""

    key: bytes
    stack: str
    environment: str
    rules: Ruleset = SHIPPED
    ignores: tuple[Ignore, ...] = ()
    learned: frozenset[tuple[str, Path]] = frozenset()


@dataclass(frozen=True, slots=True)
class Marked:
    """A finding whose lines are marked. `ignored`: how many of them each ignore rule hides, by its id."""

    finding: Finding
    ignored: Mapping[str, int] = field(default_factory=dict)


def mark(finding: Finding, book: Book) -> Marked:
    """The finding by this book, whatever book it was marked by before. What counts makes its fingerprint."""
    if not book.ignores and not book.learned and not _is_marked(finding):
        return Marked(finding)
    rules = [rule for rule in book.ignores if rule.covers(book.stack, finding.resource_type, finding.address)]
    learned = {path for kind, path in book.learned if kind == finding.resource_type}
    if not may_hide(finding.action):
        rules, learned = [], set()
    ignored: Counter[str] = Counter()
    changes = [_marked(change, rules, learned, ignored) for change in finding.changes]
    if all(one is other for one, other in zip(changes, finding.changes, strict=True)):
        return Marked(finding, ignored)
    return Marked(_with_lines(finding, changes, book.key), ignored)


def general(path: Sequence[str | int | None]) -> Path:
    """A path for all members of a list: what is learned of one holds for the others."""
    return tuple(None if isinstance(part, int) else part for part in path)


def _is_marked(finding: Finding) -> bool:
    return any(change.noise in _MARKED for change in finding.changes)


def _marked(change: Change, rules: Sequence[Ignore], learned: set[Path], ignored: Counter[str]) -> Change:
    """The line as these rules have it; the same object where nothing is different."""
    bare = replace(change, noise="", why="") if change.noise in _MARKED else change
    if bare.noise:
        return bare
    if rule := hiding(rules, bare):
        ignored[rule.id] += 1
        return _with(change, "ignored", rule.why)
    if learned and general(bare.path) in learned:
        return _with(change, "learned", LEARNED)
    return bare


def _with(change: Change, noise: Literal["ignored", "learned"], why: str) -> Change:
    return change if (change.noise, change.why) == (noise, why) else replace(change, noise=noise, why=why)


def _with_lines(finding: Finding, changes: list[Change], key: bytes) -> Finding:
    changes.sort(key=lambda change: change.noise != "")  # significant ones first, as a report leaves them
    cause, reason = _cause(finding, changes)
    fingerprint = fingerprint_of(key, finding.action, changes, finding.hidden_digest)
    return replace(finding, changes=tuple(changes), fingerprint=fingerprint, cause=cause, cause_reason=reason)


def _cause(finding: Finding, changes: list[Change]) -> tuple[Cause, str]:
    """Only lines that were hidden, or are no longer, change the cause."""
    matters = bool(finding.hidden_digest) or any(not change.noise for change in changes)
    if matters and finding.cause_reason == _ALL_HIDDEN:
        return "out_of_band", _DIFFERS
    if not matters and finding.cause == "out_of_band" and finding.action == "update":
        return "informational", _ALL_HIDDEN
    return finding.cause, finding.cause_reason
