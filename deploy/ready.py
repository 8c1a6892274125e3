"""Ends with 0 when the server on this machine is ready, with 1 when it is not: for health checks and unit files.

`ready.py SECONDS [PID]` waits so long for it, or until the process PID is no more. It needs nothing but Python.
"""

import http.client
import os
import sys
import time

PORT = int(os.environ.get("DRIFTSENTRY_PORT") or 8000)
PAUSE_SECONDS = 0.2


def is_ready() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=6)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(seconds: float = 0, pid: int = 0) -> int:
    until = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() >= until or (pid and not is_there(pid)):
            return 1
        time.sleep(PAUSE_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
