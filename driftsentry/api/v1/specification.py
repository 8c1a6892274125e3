"""The specification of the API, for programs and for people."""

from typing import Any

import msgspec
from quart import Blueprint, Response

from driftsentry import answers
from driftsentry.api import openapi
from driftsentry.api.reading import operations_of
from driftsentry.api.schema import JSON
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_specification", __name__, url_prefix=openapi.BASE)


@blueprint.get("/openapi.json")
@allow(Access.ANYONE)
async def openapi_json() -> Response:
    return Response(msgspec.json.encode(_document()), content_type=JSON)


@blueprint.get("/docs")
@allow(Access.ANYONE)
async def docs() -> Response:
    document = _document()
    text = render(
        "api/docs.html",
        frame=answers.frame("API"),
        groups=operations_of(document),
        about=document["info"],
        server=app().settings.base_url,
    )
    return Response(text, content_type="text/html; charset=utf-8")


def _document() -> dict[str, Any]:
    """Made once: routes do not change while the program runs."""
    kept = app().extensions
    if "openapi" not in kept:
        kept["openapi"] = openapi.specification(app())
    document: dict[str, Any] = kept["openapi"]
    return document
