"""Lines as people and databases get them: secrets hidden, long values cut, no NUL."""

from __future__ import annotations

from collections.abc import Iterable

from driftsentry.ingest.diff import Line, Path
from driftsentry.ingest.fingerprint import Fingerprinter
from driftsentry.ingest.limits import MAX_CHANGES, MAX_KEY, MAX_SHOWN, MAX_TEXT
from driftsentry.ingest.model import HIDDEN, Change
from driftsentry.ingest.sealed import Embedded, Sealed, shown_text
from driftsentry.ingest.text import common_length


def present(
    lines: list[Line], replacing: tuple[Path, ...], fingerprinter: Fingerprinter
) -> tuple[tuple[Change, ...], int, str]:
    """The changes to show, significant ones first, how many more there are, and the digest of those."""
    ordered = sorted(lines, key=lambda line: line.noise != "") if len(lines) > 1 else lines
    shown = tuple(
        [_change(line, replacing, line.digest or fingerprinter.digest(line)) for line in ordered[:MAX_CHANGES]]
    )
    if len(lines) <= MAX_CHANGES:
        return shown, 0, ""
    return shown, len(lines) - MAX_CHANGES, fingerprinter.digest_of_hidden(ordered[MAX_CHANGES:])


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Text that PostgreSQL can hold: NUL, which it refuses, becomes its visible sign. Cut at the limit."""
    if "\0" in text:
        text = text.replace("\0", "\u2400")
    return text if len(text) <= limit else f"{text[:limit]}… (cut, {len(text):,} characters)"


def _change(line: Line, replacing: Iterable[Path], digest: str) -> Change:
    is_sensitive = line.is_sensitive
    before, after = (None, None) if is_sensitive else _shown_pair(line.before, line.after)
    forces = bool(replacing) and any(line.path[: len(path)] == path for path in replacing)
    flags = (is_sensitive, line.is_member, line.in_json, line.noise, forces)
    return Change(_shown_path(line.path), line.kind, before, after, *flags, digest, line.why)


def _shown_path(path: Path) -> Path:
    for part in path:
        if isinstance(part, str) and (len(part) > MAX_KEY or "\0" in part):
            return tuple(clean(part, MAX_KEY) if isinstance(part, str) else part for part in path)
    return path


def _shown_pair(before: object, after: object) -> tuple[object, object]:
    """Both sides. Of two long texts the part around their first difference is kept: cut at the front alone, they
    could look the same, and a huge value would hide what changed in it."""
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > MAX_TEXT:
        start = max(0, common_length(before, after) - MAX_TEXT // 4)
        return _window(before, start), _window(after, start)
    return _shown(before), _shown(after)


def _window(text: str, start: int) -> str:
    if start == 0:
        return clean(text)
    front = f"(cut, {start:,} characters before) …"
    kept = text[start : start + MAX_TEXT]
    left = len(text) - start - len(kept)
    return clean(front + kept, len(front) + MAX_TEXT) + (f"… (cut, {left:,} characters after)" if left > 0 else "")


def _shown(value: object) -> object:
    if value is None:
        return None
    if isinstance(value, dict | list):
        whole = _shown_parts(value)
        # A list of a hundred thousand short members is as unreadable as one long text.
        text = shown_text(whole)
        return whole if len(text) <= MAX_SHOWN else clean(text)
    return _shown_parts(value)


def _shown_parts(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key, MAX_KEY): _shown_parts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown_parts(item) for item in value]
    if isinstance(value, Sealed):
        return HIDDEN
    return clean(value.source) if isinstance(value, Embedded) else value
