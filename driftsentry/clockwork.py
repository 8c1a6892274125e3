"""Work that goes on for as long as the process lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

PAUSE_SECONDS = 1
_log = logging.getLogger(__name__)


def keep_up(name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """A task that does `work`, and again when it ends or fails, until it is cancelled. Nobody would notice its end:
    a process without it looks alive, and lets approvals stand and sockets hang."""
    return asyncio.create_task(_again_and_again(name, work), name=name)


async def _again_and_again(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            _log.exception("clockwork.failed", extra={"task": name})
        await asyncio.sleep(PAUSE_SECONDS)
