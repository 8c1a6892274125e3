"""Serving: hypercorn in this process, with an end that loses no request and tells every socket to come back."""

import asyncio
import logging
import os
import signal
import socket
import time
from contextlib import suppress
from typing import Any

from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config as HypercornConfig
from hypercorn.config import Sockets
from hypercorn.middleware import ProxyFixMiddleware
from hypercorn.protocol import ws_stream
from hypercorn.protocol.events import StreamClosed
from hypercorn.utils import LifespanFailureError, LifespanTimeoutError, wrap_app
from wsproto.events import Message

from driftsentry.config import Config
from driftsentry.web import DriftSentry

MESSAGE_BYTES = 64 * 1024
BACKLOG = 4096  # a restart brings thousands back at once; Linux cuts it to net.core.somaxconn, which is as much
VANISHED_SECONDS = 30
LINGER_SECONDS = 1.0
START_SECONDS = 3600.0  # a large database takes its time to migrate
# An end takes less than ten seconds, after which Docker kills: at most so long for sockets, requests and the rest.
SOCKETS_SECONDS, REQUESTS_SECONDS, REST_SECONDS = 2.0, 5.0, 1.5
END_SECONDS = 9.5
# What was sent before the signal is on its way, and balancers send more until they see that we are not ready.
SETTLE_SECONDS = 0.5
SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


class Stopped(Exception):
    """Why it does not serve, in a sentence for whoever started it."""


def mend_sockets() -> None:
    """Put right what hypercorn has no switch for, in this process. As often as one likes."""
    hypercorn: Any = ws_stream
    hypercorn.server_extensions_handshake = _refuse_extensions
    hypercorn.WebsocketBuffer = _Bounded
    hypercorn.WSStream._handle_events = _hear
    hypercorn.WSStream.app_send = _send


def _refuse_extensions(*_offer: object) -> None:
    """Compression is the only one, and costs 100 kB a connection."""


class _Bounded(ws_stream.WebsocketBuffer):
    """What came of a message. Hypercorn's own counts after it has written, characters for bytes, and goes on."""

    is_exceeded = False

    def extend(self, event: Message[Any]) -> None:
        """Raises `FrameTooLargeError` and keeps nothing, for good, once a message has more than `max_length` bytes."""
        size = len(event.data.encode() if isinstance(event.data, str) else event.data)
        if self.is_exceeded or self.length + size > self.max_length:
            self.is_exceeded = True
            self.clear()
            raise ws_stream.FrameTooLargeError
        length = self.length + size
        super().extend(event)
        self.length = length


_hear_of_hypercorn = ws_stream.WSStream._handle_events
_send_of_hypercorn = ws_stream.WSStream.app_send


async def _hear(stream: ws_stream.WSStream) -> None:
    """What came. After a message that is too large hypercorn says 1009 and nothing else: here that is the end."""
    await _hear_of_hypercorn(stream)
    if stream.closed or not stream.buffer.is_exceeded:  # type: ignore[attr-defined]
        return
    stream.closed = True  # from now on it throws away unread what comes, and sends nothing
    stream.task_group.spawn(_end_later, stream)
    if stream.app_put is not None:
        await stream.app_put({"type": "websocket.disconnect", "code": 1009})


async def _end_later(stream: ws_stream.WSStream) -> None:
    """End the connection. At once, a reset for what is still unread would reach the other end before the 1009."""
    await asyncio.sleep(LINGER_SECONDS)
    await stream.send(StreamClosed(stream_id=stream.stream_id))


async def _send(stream: ws_stream.WSStream, message: Any) -> None:
    """What the application says; None when it is over. `send` of an application is this, bound to a stream."""
    if message is None and stream.app_put is not None:
        # Nobody takes what was heard any more. Behind ten messages hypercorn would wait for ever, and keep them all.
        queue: asyncio.Queue[Any] = stream.app_put.__self__  # type: ignore[attr-defined]
        stream.app_put = _forget
        while not queue.empty():
            queue.get_nowait()
    await _send_of_hypercorn(stream, message)


async def _forget(_message: object) -> None:
    return


class _OneAddress(HypercornConfig):
    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._host, self._port = host, port

    def create_sockets(self) -> Sockets:
        """Bound, and not open before hypercorn listens on it. Raises `OSError`."""
        sock = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # On Linux the accepted connections inherit both.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_SECONDS * 1000)
            sock.bind((self._host, self._port))
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        return Sockets([], [sock], [])


