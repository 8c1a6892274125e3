"""The unpacked body of a report while it comes in."""

import mmap
from collections import deque
from collections.abc import Iterator

PAGE = 1024 * 1024


class Body:
    """Bytes in pages that are given back to the system one by one as they are taken: a large body is in memory once,
    here or in the process that reads it. What an allocator frees piece by piece stays with the process."""

    def __init__(self, content: bytes = b"") -> None:
        self._pages: deque[mmap.mmap] = deque()
        self._room = 0
        self.size = 0
        self.add(content)

    def add(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            if not self._room:
                self._pages.append(mmap.mmap(-1, PAGE))
                self._room = PAGE
            written = self._pages[-1].write(view[: self._room])
            self._room -= written
            self.size += written
            view = view[written:]

    def pieces(self) -> Iterator[memoryview]:
        """All of it, in order. Let go of each before the next."""
        left = self.size
        for page in self._pages:
            with memoryview(page) as whole, whole[: min(left, PAGE)] as piece:
                yield piece
            left -= PAGE

    def take(self) -> Iterator[bytes]:
        """All of it, in order; what was taken is gone."""
        while self._pages:
            page = self._pages.popleft()
            with page:
                yield page[: min(self.size, PAGE)]
            self.size = max(0, self.size - PAGE)
        self._room = 0
