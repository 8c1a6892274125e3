"""The attribute diff of two sealed trees. Paths stay tuples, objects go deeper, lists show their members."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from driftsentry.ingest.model import Kind, Noise
from driftsentry.ingest.policies import Unordered, settle
from driftsentry.ingest.sealed import EMBEDDED_MARK, Embedded, Sealed, token
from driftsentry.ingest.values import is_same_scalar

Path: TypeAlias = tuple[str | int, ...]

# What tells the members of a set of objects apart: IAM statements by Sid, bindings of Google Cloud by role.
_IDENTITIES = ("Sid", "role")
# A network rule is shown whole: a port without its address range, or the other way round, says nothing.
_WHOLE = ("from_port", "destination_port_range")


@dataclass(slots=True)
class Line:
    """A difference of two sealed trees, before it is masked for people."""

    path: Path
    kind: Kind
    before: object
    after: object
    is_member: bool = False
    in_json: bool = False
    noise: Noise = ""
    why: str = ""
    digest: str = ""  # once somebody has made it, see fingerprint.py

    def copy(self) -> Line:
        flags = (self.is_member, self.in_json, self.noise, self.why, self.digest)
        return Line(self.path, self.kind, self.before, self.after, *flags)

    @property
    def is_sensitive(self) -> bool:
        return isinstance(self.before, Sealed) or isinstance(self.after, Sealed)


_PLAIN = frozenset({str, int, bool, type(None), Decimal})
SAME_JSON = "the same JSON, written in another way"


class Diff:
    """Collects the lines between two values in `lines`, in the order of their keys."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def compare(self, path: Path, before: object, after: object, in_json: bool = False) -> None:
        if type(before) in _PLAIN and type(after) in _PLAIN:
            self._compare_plain(path, before, after, in_json)
        elif not in_json and is_hollow(before) and is_hollow(after):
            self._compare_hollow(path, before, after)
        elif isinstance(before, dict) and (isinstance(after, dict) or after is None):
            self._compare_objects(path, before, after or {}, in_json)
        elif isinstance(after, dict) and before is None:
            self._compare_objects(path, {}, after, in_json)
        elif isinstance(before, list) and (isinstance(after, list) or after is None):
            self._compare_lists(path, before, after if isinstance(after, list) else [], in_json)
        elif isinstance(after, list) and before is None:
            self._compare_lists(path, [], after, in_json)
        elif isinstance(before, Embedded) and isinstance(after, Embedded):
            self._compare_embedded(path, before, after)
        elif not _is_same(before, after):
            self.lines.append(Line(path, kind_of(before, after), before, after, in_json=in_json))

    def _compare_plain(self, path: Path, before: object, after: object, in_json: bool) -> None:
        if not in_json and (before is None or before == "") and (after is None or after == ""):
            self._compare_hollow(path, before, after)
        elif not is_same_scalar(before, after):
            self.lines.append(Line(path, kind_of(before, after), before, after, False, in_json))

    def _compare_hollow(self, path: Path, before: object, after: object) -> None:
        if before != after:
            why = f"{hollow_word(before)} became {hollow_word(after)}: the same for the provider"
            self.lines.append(Line(path, kind_of(before, after), before, after, noise="empty", why=why))

    def _compare_objects(self, path: Path, before: dict[str, object], after: dict[str, object], in_json: bool) -> None:
        for key in sorted(before.keys() | after.keys()):
            old, new = before.get(key), after.get(key)
            if "" in (old, new) and before and after and (key in before) != (key in after):
                # An object has all its attributes: what lacks a key is a map of people's own, such as a label that says
                # all by being there.
                self.lines.append(Line((*path, key), kind_of(old, new), old, new, in_json=in_json))
            else:
                self.compare((*path, key), old, new, in_json)

    def _compare_embedded(self, path: Path, before: Embedded, after: Embedded) -> None:
        if before.form == after.form:
            return
        start = len(self.lines)
        self.compare(path, before.tree, after.tree, in_json=True)
        if len(self.lines) == start:
            self.lines.append(Line(path, "changed", before, after, noise="same_json", why=SAME_JSON))

    def _compare_lists(self, path: Path, before: list[object], after: list[object], in_json: bool) -> None:
        read = _settled_token if in_json else token
        old, new = [read(item) for item in before], [read(item) for item in after]
        if old == new:
            self._compare_forms(path, before, after, old)
            return
        if isinstance(before, Unordered) or isinstance(after, Unordered):
            self._compare_sets(path, (before, after), (old, new), in_json)
            return
        index = _single_difference(old, new)
        if index is not None and _go_deeper(before[index], after[index]):
            self.compare((*path, index), before[index], after[index], in_json)
        elif len(old) == len(new) and Counter(old) == Counter(new):
            self.lines.append(Line(path, "reordered", before, after, in_json=in_json))
        else:
            self._add_members(path, _without(before, old, new), _without(after, new, old), in_json)
            # A set keeps its order whatever joins or leaves; where what stayed changed places, it is a list.
            if _staying(old, new) != _staying(new, old):
                self.lines.append(Line(path, "reordered", before, after, in_json=in_json))

    def _compare_sets(
        self,
        path: Path,
        lists: tuple[list[object], list[object]],
        tokens: tuple[list[bytes], list[bytes]],
        in_json: bool,
    ) -> None:
        known_old, known_new = set(tokens[0]), set(tokens[1])
        removed = _distinct(lists[0], tokens[0], known_new)
        added = _distinct(lists[1], tokens[1], known_old)
        pairs = _pairs(removed, added)
        places = {id(item): index for index, item in enumerate(lists[1])}
        for old, new in pairs:
            self.compare((*path, places[id(new)]), old, new, in_json)
        paired = {id(item) for pair in pairs for item in pair}
        self._add_members(path, _unpaired(removed, paired), _unpaired(added, paired), in_json)

    def _compare_forms(self, path: Path, before: list[object], after: list[object], tokens: list[bytes]) -> None:
        """Members that mean the same may still hold JSON that is written in another way."""
        for index, key in enumerate(tokens):
            if EMBEDDED_MARK in key:
                self.compare((*path, index), before[index], after[index])

    def _add_members(self, path: Path, removed: list[object], added: list[object], in_json: bool) -> None:
        self.lines += [Line(path, "removed", item, None, is_member=True, in_json=in_json) for item in removed]
        self.lines += [Line(path, "added", None, item, is_member=True, in_json=in_json) for item in added]