def hypercorn_config(settings: Config) -> HypercornConfig:
    config = _OneAddress(settings.host, settings.port)
    config.backlog = BACKLOG
    config.accesslog = None  # it can be forged with %0a; requests are logged by security.py
    config.errorlog = None
    config.include_server_header = False
    config.websocket_max_message_size = MESSAGE_BYTES
    config.startup_timeout = START_SECONDS
    config.graceful_timeout = REQUESTS_SECONDS
    config.shutdown_timeout = REST_SECONDS
    config.keep_alive_timeout = 75
    return config


async def serve(app: DriftSentry) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends the process at once. Raises `Stopped`."""
    config = hypercorn_config(app.settings)
    try:
        sockets = config.create_sockets()  # first: where the port is taken, nothing else is touched
    except OSError as problem:
        raise _no_port(app.settings, problem) from None
    _log.info("serve.starting", extra={"files": _allow_files(), "backlog": BACKLOG})
    asyncio.get_running_loop().set_exception_handler(_note)
    end = _End(app)
    served: Any = app
    if app.settings.trusted_proxies:
        served = ProxyFixMiddleware(_with_socket_schemes(app), mode="legacy", trusted_hops=app.settings.trusted_proxies)
    try:
        await worker_serve(wrap_app(served, 0, "asgi"), config, sockets=sockets, shutdown_trigger=end.wait)
    except (LifespanFailureError, LifespanTimeoutError) as problem:
        late = f"What was open did not end within {REST_SECONDS} seconds."
        raise Stopped(late if end.has_come else app.refusal or f"{problem} The log says more.") from None
    except OSError as problem:
        if not end.has_come:  # somebody else began to listen after we had bound
            await app.shutdown()
            raise _no_port(app.settings, problem) from None
        _log.warning("serve.connection_failed", exc_info=problem)  # while it was closed: nothing is lost
    finally:
        end.forget_signals()
        for each in sockets.insecure_sockets:
            each.close()
        await app.db.disconnect()  # where the rest took too long: an open connection keeps the process alive
    end.note()


def _with_socket_schemes(app: Any) -> Any:
    """`app` behind proxies. They call the scheme of a handshake http, and under that name no socket has a route."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            scope["scheme"] = {"http": "ws", "https": "wss"}.get(scope["scheme"], scope["scheme"])
        await app(scope, receive, send)

    return call


def _note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A connection whose peer vanished, or that an end cut off, is no error of ours: asyncio would log its trace."""
    if not isinstance(context.get("exception"), OSError | asyncio.CancelledError):
        loop.default_exception_handler(context)


def _no_port(settings: Config, problem: OSError) -> Stopped:
    return Stopped(f"It cannot listen on {settings.host}:{settings.port}: {problem.strerror or problem}.")


def _allow_files() -> int:
    """As many open files, and so connections, as the system lets us have; their number, 0 if there is no limit."""
    try:
        import resource
    except ImportError:  # there is none for Windows
        return 0
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS gives no limit, and takes none
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _end_now(number: int, _frame: object) -> None:
    """As a kill would. The default of these signals does not do: the first process of a container ignores them."""
    os._exit(128 + number)


class _End:
    """Begins with the first signal: not ready, sockets closed, then no new connections, then hypercorn ends."""

    def __init__(self, app: DriftSentry) -> None:
        self._app = app
        self._told = asyncio.Event()
        self._began = 0.0
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            self._loop.add_signal_handler(number, self._begin, number)

    @property
    def has_come(self) -> bool:
        return self._told.is_set()

    async def wait(self) -> None:
        """Returns when hypercorn may stop accepting."""
        await self._told.wait()
        await asyncio.gather(self._app.extensions["hub"].close(SOCKETS_SECONDS), asyncio.sleep(SETTLE_SECONDS))

    def _begin(self, number: signal.Signals) -> None:
        self.forget_signals()
        for each in SIGNALS:
            signal.signal(each, _end_now)
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, _end_now)
            signal.setitimer(signal.ITIMER_REAL, END_SECONDS)  # a thread that hangs would keep us for ever
        self._app.is_stopping = True
        self._began = time.monotonic()
        _log.info("serve.stopping", extra={"signal": number.name, "sockets": len(self._app.extensions["hub"])})
        self._told.set()

    def forget_signals(self) -> None:
        for number in SIGNALS:
            self._loop.remove_signal_handler(number)

    def note(self) -> None:
        _log.info("serve.stopped", extra={"seconds": round(time.monotonic() - self._began, 3)})
