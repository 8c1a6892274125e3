"""What one resource of a Pulumi report is as a drift: sides put right, values looked up, secrets kept apart.

A refresh goes from the state to the cloud, a preview from the cloud to the program: there, what Pulumi would do is the
opposite of what happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from driftsentry.ingest.formats.comparing import Path, differing, hide, is_equal, mask_hidden
from driftsentry.ingest.formats.pulumi_steps import LOOKED_AT, TOOL, Direction, PropertyDiff, State, Told, decode_part
from driftsentry.ingest.formats.pulumi_steps import names as name_list
from driftsentry.ingest.formats.pulumi_values import (
    MISSING,
    at,
    is_hidden,
    is_internal,
    is_unknown,
    opened,
    parse_path,
    settled,
)
from driftsentry.ingest.formats.typed import Values, misshapen
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
        differences = resource.compared(told.reasons(values)) if resource.new_outputs else ()
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
    """Both states, decoded. `old` and `new` are Pulumi's words, `before` and `after` ours."""

    def __init__(self, told: Told, direction: Direction, values: Values) -> None:
        self._is_preview = direction == "preview"
        self._place = told.place
        self._values = values
        self._secrets = self._secret_names(told.old) | self._secret_names(told.new)
        self.old_inputs, self.old_outputs = self._sides(told.old)
        self.new_inputs, self.new_outputs = self._sides(told.new)

    def whole(self, *, is_old: bool) -> tuple[Difference, ...]:
        """All that is on one side, the other being empty. Of a program, the outputs are only a forecast."""
        sides = (self.old_inputs, self.old_outputs) if is_old else (self.new_inputs, self.new_outputs)
        inputs, outputs = sides
        properties = settled(inputs or outputs if self._is_preview and not is_old else outputs or inputs, MISSING)
        if not isinstance(properties, dict) or not properties:
            return ()
        mask = {key: True if key in self._secrets else mask_hidden(item, is_hidden) for key, item in properties.items()}
        if is_old != self._is_preview:
            return (Difference((), properties, None, before_mask=mask),)
        return (Difference((), None, properties, after_mask=mask),)

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
            rows = rows or [row for row in differing(old, new, (), is_hidden) if row[0]]
        named = [row for row in rows if row[0][0] in reasons]
        found = {path: self._difference(path, old, new) for path, old, new in named or rows}
        found |= {path: self._difference(path, *sides) for path, sides in self._hidden_changes(reasons)}
        return _without_repeats({path: difference for path, difference in found.items() if difference is not None})

    def _pairs(self) -> Iterator[tuple[object, object]]:
        if self._is_preview:
            yield self.old_inputs, self.new_inputs
            yield {key: item for key, item in self.old_outputs.items() if key in self.new_inputs}, self.new_inputs
        elif self.new_outputs:
            yield self.old_outputs, self.new_outputs
            yield self.old_inputs, self.new_inputs
        elif self.new_inputs:
            yield self.old_inputs, self.new_inputs

    def _hidden_changes(self, reasons: list[str]) -> Iterator[tuple[Path, tuple[object, object]]]:
        for path in map(parse_path, reasons):
            old, new = self._first(path, False, is_old=True), self._first(path, False, is_old=False)
            if is_hidden(old) and is_hidden(new) and is_equal(old, new):
                yield path, (old, new)

    def _at(self, path: Path, diff: PropertyDiff) -> Difference | None:
        kind = diff.kind or diff.diff_kind or "update"
        old = MISSING if kind.startswith("add") else self._first(path, bool(diff.input_diff), is_old=True)
        new = MISSING if kind.startswith("delete") else self._first(path, bool(diff.input_diff), is_old=False)
        if new is MISSING and self._is_preview and not kind.startswith("delete"):
            return self._computed(path, old, "the program does not set it: Pulumi computes it")
        if old is not MISSING and new is not MISSING and not is_hidden(old) and is_equal(old, new):
            old, new = self._unequal(path, old, new)
        return self._difference(path, old, new)

    def _unequal(self, path: Path, old: object, new: object) -> tuple[object, object]:
        """Inputs with inputs, or outputs with outputs, where the first values that were found are the same."""
        for one, other in ((self.old_inputs, self.new_inputs), (self.old_outputs, self.new_outputs)):
            left, right = at(one, path), at(other, path)
            if left is not MISSING and right is not MISSING and not is_equal(left, right):
                return left, right
        return old, new

    def _first(self, path: Path, is_input: bool, *, is_old: bool) -> object:
        inputs, outputs = (self.old_inputs, self.old_outputs) if is_old else (self.new_inputs, self.new_outputs)
        has_inputs_first = is_input or (self._is_preview and not is_old)
        for properties in (inputs, outputs) if has_inputs_first else (outputs, inputs):
            found = at(properties, path)
            if found is not MISSING:
                return found
        return MISSING

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

    def _sides(self, state: State | None) -> tuple[dict[str, object], dict[str, object]]:
        if state is None:
            return {}, {}
        return self._opened(state, "inputs"), self._opened(state, "outputs")

    def _opened(self, state: State, name: str) -> dict[str, object]:
        value = self._values.read(getattr(state, name), self._place)
        properties = {} if value is None else opened(value)
        if not isinstance(properties, dict):
            raise misshapen(f"{self._place}: {name}", TOOL)
        return properties

    def _secret_names(self, state: State | None) -> frozenset[str]:
        raw = state.secret_outputs if state else None
        if raw is None:
            return frozenset()
        return frozenset(decode_part(name_list, raw, self._values, f"{self._place}.additionalSecretOutputs") or ())


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
