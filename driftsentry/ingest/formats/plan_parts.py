"""A plan opened: what it says about itself, its drift entries, and what it proposes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Raw

from driftsentry.ingest import limits
from driftsentry.ingest.companions import REFERENCES, ROWS_BY_TYPE
from driftsentry.ingest.completeness import numbers_of, reports_drift
from driftsentry.ingest.formats import plan_shape as shape
from driftsentry.ingest.formats.plan_shape import Document, Entry, EntryChange, Part, decode, is_null
from driftsentry.ingest.limits import refuse_hostile
from driftsentry.ingest.model import Mode, Refused
from driftsentry.ingest.relations import Relations
from driftsentry.ingest.values import read_time

T = TypeVar("T")

Key: TypeAlias = tuple[str, str]

_raw_list = msgspec.json.Decoder(list[Raw])
_entries = msgspec.json.Decoder(list[Entry])
_raws = msgspec.json.Decoder(dict[str, Raw])
_proposals = msgspec.json.Decoder(list[shape.Proposal])
_planned = msgspec.json.Decoder(shape.PlannedValues)
_prior = msgspec.json.Decoder(shape.PriorState)
_text = msgspec.json.Decoder(str | None)
_flag = msgspec.json.Decoder(bool | None)

_provider = re.compile(rb'"provider_name"\s*:\s*"(registry\.(?:opentofu\.org|terraform\.io)/[^"]*)"')
_invoked = re.compile(rb'"invoke_action_trigger"\s*:')
_FIRST_WITH_COMPLETE = (1, 8, 0)


@dataclass(frozen=True, slots=True)
class DriftEntry:
    entry: Entry

    @property
    def change(self) -> EntryChange:
        return self.entry.change

    @property
    def key(self) -> Key:
        return self.entry.address, self.entry.deposed or ""

    def before(self) -> dict[str, Raw] | None:
        return shape.attributes_of(self.change.before, "change.before")

    def after(self) -> dict[str, Raw] | None:
        return shape.attributes_of(self.change.after, "change.after")


@dataclass(frozen=True, slots=True)
class Plan:
    document: Document
    entries: list[DriftEntry]
    proposals: dict[Key, list[str]]
    mode: Mode
    tool: str
    provider: str  # the address of the provider that told the tool, or ""
    version: str
    timestamp: datetime | None
    complete: bool | None
    is_errored: bool
    has_drift_data: bool
    is_root_empty: bool
    is_redacted: bool  # a secret that changed may look the same on both sides


def open_plan(body: bytes) -> Plan:
    """Raises Refused. Holds views into `body`, no copies."""
    document = shape.read_document(body)
    version = _read(_text, document.terraform_version, "terraform_version") or ""
    is_part = _has_deferred(document) or _has_invoked(document)
    complete = False if is_part else _read(_flag, document.complete, "complete")
    proposals = _read_proposals(document.resource_changes)
    provider = _deciding_provider(document)
    is_root_empty = _is_root_empty(document.planned_values)
    is_tofu = "registry.opentofu.org/" in provider or _lacks_complete(document, version)
    return Plan(
        document=document,
        entries=_read_entries(document.resource_drift),
        proposals=proposals,
        mode=_mode(proposals, is_root_empty or (document.is_redacted and document.planned_values is UNSET)),
        tool="opentofu" if is_tofu else "terraform",
        provider=provider,
        version=version[:64],
        timestamp=_read_time(document.timestamp),
        complete=complete,
        is_errored=_read(_flag, document.errored, "errored") is True,
        has_drift_data=_has_drift_data(document, version),
        is_root_empty=is_root_empty,
        is_redacted=document.is_redacted,
    )


def relations_of(plan: Plan, stack: str) -> Relations:
    """The companions in the plan. Those that `resource_changes` is about to make do not count: a refresh-only
    plan of the same scan does not know them, and both must say the same."""
    relations = Relations(stack)
    types = {item.entry.type for item in plan.entries}
    for item in plan.entries:
        if item.entry.type in REFERENCES:
            for side in (item.before(), item.after()):
                relations.add(item.entry.type, side or {})
    if types & ROWS_BY_TYPE.keys():
        for resource in prior_companions(plan.document.prior_state):
            values = shape.attributes_of(resource.values, "prior_state")
            relations.add(resource.type, values or {})
    return relations


def prior_companions(section: Part) -> Iterator[shape.PriorResource]:
    """The managed resources of the state that have a companion's type."""
    if section is UNSET or is_null(section):
        return
    limits.require_few_resources(section, "prior_state")
    state = decode(_prior, section, "prior_state")
    modules = [state.values.root_module] if state.values and state.values.root_module else []
    while modules:
        module = modules.pop()
        modules.extend(module.child_modules or ())
        for resource in module.resources or ():
            if resource.mode == "managed" and resource.type in REFERENCES:
                yield resource


