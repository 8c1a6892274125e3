"""The sentence of a rule, with what it found."""

from __future__ import annotations

import re

from driftsentry.ingest.model import Change, Finding
from driftsentry.judging.naming import dotted
from driftsentry.judging.patterns import text_of

PLACES = ("attribute", "before", "after", "type", "address", "answer")
VALUE_LENGTH, LENGTH = 60, 400
_place = re.compile(r"\{(" + "|".join(PLACES) + r")\}")
_any_place = re.compile(r"\{([^{}]*)\}")


def filled(reason: str, finding: Finding, change: Change | None, answer: bool | str) -> str:
    """`change`: the difference that a line of the rule is about, which is masked already."""
    if "{" not in reason:
        return reason
    if reason == "{answer}" and isinstance(answer, str):
        return _cut(answer, LENGTH)
    found = {"type": finding.resource_type, "address": finding.address, "answer": "" if answer is True else str(answer)}
    if change is not None:
        found |= {
            "attribute": dotted(change.path),
            "before": _shown(change, "before"),
            "after": _shown(change, "after"),
        }
    # Never `str.format`: people type reasons, and it reaches into objects.
    return _cut(_place.sub(lambda match: found.get(match[1], ""), reason), LENGTH)


def unknown_places(reason: str) -> list[str]:
    """Words in braces that nothing is filled into."""
    return [word for word in _any_place.findall(reason) if word not in PLACES]


def places(reason: str) -> set[str]:
    return set(_place.findall(reason))


def _shown(change: Change, side: str) -> str:
    if change.is_sensitive:
        return "a secret"
    return _cut(text_of(getattr(change, side)), VALUE_LENGTH) or "nothing"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
