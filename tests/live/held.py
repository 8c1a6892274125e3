"""What holds on to a socket of a server in tests, as clients do: whenever it ends, it connects again."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake


class Held(ABC):
    """`silence`: seconds after which it thinks the line dead."""

    def __init__(self, headers: dict[str, str], *, silence: float) -> None:
        self._headers, self._silence = headers, silence
        self.cursor = 0
        self.connections = 0
        self.is_open = asyncio.Event()
        self.closes: Counter[int | None] = Counter()

    @abstractmethod
    def address(self) -> str: ...

    @abstractmethod
    async def hear(self, socket: ClientConnection, text: str) -> bool:
        """Whether to stay connected."""

    async def live(self) -> None:
        """Until it is cancelled: connected, or about to connect again."""
        while True:
            with suppress(OSError, InvalidHandshake, TimeoutError, ConnectionClosed, EOFError):
                await self._listen()
            self.is_open.clear()
            await asyncio.sleep(random.uniform(0, 0.05))

    async def _listen(self) -> None:
        socket = await asyncio.wait_for(
            connect(
                self.address(),
                additional_headers=self._headers,
                compression=None,
                ping_interval=None,
                max_size=None,
                close_timeout=0.1,
                proxy=None,
            ),
            2 * self._silence,
        )
        try:
            self.connections += 1
            self.is_open.set()
            while await self.hear(socket, str(await asyncio.wait_for(socket.recv(), self._silence))):
                pass
        except ConnectionClosed:
            self.closes[socket.close_code] += 1
        finally:
            if not socket.close_code:
                socket.transport.abort()
