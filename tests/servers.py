"""A real server for tests: a process of its own, as people start it."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from driftsentry import ROOT
from driftsentry.auth.guards import COOKIE
from driftsentry.config import Config
from tests import leaks
from tests.site import OURS, PASSWORD, SETTINGS, settings

# Trusts nobody: for clients that speak plain http. For each of them httpx would read the list of authorities, in 60 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class Server:
    """A process of its own, as people start it: `python app.py`."""

    url: str
    config: Config
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self, seconds: float = 15) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def client(self, cookie: str = "", **rest: Any) -> httpx.AsyncClient:
        headers = OURS | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {})
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, trust_env=False, verify=NO_TLS, **rest)

    @property
    def socket_url(self) -> str:
        return self.url.replace("http:", "ws:")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def server_environment(database_url: str, data: Path, **more: str) -> dict[str, str]:
    """For a process of ours: nothing of the machine's environment but what programs need to start."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | SETTINGS | {"DATABASE_URL": database_url, "DRIFTSENTRY_DATA": str(data)} | more


@contextlib.contextmanager
def running_server(tmp_path: Path, database_url: str, port: int = 0, **more: str) -> Iterator[Server]:
    """Starts the server and waits until it is ready; ends it if it still runs. `more`: settings."""
    port = port or free_port()
    env = server_environment(database_url, tmp_path, DRIFTSENTRY_PORT=str(port), **more)
    log = tmp_path / "server.log"
    with log.open("ab") as err:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=env, stdout=err, stderr=err)
    config = settings(database_url, DRIFTSENTRY_DATA=str(tmp_path), DRIFTSENTRY_PORT=str(port), **more)
    server = Server(f"http://127.0.0.1:{port}", config, process, log)
    try:
        wait_until_ready(server)
        yield server
        leaks.check_log(log, PASSWORD)
    finally:
        if process.poll() is None:
            server.kill()


def wait_until_ready(server: Server, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    with httpx.Client(timeout=2, trust_env=False, verify=NO_TLS) as client:
        while time.monotonic() < deadline and server.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if client.get(f"{server.url}/readyz").status_code == 200:
                    return
            time.sleep(0.02)
    raise AssertionError(f"the server does not answer: {server.log.read_text()[-2000:]}")