def _read(decoder: msgspec.json.Decoder[T], raw: Part, name: str) -> T | None:
    return None if raw is UNSET else decode(decoder, raw, name)


def _read_entries(section: Part) -> list[DriftEntry]:
    if section is UNSET or is_null(section):
        return []
    limits.require_few_resources(section, "resource_drift")
    # As entries at once, which ends at the first thing that is none: a list of a million numbers is never held.
    entries = decode(_entries, section, "resource_drift")
    if len(section) != 1 + sum(shape.compact_size(entry) + 1 for entry in entries):
        _require_unique_keys(section, entries)
    managed = [DriftEntry(entry) for entry in entries if entry.mode == "managed"]
    if not all(0 < len(item.entry.address) <= limits.MAX_ADDRESS for item in managed) or any(
        len(item.entry.previous_address or "") > limits.MAX_ADDRESS for item in managed
    ):
        message = f"An entry of resource_drift has no address, or one of more than {limits.MAX_ADDRESS:,} characters."
        raise Refused(422, "VALIDATION_ERROR", message)
    if len({item.key for item in managed}) != len(managed):
        raise refuse_hostile("resource_drift has the same address twice")
    return managed


def _require_unique_keys(section: Raw, entries: list[Entry]) -> None:
    elements = decode(_raw_list, section, "resource_drift")
    for index, (entry, element) in enumerate(zip(entries, elements, strict=True)):
        name = f"resource_drift[{index}]"
        shape.require_unique(element, entry, name)
        shape.require_unique(decode(_raws, element, name)["change"], entry.change, name)


def _read_proposals(section: Part) -> dict[Key, list[str]]:
    if section is UNSET or is_null(section):
        return {}
    limits.require_few_resources(section, "resource_changes")
    proposals = decode(_proposals, section, "resource_changes")
    return {(item.address, item.deposed or ""): item.change.actions for item in proposals if item.mode == "managed"}


def _is_root_empty(section: Part) -> bool:
    if section is UNSET or is_null(section):
        return False
    root = decode(_planned, section, "planned_values").root_module
    return root is not UNSET and len(root) < 64 and bytes(root).translate(None, b" \t\r\n") == b"{}"


def _mode(proposals: dict[Key, list[str]], is_root_empty: bool) -> Mode:
    # Neither mode is written down anywhere: an empty planned root is all that gives them away.
    if not is_root_empty:
        return "normal"
    if not proposals:
        return "refresh_only"
    return "destroy" if all(actions == ["delete"] for actions in proposals.values()) else "normal"


def _has_deferred(document: Document) -> bool:
    """A redacted plan has no `complete`, but lists what was put off."""
    section = document.deferred_changes
    if not document.is_redacted or section is UNSET or is_null(section):
        return False
    return bytes(memoryview(section)[:64]).translate(None, b" \t\r\n") != b"[]"


def _has_invoked(document: Document) -> bool:
    """`plan -invoke` looks at what one action needs and no further, and calls itself complete all the same."""
    section = document.action_invocations
    return isinstance(section, Raw) and _invoked.search(memoryview(section)) is not None


def _deciding_provider(document: Document) -> str:
    for section in (document.resource_drift, document.resource_changes, document.prior_state):
        found = _provider.search(memoryview(section)) if isinstance(section, Raw) else None
        if found:
            return bytes(found[1])[:256].decode(errors="replace")
    return ""


def _lacks_complete(document: Document, version: str) -> bool:
    # Terraform writes `complete` since 1.8; OpenTofu, which took over the numbers, never does.
    return document.errored is not UNSET and document.complete is UNSET and numbers_of(version) >= _FIRST_WITH_COMPLETE


def _has_drift_data(document: Document, version: str) -> bool:
    # An empty list is left out by every version, so without the key only the version tells; 0.1 as the format
    # was written by versions on both sides.
    if document.resource_drift is not UNSET:
        return True
    told = reports_drift(version)
    if told is not None:
        return told
    return _read(_text, document.format_version, "format_version") != "0.1"


def _read_time(raw: Part) -> datetime | None:
    return read_time(_read(_text, raw, "timestamp") or "")