def is_hollow(value: object) -> bool:
    """Null, "", {}, [], and containers that hold nothing else. Zero and false are values that somebody set."""
    if value is None or value == "":
        return True
    if isinstance(value, dict):
        return all(is_hollow(item) for item in value.values())
    if isinstance(value, list):
        return all(is_hollow(item) for item in value)
    return False


def hollow_word(value: object) -> str:
    """A hollow value as people write it."""
    if isinstance(value, dict | list) and value:
        return "what is empty"
    return {"dict": "{}", "list": "[]", "str": '""'}.get(type(value).__name__, "null")


def kind_of(before: object, after: object) -> Kind:
    return "added" if before is None else "removed" if after is None else "changed"


def _is_same(before: object, after: object) -> bool:
    scalar = not isinstance(before, dict | list | Embedded | Sealed)
    return is_same_scalar(before, after) if scalar else type(before) is type(after) and token(before) == token(after)


def _settled_token(item: object) -> bytes:
    return token(settle(item)) if isinstance(item, dict | list) else token(item)


def _single_difference(old: list[bytes], new: list[bytes]) -> int | None:
    if len(old) != len(new):
        return None
    places = [index for index, (one, two) in enumerate(zip(old, new, strict=True)) if one != two]
    return places[0] if len(places) == 1 else None


def _go_deeper(before: object, after: object) -> bool:
    if isinstance(before, dict) and isinstance(after, dict):
        return not any(key in before for key in _WHOLE)
    return any(isinstance(before, kind) and isinstance(after, kind) for kind in (list, Embedded))


def _without(items: list[object], tokens: list[bytes], others: list[bytes]) -> list[object]:
    left = Counter(others)
    rest: list[object] = []
    for item, key in zip(items, tokens, strict=True):
        if left[key] > 0:
            left[key] -= 1
        else:
            rest.append(item)
    return rest


def _staying(tokens: list[bytes], others: list[bytes]) -> list[bytes]:
    """What both have, in the order of the first; of equal members the first ones."""
    left = Counter(others)
    staying: list[bytes] = []
    for key in tokens:
        if left[key] > 0:
            left[key] -= 1
            staying.append(key)
    return staying


def _distinct(items: list[object], tokens: list[bytes], known: set[bytes]) -> list[object]:
    return list({key: item for item, key in zip(items, tokens, strict=True) if key not in known}.values())


def _unpaired(items: list[object], paired: set[int]) -> list[object]:
    return [item for item in items if id(item) not in paired]


def _pairs(removed: list[object], added: list[object]) -> list[tuple[object, object]]:
    """Objects of two sets that are the same one, changed: by identity, or because nothing else is left."""
    if len(removed) == len(added) == 1 and isinstance(removed[0], dict) and isinstance(added[0], dict):
        return [(removed[0], added[0])]
    old, new = _by_identity(removed), _by_identity(added)
    return [(old[key], new[key]) for key in sorted(old.keys() & new.keys())]


def _by_identity(items: list[object]) -> dict[str, object]:
    found: dict[str, object] = {}
    seen: Counter[str] = Counter()
    for item in items:
        for field in _IDENTITIES:
            name = item.get(field) if isinstance(item, dict) else None
            if isinstance(name, str) and name:
                found[f"{field} {name}"] = item
                seen[f"{field} {name}"] += 1
    return {name: item for name, item in found.items() if seen[name] == 1}
