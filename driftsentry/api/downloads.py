"""A list of drifts as a file, for people: addressed as the page is, and each drift in the shape of the API."""

import msgspec
from quart import Blueprint, Response, request

from driftsentry import clock, errors
from driftsentry.api.v1.drift_outputs import entry_output
from driftsentry.auth import guards
from driftsentry.drifts import Listed, export, filter
from driftsentry.web import Access, allow, app

blueprint = Blueprint("downloads", __name__)


@blueprint.get("/drifts/export")
@allow(Access.VIEWER)
async def download() -> Response:
    """`format` csv or json; beside it the query string of the list."""
    wanted = filter.parse(request.args, request.args.getlist("drift"), guards.person().id)
    export.require_clear(wanted)
    format = request.args.get("format", "")
    if format == "csv":
        response = Response(export.as_csv(app().db, wanted), content_type="text/csv; charset=utf-8")
    elif format == "json":
        response = Response(export.as_json(app().db, wanted, _encode), content_type="application/json")
    else:
        raise errors.Invalid("Choose the format csv or json.")
    name = f"driftsentry-drifts-{clock.now():%Y-%m-%d}.{format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.timeout = None  # a long list on a slow line takes longer than other answers may
    return response


def _encode(listed: Listed) -> bytes:
    return msgspec.json.encode(entry_output(listed, is_signed_in=True))
