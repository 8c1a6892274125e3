"""One connection: who it is, the rooms it is in, a bounded queue of frames, and a limit on what it may send."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

from driftsentry.live.wire import Frame, Wire

MOST_FRAMES = 256
MOST_BYTES = 1024 * 1024
MESSAGES_A_MINUTE = 100
Rooms = frozenset[str]


@dataclass(frozen=True, slots=True)
class Member:
    """Whose socket it is. `can_decide`: as an engineer, which decides on what his pages and programs are told."""

    user_id: str
    name: str
    session_id: str
    can_decide: bool


@dataclass(eq=False, slots=True)
class Socket:
    wire: Wire
    member: Member
    is_program: bool = False
    rooms: Rooms = frozenset()
    request_id: str = ""  # as the log names what comes over it
    heard_at: float = field(default_factory=monotonic)
    close_code: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: deque[Frame] = field(default_factory=deque)
    _bytes: int = 0
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _received: deque[float] = field(default_factory=deque)

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
        self._more.set()

    def flush(self) -> None:
        """Write what waits, as far as the other end takes it."""
        while self._waiting and self.wire.is_free:
            self.wire.write(self._next())

    async def send_all(self) -> None:
        """For a wire that is not direct: send what is put, one by one, until it ends."""
        while True:
            while self._waiting:
                await self.wire.send(self._next())
            self._more.clear()
            await self._more.wait()

    def _next(self) -> Frame:
        frame = self._waiting.popleft()
        self._bytes -= len(frame.data)
        return frame

    def end(self, code: int) -> None:
        """Close with `code`, without what is still queued."""
        if self.close_code is None:
            self.close_code = code
        self._waiting.clear()
        self.ended.set()

    def note_message(self) -> bool:
        """Count a message that came in; False when there were too many within a minute."""
        self.heard_at = at = monotonic()
        self._received.append(at)
        while self._received[0] < at - 60:
            self._received.popleft()
        return len(self._received) <= MESSAGES_A_MINUTE

    async def serve(self, begin: Awaitable[None], hear: Callable[[str | bytes], Awaitable[None]]) -> None:
        """Until it ends: `begin` lets it in, `hear` gets each message. Raises what they raise."""
        tasks = [asyncio.create_task(self._receive(hear))]
        if not self.wire.is_direct:
            tasks.append(asyncio.create_task(self.send_all()))
        for task in tasks:
            task.add_done_callback(lambda _done: self.end(1011))
        try:
            await begin
            await self.ended.wait()
        finally:
            for task in tasks:
                task.cancel()
            problems = await asyncio.gather(*tasks, return_exceptions=True)
        for problem in problems:
            if isinstance(problem, Exception):
                raise problem
        await self.wire.close(self.close_code or 1011)

    async def _receive(self, hear: Callable[[str | bytes], Awaitable[None]]) -> None:
        """Always read, so that whoever sends cannot fill our memory."""
        while (message := await self.wire.receive()) is not None:
            if not self.note_message():
                self.end(1008)
            if self.close_code is None:
                await hear(message)
