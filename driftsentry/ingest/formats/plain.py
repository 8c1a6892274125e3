"""DriftSentry's own format: for any script, and for what the CI client sends of the formats of other tools.

`docs/report-format.md` says it to people, `docs/report-format.schema.json` to programs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import UnsetType

from driftsentry.ingest import limits
from driftsentry.ingest.formats import plain_writing
from driftsentry.ingest.formats.plain_shape import Change, Report, Resource, open_report, refused
from driftsentry.ingest.formats.typed import (
    VALUES,
    Gathering,
    Values,
    is_absent,
    read_seconds,
    require_address,
    why_incomplete,
)
from driftsentry.ingest.model import Cause, Hints, Move, Refused
from driftsentry.ingest.survey import Difference, Observed, Survey

FORMAT = "plain"

Path: TypeAlias = tuple[str | int, ...]

_EXTRA = "it exists in the cloud and not in the code"
_format = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MAX_ACTION = 64
# The client's report of another tool's has masks beside its values.
_MAX_VALUES = 2 * limits.MAX_NODES


def write(survey: Survey) -> bytes:
    """A report that `read` reads as the same survey again, masks included."""
    return plain_writing.write(survey)


def read(documents: Sequence[bytes], *, hints: Hints) -> Survey:
    """Raises Refused."""
    if len(documents) != 1:
        raise Refused(422, "VALIDATION_ERROR", "These are several reports. Send each one as a report of its own.")
    document = documents[0]
    if sum(document.count(sign) for sign in VALUES) > _MAX_VALUES:
        raise limits.refuse_hostile("it holds more values than any report needs")
    report = open_report(document)
    if not _format.fullmatch(report.format):
        raise refused('"format" is no name of a format')
    # What another tool's exit code means was settled when its report was read; here it is that of a script.
    has_failed = report.errored or (report.format == FORMAT and hints.exit_code == 1)
    return Survey(
        format=report.format,
        tool=report.tool.name if report.tool else "",
        tool_version=report.tool.version if report.tool else "",
        mode=report.mode,
        timestamp=_time(report.timestamp) if report.timestamp is not None else None,
        incomplete_reason=_why_incomplete(report, hints, has_failed),
        is_errored=has_failed,
        observed=_observed(report.resources),
        moves=_moves(report),
        has_drift_data=report.drift_data,
        duration=read_seconds(report.duration_seconds),
    )


def _why_incomplete(report: Report, hints: Hints, has_failed: bool) -> str:
    said = report.incomplete_reason if report.complete is not True else ""
    if has_failed:
        return said or "the report says that the scan failed"
    if report.complete is False:
        return said or "the report says that it is not complete"
    unsaid = said or 'the report does not say "complete": true, so what it does not list may still be there'
    return why_incomplete(hints, unsaid="" if report.complete else unsaid)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text[:64])
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused('"timestamp" is no time; write it like 2025-01-31T12:00:00Z') from None


def _moves(report: Report) -> tuple[Move, ...]:
    for index, moved in enumerate(report.moves or ()):
        require_address(moved.previous, f"moves[{index}].from")
        require_address(moved.current, f"moves[{index}].to")
    return tuple(Move(moved.previous, moved.current) for moved in report.moves or ())


def _observed(resources: list[Resource]) -> tuple[Observed, ...]:
    gathering, values = Gathering(), Values(_MAX_VALUES)
    for index, resource in enumerate(resources):
        place = f"resources[{index}]"
        gathering.add(_entry(resource, values, place), place)
    return gathering.all()


def _entry(resource: Resource, values: Values, place: str) -> Observed:
    if not 0 < len(resource.action) <= _MAX_ACTION or "\0" in resource.action:
        raise refused(f"{place}.action is empty, or not a word")
    differences = _differences(resource, values, place)
    is_unknown = resource.action == "update" and not differences if resource.unknown is None else resource.unknown
    cause, reason = _cause(resource)
    return Observed(
        address=resource.address,
        action=resource.action,
        differences=differences,
        resource_type=resource.type,
        resource_name=resource.name,
        module_address=resource.module,
        provider=resource.provider,
        deposed=resource.deposed,
        previous_address=resource.previous_address,
        is_unknown=is_unknown,
        proposed=None if resource.proposed is None else tuple(resource.proposed),
        cause=cause,
        cause_reason=reason,
    )


def _cause(resource: Resource) -> tuple[Cause | None, str]:
    if not isinstance(resource.cause, UnsetType):
        return resource.cause, resource.cause_reason
    if resource.action == "unmanaged":
        return "informational", resource.cause_reason or _EXTRA
    return None, resource.cause_reason


def _differences(resource: Resource, values: Values, place: str) -> tuple[Difference, ...]:
    has_whole = not (is_absent(resource.before) and is_absent(resource.after))
    if resource.changes is None:
        return (_whole(resource, values, place),) if has_whole else ()
    if has_whole or resource.sensitive is not None:
        raise refused(f'{place} has "changes", so it can have no "before", "after" and "sensitive" beside them')
    return tuple(
        _difference(change, values, f"{place}.changes[{index}]") for index, change in enumerate(resource.changes)
    )


def _difference(change: Change, values: Values, place: str) -> Difference:
    masks = (change.before_sensitive, change.after_sensitive)
    before_mask, after_mask = (True, True) if change.sensitive else (values.read(mask, place) for mask in masks)
    return Difference(
        path=_path(change.path, place),
        before=values.read(change.before, place),
        after=values.read(change.after, place),
        before_mask=before_mask,
        after_mask=after_mask,
        noise=change.noise,
        why=change.why,
    )


def _whole(resource: Resource, values: Values, place: str) -> Difference:
    before, after = values.read(resource.before, place), values.read(resource.after, place)
    masks = _Masks(before), _Masks(after)
    for index, path in enumerate(resource.sensitive or ()):
        parts = _path(path, f"{place}.sensitive[{index}]")
        found = [mask.hide(parts) for mask in masks]
        if not any(found):
            # A path that is misspelt would show the secret that it was meant for.
            raise refused(f'{place}.sensitive[{index}] is neither in "before" nor in "after"')
    return Difference((), before, after, before_mask=masks[0].mask, after_mask=masks[1].mask)


class _Masks:
    """The mask of a value, made path by path."""

    def __init__(self, value: object) -> None:
        self._value = value
        self.mask: object = None

    def hide(self, path: Path) -> bool:
        """Whether there is something at the path."""
        value = self._value
        for part in path:
            value = _child(value, part)
        if value is not None:
            self.mask = _hidden(self.mask, self._value, path)
        return value is not None


def _child(value: object, part: str | int) -> object:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _hidden(mask: object, value: object, path: Path) -> object:
    """The mask with one more path in it. Lists and objects of the mask are changed in place: a value may be long, and
    have many paths."""
    if mask is True or not path:
        return True
    head = path[0]
    if isinstance(value, dict):
        parts = mask if isinstance(mask, dict) else {}
        parts[head] = _hidden(parts.get(head), value[head], path[1:])
        return parts
    assert isinstance(value, list)
    assert isinstance(head, int)
    members = mask if isinstance(mask, list) else [None] * len(value)
    members[head] = _hidden(members[head], value[head], path[1:])
    return members


def _path(path: list[str | int] | str, place: str) -> Path:
    if isinstance(path, str):
        return (path,)
    if len(path) > limits.MAX_DEPTH or any(isinstance(part, int) and not 0 <= part < 2**31 for part in path):
        raise refused(f"{place} has a path that is too long, or a position that is none")
    return tuple(path)
