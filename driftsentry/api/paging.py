"""Pages of lists: by number, or by a cursor that costs the same at any depth."""

import base64
import binascii
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from quart import request

from driftsentry import errors
from driftsentry.api.schema import Input
from driftsentry.errors import Problem


class PageQuery(Input, frozen=True):
    """The parent of the query of every list."""

    page: Annotated[int, Meta(ge=1, le=100_000, description="From 1.")] = 1
    page_size: Annotated[int, Meta(ge=1, le=200, description="Entries a page.")] = 20

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size


class CursorQuery(PageQuery, frozen=True):
    """The same of lists that may be long."""

    cursor: Annotated[
        str,
        Meta(
            max_length=500,
            pattern="^[A-Za-z0-9_-]*$",
            description="nextCursor of the page before; not together with page.",
            extra_json_schema={"format": "cursor"},
        ),
    ] = ""


def cursor_of(place: Any) -> str:
    """Opaque to callers: where the next page starts."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def start_of(query: CursorQuery, kind: Any) -> Any:
    """What `cursor_of` was given, which must be a `kind`; None without a cursor. Raises `Invalid`."""
    if query.cursor and "page" in request.args:
        sentence = "Give page or cursor, not both."
        raise errors.Invalid(sentence, status=400, problems=[Problem("page", sentence)])
    return _place_of(query.cursor, kind) if query.cursor else None


def _place_of(cursor: str, kind: Any) -> Any:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        sentence = "Take the cursor from nextCursor of the page before, with the same sort and filters."
        raise errors.Invalid(sentence, status=400, problems=[Problem("cursor", sentence)]) from None


def page_meta(
    query: PageQuery, *, total: int, has_more: bool, next_cursor: str | None = None, is_capped: bool = False
) -> dict[str, Any]:
    """`total`: how many match; counting may have stopped there, which `totalIsCapped` says."""
    meta: dict[str, Any] = {"pageSize": query.page_size, "total": total, "hasMore": has_more}
    if not getattr(query, "cursor", ""):
        meta["page"] = query.page
    if next_cursor is not None:
        meta["nextCursor"] = next_cursor
    if is_capped:
        meta["totalIsCapped"] = True
    return meta
