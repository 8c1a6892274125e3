"""Comments are written in Markdown, and kept as they were written; here they become HTML that can do nothing."""

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from driftsentry import events
from driftsentry.db import Tx
from driftsentry.events import Event
from driftsentry.templating import visible_lines

MOST_KEPT = 512
_TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
_SCHEMES = {"http", "https", "mailto"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a drift's timeline; `comment`: what was written, as HTML, where it is a comment."""

    event: Event
    comment: Markup | None = None


async def timeline_of(tx: Tx, drift_id: int) -> list[Entry]:
    """The newest events of a drift, oldest first."""
    told = await events.select_of_drift(tx, drift_id)
    # What is written to be slow takes 0.2 s a comment: in a thread it keeps nobody else waiting.
    return await asyncio.to_thread(lambda: [_entry(event) for event in told])


def _entry(event: Event) -> Entry:
    return Entry(event, html_of(str(event.data.get("text", "")))) if event.kind == "drift.commented" else Entry(event)


@lru_cache(MOST_KEPT)
def html_of(text: str) -> Markup:
    """The comment as HTML of a few harmless tags. Raises nothing, whatever the text is.

    What stays is decided by nh3, which reads the HTML as browsers do; characters that cannot be seen are shown, also
    those that an entity or an address has hidden.
    """
    with _one_reads:
        html = _markdown.render(text)
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}, "*": set()},
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    # Safe by what nh3 has just made of it: the escapes that `visible_lines` adds are plain letters and digits.
    return Markup(visible_lines(cleaned.strip().replace("&nbsp;", "\u00a0")))  # noqa: S704


def _is_link(address: str) -> bool:
    scheme, colon, _rest = address.strip().partition(":")
    return bool(colon) and scheme.lower() in _SCHEMES


def _reader() -> MarkdownIt:
    """No HTML, no images, no headings, which would be headings of the page; a line end is a line end."""
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
    reader.enable(["linkify", "strikethrough"])
    reader.disable(["image", "heading", "lheading", "hr", "html_block", "html_inline", "reference"])
    # Only whole addresses become links by themselves, and they are shown as they are: nothing decoded.
    assert reader.linkify is not None
    reader.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    reader.validateLink = _is_link  # type: ignore[assignment, method-assign]
    reader.normalizeLinkText = str  # type: ignore[assignment, method-assign]
    return reader


_markdown = _reader()
_one_reads = Lock()  # linkify keeps what it looks at in itself
