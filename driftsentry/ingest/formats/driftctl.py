"""driftctl (`driftctl scan -o json://FILE`), from its first version to its last.

The address is what driftctl knows a resource by: its type and its id, with the name in the code before the id where
that is known: `aws_iam_user.deploy`, `module.shop.aws_iam_user.deploy (i-am)`. The name alone is not enough: it has no
index, so all the instances of a `count` share it.
(`driftctl scan -o plan://FILE` writes a Terraform plan of format 0.1, which is read as one.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET, UnsetType

from driftsentry.ingest.formats.typed import (
    Gathering,
    Part,
    Values,
    decode,
    decode_all,
    is_absent,
    read_seconds,
    read_time,
    why_incomplete,
)
from driftsentry.ingest.limits import MAX_NODES_OF_ONE, refuse_hostile, require_few_nodes
from driftsentry.ingest.model import Hints, Refused
from driftsentry.ingest.presenting import clean
from driftsentry.ingest.survey import Difference, Observed, Survey

FORMAT = "driftctl"
UNMANAGED_REASON = "it exists in the cloud and not in the code"

_FAILED = 2  # exit code 1 says that there is drift
_SHOWN_TYPES = 5
# What driftctl says about a type that it could not list, and whose resources it left out.
_unread = re.compile(r"(?i)access.?denied|forbidden|not authori[sz]ed|unauthorized|permission|from drift calculation")


class _Source(msgspec.Struct, gc=False):
    namespace: str | None = None
    internal_name: str | None = None


class _Resource(msgspec.Struct, gc=False):
    id: str
    type: str
    human_readable_attributes: Part = UNSET
    source: _Source | None = None


class _Step(msgspec.Struct, gc=False):
    """One line of a changelog: `from` in the state, `to` in the cloud."""

    path: list[str] | None = None
    before: Part = msgspec.field(default=UNSET, name="from")
    after: Part = msgspec.field(default=UNSET, name="to")
    computed: bool | None = None


class _Changed(msgspec.Struct, gc=False):
    res: _Resource
    changelog: list[_Step] | None = None


class _Alert(msgspec.Struct, gc=False):
    message: str | None = None


class _Options(msgspec.Struct, gc=False):
    only_managed: bool | None = None
    only_unmanaged: bool | None = None


class _Summary(msgspec.Struct, gc=False):
    total_resources: int | None = None


class _Document(msgspec.Struct, gc=False):
    """Lists are null where they are empty; `deleted` is what the first versions called `missing`."""

    summary: _Summary
    missing: list[_Resource] | None = None
    deleted: list[_Resource] | None = None
    unmanaged: list[_Resource] | None = None
    differences: list[_Changed] | None = None
    alerts: Part = UNSET
    options: _Options | None = None
    scan_duration: float | None = None
    date: str | None = None


_decoder = msgspec.json.Decoder(_Document)
_alerts = msgspec.json.Decoder(dict[str, list[_Alert] | None])


def read(documents: Sequence[bytes], *, hints: Hints) -> Survey:
    """Raises Refused."""
    found = list(decode_all(_decoder, documents, tool=FORMAT))
    if len(found) != 1:
        raise Refused(422, "VALIDATION_ERROR", "This is more than one driftctl scan. Send one scan a report.")
    document = found[0]
    has_failed = (hints.exit_code or 0) >= _FAILED
    return Survey(
        format=FORMAT,
        tool=FORMAT,
        tool_version="",
        mode="scan",
        timestamp=read_time(document.date),
        incomplete_reason=why_incomplete(
            hints, broken="the scan failed (exit code 2)" if has_failed else _broken(document), unsaid=_unsaid(document)
        ),
        is_errored=has_failed,
        observed=_observed(document),
        duration=read_seconds(document.scan_duration),
    )


def _broken(document: _Document) -> str:
    alerts: dict[str, list[_Alert] | None] = {}
    if not isinstance(document.alerts, UnsetType) and not is_absent(document.alerts):
        require_few_nodes(document.alerts, "alerts", MAX_NODES_OF_ONE)
        alerts = decode(_alerts, document.alerts, tool=FORMAT, place="alerts")
    unread = sorted(
        clean(name, 64)
        for name, messages in alerts.items()
        if any(_unread.search((alert.message or "")[:4096]) for alert in messages or ())
    )
    if unread:
        more = f" and {len(unread) - _SHOWN_TYPES} more" if len(unread) > _SHOWN_TYPES else ""
        return f"driftctl had no access to {', '.join(unread[:_SHOWN_TYPES])}{more}"
    return ""


def _unsaid(document: _Document) -> str:
    options = document.options or _Options()
    if options.only_managed:
        return "only what the code manages was scanned (--only-managed): send complete=true if that is always so"
    if options.only_unmanaged:
        return "only what no code manages was scanned (--only-unmanaged): send complete=true if that is always so"
    if not document.summary.total_resources:
        return "the scan saw no resource at all: send complete=true if there are none"
    return ""


def _observed(document: _Document) -> tuple[Observed, ...]:
    gathering, values = Gathering(), Values()
    for listed in _listed(document):
        gathering.add(_entry(listed, values), f"{listed.name}[{listed.index}]")
    return gathering.all()


@dataclass(slots=True)
class _Listed:
    """A resource with the name of the list that it is in, its first place there, and what differs."""

    name: str
    index: int
    resource: _Resource
    steps: list[_Step] = field(default_factory=list)


def _listed(document: _Document) -> list[_Listed]:
    """A resource that several states hold is listed once for each: it is one real object, and drifts once."""
    found: dict[tuple[str, str], _Listed] = {}
    for name, index, resource, steps in _rows(document):
        first = found.setdefault((resource.type, resource.id), _Listed(name, index, resource))
        if first.name != name:
            raise refuse_hostile(f"{name}[{index}] is also {first.name}[{first.index}]")
        known = {tuple(step.path or ()) for step in first.steps} if first.steps else set()
        first.steps += [step for step in steps if tuple(step.path or ()) not in known]
    return list(found.values())


def _rows(document: _Document) -> Iterator[tuple[str, int, _Resource, list[_Step]]]:
    for name in ("missing", "deleted", "unmanaged"):
        resources: list[_Resource] = getattr(document, name) or []
        for index, resource in enumerate(resources):
            yield name, index, resource, []
    for index, changed in enumerate(document.differences or []):
        yield "differences", index, changed.res, changed.changelog or []


def _entry(listed: _Listed, values: Values) -> Observed:
    resource, place = listed.resource, f"{listed.name}[{listed.index}]"
    source = resource.source or _Source()
    is_unmanaged = listed.name == "unmanaged"
    if listed.name == "differences":
        differences = tuple(_difference(step, values, place) for step in listed.steps)
    else:
        attributes = values.read(resource.human_readable_attributes, place)
        differences = (_whole(attributes, is_unmanaged),) if attributes else ()
    return Observed(
        address=_address(resource, source),
        action={"differences": "update", "unmanaged": "unmanaged"}.get(listed.name, "delete"),
        differences=differences,
        resource_type=resource.type,
        resource_name=source.internal_name or "",
        module_address=source.namespace or "",
        provider=resource.type.partition("_")[0],
        is_unknown=listed.name == "differences" and not differences,
        cause="informational" if is_unmanaged else None,
        cause_reason=UNMANAGED_REASON if is_unmanaged else "",
    )


def _address(resource: _Resource, source: _Source) -> str:
    if not source.internal_name:
        return f"{resource.type}.{resource.id}"
    parts = [source.namespace, resource.type, source.internal_name]
    return f"{'.'.join(part for part in parts if part)} ({resource.id})"


def _whole(attributes: object, is_unmanaged: bool) -> Difference:
    return Difference((), None, attributes) if is_unmanaged else Difference((), attributes, None)


def _difference(step: _Step, values: Values, place: str) -> Difference:
    return Difference(
        path=tuple(step.path or ()),
        before=values.read(step.before, place),
        after=values.read(step.after, place),
        noise="computed" if step.computed else "",
        why="driftctl says that the provider computed it" if step.computed else "",
    )
