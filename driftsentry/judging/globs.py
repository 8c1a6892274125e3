"""Globs: `*` stands for any characters, everything else for itself. Nothing that somebody types makes them slow."""

from __future__ import annotations


def matches(glob: str, text: str) -> bool:
    """Whether the whole text is what the glob says. Each part is looked for once, behind the one before: the first
    place where it stands is the best, so nothing is ever tried again, whatever the glob."""
    first, *others = glob.split("*")
    if not others:
        return text == glob
    last = others.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in others:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def matches_any(globs: tuple[str, ...], *texts: str) -> bool:
    """Whether one of the globs is about one of the texts."""
    return any(matches(glob, text) for glob in globs for text in texts)
