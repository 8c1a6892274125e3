"""One connection: a bounded queue of frames, and a limit on what it may send."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from driftsentry.clock import now

MOST_FRAMES = 256
MOST_BYTES = 1024 * 1024
MESSAGES_A_MINUTE = 100


@dataclass(eq=False, slots=True)
class Socket:
    session_id: str
    can_decide: bool
    rooms: frozenset[str]
    user_id: str = ""
    _frames: deque[str] = field(default_factory=deque)
    _bytes: int = 0
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _is_open: bool = False
    _received: deque[float] = field(default_factory=deque)
    close_code: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, frame: str, *, first: bool = False) -> None:
        """Queue a frame. A reader that is too slow is dropped: it reconnects and catches up."""
        if self.close_code is not None:
            return
        self._bytes += len(frame)
        if self._frames and (len(self._frames) >= MOST_FRAMES or self._bytes > MOST_BYTES):
            self.end(1013)
            return
        if first:
            self._frames.appendleft(frame)
        else:
            self._frames.append(frame)
        if self._is_open:
            self._ready.set()

    def open(self) -> None:
        """Frames may go out now: the catch-up is first in the queue."""
        self._is_open = True
        if self._frames:
            self._ready.set()

    def end(self, code: int) -> None:
        """Close with `code`, without what is still queued."""
        if self.close_code is None:
            self.close_code = code
        self._frames.clear()
        self.ended.set()

    async def get(self) -> str:
        """The next frame, as soon as there is one."""
        while not self._frames:
            self._ready.clear()
            await self._ready.wait()
        frame = self._frames.popleft()
        self._bytes -= len(frame)
        return frame

    def note_message(self) -> bool:
        """Count a message that came in; False when there were too many within a minute."""
        at = now().timestamp()
        self._received.append(at)
        while self._received[0] < at - 60:
            self._received.popleft()
        return len(self._received) <= MESSAGES_A_MINUTE
