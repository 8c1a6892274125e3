"""One connection: who it is, the rooms it is in, a bounded queue of frames, and a limit on what it may send."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from driftsentry.live.wire import Frame, Wire

MOST_FRAMES = 256
MOST_BYTES = 1024 * 1024
MESSAGES_A_MINUTE = 100
Rooms = frozenset[str]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """Whose socket it is. `can_decide`: as an engineer, which decides on what his pages and programs are told."""

    user_id: str
    name: str
    session_id: str
    can_decide: bool


class Socket:
    """`request_id`: as the log names what comes over it. `is_held`: it hears of no event that happens now."""

    __slots__ = (
        *("_bytes", "_more", "_received", "_since", "_task", "_waiting"),
        *("close_code", "heard_at", "is_held", "is_program", "member", "request_id", "rooms", "wire"),
    )

    def __init__(self, wire: Wire, member: Member, rooms: Rooms = frozenset(), is_program: bool = False) -> None:
        self.wire = wire
        self.member = member
        self.rooms = rooms
        self.is_program = is_program
        self.is_held = False
        self.request_id = ""
        self.heard_at = monotonic()
        self.close_code: int | None = None
        # Lists and numbers: an empty deque takes 760 bytes, and there are thousands of sockets.
        self._waiting: list[Frame] = []
        self._bytes = 0
        self._received, self._since = 0, self.heard_at
        self._more: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_behind(self) -> bool:
        """Whether frames wait until the other end has taken those before them."""
        return bool(self._waiting)

    def put(self, frame: Frame) -> None:
        """Write a frame or queue it. A reader that is too slow is dropped: it comes back and catches up."""
        if self.close_code is not None:
            return
        if not self._waiting and self.wire.is_free:
            self.wire.write(frame)
            return
        self._bytes += len(frame.data)
        if self._waiting and (len(self._waiting) >= MOST_FRAMES or self._bytes > MOST_BYTES):
            self.end(1013)
            return
        self._waiting.append(frame)
        if self._more:
            self._more.set()

    def flush(self) -> None:
        """Write what waits, as far as the other end takes it."""
        while self._waiting and self.wire.is_free:
            self.wire.write(self._next())

    async def _send_all(self, more: asyncio.Event) -> None:
        """For a wire that is not direct: send what is put, one by one, until it ends."""
        while True:
            while self._waiting:
                await self.wire.send(self._next())
            more.clear()
            await more.wait()

    def _note_failure(self, sending: asyncio.Task[None]) -> None:
        """End it where nothing can be sent any more. That the other end has vanished is no error of ours."""
        problem = None if sending.cancelled() else sending.exception()
        if problem is None:
            return
        if not isinstance(problem, OSError):
            _log.error("live.failed", exc_info=problem)
        self.end(1011)

    def _next(self) -> Frame:
        frame = self._waiting.pop(0)
        self._bytes -= len(frame.data)
        return frame

    def end(self, code: int) -> None:
        """Close with `code`, without what is still queued."""
        if self.close_code is not None:
            return
        self.close_code = code
        self._waiting.clear()
        if self._task:
            self._task.cancel()

    def note_message(self) -> bool:
        """Count a message that came in; False when there were too many within a minute."""
        self.heard_at = monotonic()
        if self.heard_at - self._since >= 60:
            self._received, self._since = 0, self.heard_at
        self._received += 1
        return self._received <= MESSAGES_A_MINUTE

    async def serve(self, begin: Callable[[], Awaitable[None]], hear: Callable[[str | bytes], Awaitable[None]]) -> None:
        """Until it ends: `begin` lets it in, `hear` gets each message. Raises what they raise."""
        self._task = asyncio.current_task()
        sending = None
        if not self.wire.is_direct:
            self._more = asyncio.Event()
            sending = asyncio.create_task(self._send_all(self._more))
            sending.add_done_callback(self._note_failure)
        try:
            await begin()
            await self._receive(hear)
        except asyncio.CancelledError:
            if self.close_code is None or self._task is None:
                raise
            self._task.uncancel()  # `end` did it
        finally:
            self._task = None
            if sending:
                sending.cancel()
        await self.wire.close(self.close_code or 1000)

    async def _receive(self, hear: Callable[[str | bytes], Awaitable[None]]) -> None:
        """Always read, so that whoever sends cannot fill our memory."""
        while (message := await self.wire.receive()) is not None:
            if not self.note_message():
                self.end(1008)
            await hear(message)
