"""A plan made fit to leave the machine: secrets as digests, and only what `terraform_plan.read` looks at."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw

from driftsentry.ingest.companions import COMPANION_ATTRIBUTES, OWN_ATTRIBUTES, REFERENCES, ROWS_BY_TYPE
from driftsentry.ingest.formats.plan_parts import DriftEntry, Plan, open_plan, prior_companions
from driftsentry.ingest.formats.plan_sealing import Attributes, sealed_attributes
from driftsentry.ingest.formats.plan_shape import Part, attributes_of
from driftsentry.ingest.masks import Sealer, mask_of
from driftsentry.ingest.sealed import wire_value
from driftsentry.ingest.values import read_value

_SCALARS = (
    "format_version",
    "plan_format_version",
    "terraform_version",
    "timestamp",
    "applyable",
    "complete",
    "errored",
)
_encoder = msgspec.json.Encoder(decimal_format="number")


def mask(body: bytes, *, stack: str) -> bytes:
    """Raises Refused. `body` and the result are UTF-8 JSON."""
    plan = open_plan(body)
    sealer = Sealer(stack)
    document: dict[str, object] = {name: getattr(plan.document, name) for name in _SCALARS}
    document["planned_values"] = _planned(plan)
    document["resource_drift"] = _drift(plan, sealer)
    document["resource_changes"] = _proposals(plan)
    document["prior_state"] = _prior_state(plan, sealer)
    document["provider_schemas"] = {} if plan.is_redacted else UNSET
    if plan.is_redacted or plan.complete is False:  # said, or concluded from a part that is left out here
        document["complete"] = UNSET if plan.complete is None else plan.complete
    return _encoder.encode({name: part for name, part in document.items() if part is not UNSET})


def _planned(plan: Plan) -> object:
    if plan.document.planned_values is UNSET:
        return UNSET
    return {"root_module": {} if plan.is_root_empty else {"resources": []}}


def _drift(plan: Plan, sealer: Sealer) -> object:
    if plan.document.resource_drift is UNSET:
        return UNSET
    return [_entry(item, sealer) for item in plan.entries]


def _entry(item: DriftEntry, sealer: Sealer) -> dict[str, object]:
    entry = item.entry
    fields = {
        "address": entry.address,
        "previous_address": entry.previous_address,
        "module_address": entry.module_address,
        "mode": entry.mode,
        "type": entry.type,
        "name": entry.name,
        "provider_name": entry.provider_name,
        "deposed": entry.deposed,
    }
    return {name: value for name, value in fields.items() if value is not None} | {"change": _change(item, sealer)}


def _change(item: DriftEntry, sealer: Sealer) -> dict[str, object]:
    before, after = item.before(), item.after()
    sides = (before or {}, after or {})
    names = _needed(item.entry.type, sides)
    sealed = list(sealed_attributes(item, sides, names, sealer))
    change: dict[str, object] = {"actions": item.change.actions}
    for index, (side, attributes) in enumerate((("before", before), ("after", after))):
        values = {pair[0]: pair[1 + index] for pair in sealed if pair[0] in (attributes or {})}
        change[side] = None if attributes is None else wire_value(values)
        change[f"{side}_sensitive"] = False if attributes is None else (mask_of(values) or {})
    if item.change.replace_paths is not UNSET:
        change["replace_paths"] = item.change.replace_paths
    return change


def _needed(resource_type: str, sides: tuple[Attributes, Attributes]) -> list[str]:
    before, after = sides
    named = {*OWN_ATTRIBUTES.get(resource_type, ())}
    if resource_type in REFERENCES:
        named.update(COMPANION_ATTRIBUTES)
    names = before.keys() | after.keys()
    return sorted(name for name in names if name in named or before.get(name) != after.get(name))


def _proposals(plan: Plan) -> object:
    if plan.document.resource_changes is UNSET:
        return UNSET
    return [
        {"address": address, "mode": "managed", "deposed": deposed or None, "change": {"actions": actions}}
        for (address, deposed), actions in plan.proposals.items()
    ]


def _prior_state(plan: Plan, sealer: Sealer) -> object:
    """Companions by their references, as digests, and the provider that tells Terraform from OpenTofu."""
    resources: list[dict[str, object]] = []
    if plan.provider:
        resources.append({"type": "", "mode": "managed", "provider_name": plan.provider})
    if any(item.entry.type in ROWS_BY_TYPE for item in plan.entries):
        for resource in prior_companions(plan.document.prior_state):
            values = attributes_of(resource.values, "prior_state") or {}
            kept = {name: _closed(values[name], sealer) for name in COMPANION_ATTRIBUTES if name in values}
            resources.append({"type": resource.type, "mode": "managed", "values": kept})
    return {"values": {"root_module": {"resources": resources}}} if resources else UNSET


def _closed(raw: Part, sealer: Sealer) -> object:
    value = read_value(raw) if isinstance(raw, Raw) else None
    if isinstance(value, list):
        return [sealer.close(item).placeholder for item in value if isinstance(item, str) and item]
    return sealer.close(value).placeholder if isinstance(value, str) and value else None
