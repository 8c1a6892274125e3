"""Serving: hypercorn in this process, with an end that loses no request and tells every socket to come back."""

import asyncio
import signal
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config as HypercornConfig
from hypercorn.middleware import ProxyFixMiddleware
from hypercorn.protocol import ws_stream

from driftsentry.config import Config
from driftsentry.web import DriftSentry

MESSAGE_BYTES = 64 * 1024


def refuse_deflate() -> None:
    """Refuse compression of sockets: it costs 100 kB a connection, and hypercorn has no switch for it."""
    ws_stream.server_extensions_handshake = lambda *_offer: None  # type: ignore[attr-defined]


def hypercorn_config(settings: Config) -> HypercornConfig:
    config = HypercornConfig()
    config.bind = [f"{settings.host}:{settings.port}"]
    config.accesslog = None  # it can be forged with %0a; requests are logged by security.py
    config.errorlog = None
    config.include_server_header = False
    config.websocket_max_message_size = MESSAGE_BYTES
    config.graceful_timeout = 6
    config.keep_alive_timeout = 75
    return config


async def serve(app: DriftSentry) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)

    async def until_stopped() -> None:
        await stop.wait()
        await app.extensions["hub"].close()

    served: Any = app
    if app.settings.trusted_proxies:
        served = ProxyFixMiddleware(app, mode="legacy", trusted_hops=app.settings.trusted_proxies)
    try:
        await hypercorn_serve(served, hypercorn_config(app.settings), shutdown_trigger=until_stopped)
    finally:
        await app.db.disconnect()  # where the port is taken, hypercorn starts the application but does not stop it
