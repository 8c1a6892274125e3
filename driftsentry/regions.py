"""Regions of pages that a push replaces: rendered once for each audience, from the page's own partials."""

import re
from collections.abc import Callable
from dataclasses import dataclass

# A page shows 50 rows. When more drifts than this change at once, pages are told to fetch themselves anew.
MOST_DRIFTS = 200
_ROOT = re.compile(r"\s*<([a-z][a-z0-9]*)")


@dataclass(frozen=True, slots=True)
class Region:
    """A piece of HTML for everybody in `room`: once for those who can decide, once for those who cannot."""

    room: str
    for_deciders: str
    for_viewers: str

    def html(self, can_decide: bool) -> str:
        return self.for_deciders if can_decide else self.for_viewers


@dataclass(frozen=True, slots=True)
class OwnRegion:
    """A piece of HTML for one person in `room`: the others get another one, or none."""

    room: str
    user_id: str
    html: str


def for_all(room: str, html: str) -> Region:
    """A region without controls: alike for everybody."""
    return Region(room, html, html)


def for_each_audience(room: str, draw: Callable[[bool], str]) -> Region:
    """`draw(can_decide)` is called once for each of the two audiences."""
    return Region(room, draw(True), draw(False))


def in_place(html: str) -> str:
    """Mark the one root element of a partial: it replaces the element with its id, keeping focus and ticks.

    Where no such element is on the page, nothing happens. The partial itself stays free of it.
    """
    return _ROOT.sub(r'<\1 hx-swap-oob="outerMorph"', html, count=1)


def appended(selector: str, html: str) -> str:
    """`html` goes to the end of the element `selector`, where the page has one."""
    return f'<hx-partial hx-target="{selector}" hx-swap="beforeend">{html}</hx-partial>'
