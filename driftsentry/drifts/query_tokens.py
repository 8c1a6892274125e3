"""The text of a search, cut into tokens; and values back into text that is cut into the same ones. Pure."""

import re
from dataclasses import dataclass

# `AWS::S3::Bucket` and `https://...` are words: nobody means a key there.
_KEY = re.compile(r"([A-Za-z_]{1,30}):(?!:|//)")
_OPERATOR = re.compile(r">=|<=|>|<|=")
_SPOILED = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """`-key:>=value,other`, or a word, which has no key. It stands at `start` to `end` of the text."""

    start: int
    end: int
    key: str
    operator: str
    values: tuple[str, ...]
    is_negated: bool


def clean(text: str) -> str:
    """In one line, and without what no database takes."""
    return " ".join(_SPOILED.sub("", text).split())


def tokens(text: str) -> list[Token]:
    """Never raises: a quote that is not closed reaches to the end."""
    found: list[Token] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return found
        found.append(_token(text, at))
        at = found[-1].end


def quoted(value: str, *, is_word: bool = False) -> str:
    """As it stands where it is read back as the same value, else in quotes."""
    if is_word:
        is_plain = value[:1] not in ('"', "-") and not _KEY.match(value)
    else:
        is_plain = value[:1] != '"' and "," not in value and not _OPERATOR.match(value)
    if value and is_plain and not any(character.isspace() for character in value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _token(text: str, start: int) -> Token:
    at = start
    is_negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
    at += is_negated
    key = _KEY.match(text, at)
    if key is None:
        value, at = _value(text, at, ends_at_comma=False)
        return Token(start, at, "", "", (value,), is_negated)
    operator = _OPERATOR.match(text, key.end())
    value, at = _value(text, (operator or key).end())
    values = [value]
    while at < len(text) and text[at] == ",":
        value, at = _value(text, at + 1)
        values.append(value)
    return Token(start, at, key[1].lower(), operator[0] if operator else "", tuple(values), is_negated)


def _value(text: str, at: int, *, ends_at_comma: bool = True) -> tuple[str, int]:
    """A value and where it ends. Only at its beginning does a quote mean anything: addresses hold quotes."""
    value: list[str] = []
    if text[at : at + 1] == '"':
        at += 1
        while at < len(text) and text[at] != '"':
            at += text[at] == "\\" and at + 1 < len(text)
            value.append(text[at])
            at += 1
        at += at < len(text)
    while at < len(text) and not text[at].isspace() and not (ends_at_comma and text[at] == ","):
        value.append(text[at])
        at += 1
    return "".join(value), at
