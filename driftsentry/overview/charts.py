"""Columns as numbers: where each stands and how high it is, on a grid that the page stretches to its width.

A chart is `width` by `HEIGHT` units; nothing here divides by an amount, and no amount is too large.
"""

from collections.abc import Sequence
from dataclasses import dataclass

STEP, COLUMN, HEIGHT = 10, 8, 1000
_LEAST = 12  # of 10,000 one is still seen
_APART = 120  # the height of a word on the scale
Amounts = Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Series:
    """`name` is the class that colours it. None is what nobody knows: there is no column."""

    name: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Shape:
    """All columns of a series as one path."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Key:
    """A series in words, and how much it is now, or in all."""

    name: str
    label: str
    amount: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`ticks`: the scale, each a height in units with its word. `spots`: each column in words. `rows`: as a table."""

    name: str
    title: str
    sentence: str
    keys: tuple[Key, ...]
    shapes: tuple[Shape, ...]
    ticks: tuple[tuple[int, str], ...]
    spots: tuple[tuple[int, str], ...]
    ends: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def width(self) -> int:
        return len(self.spots) * STEP

    @property
    def widest(self) -> str:
        """The longest word of the scale: room is kept for it."""
        return max((text for _height, text in self.ticks), key=len)


def top_of(highest: int) -> int:
    """The end of a scale that holds `highest`: even, so that half of it is a whole number."""
    power = 1
    while True:
        for digit in (2, 4, 6, 8, 10):
            if highest <= digit * power:
                return digit * power
        power *= 10


def stacked(series: Sequence[Series], top: int) -> tuple[Shape, ...]:
    """Columns on top of each other, the first at the bottom."""
    floors = [HEIGHT] * max((len(one.amounts) for one in series), default=0)
    shapes = []
    for one in series:
        parts = []
        for place, amount in enumerate(one.amounts):
            if amount:
                height = _height(amount, top, HEIGHT)
                floors[place] -= height
                parts.append(_column(place, floors[place], height))
        shapes.append(Shape(one.name, "".join(parts)))
    return tuple(shapes)


def apart(up: Series, down: Series, top: int, bottom: int) -> tuple[int, tuple[Shape, ...]]:
    """Where the line stands from which the columns of one rise and those of the other fall, on one scale; and both."""
    line = HEIGHT * top // (top + bottom)
    rising = [_height(amount, top, line) if amount else 0 for amount in up.amounts]
    falling = [_height(amount, bottom, HEIGHT - line) if amount else 0 for amount in down.amounts]
    rises = "".join(_column(place, line - height, height) for place, height in enumerate(rising) if height)
    falls = "".join(_column(place, line, height) for place, height in enumerate(falling) if height)
    return line, (Shape(up.name, rises), Shape(down.name, falls))


def ticks_of(top: str, half: str) -> tuple[tuple[int, str], ...]:
    """A scale that begins at the bottom."""
    return (0, top), (HEIGHT // 2, half), (HEIGHT, "0")


def legible(*ticks: tuple[int, str]) -> tuple[tuple[int, str], ...]:
    """Of words that would stand in each other the one nearer to the middle, which is the line itself."""
    line = ticks[1]
    return tuple(tick for tick in ticks if tick is line or abs(tick[0] - line[0]) >= _APART)


def spots_of(texts: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Where each column's words are shown to whoever points at it."""
    return tuple((place * STEP, text) for place, text in enumerate(texts))


def _height(amount: int, top: int, room: int) -> int:
    return max(_LEAST, amount * room // top)


def _column(place: int, y: int, height: int) -> str:
    return f"M{place * STEP + (STEP - COLUMN) // 2} {y}h{COLUMN}v{height}h-{COLUMN}z"
