"""An attribute diff as a page shows it: paths in words, values as text, long ones cut where nothing changed."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import msgspec

from driftsentry.ingest import Change, changes_to_json, common_length
from driftsentry.templating import plural

SHORT_CHARACTERS = 400
SHORT_LINES = 12
SHORT_PARTS = 40
_SLACK_LINES = 4
_CONTEXT_LINES = 3
_CONTEXT_CHARACTERS = 40
# What difflib costs grows with the pairs of equal lines; beyond this both sides are shown whole.
_MOST_PAIRS = 10_000
_MOST_LINES = 2_000

_plain = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_encoder = msgspec.json.Encoder(decimal_format="number")

_NOISE = {
    "empty": "empty against null",
    "mirror": "repeats what another line says",
    "computed": "computed by the provider",
    "volatile": "changes by itself",
    "same_json": "the same JSON, written in another way",
    "order": "only the order differs",
    "learned": "changes with every scan",
    "ignored": "ignored",
}


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
class Line:
    """One line of the diff. A side is None where there is nothing: on that side the attribute is not set.

    `parts` holds (sign, text) for a text of several lines: "-" and "+", " " for what stays, and "@" for a run
    of lines that stay and are left out. It is empty where the two sides are shown one below the other.
    """

    path: str
    kind: str
    before: Side | None
    after: Side | None
    parts: tuple[tuple[str, str], ...]
    is_sensitive: bool
    is_member: bool
    in_json: bool
    noise: str
    forces_replacement: bool
    number: int | None = None  # in the drift's changes; None of a line that no ignore rule can be made of
    is_ignored: bool = False

    @property
    def is_noise(self) -> bool:
        return self.noise != ""

    @property
    def is_long(self) -> bool:
        sides = (self.before, self.after)
        return len(self.parts) > SHORT_PARTS or any(side is not None and side.is_long for side in sides)

    @property
    def short_parts(self) -> tuple[tuple[str, str], ...]:
        return self.parts[:SHORT_PARTS]

    @property
    def more_parts(self) -> tuple[tuple[str, str], ...]:
        return self.parts[SHORT_PARTS:]


def lines_of(changes: Sequence[Change], may_hide: bool = False) -> tuple[Line, ...]:
    """`may_hide`: whether lines may be ignored at all, so that each has its number for a rule."""
    return tuple(_line(change, number if may_hide else None) for number, change in enumerate(changes))


def differences_since(then: Sequence[Change], now: Sequence[Change]) -> tuple[tuple[str, Line], ...]:
    """What a decision's facts had ("-") and the facts of now have ("+"), noise left out.

    Empty when only values differ that are not shown, such as a secret.
    """
    old, new = _significant(then), _significant(now)
    gone = tuple(("-", _line(change)) for key, change in old.items() if key not in new)
    come = tuple(("+", _line(change)) for key, change in new.items() if key not in old)
    return tuple(sorted(gone + come, key=lambda entry: entry[1].path))


def path_text(path: Sequence[str | int | None]) -> str:
    """A path that can be read in one way only: dots between plain names, everything else in brackets; None is any."""
    text = ""
    for part in path:
        if part is None:
            text += "[*]"
        elif isinstance(part, int):
            text += f"[{part}]"
        elif _plain.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{_json(part)}]"
    return text or "(everything)"


def value_text(value: object) -> str:
    """A string as people write it, a container as indented JSON, a number with every digit."""
    if isinstance(value, str):
        return value
    text = _json(value)
    return msgspec.json.format(text, indent=2) if isinstance(value, dict | list) else text


def _json(value: object) -> str:
    return _encoder.encode(value).decode()


def _significant(changes: Sequence[Change]) -> dict[str, Change]:
    # By their JSON: for Python 1 equals True and 1.0, for people it does not.
    return {changes_to_json((change,)): change for change in changes if not change.noise}


def _line(change: Change, number: int | None = None) -> Line:
    before, after = _texts(change)
    parts = _parts(before, after)
    left, right = (None, None) if parts else _sides(before, after)
    return Line(
        path=path_text(change.path),
        kind=change.kind,
        before=left,
        after=right,
        parts=parts,
        is_sensitive=change.is_sensitive,
        is_member=change.is_member,
        in_json=change.in_json,
        noise=_noise(change),
        forces_replacement=change.forces_replacement,
        number=None if change.noise or change.forces_replacement else number,
        is_ignored=change.noise == "ignored",
    )


def _texts(change: Change) -> tuple[str | None, str | None]:
    if change.is_sensitive:
        return None, None
    before = None if change.kind == "added" and change.before is None else value_text(change.before)
    after = None if change.kind == "removed" and change.after is None else value_text(change.after)
    return before, after


def _noise(change: Change) -> str:
    """Why a line does not count: as whoever marked it says, else in the words for all of its kind."""
    if change.noise and change.why:
        return change.why
    if change.noise == "mirror" and change.path and change.path[0] == "tags_all":
        return "mirrors tags"
    return _NOISE.get(change.noise, change.noise)


def _parts(before: str | None, after: str | None) -> tuple[tuple[str, str], ...]:
    """The two texts line by line, () where that helps nobody."""
    if before is None or after is None or ("\n" not in before and "\n" not in after):
        return ()
    old, new = before.split("\n"), after.split("\n")
    start = common_length(old, new)
    end = common_length(old[start:][::-1], new[start:][::-1])
    inner_old, inner_new = old[start : len(old) - end], new[start : len(new) - end]
    if not _is_comparable(inner_old, inner_new):
        return ()
    parts = [(" ", line) for line in old[:start]] + _compared(inner_old, inner_new)
    parts += [(" ", line) for line in old[len(old) - end :]]
    # A line of thousands of characters is better off with its sides cut around what differs.
    return _folded(parts) if all(len(text) <= SHORT_CHARACTERS for _sign, text in parts) else ()


def _is_comparable(old: list[str], new: list[str]) -> bool:
    if max(len(old), len(new)) > _MOST_LINES:
        return False
    often = Counter(new)
    return sum(times * often[line] for line, times in Counter(old).items()) <= _MOST_PAIRS


def _compared(old: list[str], new: list[str]) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            parts += [(" ", line) for line in old[i1:i2]]
        else:
            parts += [("-", line) for line in old[i1:i2]] + [("+", line) for line in new[j1:j2]]
    return parts


def _folded(parts: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Without the lines that are far from any difference."""
    near = set[int]()
    for index, (sign, _text) in enumerate(parts):
        if sign != " ":
            near.update(range(index - _CONTEXT_LINES, index + _CONTEXT_LINES + 1))
    folded: list[tuple[str, str]] = []
    run = 0
    for index, part in enumerate(parts):
        if index not in near:
            run += 1
            continue
        if run:
            folded.append(("@", plural(run, "unchanged line")))
            run = 0
        folded.append(part)
    return (*folded, ("@", plural(run, "unchanged line"))) if run else tuple(folded)


