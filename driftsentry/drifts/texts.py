"""Two texts of several lines, compared line by line: pieces that stay, that are folded, and that differ."""

from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from driftsentry.drifts.sides import SHORT_CHARACTERS, Marked, marked_pair
from driftsentry.ingest import common_length

SHORT_PIECES = 20
_CONTEXT = 3
_FEW = 2
# What difflib costs grows with the pairs of equal lines; beyond this both sides are shown whole.
_MOST_PAIRS = 10_000
_MOST_LINES = 800


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines in their order. Of "same" and "folded" ones `before` holds what both texts have, and `after` nothing.

    "folded": they are far from any difference. "other": what stands in the one text, and in the other instead.
    """

    kind: Literal["same", "folded", "other"]
    before: tuple[Marked, ...]
    after: tuple[Marked, ...] = ()

    @property
    def text(self) -> str:
        """Of lines that stay: all of them in one."""
        return "\n".join(line.head for line in self.before)


def pieces_of(before: str | None, after: str | None) -> tuple[Piece, ...]:
    """() where line by line helps nobody: one line each, or more than can be compared."""
    if before is None or after is None or ("\n" not in before and "\n" not in after):
        return ()
    old, new = before.split("\n"), after.split("\n")
    start = common_length(old, new)
    end = common_length(old[start:][::-1], new[start:][::-1])
    inner_old, inner_new = old[start : len(old) - end], new[start : len(new) - end]
    # A line of thousands of characters is better off with its sides cut around what differs.
    if not _is_comparable(inner_old, inner_new) or any(len(text) > SHORT_CHARACTERS for text in (*old, *new)):
        return ()
    pieces = [_same(old[:start]), *_compared(inner_old, inner_new), _same(old[len(old) - end :])]
    return tuple(_folded([piece for piece in pieces if piece.before or piece.after]))


def _is_comparable(old: list[str], new: list[str]) -> bool:
    if max(len(old), len(new)) > _MOST_LINES:
        return False
    often = Counter(new)
    return sum(times * often[line] for line, times in Counter(old).items()) <= _MOST_PAIRS


def _same(texts: list[str]) -> Piece:
    return Piece("same", tuple(Marked(text) for text in texts))


def _compared(old: list[str], new: list[str]) -> list[Piece]:
    return [
        _same(old[i1:i2]) if tag == "equal" else _other(old[i1:i2], new[j1:j2])
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    ]


def _other(old: list[str], new: list[str]) -> Piece:
    if len(old) != len(new):
        return Piece("other", tuple(Marked(text) for text in old), tuple(Marked(text) for text in new))
    pairs = [marked_pair(before, after) for before, after in zip(old, new, strict=True)]
    return Piece("other", tuple(before for before, _after in pairs), tuple(after for _before, after in pairs))


def _folded(pieces: list[Piece]) -> list[Piece]:
    """What stays, with the lines folded that are far from any difference."""
    folded: list[Piece] = []
    for index, piece in enumerate(pieces):
        above = _CONTEXT if index > 0 else 0
        below = _CONTEXT if index < len(pieces) - 1 else 0
        lines = piece.before
        # A line to click is as high as the line that it would hide.
        if piece.kind == "other" or len(lines) < above + below + _FEW:
            folded.append(piece)
            continue
        stop = len(lines) - below
        parts = (("same", lines[:above]), ("folded", lines[above:stop]), ("same", lines[stop:]))
        folded += [Piece(kind, part) for kind, part in parts if part]  # type: ignore[arg-type]
    return folded
