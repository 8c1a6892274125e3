"""What changed since a decision: the difference between two differences."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from driftsentry.drifts.lines import Line, lines_of
from driftsentry.drifts.written import path_text
from driftsentry.ingest import Change, changes_to_json


@dataclass(frozen=True, slots=True)
class Since:
    """One thing that changed. "moved": the line's sides are what reality was then and what it is now; "gone" and
    "new": the line is of the facts of then, or of now."""

    kind: Literal["moved", "gone", "new"]
    line: Line


def changed_since(then: Sequence[Change], now: Sequence[Change]) -> tuple[Since, ...]:
    """From the facts that were decided on to those of now, noise left out, in the order of their paths.

    Empty when what differs is beyond the lines that are kept.
    """
    old, new = _significant(then), _significant(now)
    gone = [change for key, change in old.items() if key not in new]
    come = [change for key, change in new.items() if key not in old]
    found = sorted(_told(gone, come), key=lambda entry: path_text(entry[1].path))
    lines = lines_of([change for _kind, change in found])
    return tuple(Since(kind, replace(line, place=None)) for (kind, _change), line in zip(found, lines, strict=True))


def _significant(changes: Sequence[Change]) -> dict[str, Change]:
    # By their JSON: for Python 1 equals True and 1.0, for people it does not.
    return {changes_to_json((change,)): change for change in changes if not change.noise}


def _told(gone: list[Change], come: list[Change]) -> list[tuple[Literal["moved", "gone", "new"], Change]]:
    at: dict[tuple[str | int, ...], tuple[list[Change], list[Change]]] = defaultdict(lambda: ([], []))
    for change in gone:
        at[change.path][0].append(change)
    for change in come:
        at[change.path][1].append(change)
    told: list[tuple[Literal["moved", "gone", "new"], Change]] = []
    for olds, news in at.values():
        if len(olds) == len(news) == 1 and _is_same_code(olds[0], news[0]):
            told.append(("moved", _moved(olds[0], news[0])))
        else:
            told += chain((("gone", change) for change in olds), (("new", change) for change in news))
    return told


def _is_same_code(old: Change, new: Change) -> bool:
    """Whether the code says what it said, so that reality alone has moved."""
    if old.is_sensitive or new.is_sensitive:
        return old.is_sensitive and new.is_sensitive
    if "reordered" in (old.kind, new.kind) or old.is_member != new.is_member:
        return False
    # What looks the same now as then differs in what is not shown: of that nothing can be told.
    return _written(old.before) == _written(new.before) and _written(old.after) != _written(new.after)


def _written(value: object) -> str:
    return changes_to_json((Change((), "changed", value),))


def _moved(old: Change, new: Change) -> Change:
    was_unset, is_unset = old.kind == "removed", new.kind == "removed"
    return Change(
        new.path,
        "added" if was_unset else "removed" if is_unset else "changed",
        old.after,
        new.after,
        is_sensitive=new.is_sensitive,
        in_json=new.in_json,
        forces_replacement=new.forces_replacement,
    )
