"""The keys of the search language, and what may stand behind each of them. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches

from driftsentry.drifts.model import Kind
from driftsentry.drifts.query_tokens import quoted
from driftsentry.judging import Severity

# What is said of the kind of a drift, and so counted without a look at it; and what is said of one drift.
STATES: dict[str, Callable[[Kind], bool]] = {
    "open": lambda kind: kind.is_waiting,
    "snoozed": lambda kind: kind._replace(is_snoozed=False).is_waiting and kind.is_snoozed,
    "approved": lambda kind: (kind.status, kind.cause) == ("approved", "out_of_band"),
    "rejected": lambda kind: (kind.status, kind.cause) == ("rejected", "out_of_band"),
    "resolved": lambda kind: (kind.status, kind.cause) == ("resolved", "out_of_band"),
    "informational": lambda kind: kind.cause == "informational" and kind.status != "resolved",
}
TRAITS = ("reopened", "changed", "ignored")
CAUSES = ("out_of_band", "informational")
CHOICES: dict[str, tuple[str, ...]] = {
    "is": (*STATES, *TRAITS),
    "severity": tuple(reversed(Severity)),
    "cause": CAUSES,
}
GLOBS = ("env", "stack", "type", "address", "action", "attr", "by")
TIMES = ("detected", "seen")
KEYS = ("is", "severity", "cause", *GLOBS, "age", *TIMES)
SAME = {"environment": "env", "attribute": "attr"}
ORDERED = ("severity", "age", *TIMES)
_MEANT = {
    "status": "is", "state": "is", "user": "by", "who": "by", "author": "by", "resource": "type", "date": "detected",
    "since": "detected", "level": "severity", "module": "address", "name": "address", "changed": "is", "old": "age",
}  # fmt: skip
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_WEEK = re.compile(r"[0-9]{4}-?W[0-9]{2}")
_SPAN = re.compile(r"([0-9]{1,5})([mhdw])")


class Wrong(Exception):
    """`meant`: what may stand there instead, each as `key:value` without its minus."""

    def __init__(self, message: str, meant: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.meant = message, meant


def key_of(key: str, rest: str) -> str:
    """The key as it is known. Raises `Wrong`; `rest` is what stands behind it."""
    key = SAME.get(key, key)
    if key in KEYS:
        return key
    close = [key] if key in _MEANT else _close(key, (*KEYS, *SAME, *_MEANT))
    named = [_MEANT.get(each, SAME.get(each, each)) for each in close]
    meant = [f"{each}:{rest}" for each in named] or [quoted(f"{key}:{rest}", is_word=True)]
    raise Wrong(f"There is no key {key}.", tuple(dict.fromkeys(meant)))


def check(key: str, operator: str, value: str) -> str:
    """The value as it is compared. Raises `Wrong`."""
    if not value:
        raise Wrong(f"Nothing stands behind {key}:", _examples(key))
    if operator and key not in ORDERED:
        raise Wrong(f"{key}: knows no more and no less.", (f"{key}:{value.lstrip('<>=')}",))
    if key in CHOICES:
        return _choice(key, operator, value.lower())
    if key == "age":
        return _span(operator, value.lower())
    if key in TIMES:
        first_moment(value, key)
    return value


def span_of(value: str) -> timedelta:
    """`7d`, checked before."""
    match = _SPAN.fullmatch(value)
    assert match is not None, "`check` lets nothing else through"
    return int(match[1]) * _UNITS[match[2]]


def first_moment(value: str, key: str = "detected") -> datetime:
    """The moment that is named, or the beginning of the day, in UTC. Raises `Wrong`."""
    try:
        if _WEEK.fullmatch(value):  # no day, which Python takes for its Monday
            raise ValueError
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        sentence = f"{key}: takes a day as year-month-day, or a time such as 2026-11-01T08:00Z."
        raise Wrong(sentence, (f"{key}:>2026-11-01", f"{key}:<2026-11-01")) from None


def moment_behind(value: str) -> datetime:
    """Where the day ends that is named, in whichever way (`20261101` is one, too); of a moment, itself."""
    moment = first_moment(value)
    try:
        date.fromisoformat(value)
    except ValueError:
        return moment
    return moment + timedelta(days=1) if moment.year < 9999 else moment


def ranks_of(operator: str, value: str) -> set[int]:
    """Those that `severity:` means."""
    rank = Severity(value).rank
    holds = {
        "": rank.__eq__, ">": rank.__lt__, ">=": rank.__le__, "<": rank.__gt__, "<=": rank.__ge__,
    }[operator]  # fmt: skip
    return {each.rank for each in Severity if holds(each.rank)}


def _choice(key: str, operator: str, value: str) -> str:
    if value in CHOICES[key]:
        return value
    close = _close(value, CHOICES[key]) or CHOICES[key][:3]
    sentence = f"{key}: knows no {value}. It takes {', '.join(CHOICES[key])}."
    raise Wrong(sentence, tuple(f"{key}:{operator}{each}" for each in close))


def _close(text: str, choices: tuple[str, ...]) -> list[str]:
    """The one that is all but the same, or two that are somewhat alike."""
    return get_close_matches(text, choices, 1, 0.8) or get_close_matches(text, choices, 2, 0.5)


def _span(operator: str, value: str) -> str:
    if not _SPAN.fullmatch(value):
        raise Wrong("age: takes a number and m, h, d or w: minutes, hours, days, weeks.", ("age:>7d", "age:<2h"))
    if not operator:
        raise Wrong("Say whether older (>) or younger (<).", (f"age:>{value}", f"age:<{value}"))
    return value


def _examples(key: str) -> tuple[str, ...]:
    if key in CHOICES:
        return tuple(f"{key}:{each}" for each in CHOICES[key][:3])
    return ("age:>7d",) if key == "age" else (f"{key}:>2026-11-01",) if key in TIMES else ()
