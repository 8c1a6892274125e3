"""Templates to HTML: one synchronous environment for pages, fragments and pushes.

A partial gets explicit values only, so that it can be broadcast. Values from outside are text: autoescape is
on, and the filter `visible` shows the characters that could make a text look like another one.
"""

import hashlib
import re
from collections.abc import Hashable, MutableMapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_ROOT = Path(__file__).resolve().parent.parent
STATIC = _ROOT / "static"

# Controls, soft hyphen, fillers, marks that turn the direction, zero width, spaces that look like a space or
# like nothing, tags, and lone surrogates, which no answer could encode.
_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u3000\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff"
)
_unseen_in_lines = re.compile(f"[{_UNSEEN}]")
_unseen = re.compile(f"[{_UNSEEN}\t\n]")
_import = re.compile(rb'^@import "([a-z]+\.css)";\n', re.MULTILINE)
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}

MOST_KEPT = 8192
_kept: dict[tuple[str, tuple[Hashable, ...]], Markup] = {}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def visible(text: object) -> str:
    """`text` in one line, with an escape such as \\u202e for each character that cannot be seen."""
    return _unseen.sub(_escape, str(text))


def visible_lines(text: object) -> str:
    """As `visible`, but line ends and tabs stay: for places that keep them."""
    return _unseen_in_lines.sub(_escape, str(text))


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second: for `<time datetime>`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def absolute(moment: datetime) -> str:
    """For people: 2026-11-21 19:06 UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit. `live.js` says it in the same words, to keep pages true that stay open."""
    seconds = int((now - moment).total_seconds())
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    days = seconds // _DAY
    if days < 60:
        return f"{plural(days, 'day')} ago"
    return f"{plural(days // 30, 'month')} ago" if days < 730 else f"{plural(days // 365, 'year')} ago"


def count(number: int) -> str:
    return f"{number:,}"


def plural(number: int, one: str, many: str = "") -> str:
    """`1 drift`, `2 drifts`, `12,431 entries` (the last with `many`)."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def content_of(name: str) -> bytes:
    """A static file; a style sheet with those that it imports in their places, so that a page asks for one."""
    content = (STATIC / name).read_bytes()
    if not name.endswith(".css"):
        return content
    whole = _import.sub(lambda found: content_of(found[1].decode()), content)
    assert b"@import" not in whole, f"{name}: write @import with a plain name in a line of its own"
    return whole


@cache
def asset(name: str) -> str:
    """The address of a static file. It changes with the content, so browsers may keep the file for ever."""
    return f"/static/{name}?v={hashlib.sha256(content_of(name)).hexdigest()[:8]}"


@cache
def inlined(name: str) -> str:
    """A small drawing as an address that costs no request."""
    return "data:image/svg+xml," + quote((STATIC / name).read_text().strip())


@cache
def icon(name: str) -> Markup:
    """A drawing of the sprite `_icons.html`, for those who see: words beside it say the same."""
    # `Markup.format` escapes what it puts in.
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>').format(name)


def kept(name: str, *look: Hashable, **values: object) -> Markup:
    """`render(name, **values)`, kept for the next one that has the same `look`: all that can be seen of it.

    Markup, for it was escaped when it was rendered; nothing but templates gets here.
    """
    key = (name, look)
    found = _kept.get(key)
    if found is None:
        # No value is marked safe here: `render` escapes all of them, and this is its result.
        found = _kept[key] = Markup(render(name, **values))  # noqa: S704
        if len(_kept) > MOST_KEPT:
            del _kept[next(iter(_kept))]  # the oldest; to keep an order of use would cost more than it saves
    return found


class _Environment(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One mapping for all templates. Jinja's own is made of two, and walked through twice for each partial."""
        return {**self.globals, **d} if d else self.globals


def _environment() -> Environment:
    environment = _Environment(
        loader=FileSystemLoader(_ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    filters = (visible, visible_lines, stamp, absolute, age, count, plural)
    environment.filters.update({each.__name__: each for each in filters})
    environment.globals.update(asset=asset, icon=icon, inlined=inlined, kept=kept)
    return environment


_templates = _environment()


def render(name: str, **values: object) -> str:
    """The template `name` (a path below templates/). A value that it names and does not get is an error."""
    return _templates.get_template(name).render(values)
