"""Terms of a search as conditions. Every value is a parameter, and a pattern only where we made it one."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from driftsentry import clock
from driftsentry.clock import to_text
from driftsentry.drifts.listing import Wanted
from driftsentry.drifts.query import Term
from driftsentry.drifts.query_values import first_moment, moment_behind, ranks_of, span_of

Values = dict[str, Any]
_STACK_COLUMNS = {"stack": "s.slug", "env": "s.environment"}
_COLUMNS = {"type": "d.resource_type", "address": "d.address", "action": "d.action"}
_OPEN = "d.status = 'detected' AND d.cause = 'out_of_band'"
_CHANGED = (
    "d.status = 'detected' AND d.decision_id IS NOT NULL AND d.cause || '' = 'out_of_band'"
    " AND EXISTS (SELECT 1 FROM decisions k"
    " WHERE k.id = d.decision_id AND k.verdict = 'approved' AND k.fingerprint <> d.fingerprint)"
)
_IS = {
    "open": f"{_OPEN} AND d.is_snoozed = 0",
    "snoozed": f"{_OPEN} AND d.is_snoozed = 1",
    "approved": "d.status = 'approved' AND d.cause = 'out_of_band'",
    "rejected": "d.status = 'rejected' AND d.cause = 'out_of_band'",
    "resolved": "d.status = 'resolved' AND d.cause = 'out_of_band'",
    "informational": "d.cause = 'informational' AND d.status <> 'resolved'",
    "reopened": "d.reopened > 0",
    "changed": _CHANGED,
    "ignored": "d.ignored_changes > 0",
}
# Nothing is written for an unchanged drift: while it is not resolved, every complete report saw it.
_SEEN = (
    "CASE WHEN d.status = 'resolved' THEN d.seen_at ELSE (SELECT CASE WHEN s.last_complete_at > d.seen_at"
    " THEN s.last_complete_at ELSE d.seen_at END FROM stacks s WHERE s.id = d.stack_id) END"
)
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def of_stacks(wanted: Wanted, values: Values) -> list[str]:
    """Conditions on `stacks s`."""
    groups = [group for group in wanted.groups() if group[0].key in _STACK_COLUMNS]
    return [_any(group, partial(_matches, _STACK_COLUMNS[group[0].key], values)) for group in groups]


def of_drifts(wanted: Wanted, values: Values, *, with_words: bool) -> list[str]:
    """Conditions on `drifts d` that say more than its kind and its stack; `with_words`: plain words among them."""
    make = _Conditions(wanted.me, values, clock.now())
    found = [make.any_of(group) for group in wanted.groups() if group[0].key not in _STACK_COLUMNS]
    found += [_IS[wanted.trait]] if wanted.trait else []
    if with_words:
        found += [make.word(word) for word in wanted.words]
    return found


class _Conditions:
    """Makes a condition of a term; the values that it needs it adds to `values`."""

    def __init__(self, me: str, values: Values, now: datetime) -> None:
        self._me, self._values, self._now = me, values, now

    def any_of(self, group: tuple[Term, ...]) -> str:
        return " OR ".join(self._term(term) for term in group).join("()")

    def word(self, word: str) -> str:
        """As the full text has it: the beginning of one of the words, which blanks separate."""
        return f"' ' || d.search_text LIKE {_put(f'% {word}%', self._values)}"  # letters and digits only

    def _term(self, term: Term) -> str:
        if not term.key:
            made = " AND ".join(map(self.word, term.words))
        else:
            made = " OR ".join(f"({self._of(term.key, term.operator, value)})" for value in term.values)
        return f"NOT ({made})" if term.is_negated else f"({made})"

    def _of(self, key: str, operator: str, value: str) -> str:
        if key in _COLUMNS:
            return _matches(_COLUMNS[key], self._values, value)
        if key == "is":
            return _IS[value]
        if key == "severity":
            return f"d.severity_rank IN ({', '.join(map(str, [0, *sorted(ranks_of(operator, value))]))})"
        if key == "cause":
            return f"d.cause = {_put(value, self._values)}"
        return {"attr": self._attribute, "by": self._by, "age": self._age}.get(key, self._moment)(key, operator, value)

    def _attribute(self, _key: str, _operator: str, value: str) -> str:
        name = json.dumps(value, ensure_ascii=False)
        return f"lower(d.attributes) LIKE lower({_put(f'%{_pattern(name)}%', self._values)}) ESCAPE '\\'"

    def _by(self, _key: str, _operator: str, value: str) -> str:
        if value.lower() == "me":
            who = f"k.user_id = {_put(self._me, self._values)}"
        else:
            pattern = _put(_pattern(value), self._values)
            who = f"lower(u.name) LIKE lower({pattern}) ESCAPE '\\' OR u.email LIKE lower({pattern}) ESCAPE '\\'"
        return (
            "EXISTS (SELECT 1 FROM decisions k JOIN users u ON u.id = k.user_id"
            f" WHERE k.id = d.decision_id AND ({who}))"
        )

    def _age(self, _key: str, operator: str, value: str) -> str:
        """What is older was detected earlier."""
        moment = to_text(self._now - span_of(value))
        return f"d.detected_at {_MIRRORED[operator]} {_put(moment, self._values)}"

    def _moment(self, key: str, operator: str, value: str) -> str:
        column = "d.detected_at" if key == "detected" else f"({_SEEN})"
        first, behind = first_moment(value), moment_behind(value)
        start, end = _put(to_text(first), self._values), _put(to_text(behind), self._values)
        is_day = first != behind
        return {
            "": f"{column} >= {start} AND {column} {'<' if is_day else '<='} {end}",
            ">": f"{column} {'>=' if is_day else '>'} {end}",
            ">=": f"{column} >= {start}",
            "<": f"{column} < {start}",
            "<=": f"{column} {'<' if is_day else '<='} {end}",
        }[operator]


def _any(group: tuple[Term, ...], make: Callable[[str], str]) -> str:
    """One value of one of the terms, which are all of one key; one that is negated is alone."""
    made = " OR ".join(make(value) for term in group for value in term.values)
    return f"NOT ({made})" if group[0].is_negated else f"({made})"


def _put(value: object, values: Values) -> str:
    name = f"v{len(values)}"
    values[name] = value
    return f":{name}"


def _matches(column: str, values: Values, glob: str) -> str:
    """`*` stands for any characters. Capital letters are small ones there: so it is with LIKE on SQLite."""
    if "*" not in glob:
        return f"{column} = {_put(glob, values)}"
    return f"lower({column}) LIKE lower({_put(_pattern(glob), values)}) ESCAPE '\\'"


def _pattern(glob: str) -> str:
    return re.sub(r"\*+", "%", re.sub(r"([\\%_])", r"\\\1", glob))