def _sides(before: str | None, after: str | None) -> tuple[Side | None, Side | None]:
    if before is None or after is None:
        return _side(before), _side(after)
    start = common_length(before, after)
    end = common_length(before[start:][::-1], after[start:][::-1])
    # Texts with little in common are easier to read without marks.
    is_marked = (start + end) * 4 >= min(len(before), len(after)) > 0
    return _changed_side(before, start, end, is_marked), _changed_side(after, start, end, is_marked)


def _side(text: str | None) -> Side | None:
    if text is None:
        return None
    length = _cut(text)
    return Side(text, text[:length], "", "", left=len(text) - length)


def _changed_side(text: str, start: int, end: int, is_marked: bool) -> Side:
    """The text with what differs marked, cut so that the first difference is always in sight."""
    stop = _word_stop(text, len(text) - end)
    start = _word_start(text, start)
    skipped = max(0, start - _CONTEXT_CHARACTERS) if _cut(text) < len(text) else 0
    length = skipped + _cut(text[skipped:])
    shown = text[skipped:length]
    if not is_marked:
        return Side(text, shown, "", "", skipped, len(text) - length)
    first, last = start - skipped, min(stop, length) - skipped
    return Side(text, shown[:first], shown[first:last], shown[last:], skipped, len(text) - length)


def _cut(text: str) -> int:
    """The length of the short form."""
    length = min(len(text), SHORT_CHARACTERS)
    for index, match in enumerate(re.finditer("\n", text[:length]), start=1):
        if index == SHORT_LINES and text.count("\n") > SHORT_LINES + _SLACK_LINES:
            return match.start()
    # A few lines or characters more are shown rather than hidden behind a click.
    return len(text) if len(text) <= SHORT_CHARACTERS * 1.1 and "\n" not in text[length:] else length


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
