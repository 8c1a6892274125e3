"""What belongs to no feature: static files, and whether the process is alive and ready."""

from quart import Blueprint, Response, request, send_from_directory

from driftsentry import clock, errors
from driftsentry.templating import STATIC
from driftsentry.web import Access, allow, app

FOR_EVER = "public, max-age=31536000, immutable"

blueprint = Blueprint("site", __name__)


@blueprint.get("/static/<path:name>")
@allow(Access.ANYONE)
async def static(name: str) -> Response:
    response = await send_from_directory(STATIC, name)
    # Only an address that bears the content's hash may be kept: it changes when the file does.
    response.headers["Cache-Control"] = FOR_EVER if "v" in request.args else "no-cache"
    return response


@blueprint.get("/healthz")
@allow(Access.ANYONE)
async def healthz() -> Response:
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
@allow(Access.ANYONE)
async def readyz() -> Response:
    """Whether the database takes writes; red while the disk is full or the database is away."""
    try:
        async with app().db.write() as tx:
            await tx.run("UPDATE schema_version SET applied_at = applied_at WHERE version = 0")
    except errors.Unavailable as outage:
        return Response(f"{outage.message}\n", status=503, content_type="text/plain; charset=utf-8")
    return Response(f"ready {clock.to_text(clock.now())}\n", content_type="text/plain; charset=utf-8")
