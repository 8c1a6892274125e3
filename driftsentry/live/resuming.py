"""What a program missed, told beside the reading: whatever it says meanwhile is heard, and that it is gone too."""

import asyncio
import logging
from time import monotonic

from driftsentry import errors
from driftsentry.live.hub import Hub
from driftsentry.live.messages import told
from driftsentry.live.socket import Socket

HELD_SECONDS = 0.5
# One is a short line to ask for, and ten thousand events to read, describe and send.
RESUMES_A_MINUTE = 5
_log = logging.getLogger(__name__)


class Resuming:
    """Of one program that the hub has welcomed. At most one runs at a time; what goes wrong ends the connection."""

    def __init__(self, hub: Hub, socket: Socket) -> None:
        self._hub = hub
        self._socket = socket
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_asked = False
        self._asked: list[float] = []

    def hold(self, since: int) -> None:
        """Give it time to say what it has; without a word it is told what happens, and what happened meanwhile."""
        self._timer = asyncio.get_running_loop().call_later(HELD_SECONDS, self._start, since)

    def ask(self, after: int) -> None:
        """Tell it what happened behind event `after`. Raises `Conflict` while that is done, and `RateLimited`."""
        if self._is_asked and self._task and not self._task.done():
            raise errors.Conflict("The resume before this one is being answered.")
        now = monotonic()
        self._asked = [at for at in self._asked if now - at < 60]
        if len(self._asked) >= RESUMES_A_MINUTE:
            raise errors.RateLimited(f"A connection resumes at most {RESUMES_A_MINUTE} times a minute.")
        self._asked.append(now)
        self._is_asked = True
        self._stop()  # it goes on by itself at this very moment: what it asks for counts
        self._start(after)

    async def end(self) -> None:
        """Call when the connection is over."""
        self._stop()
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()

    def _start(self, after: int) -> None:
        if not self._socket.rooms:  # nothing was missed there, and nothing need be read
            after = self._hub.seq
        self._task = asyncio.create_task(self._resume(after, self._task), name="live.resume")

    async def _resume(self, after: int, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.gather(before, return_exceptions=True)
        try:
            is_whole = await self._hub.join_program(self._socket, after)
        except errors.Unavailable:
            self._socket.end(1013)  # half of it may have been told: it comes back and asks for the rest
        except Exception:
            _log.exception("live.failed")
            self._socket.end(1011)
        else:
            if not is_whole:
                self._socket.put(told("gap", after=after, seq=self._hub.seq))
