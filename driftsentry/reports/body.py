"""The unpacked body of a report while it comes in."""

import mmap
import sys
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

    def pieces(self, start: int = 0, end: int = sys.maxsize) -> Iterator[memoryview]:
        """What is between two positions, in order. Let go of each piece before the next."""
        for base, page in zip(range(0, self.size, PAGE), self._pages, strict=True):
            first, last = max(start - base, 0), min(end - base, self.size - base, PAGE)
            if first < last:
                with memoryview(page) as whole, whole[first:last] as piece:
                    yield piece

    def part(self, start: int, size: int) -> bytes:
        return b"".join(map(bytes, self.pieces(start, start + size)))

    def find(self, text: bytes, start: int = 0) -> int:
        """The position of the first that begins there or later; -1 without one."""
        rest = b""  # of the page before: it may hold the beginning
        for piece in self.pieces(start):
            window = rest + piece
            found = window.find(text)
            if found >= 0:
                return start - len(rest) + found
            start += len(piece)
            rest = window[1 - len(text) :]
        return -1

    def take(self) -> Iterator[bytes]:
        """All of it, in order; what was taken is gone."""
        while self._pages:
            page = self._pages.popleft()
            with page:
                yield page[: min(self.size, PAGE)]
            self.size = max(0, self.size - PAGE)
        self._room = 0
