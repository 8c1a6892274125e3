"""An attribute diff as a page shows it: paths in words, values as text, long ones cut where nothing changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from driftsentry.drifts.sides import Side, sides_of
from driftsentry.drifts.texts import SHORT_PIECES, Piece, pieces_of
from driftsentry.drifts.written import json_text, path_text, value_text
from driftsentry.ingest import Change

# All values of a page together, in characters: what is beyond is named, and left to the API.
MOST_CHARACTERS = 120_000
# What is shown at once: 500 lines are 90 screens of a phone. A few more are shown rather than hidden behind a click.
SHOWN_LINES = 50
_FEW_LINES = 5

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
class Line:
    """One line of the diff. A side is None where there is nothing: on that side the attribute is not set.

    `pieces` is for texts of several lines that are compared, and empty where the two sides are shown as they are.
    `left_out`: so many characters are not shown, for the page shows enough already.
    """

    path: str
    kind: str
    before: Side | None
    after: Side | None
    pieces: tuple[Piece, ...]
    is_sensitive: bool
    is_member: bool
    in_json: bool
    is_json: bool  # a text that is JSON itself, laid out here
    noise: str
    forces_replacement: bool
    is_ignored: bool
    place: int | None = None  # in the drift's changes; None of a line that is none of them
    can_be_ignored: bool = False
    left_out: int = 0

    @property
    def is_noise(self) -> bool:
        return self.noise != ""

    @property
    def short_pieces(self) -> tuple[Piece, ...]:
        return self.pieces[:SHORT_PIECES]

    @property
    def more_pieces(self) -> tuple[Piece, ...]:
        return self.pieces[SHORT_PIECES:]


def lines_of(changes: Sequence[Change], may_hide: bool = False, start: int = 0) -> tuple[Line, ...]:
    """`may_hide`: whether lines may be ignored at all. `start`: the first one whose values are shown, as far as they
    fit into a page."""
    lines: list[Line] = []
    room = MOST_CHARACTERS
    for place, change in enumerate(changes):
        before, after, is_json = _texts(change)
        size = len(before or "") + len(after or "")
        is_shown = size <= room and place >= start
        room -= size if is_shown else 0
        lines.append(
            replace(
                _line(change, before, after) if is_shown else _line(change, None, None),
                is_json=is_json,
                place=place,
                can_be_ignored=may_hide and not change.noise and not change.forces_replacement,
                left_out=0 if is_shown else size,
            )
        )
    return tuple(lines)


def groups_of(lines: Sequence[Line]) -> list[tuple[Line, ...]]:
    """The lines, with the members of one set together: first those that only the code has."""
    found: list[tuple[Line, ...]] = []
    for line in lines:
        if found and line.is_member and found[-1][0].is_member and found[-1][0].path == line.path:
            found[-1] += (line,)
        else:
            found.append((line,))
    return found


def shown_groups(groups: Sequence[Sequence[Line]]) -> int:
    """How many groups, from the first, are shown at once; a set of many members folds by itself."""
    sizes = [min(len(group), SHOWN_LINES) for group in groups]
    shown, left = 0, sum(sizes)
    for index, size in enumerate(sizes):
        if shown >= SHOWN_LINES and left > _FEW_LINES:
            return index
        shown, left = shown + size, left - size
    return len(groups)


def _line(change: Change, before: str | None, after: str | None) -> Line:
    pieces = pieces_of(before, after)
    left, right = (None, None) if pieces else sides_of(before, after)
    return Line(
        path=path_text(change.path),
        kind=change.kind,
        before=left,
        after=right,
        pieces=pieces,
        is_sensitive=change.is_sensitive,
        is_member=change.is_member,
        in_json=change.in_json,
        is_json=False,
        noise=_noise(change),
        forces_replacement=change.forces_replacement,
        is_ignored=change.noise == "ignored",
    )


def _texts(change: Change) -> tuple[str | None, str | None, bool]:
    """Both sides as text, and whether they are JSON from within a text."""
    if change.is_sensitive:
        return None, None, False
    values = (change.before, change.after)
    laid = [json_text(value) for value in values]
    # Two ways to write the same would look alike when they are laid out.
    is_json = change.noise != "same_json" and any(laid) and laid.count(None) == values.count(None)
    before, after = laid if is_json else map(value_text, values)
    if change.before is None:
        before = None if change.kind == "added" else value_text(None)
    if change.after is None:
        after = None if change.kind == "removed" else value_text(None)
    return before, after, is_json


def _noise(change: Change) -> str:
    """Why a line does not count: as whoever marked it says, else in the words for all of its kind."""
    if change.noise and change.why:
        return change.why
    if change.noise == "mirror" and change.path and change.path[0] == "tags_all":
        return "mirrors tags"
    return _NOISE.get(change.noise, change.noise)
