"""The answer that is one drift, for every route that gives it."""

from collections.abc import Callable
from typing import Any

from quart import Response

from driftsentry import drifts, errors
from driftsentry.api.schema import Handler, answer
from driftsentry.api.v1.drift_outputs import drift_output
from driftsentry.auth import guards
from driftsentry.drifts import Listed
from driftsentry.web import app

ONE = "/<int(max=2147483647):drift_id>"
_VARY = {"Vary": "Authorization"}


def header(parameter: dict[str, Any]) -> Callable[[Handler], Handler]:
    """Documents a header that the handler reads."""

    def mark(handler: Handler) -> Handler:
        handler.headers = [*getattr(handler, "headers", []), parameter]  # type: ignore[attr-defined]
        return handler

    return mark


def is_signed_in() -> bool:
    return guards.reader() is not None


async def require(drift_id: int) -> Listed:
    async with app().db.read() as tx:
        listed = await drifts.select_listed(tx, drift_id)
    if listed is None:
        raise errors.NotFound("There is no such drift.")
    return listed


def drift_answer(listed: Listed) -> Response:
    response = answer(drift_output(listed, is_signed_in=is_signed_in()))
    response.set_etag(version_of(listed))
    return varying(response)


def version_of(listed: Listed) -> str:
    return f"{listed.version}-{'full' if is_signed_in() else 'public'}"


def varying(response: Response) -> Response:
    response.headers.update(_VARY)
    return response
