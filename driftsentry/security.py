"""What holds for every request: its id, where it may come from, and the headers of every answer."""

import logging
import time
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Histogram
from quart import Response, g, has_request_context, request, websocket
from quart.typing import ResponseTypes

from driftsentry import errors, ids
from driftsentry.web import DriftSentry, app

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
SLOW_MS, VERY_SLOW_MS = 500, 2000
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HEADERS = (("Cache-Control", "no-store"), *HEADERS.items())
_HSTS = "max-age=31536000"
_log = logging.getLogger(__name__)


def install(quart: DriftSentry) -> None:
    quart.before_request(_begin)
    quart.before_websocket(refuse_other_origins)
    quart.after_request(_finish)
    quart.after_websocket(_finish_handshake)
    quart.latency_registry = CollectorRegistry()
    quart.latency = Histogram(
        "driftsentry_http_request_seconds",
        "Time to an answer",
        ["method", "route", "status"],
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
        registry=quart.latency_registry,
    )


async def _begin() -> None:
    # Async for all that it does not wait: Quart runs anything else in a thread.
    g.request_id = ids.new()
    g.started = time.perf_counter()
    if "\0" in request.path:  # no database stores it, so nothing has that name
        raise errors.NotFound("There is nothing at this address.")
    if request.method not in SAFE_METHODS:
        refuse_other_origins()


def refuse_other_origins() -> None:
    """Refuse what another site's page makes a browser send.

    Neither header means that no browser sent it (every browser sends `Origin` with these requests), so
    there is no page that could abuse somebody's cookie.
    """
    headers = request.headers if has_request_context() else websocket.headers
    host = request.host if has_request_context() else websocket.host
    site = headers.get("Sec-Fetch-Site")
    origin = headers.get("Origin")
    allowed = site in ("same-origin", "none") if site else origin is None or _is_ours(origin, host)
    if not allowed:
        raise errors.Forbidden("This request came from another site. Open DriftSentry itself and try again.")


def _is_ours(origin: str, host: str) -> bool:
    # The scheme is not compared: behind a proxy that ends TLS we only see http.
    return urlsplit(origin).netloc in (host, urlsplit(app().settings.base_url).netloc)


async def _finish(response: Response) -> Response:
    said = {name.lower() for name, _value in response.headers}
    response.headers.extend([header for header in _HEADERS if header[0].lower() not in said])
    if request.is_secure or app().settings.base_url.startswith("https:"):
        response.headers["Strict-Transport-Security"] = _HSTS
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if app().is_stopping and request.http_version.startswith("1."):
        # Who keeps connections opens the next one elsewhere, in place of sending into one that is about to close.
        response.headers["Connection"] = "close"
    _measure(response)
    return response


async def _finish_handshake(response: ResponseTypes | None) -> ResponseTypes | None:
    """An accepted socket has no response; a refused handshake has one."""
    if isinstance(response, Response):
        response.headers.update(HEADERS)
    return response


def _measure(response: Response) -> None:
    spent = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
    # Where no route takes it, the method is whatever somebody typed: as a label it would fill the memory.
    labels = (request.method, str(request.url_rule)) if request.url_rule else ("ANY", "none")
    app().latency.labels(*labels, response.status_code).observe(spent / 1000)
    level = logging.ERROR if spent > VERY_SLOW_MS else logging.WARNING if spent > SLOW_MS else logging.INFO
    if level == logging.INFO and not app().settings.log_response_time:
        return
    fields = {
        "request_id": g.get("request_id", ""),
        "method": request.method,
        "route": str(request.url_rule or ""),  # never the path: it may hold what people typed
        "status": response.status_code,
        "ms": round(spent, 1),
    }
    _log.log(level, "request.finished", extra=fields)
