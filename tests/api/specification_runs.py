"""Runs Schemathesis once for each of several people, as its command line does: two at a time, each in a fork of this
process, for imports alone take seconds.

Reads from stdin JSON of `{name: {"arguments": [of the command line], "environment": {more variables}}}`; writes to
stdout `{name: exit code}`, below 0 for a signal, and what a run printed into NAME.log of the current folder.
"""

import gc
import json
import os
import signal
import sys
from typing import Any

import schemathesis.cli
import schemathesis.cli.commands.run.executor
import schemathesis.specs.openapi.schemas  # what the command line itself imports late

from tests.api import specification_hooks

AT_ONCE = 2
SECONDS = 240  # of one run

assert specification_hooks


def run(name: str, arguments: list[str], environment: dict[str, str]) -> None:
    """In the fork; does not return."""
    signal.alarm(SECONDS)  # by default it ends the process, also when nobody waits for it any more
    with open(f"{name}.log", "wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.update(environment)
    sys.exit(schemathesis.cli.schemathesis(arguments))


def main() -> None:
    wanted: list[tuple[str, dict[str, Any]]] = list(json.load(sys.stdin).items())
    running: dict[int, str] = {}
    codes: dict[str, int] = {}
    gc.freeze()
    while wanted or running:
        if wanted and len(running) < AT_ONCE:
            name, asked = wanted.pop(0)
            child = os.fork()
            if not child:
                run(name, **asked)
            running[child] = name
        else:
            child, status = os.wait()
            codes[running.pop(child)] = os.waitstatus_to_exitcode(status)
    json.dump(codes, sys.stdout)


if __name__ == "__main__":
    main()
