"""The two sides of a difference as one looks at them: what differs is marked, and long ones are cut around it."""

import re
from dataclasses import dataclass

from driftsentry.ingest import common_length

SHORT_CHARACTERS = 400
SHORT_LINES = 12
SHORT_DIGEST = 64
_SLACK_LINES = 4
_SLACK = 1.1
_CONTEXT_CHARACTERS = 40
# A digest, a key or an encoded file: nobody reads more of it than its beginning.
_digest = re.compile(r"[A-Za-z0-9+/=_-]{96,}")


@dataclass(frozen=True, slots=True)
class Side:
    """What code or reality holds. `head + marked + tail` is the short form, of which `marked` is what differs.

    `skipped` characters before and `left` characters after the short form are only in `text`.
    """

    text: str
    head: str
    marked: str
    tail: str
    skipped: int = 0
    left: int = 0

    @property
    def is_long(self) -> bool:
        return self.skipped > 0 or self.left > 0

    @property
    def short(self) -> str:
        return self.head + self.marked + self.tail

    @property
    def length(self) -> int:
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Marked:
    """A text in three: what differs stands in the middle, and nothing does where it has little in common with the
    other one."""

    head: str
    marked: str = ""
    tail: str = ""


def sides_of(before: str | None, after: str | None) -> tuple[Side | None, Side | None]:
    if before is None or after is None:
        return _side(before), _side(after)
    old, new = _differing(before, after)
    is_marked = _is_helpful((before, old), (after, new))
    return _changed_side(before, *old, is_marked), _changed_side(after, *new, is_marked)


def marked_pair(before: str, after: str) -> tuple[Marked, Marked]:
    """Two lines that stand for each other, with what differs in them."""
    old, new = _differing(before, after)
    if not _is_helpful((before, old), (after, new)):
        return Marked(before), Marked(after)
    return _marked(before, *old), _marked(after, *new)


def _differing(before: str, after: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """From where to where each text differs from the other, in whole words."""
    start = common_length(before, after)
    end = common_length(before[start:][::-1], after[start:][::-1])
    old, new = [(_word_start(text, start), _word_stop(text, len(text) - end)) for text in (before, after)]
    return old, new


def _is_helpful(*sides: tuple[str, tuple[int, int]]) -> bool:
    # Texts with little in common are easier to read without marks, and so are those that would be marked whole.
    common = min(len(text) - (stop - start) for text, (start, stop) in sides)
    return common > 0 and common * 4 >= min(len(text) for text, _place in sides)


def _marked(text: str, start: int, stop: int) -> Marked:
    return Marked(text[:start], text[start:stop], text[stop:])


def _side(text: str | None) -> Side | None:
    if text is None:
        return None
    length = _cut(text)
    return Side(text, text[:length], "", "", left=len(text) - length)


def _changed_side(text: str, start: int, stop: int, is_marked: bool) -> Side:
    """The text with what differs marked, cut so that the first difference is always in sight."""
    skipped = max(0, start - _CONTEXT_CHARACTERS) if _cut(text) < len(text) else 0
    length = skipped + _cut(text[skipped:])
    shown = text[skipped:length]
    if not is_marked:
        return Side(text, shown, "", "", skipped, len(text) - length)
    first, last = start - skipped, min(stop, length) - skipped
    return Side(text, shown[:first], shown[first:last], shown[last:], skipped, len(text) - length)


def _cut(text: str) -> int:
    """The length of the short form."""
    if _digest.fullmatch(text):
        return SHORT_DIGEST
    length = min(len(text), SHORT_CHARACTERS)
    for index, match in enumerate(re.finditer("\n", text[:length]), start=1):
        if index == SHORT_LINES and text.count("\n") > SHORT_LINES + _SLACK_LINES:
            return match.start()
    # A few lines or characters more are shown rather than hidden behind a click.
    return len(text) if len(text) <= SHORT_CHARACTERS * _SLACK and "\n" not in text[length:] else length


def _word_start(text: str, index: int) -> int:
    """The start of the word around `index`; of a very long one, `index` itself."""
    start = index
    while start > 0 and text[start - 1 : start + 1].isalnum() and index - start < _CONTEXT_CHARACTERS:
        start -= 1
    return index if index - start == _CONTEXT_CHARACTERS else start


def _word_stop(text: str, index: int) -> int:
    stop = index
    while 0 < stop < len(text) and text[stop - 1 : stop + 1].isalnum() and stop - index < _CONTEXT_CHARACTERS:
        stop += 1
    return index if stop - index == _CONTEXT_CHARACTERS else stop
