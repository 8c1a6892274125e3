"""Argo CD: the managed resources of an application, or the application itself.

`GET /api/v1/applications/NAME/managed-resources` has both states of each resource. `argocd app get NAME -o json` only
says which ones are out of sync. The address is `group/Kind/namespace/name`; `core` is the group that has no name, `-`
the namespace of what has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from driftsentry.ingest.formats import kubernetes
from driftsentry.ingest.formats.kubernetes import Object
from driftsentry.ingest.formats.typed import (
    Gathering,
    Part,
    Values,
    decode_all,
    misshapen,
    read_time,
    why_incomplete,
)
from driftsentry.ingest.limits import MAX_NODES
from driftsentry.ingest.model import Cause, Hints, Refused
from driftsentry.ingest.survey import Difference, Observed, Survey

FORMAT = "argocd"

_TOOL = "Argo CD"
_EXTRA = "it exists in the cluster and not in the code"
_PRUNED = f"{_EXTRA}; Argo CD would prune it"


class _Item(msgspec.Struct, gc=False, rename="camel"):
    """One managed resource. The states are JSON inside strings; "null", "" and no key mean that there is none."""

    kind: str
    name: str
    group: str | None = None
    namespace: str | None = None
    target_state: Part = UNSET
    live_state: Part = UNSET
    normalized_live_state: Part = UNSET
    predicted_live_state: Part = UNSET
    hook: bool | None = None
    modified: bool | None = None
    requires_pruning: bool | None = None


class _Health(msgspec.Struct, gc=False):
    status: str | None = None


class _Resource(msgspec.Struct, gc=False, rename="camel"):
    """One resource of an application's status."""

    kind: str
    name: str
    group: str | None = None
    namespace: str | None = None
    status: str | None = None
    health: _Health | None = None
    hook: bool | None = None
    requires_pruning: bool | None = None


class _Sync(msgspec.Struct, gc=False):
    status: str | None = None


class _Condition(msgspec.Struct, gc=False):
    type: str | None = None


class _Status(msgspec.Struct, gc=False, rename="camel"):
    resources: list[_Resource] | None = None
    sync: _Sync | None = None
    conditions: list[_Condition] | None = None
    reconciled_at: str | None = None


class _Document(msgspec.Struct, gc=False):
    items: list[_Item] | UnsetType | None = UNSET
    status: _Status | None = None


_decoder = msgspec.json.Decoder(_Document)


def read(documents: Sequence[bytes], *, hints: Hints) -> Survey:
    """Raises Refused."""
    found = list(decode_all(_decoder, documents, tool=_TOOL, limit=2 * MAX_NODES))
    if any(document.items is UNSET and document.status is None for document in found):
        message = "These are neither managed resources (`items`) nor an application (`status`) of Argo CD."
        raise Refused(422, "VALIDATION_ERROR", message)
    statuses = [document.status for document in found if document.status is not None]
    gathering, values = Gathering(), Values()
    amount = 0
    for number, document in enumerate(found):
        prefix = f"document {number + 1}: " if len(found) > 1 else ""
        for place, what in _observed(document, values, prefix):
            amount += 1
            if what is not None:
                gathering.add(what, place)
    has_failed = bool(hints.exit_code) and not gathering
    broken = "the command failed" if has_failed else next(filter(None, map(_broken, statuses)), "")
    return Survey(
        format=FORMAT,
        tool=FORMAT,
        tool_version="",
        mode="scan",
        timestamp=max(filter(None, (read_time(status.reconciled_at) for status in statuses)), default=None),
        incomplete_reason=why_incomplete(hints, broken=broken, unsaid="" if amount else _NOTHING),
        is_errored=bool(broken),
        observed=gathering.all(),
    )


_NOTHING = "no resource is listed: send complete=true if the application has none"


def _broken(status: _Status) -> str:
    if any((condition.type or "").endswith("Error") for condition in status.conditions or ()):
        return "Argo CD could not compare the application (its conditions hold an error)"
    unknown = (status.sync.status if status.sync else None) == "Unknown"
    if unknown or any(resource.status == "Unknown" for resource in status.resources or ()):
        return "Argo CD does not know the sync status"
    return ""


def _observed(document: _Document, values: Values, prefix: str) -> Iterator[tuple[str, Observed | None]]:
    """Each resource but hooks, by its place; None for one that is in sync."""
    for index, item in enumerate(document.items or ()):
        place = f"{prefix}items[{index}]"
        if not item.hook:
            yield place, _compared(item, values, place)
    for index, resource in enumerate((document.status.resources if document.status else None) or ()):
        if not resource.hook:
            yield f"{prefix}status.resources[{index}]", _told(resource)


def _told(resource: _Resource) -> Observed | None:
    if resource.status != "OutOfSync":
        return None
    if resource.requires_pruning:
        return _entry(resource, "unmanaged", cause="out_of_band", cause_reason=_PRUNED)
    if resource.health and resource.health.status == "Missing":
        return _entry(resource, "delete")
    return _entry(resource, "update", is_unknown=True)


def _compared(item: _Item, values: Values, place: str) -> Observed | None:
    live = _state(item.normalized_live_state, item.live_state, values, place)
    target = _state(item.target_state, UNSET, values, place)
    predicted = _state(item.predicted_live_state, UNSET, values, place)
    wanted = predicted if predicted is not None else target
    if wanted is None and live is None:
        return _entry(item, "update", is_unknown=True) if item.modified else None
    if live is None:
        return _entry(item, "delete", tuple(kubernetes.lost(wanted or {}, item.kind)))
    if wanted is None:
        return _extra(item, live)
    if item.modified is False:
        return None
    if predicted is None:
        # The code says less than what the cluster fills in: only what it says can differ.
        live = kubernetes.as_far_as(wanted, live)
    differences = tuple(kubernetes.compare(wanted, live, item.kind))
    if differences or (item.modified and wanted == live):
        return _entry(item, "update", differences, is_unknown=not differences)
    return None


def _extra(item: _Item, live: Object) -> Observed:
    differences = tuple(kubernetes.gained(live, item.kind))
    if item.requires_pruning:
        return _entry(item, "unmanaged", differences, cause="out_of_band", cause_reason=_PRUNED)
    return _entry(item, "unmanaged", differences, cause="informational", cause_reason=_EXTRA)


def _state(raw: Part, other: Part, values: Values, place: str) -> Object | None:
    """The first of both that holds an object. Raises Refused for what is neither an object nor nothing."""
    for part in (raw, other):
        value = values.read(part, place)
        if isinstance(value, str):
            value = values.read_text(value, place) if value.strip() else None
        if isinstance(value, dict):
            return value
        if value is not None:
            raise misshapen(place, _TOOL)
    return None


def _entry(
    of: _Item | _Resource,
    action: str,
    differences: tuple[Difference, ...] = (),
    *,
    is_unknown: bool = False,
    cause: Cause | None = None,
    cause_reason: str = "",
) -> Observed:
    kind = f"{of.group}/{of.kind}" if of.group else of.kind
    return Observed(
        address=f"{of.group or 'core'}/{of.kind}/{of.namespace or '-'}/{of.name}" if of.name else "",
        action=action,
        differences=differences,
        resource_type=kind,
        resource_name=of.name,
        provider="kubernetes",
        is_unknown=is_unknown,
        cause=cause,
        cause_reason=cause_reason,
    )
