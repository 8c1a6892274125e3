"""What one resource of a Pulumi report is as a drift: sides put right, values looked up, secrets kept apart.

A refresh goes from the state to the cloud, a preview from the cloud to the program: there, what Pulumi would do is the
opposite of what happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from driftsentry.ingest.formats.comparing import Path, differing, hide, is_equal, mask_hidden
from driftsentry.ingest.formats.pulumi_state import Properties, Side
from driftsentry.ingest.formats.pulumi_steps import LOOKED_AT, Direction, PropertyDiff, Told
from driftsentry.ingest.formats.pulumi_values import MISSING, is_hidden, is_internal, is_unknown, parse_path, settled
from driftsentry.ingest.formats.typed import Values
from driftsentry.ingest.model import Cause
from driftsentry.ingest.presenting import clean
from driftsentry.ingest.survey import Difference, Observed

_PROPOSED = {"create": ("create",), "update": ("update",), "delete": ("delete",), "replace": ("delete", "create")}
_EXTRA = {
    "refresh": "it exists in the cloud and not in the code",
    "preview": "it exists in the cloud and not in the code; Pulumi proposes to delete it",
}
_REPLACED = {
    "refresh": "the real object was replaced",
    "preview": "the real object differs in what cannot be changed in place; Pulumi proposes to replace it",
}


def observe(told: Told, direction: Direction, values: Values) -> Observed | None:
    """None where nothing differs. Raises Refused."""
    if not told.op:
        return None
    resource = _Resource(told, direction, values)
    is_preview = direction == "preview"
    if told.op == LOOKED_AT:
        differences = resource.compared(told.reasons(values)) if resource.new.outputs else ()
        return _entry(told, "update", direction, differences) if differences else None
    if told.op == ("create" if is_preview else "delete"):
        return _entry(told, "delete", direction, resource.whole(is_old=not is_preview))
    if told.op == ("delete" if is_preview else "create"):
        return _entry(told, "unmanaged", direction, resource.whole(is_old=is_preview))
    detailed = told.detailed(values)
    differences = resource.detailed(detailed) if detailed else resource.compared(told.reasons(values))
    return _entry(told, clean(told.op, 64), direction, differences)


def _entry(told: Told, action: str, direction: Direction, differences: tuple[Difference, ...]) -> Observed:
    parts = told.urn.removeprefix("urn:pulumi:").split("::", 3)
    types, name = (parts[2], parts[3]) if len(parts) == 4 else ("", "")
    parents, _, resource_type = types.rpartition("$")
    cause: Cause | None = {"unmanaged": "informational", "replace": "out_of_band"}.get(action)  # type: ignore[assignment]
    reasons = {"unmanaged": _EXTRA[direction], "replace": _REPLACED[direction]}
    return Observed(
        address=told.urn,
        action=action,
        differences=differences,
        resource_type=resource_type,
        resource_name=name,
        module_address=parents,
        provider=resource_type.partition(":")[0],
        is_unknown=action in ("update", "replace") and not differences,
        proposed=_PROPOSED.get(told.op) if direction == "preview" else None,
        cause=cause,
        cause_reason=reasons.get(action, ""),
    )


class _Resource:
    """Both sides. `old` and `new` are Pulumi's words, `before` and `after` ours."""

    def __init__(self, told: Told, direction: Direction, values: Values) -> None:
        self._is_preview = direction == "preview"
        self.old = Side(told.old, values, told.place)
        self.new = Side(told.new, values, told.place)
        self._secrets = self.old.secrets | self.new.secrets

    def whole(self, *, is_old: bool) -> tuple[Difference, ...]:
        """All that is on one side, the other being empty. Of a program, the outputs are only a forecast."""
        side = self.old if is_old else self.new
        is_program = self._is_preview and not is_old
        properties = side.inputs or side.outputs if is_program else side.outputs or side.inputs
        known = {name: settled(item, MISSING) for name, item in properties.whole().items()}
        if not known:
            return ()
        mask = {name: True if name in self._secrets else mask_hidden(item, is_hidden) for name, item in known.items()}
        if is_old != self._is_preview:
            return (Difference((), known, None, before_mask=mask),)
        return (Difference((), None, known, after_mask=mask),)

    def detailed(self, diffs: dict[str, PropertyDiff]) -> tuple[Difference, ...]:
        """The differences at the paths that Pulumi names."""
        found: dict[Path, Difference] = {}
        for text, diff in diffs.items():
            path = parse_path(text)
            difference = None if is_internal(path) else self._at(path, diff)
            if difference is not None:
                found[path] = difference
        return _without_repeats(found)

    def compared(self, reasons: list[str]) -> tuple[Difference, ...]:
        """The differences between both states, where Pulumi names no paths, or only the properties (`reasons`)."""
        rows: list[tuple[Path, object, object]] = []
        for old, new in self._pairs():
            rows = rows or list(differing(*old.against(new), (), is_hidden))
        named = [row for row in rows if row[0][0] in reasons]
        found = {path: self._difference(path, old, new) for path, old, new in named or rows}
        found |= {path: self._difference(path, *sides) for path, sides in self._hidden_changes(reasons)}
        return _without_repeats({path: difference for path, difference in found.items() if difference is not None})

    def _pairs(self) -> Iterator[tuple[Properties, Properties]]:
        if self._is_preview:
            yield self.old.inputs, self.new.inputs
            yield self.old.outputs.only(self.new.inputs), self.new.inputs
        elif self.new.outputs:
            yield self.old.outputs, self.new.outputs
            yield self.old.inputs, self.new.inputs
        elif self.new.inputs:
            yield self.old.inputs, self.new.inputs

    def _hidden_changes(self, reasons: list[str]) -> Iterator[tuple[Path, tuple[object, object]]]:
        for path in map(parse_path, reasons):
            old, new = self.old.first(path, is_input=False), self.new.first(path, is_input=self._is_preview)
            if is_hidden(old) and is_hidden(new) and is_equal(old, new):
                yield path, (old, new)

    def _at(self, path: Path, diff: PropertyDiff) -> Difference | None:
        kind = diff.kind or diff.diff_kind or "update"
        is_input = bool(diff.input_diff)
        old = MISSING if kind.startswith("add") else self.old.first(path, is_input=is_input)
        new = MISSING if kind.startswith("delete") else self.new.first(path, is_input=is_input or self._is_preview)
        if new is MISSING and self._is_preview and not kind.startswith("delete"):
            return self._computed(path, old, "the program does not set it: Pulumi computes it")
        if old is not MISSING and new is not MISSING and not is_hidden(old) and is_equal(old, new):
            old, new = self._unequal(path, old, new)
        return self._difference(path, old, new)

    def _unequal(self, path: Path, old: object, new: object) -> tuple[object, object]:
        """Inputs with inputs, or outputs with outputs, where the first values that were found are the same."""
        for one, other in ((self.old.inputs, self.new.inputs), (self.old.outputs, self.new.outputs)):
            left, right = one.at(path), other.at(path)
            if left is not MISSING and right is not MISSING and not is_equal(left, right):
                return left, right
        return old, new

    def _difference(self, path: Path, old: object, new: object) -> Difference | None:
        old, new = (None if old is MISSING else old), (None if new is MISSING else new)
        known = settled(new, old)
        if not is_equal(known, new) and is_equal(known, old):
            return self._computed(path, old, "its value is not known before an update")
        sides = (known, old) if self._is_preview else (old, known)
        before, after, before_mask, after_mask = hide(*sides, is_hidden)
        if is_equal(before, after):
            return None
        if path[0] in self._secrets:
            before_mask = after_mask = True
        return Difference(path, before, after, before_mask, after_mask)

    def _computed(self, path: Path, old: object, why: str) -> Difference | None:
        """A property of which the program says nothing, or nothing yet."""
        if old is MISSING or old is None or is_unknown(old):
            return None
        mask = True if path[0] in self._secrets else mask_hidden(old, is_hidden)
        if self._is_preview:
            return Difference(path, None, old, after_mask=mask, noise="computed", why=why)
        return Difference(path, old, None, before_mask=mask, noise="computed", why=why)


def _without_repeats(found: dict[Path, Difference]) -> tuple[Difference, ...]:
    """`tagsAll` says again what `tags` says, with the tags that the provider adds to all."""
    return tuple(_mirrored(found[path], found) for path in sorted(found, key=repr))


def _mirrored(difference: Difference, known: dict[Path, Difference]) -> Difference:
    if difference.path[0] != "tagsAll":
        return difference
    original = known.get(("tags", *difference.path[1:]))
    if original is None or replace(original, path=difference.path) != difference:
        return difference
    return replace(difference, noise="mirror", why="mirrors tags")
