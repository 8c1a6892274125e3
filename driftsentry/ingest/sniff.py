"""What a body is when it is no plan: each wrong file gets its own sentence and the command that helps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from driftsentry.ingest.model import Refused
from driftsentry.ingest.packing import GZIP_MAGIC
from driftsentry.ingest.text import where

Part: TypeAlias = Raw | UnsetType

MAKE_PLAN = "Run `terraform plan -refresh-only -out=tfplan`, then send the output of `terraform show -json tfplan`."
_SHOW = "Send the output of `terraform show -json PLANFILE`."

_LOG = f"This is Terraform's log stream (`terraform plan -json`), which is not read yet by this version. {_SHOW}"
_OTHER_TOOL = "which is not read by this version. Only Terraform and OpenTofu plans are: " + _SHOW
_EMPTY = "The body is empty: the command that should have made the report printed nothing. " + MAKE_PLAN

_human = re.compile(
    rb"Terraform (?:will perform|used the selected|detected the following|has been successfully|planned the following)"
    rb"|OpenTofu (?:will perform|used the selected|detected the following|planned the following)"
    rb"|Objects have changed outside of (?:Terraform|OpenTofu)|No changes\. |Plan: [0-9]+ to (?:add|import)"
    rb"|Refreshing state\.\.\.|Acquiring state lock"
)
_yaml = re.compile(rb"(?m)\A(?:---|%YAML)|^[A-Za-z_][\w.-]{0,80}:(?:[ \t]|\r?$)")
_json_start = re.compile(rb"(?m)^[ \t]{0,64}[{\[]")
_plan_start = re.compile(rb'\{\s{0,64}"(?:format_version|plan_format_version)"')


_HEAD = 262_144
_FAR = 4 * _HEAD


def unsupported(message: str) -> Refused:
    return Refused(415, "UNSUPPORTED_FORMAT", message)


def wrong_file(message: str) -> Refused:
    return Refused(422, "UNSUPPORTED_FORMAT", message)


def _is_log(head: bytes) -> bool:
    return b'"@level"' in head and b'"@module"' in head


def require_json(body: bytes) -> None:
    """Raises Refused unless the first character opens a JSON object."""
    if body.startswith(b"PK\x03\x04"):
        raise wrong_file(f"This is a binary plan file. Run `terraform show -json` on it. {_SHOW}")
    if body.startswith(GZIP_MAGIC):
        raise wrong_file("This file is packed with gzip twice. Pack it once, or not at all.")
    start = body[:4096].lstrip()
    if not start and not body.strip():
        raise Refused(400, "VALIDATION_ERROR", _EMPTY)
    if start.startswith(b"{"):
        if _is_log(start):
            raise unsupported(_LOG)
        return
    raise _not_an_object(body, start)


def _not_an_object(body: bytes, start: bytes) -> Refused:
    if start.startswith(b"["):
        return unsupported(_LOG if _is_log(start) else f"This is a JSON list, {_OTHER_TOOL}")
    if start.startswith(b"<"):
        return unsupported(f"This is HTML or XML, perhaps an error page that was saved as the report. {MAKE_PLAN}")
    if b"\0" in start:
        return unsupported(f"This is a binary file. {_SHOW}")
    return _text(body, start)


def _text(body: bytes, start: bytes) -> Refused:
    plan = _plan_start.search(body, 0, _FAR)
    head = body[:_HEAD]
    if not plan and _is_log(head):
        return unsupported(_LOG)
    if not plan and _human.search(head):
        return unsupported(f"This is the plan as text for people. {MAKE_PLAN}")
    found = plan or _json_start.search(body, 0, _FAR)
    if found:
        return _surrounded("before", where(body, found.start()))
    if _yaml.search(start):
        return unsupported(f"This looks like YAML, {_OTHER_TOOL}")
    return unsupported(f"This is not JSON. {MAKE_PLAN}")


def _surrounded(side: str, position: str) -> Refused:
    message = f"There is text {side} the JSON document (at {position}); a CI wrapper may have printed it. {_SHOW}"
    return Refused(400, "VALIDATION_ERROR", message)


def refuse_trailing(body: bytes, offset: int) -> Refused:
    """For a whole JSON document that ends at `offset`, with something after it."""
    while body[offset : offset + 1].isspace():
        offset += 1
    position = where(body, offset)
    if body[offset : offset + 1] not in (b"{", b"["):
        return _surrounded("after", position)
    if _is_log(body[:_HEAD]):
        return unsupported(_LOG)
    if any(mark in body[:_HEAD] for mark in (b'"preludeEvent"', b'"resourcePreEvent"', b'"summaryEvent"')):
        return unsupported(f"This is Pulumi's engine event stream, {_OTHER_TOOL}")
    message = f"There are two JSON documents in this body; the second starts at {position}. Send one plan a report."
    return Refused(400, "VALIDATION_ERROR", message)


class Marks(msgspec.Struct, gc=False):
    """Top-level keys that tell the formats apart, undecoded."""

    format_version: Part = UNSET
    plan_format_version: Part = UNSET
    provider_schemas: Part = UNSET
    values: Part = UNSET
    lineage: Part = UNSET
    serial: Part = UNSET
    payload_version: Part = UNSET
    summary: Part = UNSET
    coverage: Part = UNSET
    steps: Part = UNSET
    change_summary: Part = msgspec.field(default=UNSET, name="changeSummary")
    events: Part = UNSET
    drifts: Part = msgspec.field(default=UNSET, name="StackResourceDrifts")
    drift: Part = msgspec.field(default=UNSET, name="StackResourceDrift")
    drift_status: Part = msgspec.field(default=UNSET, name="StackDriftDetectionStatus")
    detail_type: Part = msgspec.field(default=UNSET, name="detail-type")
    template: Part = msgspec.field(default=UNSET, name="AWSTemplateFormatVersion")
    cloud_resources: Part = msgspec.field(default=UNSET, name="Resources")
    evaluations: Part = msgspec.field(default=UNSET, name="EvaluationResults")
    prelude: Part = msgspec.field(default=UNSET, name="preludeEvent")
    resource_event: Part = msgspec.field(default=UNSET, name="resourcePreEvent")


_STATE = "This is Terraform's state as JSON (`terraform show -json` without a plan file), not a plan."
_TFSTATE = "This is a Terraform state file (tfstate), not a plan. It holds secrets: do not send it anywhere."
_REDACTED = "This is HCP Terraform's redacted plan, which lacks what is needed here. Send the output of json-output."
_SCHEMAS = "These are provider schemas (`terraform providers schema -json`), not a plan."
_TEMPLATE = "This is a CloudFormation template, not a report. Only Terraform and OpenTofu plans are read: "

# The first row whose question is answered with yes names the document.
_KINDS: tuple[tuple[Callable[[Marks], object], Refused], ...] = (
    (lambda m: m.plan_format_version and m.provider_schemas, unsupported(_REDACTED)),
    (lambda m: m.provider_schemas, wrong_file(f"{_SCHEMAS} {MAKE_PLAN}")),
    (lambda m: m.format_version and m.values, wrong_file(f"{_STATE} {MAKE_PLAN}")),
    (lambda m: m.lineage and m.serial, wrong_file(f"{_TFSTATE} {MAKE_PLAN}")),
    (lambda m: m.payload_version, unsupported(f"This is an HCP Terraform notification, {_OTHER_TOOL}")),
    (lambda m: m.summary and m.coverage, unsupported(f"This is a driftctl scan, {_OTHER_TOOL}")),
    (
        lambda m: m.steps or m.change_summary or m.events or m.prelude or m.resource_event,
        unsupported(f"This looks like Pulumi's output, {_OTHER_TOOL}"),
    ),
    (
        lambda m: m.drifts or m.drift or m.drift_status,
        unsupported(f"This is CloudFormation's drift result, {_OTHER_TOOL}"),
    ),
    (lambda m: m.detail_type or m.evaluations, unsupported(f"This looks like AWS Config, {_OTHER_TOOL}")),
    (lambda m: m.template or m.cloud_resources, unsupported(_TEMPLATE + _SHOW)),
)


def foreign(marks: Marks) -> Refused:
    """The refusal of a JSON object that is no plan."""
    for is_it, refusal in _KINDS:
        if is_it(marks):
            return refusal
    return wrong_file(f"This JSON object is no Terraform or OpenTofu plan: it has none of a plan's keys. {MAKE_PLAN}")
