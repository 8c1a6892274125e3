"""Answers: a full page in the frame, a fragment, or JSON; and each failure in the shape its caller reads."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, cast

import msgspec
from quart import Response, g, has_websocket_context, request
from werkzeug.exceptions import HTTPException

from driftsentry import clock, errors
from driftsentry.db import Tx
from driftsentry.templating import render
from driftsentry.web import DriftSentry, app

_log = logging.getLogger(__name__)
_SENTENCES = {
    400: "The request could not be understood.",
    404: "There is no page at this address. It may have been moved, or the link is wrong.",
    405: "This address does not take that method.",
    408: "The request took too long to arrive. Send it again.",
    413: "The request is larger than this address takes.",
    429: "Too many requests. Wait as long as Retry-After says.",
    415: "This address does not take that kind of content.",
}
_KINDS: dict[int, type[errors.Failure]] = {
    401: errors.SignedOut,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    429: errors.RateLimited,
}
_INVALID_BEARER = 'Bearer error="invalid_token"'
_CODES = {405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE", 415: "UNSUPPORTED_FORMAT"}


class Person(Protocol):
    """What the frame shows of whoever is signed in."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def theme(self) -> str: ...
    @property
    def can_decide(self) -> bool: ...
    @property
    def preferences(self) -> "Likes": ...


class Likes(Protocol):
    """How whoever is signed in wants pages to be."""

    @property
    def keys(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """What `base.html` needs around every page."""

    title: str
    active: str
    person: Person | None
    theme: str
    path: str
    now: datetime
    ping: int  # seconds
    waiting: int = 0  # drifts, and the critical ones among them
    critical: int = 0
    alerts: int = 0
    live: str | None = None


def frame(title: str, *, active: str = "") -> Frame:
    """Around what shows no numbers: an error, a fragment, a page at the door."""
    person: Person | None = g.get("person")
    theme = person.theme if person else "auto"
    path, ping = request.full_path.rstrip("?"), app().settings.live_ping_seconds
    return Frame(title, active, person, theme, path, clock.now(), ping)


async def page(
    tx: Tx,
    template: str,
    title: str,
    waiting: tuple[int, int] | None = None,
    /,
    *,
    active: str,
    live: str | None = None,
    **values: Any,
) -> str:
    """A full page for somebody who is signed in; its frame says what waits, and how many alerts he has not read.

    `live`: the address of its pushes, without the room of the frame. `waiting`: as `count_waiting` says it, for pages
    that know it.
    """
    person: Person | None = g.get("person")
    unread = await app().count_unread(tx, person.id) if person else 0
    all_waiting, critical = waiting or await app().count_waiting(tx)
    around = replace(
        frame(title, active=active),
        waiting=all_waiting,
        critical=critical,
        alerts=unread,
        live=live and f"{live}&room=alerts",
    )
    return render(template, frame=around, now=around.now, **values)


def is_fragment() -> bool:
    """Whether htmx asks for a part of a page."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def is_program() -> bool:
    return request.path.startswith("/api/") or request.path == "/metrics"


def json(data: object, *, status: int = 200, meta: dict[str, Any] | None = None) -> Response:
    body = {"success": True, "data": data, "meta": meta or {}}
    return Response(msgspec.json.encode(body), status=status, content_type="application/json")


def install(quart: DriftSentry) -> None:
    quart.register_error_handler(errors.Failure, failure)
    quart.register_error_handler(HTTPException, _http_failure)
    quart.register_error_handler(Exception, _unexpected)
    quart.url_map.merge_slashes = False  # werkzeug would answer `//` with a redirection in a shape of its own


async def failure(error: errors.Failure) -> Response:
    """The one place where a failure becomes an answer."""
    if error.status == 503:
        _log.warning(
            "request.unavailable", extra={"request_id": g.get("request_id", ""), "cause": repr(error.__cause__)}
        )
    if has_websocket_context():  # a refused handshake
        return Response(f"{error.message}\n", error.status, content_type="text/plain; charset=utf-8")
    if is_program():
        response = _as_json(error)
    elif is_fragment():
        response = Response(render("_error.html", **_words(error)), status=error.status)
    else:
        around = frame(error.title)
        response = Response(render("error.html", frame=around, **_words(error)), status=error.status)
    response.headers.update(error.headers)
    if is_program() and error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer" if error.code == "AUTHENTICATION_REQUIRED" else _INVALID_BEARER
    return response


async def _http_failure(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirection to the address with other slashes
        return cast(Response, error.get_response())
    sentence = _SENTENCES.get(status, "The request could not be answered.")
    if status >= 500:
        return await failure(errors.Unavailable(sentence))
    kind = _KINDS.get(status, errors.Invalid)
    allowed = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if status == 405 else {}  # type: ignore[attr-defined]
    retry_after = getattr(error, "retry_after", None)
    return await failure(
        kind(sentence, status=status, code=_CODES.get(status), headers=allowed, retry_after=retry_after)
    )


async def _unexpected(error: Exception) -> Response:
    _log.error("request.failed", exc_info=error, extra={"request_id": g.get("request_id", "")})
    return await failure(errors.Internal())


def _words(error: errors.Failure) -> dict[str, Any]:
    return {
        "status": error.status,
        "title": error.title,
        "message": error.message,
        "problems": error.problems,
        "request_id": g.get("request_id", ""),
    }


def _as_json(error: errors.Failure) -> Response:
    body = {
        "success": False,
        "error": {
            "code": error.code,
            "message": error.message,
            "statusCode": error.status,
            "timestamp": clock.to_text(clock.now()),
            "requestId": g.get("request_id", ""),
            "details": [{"field": problem.field, "message": problem.message} for problem in error.problems],
        },
    }
    return Response(msgspec.json.encode(body), status=error.status, content_type="application/json")
