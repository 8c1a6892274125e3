"""What belongs to no feature: static files, and whether the process is alive and ready."""

import hashlib
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from quart import Blueprint, Response, request
from werkzeug.security import safe_join

from driftsentry import clock, errors
from driftsentry.db import Database
from driftsentry.templating import STATIC, content_of
from driftsentry.web import Access, allow, app

FOR_EVER = "public, max-age=31536000, immutable"

blueprint = Blueprint("site", __name__)


@cache
def _file(name: str) -> tuple[bytes, str, str]:
    """Content, content type and hash of a static file. There are few and small ones, so they stay in memory: an open
    file would stay open when a browser goes away in the middle. Raises `NotFound`."""
    path = safe_join(str(STATIC), name)
    # Other ways to write a name would each be kept.
    if path is None or not Path(path).is_file() or Path(path).relative_to(STATIC).as_posix() != name:
        raise errors.NotFound("There is no such file.")
    content = content_of(name)
    kind = guess_type(path)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind == "application/javascript"
    return content, f"{kind}; charset=utf-8" if is_text else kind, hashlib.sha256(content).hexdigest()[:16]


@blueprint.get("/static/<path:name>")
@allow(Access.ANYONE)
async def static(name: str) -> Response:
    content, kind, tag = _file(name)
    response = Response(content, content_type=kind)
    response.set_etag(tag)
    await response.make_conditional(request)
    # Only an address that bears the content's hash may be kept: it changes when the file does.
    response.headers["Cache-Control"] = FOR_EVER if "v" in request.args else "no-cache"
    return response


async def check_writable(db: Database) -> None:
    """Raises `Unavailable` unless the database takes writes."""
    async with db.write() as tx:
        await tx.run("UPDATE schema_version SET applied_at = applied_at WHERE version = 0")


@blueprint.get("/healthz")
@allow(Access.ANYONE)
async def healthz() -> Response:
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
@allow(Access.ANYONE)
async def readyz() -> Response:
    """Whether the database takes writes; red while the disk is full or the database is away, and before an end."""
    if app().is_stopping:
        return Response("stopping\n", status=503, content_type="text/plain; charset=utf-8")
    try:
        await check_writable(app().db)
    except errors.Unavailable as outage:
        return Response(f"{outage.message}\n", status=503, content_type="text/plain; charset=utf-8")
    return Response(f"ready {clock.to_text(clock.now())}\n", content_type="text/plain; charset=utf-8")
