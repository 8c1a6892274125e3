"""Enforces each route's access rule before its handler runs, and tells handlers who is calling."""

from contextlib import suppress
from typing import cast
from urllib.parse import quote, urlsplit

from quart import Response, g, has_request_context, redirect, request, websocket
from quart_auth import QuartAuth, current_user

from driftsentry import answers, errors
from driftsentry.auth import actions, bearer_guards
from driftsentry.auth.model import Person, Token
from driftsentry.config_values import is_loopback
from driftsentry.events import Actor
from driftsentry.web import Access, DriftSentry, app

COOKIE = "__Host-driftsentry"


def install(quart: DriftSentry) -> None:
    QuartAuth(
        quart,
        cookie_name=COOKIE,
        cookie_samesite="Lax",
        duration=int(quart.settings.session_absolute.total_seconds()),
        salt="driftsentry session",
    )
    quart.before_request(_enforce)


async def _enforce() -> Response | None:
    if request.endpoint is None:  # no such route: 404 or 405, in the frame of whoever asks
        if not answers.is_program():
            await signed_in()
        return None
    access = app().access_of(request.endpoint)
    if answers.is_program():
        if access is not Access.METRICS or not _is_this_machine():
            await bearer_guards.admit(access)
        return None
    person = await signed_in()
    if access is Access.ANYONE:
        return None
    if person is None:
        return _to_login()
    bearer_guards.require(person, access)
    return None


def _is_this_machine() -> bool:
    # Behind a proxy on the same machine everybody comes from loopback: it says so in a header.
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and is_loopback(client_address())


async def signed_in() -> Person | None:
    """Whoever this request's or handshake's cookie belongs to, read from the database anew."""
    if "person" not in g:
        secret = current_user.auth_id
        g.person = await actions.identify(app().db, app().settings, secret) if secret else None
        if g.person and not _is_unattended():
            with suppress(errors.Unavailable):  # a page must not fail because somebody else is writing
                await actions.note_seen(app().db, g.person)
    return cast(Person | None, g.person)


def _is_unattended() -> bool:
    if not has_request_context():  # a socket: pages that nobody looks at reconnect by themselves
        return True
    return request.endpoint is not None and app().is_unattended(request.endpoint)


def _to_login() -> Response:
    """A page goes to the login and back; a fragment cannot, so htmx is told to go there."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    if answers.is_fragment():
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        path = (here.path or "/") + (f"?{here.query}" if here.query else "")
        raise errors.SignedOut(
            "Your session has ended. Sign in again.", headers={"HX-Redirect": f"/login?next={quote(path)}"}
        )
    return cast(Response, redirect(f"/login?next={quote(wanted)}", 303))


def person() -> Person:
    """The signed-in caller of a route whose rule asks for a role."""
    return cast(Person, g.person)


def reader() -> Person | None:
    """The caller of a route whose rule is `PUBLIC`; None for somebody who may see no values."""
    return cast(Person | None, g.person)


def token() -> Token:
    """The CI token of a route whose rule is `REPORTER`."""
    return cast(Token, g.token)


def actor() -> Actor:
    """The caller as the log names him."""
    address, request_id = client_address(), g.get("request_id", "")
    if "token" in g:
        return Actor("token", g.token.id, g.token.name, address, request_id)
    return Actor("user", g.person.id, g.person.name, address, request_id)


def client_address() -> str:
    """The peer, or what the configured number of proxies says of it."""
    return (request.remote_addr if has_request_context() else websocket.remote_addr) or ""
