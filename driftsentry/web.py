"""The application class: no route without an access rule, and what every surface reaches through it."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry, Histogram
from quart import Quart, Request, current_app
from quart.routing import QuartRule
from quart.sessions import SessionInterface
from quart.wrappers import BaseRequestWebsocket

from driftsentry.config import Config
from driftsentry.db import Database, Tx
from driftsentry.tail import Tail

REPORT_BYTES = 64 * 1024 * 1024
FORM_BYTES = 1024 * 1024
NOTIFICATION_BYTES = 256 * 1024


class Access(Enum):
    """Who may call a route. `auth.guards` enforces it before the handler runs."""

    ANYONE = "anyone"
    VIEWER = "viewer"
    ENGINEER = "engineer"
    ADMIN = "admin"
    PUBLIC = "public read"  # signed in; with PUBLIC_READ anybody, who then sees no values
    REPORTER = "report:write"  # a CI token
    SIGNED = "signature"  # no account and no token: the handler verifies what the body was signed with
    METRICS = "metrics:read"  # such a token, or this machine itself
    SOCKET = "socket"  # the handler accepts and then closes with 4401: htmx retries refused handshakes for ever

    @property
    def is_for_ci(self) -> bool:
        """Whether a token of a CI job is needed, which no person has."""
        return self in (Access.REPORTER, Access.METRICS)


Handler = TypeVar("Handler", bound=Callable[..., Any])


def allow(access: Access) -> Callable[[Handler], Handler]:
    """The access rule of a route; stands between the route's decorator and its handler."""

    def mark(handler: Handler) -> Handler:
        handler.access = access  # type: ignore[attr-defined]
        return handler

    return mark


def unattended(handler: Handler) -> Handler:
    """A route that pages ask by themselves, with nobody in front of them: that keeps no session from idling out."""
    handler.is_unattended = True  # type: ignore[attr-defined]
    return handler


def _largest(path: str) -> int:
    if path.startswith("/api/v1/notifications/"):
        return NOTIFICATION_BYTES
    return REPORT_BYTES if path.startswith("/api/") and path.endswith("/reports") else FORM_BYTES


class LimitedRequest(Request):
    """Bodies are cut off while they arrive: reports may be large, nothing else may."""

    def __init__(self, method: str, scheme: str, path: str, *rest: Any, **options: Any) -> None:
        options["max_content_length"] = _largest(path)
        super().__init__(method, scheme, path, *rest, **options)


class Address(QuartRule):
    """A route's rule. Addresses are written out here, never built from rules: a library would compile code for each
    of them at every start, which took half of it. Where something asks all the same, it is compiled then."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(rule: "Address", **values: Any) -> tuple[str, str]:
            return super()._compile_builder(append_unknown)(rule, **values)

        return build


class _NoSessions(SessionInterface):
    """Quart's own sessions live in a cookie and cannot be revoked. Ours are in a table, so there are none of these."""

    async def open_session(self, _app: Quart, _request: BaseRequestWebsocket) -> None:
        return None


class DriftSentry(Quart):
    """Quart with typed members in place of a bag of extensions."""

    request_class = LimitedRequest
    session_interface = _NoSessions()  # type: ignore[assignment]  # Quart names its own class there
    url_rule_class = Address

    settings: Config
    db: Database
    tail: Tail
    latency: Histogram  # seconds of every request, by method, route and status
    latency_registry: CollectorRegistry
    count_waiting: Callable[[Tx], Awaitable[tuple[int, int]]]  # drifts: all that wait, and the critical ones
    count_unread: Callable[[Tx, str], Awaitable[int]]  # alerts, of the user with this id
    is_stopping = False  # what was asked is still answered, but there should be no more
    refusal = ""  # why it does not start, where that is no mistake of ours

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any
    ) -> None:
        if view_func is not None and not isinstance(getattr(view_func, "access", None), Access):
            raise TypeError(f"The route {rule} has no access rule. Put @allow(Access...) above its handler.")
        super().add_url_rule(rule, endpoint, view_func, *args, **options)

    def log_exception(self, exception_info: Any) -> None:
        """Not for a refused start: its sentence is printed, and a trace would bury it."""
        if not self.refusal:
            super().log_exception(exception_info)

    def is_unattended(self, endpoint: str) -> bool:
        return hasattr(self.view_functions[endpoint], "is_unattended")

    def access_of(self, endpoint: str) -> Access:
        return cast(Access, getattr(self.view_functions[endpoint], "access"))  # noqa: B009


def app() -> DriftSentry:
    """The running application, typed."""
    return cast(DriftSentry, current_app._get_current_object())  # type: ignore[attr-defined]
