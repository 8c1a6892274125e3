"""What a rule says of a value: a small language of words, numbers and globs.

    on, off                     a switch, as any tool writes it: true, "Enabled", "on"; false, null, "Disabled"
    empty, not empty            null, "", [] and {}; everything else
    world                       an address range that lets everybody in, alone or in a list: 0.0.0.0/0, ::/0, Internet
    lowered, raised             a number, or a version of TLS, against the other side
    = x, != x                   this text, or another one
    < 7, <= 7, > 7, >= 7        numbers, also those in texts
    one of a, b; none of a, b   texts from a list, or none of them
    anything else               a glob over the value, or one of its members, as text; * stands for any characters

As text, true and false are these words, numbers have every digit, lists and objects are JSON.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal

import msgspec

from driftsentry.judging.globs import matches
from driftsentry.judging.network import is_world

LENGTH = 200
# Whether a value is what the pattern says; the second one is the other side of the same line.
Test = Callable[[object, object], bool]
_ON = frozenset({"true", "on", "enabled", "yes", "active"})
_OFF = frozenset({"", "false", "off", "disabled", "suspended", "no", "inactive"})
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_number = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?s?")  # seconds, as Google Cloud writes them
_ordered = re.compile(r"(<=|>=|<|>)\s*(\S+)")
_tls = re.compile(r"tls[-_ ]?v?[-_ ]?1[-_. ]?([0-3])(?!\d)|(?<!\d)1[-_.]([0-3])(?!\d)", re.IGNORECASE)
_old_tls = re.compile(r"tlsv?1(_20\d\d)?$|ELBSecurityPolicy-(FS-)?20\d\d-\d\d$", re.IGNORECASE)
_no_tls = re.compile(r"sslv?[23]|disabled|plain|allow_unencrypted", re.IGNORECASE)
_encoder = msgspec.json.Encoder(decimal_format="number")


def read(text: str) -> Test:
    """The test that `text` describes. Raises ValueError with a sentence for people."""
    text = text.strip()
    if len(text) > LENGTH:
        raise ValueError(f"{LENGTH} characters at most.")
    if known := _WORDS.get(text):
        return known
    if match := _ordered.fullmatch(text):
        return _order(match[1], match[2])
    if text[:1] in ("<", ">"):
        raise ValueError("Behind < or > stands one number.")
    if text.startswith("!="):
        return lambda value, _other: text_of(value) != text[2:].strip()
    if text.startswith("="):
        return lambda value, _other: text_of(value) == text[1:].strip()
    if text.startswith(("one of ", "none of ")):
        return _choice(text)
    return lambda value, _other: any(matches(text, member) for member in _members(value))


def text_of(value: object) -> str:
    """A value as patterns see it, and sentences show it; nothing is the empty text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal) else _encoder.encode(value).decode()


def is_on(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in _ON)


def is_off(value: object) -> bool:
    return value is False or value is None or (isinstance(value, str) and value.lower() in _OFF)


def is_empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, list | dict) and not value)


def number_of(value: object) -> Decimal | None:
    """The number in a value, seconds without their unit; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str):
        return Decimal(value.rstrip("s")) if _number.fullmatch(value) else None
    return Decimal(value)


def tls_of(value: object) -> int | None:
    """The oldest version of TLS that a setting lets in, from 0 (none at all) over 10 to 13; None: it names none."""
    if not isinstance(value, str) or len(value) > LENGTH:
        return None
    found = [10 + int(match[1] or match[2]) for match in _tls.finditer(value)]
    if found:
        return min(found)
    if _old_tls.search(value):
        return 10
    return 0 if _no_tls.search(value) else None


def _order(sign: str, bound: str) -> Test:
    limit, is_so = number_of(bound), _ORDERS[sign]
    if limit is None:
        raise ValueError(f"Behind {sign} stands a number.")

    def test(value: object, _other: object) -> bool:
        number = number_of(value)
        return number is not None and is_so(number, limit)

    return test


def _choice(text: str) -> Test:
    word, _of, rest = text.partition(" of ")
    choices = frozenset(choice.strip() for choice in rest.split(","))
    if word == "one":
        return lambda value, _other: text_of(value) in choices
    return lambda value, _other: text_of(value) not in choices


def _compare(value: object, other: object) -> int:
    """-1, 0 or 1: against the other side; 0 also for what has no order."""
    for measure in (number_of, tls_of):
        mine, theirs = measure(value), measure(other)
        if mine is not None and theirs is not None:
            return (mine > theirs) - (mine < theirs)
    return 0


def _members(value: object) -> list[str]:
    return [text_of(value), *(map(text_of, value) if isinstance(value, list) else ())]


def _lets_everybody_in(value: object, _other: object) -> bool:
    return any(is_world(member) for member in _members(value))


_WORDS: dict[str, Test] = {
    "": lambda _value, _other: True,
    "on": lambda value, _other: is_on(value),
    "off": lambda value, _other: is_off(value),
    "empty": lambda value, _other: is_empty(value),
    "not empty": lambda value, _other: not is_empty(value),
    "world": _lets_everybody_in,
    "lowered": lambda value, other: _compare(value, other) < 0,
    "raised": lambda value, other: _compare(value, other) > 0,
}
