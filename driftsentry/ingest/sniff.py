"""What a body is, told by its content: the format that reads it, or for a wrong file a sentence that helps."""

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
_EMPTY = "The body is empty: the command that should have made the report printed nothing. " + MAKE_PLAN

_human = re.compile(
    rb"Terraform (?:will perform|used the selected|detected the following|has been successfully|planned the following)"
    rb"|OpenTofu (?:will perform|used the selected|detected the following|planned the following)"
    rb"|Objects have changed outside of (?:Terraform|OpenTofu)|No changes\. |Plan: [0-9]+ to (?:add|import)"
    rb"|Refreshing state\.\.\.|Acquiring state lock"
)
_yaml = re.compile(rb"(?m)\A(?:---|%YAML)|^[A-Za-z_][\w.-]{0,80}:(?:[ \t]|\r?$)")
_json_start = re.compile(rb"(?m)^[ \t]{0,64}[{\[]")
_plan_start = re.compile(rb'\s{0,64}\{\s{0,64}"(?:format_version|plan_format_version)"')
_inner_plan = re.compile(rb'\{\s{0,64}"(?:format_version|plan_format_version)"')
_log_line = re.compile(
    rb'(?m)^\{"@level":"[a-z]{0,10}","@message":"(?:[^"\\\n]|\\.)*","@module":"(?:terraform|tofu)\.ui"'
)
# Terraform's own debug log (TF_LOG=json) has the same keys, and other modules.
UI_MODULES = (Raw(b'"terraform.ui"'), Raw(b'"tofu.ui"'))

_HEAD = 262_144
_FAR = 4 * _HEAD


def unsupported(message: str) -> Refused:
    return Refused(415, "UNSUPPORTED_FORMAT", message)


def wrong_file(message: str) -> Refused:
    return Refused(422, "UNSUPPORTED_FORMAT", message)


class MoreFollows(Refused):
    """A document is whole, but there is something behind it: text, or another document."""

    def __init__(self) -> None:
        super().__init__(400, "VALIDATION_ERROR", "There is text after the JSON document.")


def begins_as_plan(body: bytes) -> bool:
    """As every version writes it: the format's version is the first key."""
    return _plan_start.match(body) is not None


def is_log(body: bytes) -> bool:
    """Whether there are lines of a log of Terraform, after other text perhaps; not so for the elements of a list."""
    found = _log_line.search(body, 0, _FAR)
    return found is not None and body[max(0, found.start() - 64) : found.start()].rstrip()[-1:] not in (b"[", b",")


def refuse_binary(body: bytes) -> None:
    """Raises Refused for what cannot hold a JSON document at all."""
    if body.startswith(b"PK\x03\x04"):
        raise wrong_file(f"This is a binary plan file. Run `terraform show -json` on it. {_SHOW}")
    if body.startswith(GZIP_MAGIC):
        raise wrong_file("This file is packed with gzip twice. Pack it once, or not at all.")
    start = body[:4096].lstrip()
    if not start and not body.strip():
        raise Refused(400, "VALIDATION_ERROR", _EMPTY)
    if start.startswith(b"<"):
        raise unsupported(f"This is HTML or XML, perhaps an error page that was saved as the report. {MAKE_PLAN}")
    if b"\0" in start:
        raise unsupported(f"This is a binary file. {_SHOW}")


def refuse_text(body: bytes) -> Refused:
    """For text without any document that starts a line."""
    start = body[:4096].lstrip()
    plan = _inner_plan.search(body, 0, _FAR)
    if not plan and _human.search(body[:_HEAD]):
        return unsupported(f"This is the plan as text for people. {MAKE_PLAN}")
    found = plan or _json_start.search(body, 0, _FAR)
    if found:
        message = "There is text on the line where the JSON document starts"
        return Refused(400, "VALIDATION_ERROR", f"{message} (at {where(body, found.start())}). {_SHOW}")
    if _yaml.search(start):
        return unsupported(f"This looks like YAML, which no tool reports drift in. {_SHOW}")
    return unsupported(f"This is not JSON. {MAKE_PLAN}")


class Marks(msgspec.Struct, gc=False):
    """Top-level keys that tell the formats apart, undecoded."""

    driftsentry: Part = UNSET
    format_version: Part = UNSET
    plan_format_version: Part = UNSET
    planned_values: Part = UNSET
    resource_changes: Part = UNSET
    resource_drift: Part = UNSET
    provider_schemas: Part = UNSET
    values: Part = UNSET
    lineage: Part = UNSET
    serial: Part = UNSET
    payload_version: Part = UNSET
    level: Part = msgspec.field(default=UNSET, name="@level")
    log_message: Part = msgspec.field(default=UNSET, name="@message")
    module: Part = msgspec.field(default=UNSET, name="@module")
    summary: Part = UNSET
    coverage: Part = UNSET
    steps: Part = UNSET
    change_summary: Part = msgspec.field(default=UNSET, name="changeSummary")
    events: Part = UNSET
    sequence: Part = UNSET
    timestamp: Part = UNSET
    drifts: Part = msgspec.field(default=UNSET, name="StackResourceDrifts")
    drift: Part = msgspec.field(default=UNSET, name="StackResourceDrift")
    detection: Part = msgspec.field(default=UNSET, name="StackDriftDetectionId")
    detail_type: Part = msgspec.field(default=UNSET, name="detail-type")
    template: Part = msgspec.field(default=UNSET, name="AWSTemplateFormatVersion")
    cloud_resources: Part = msgspec.field(default=UNSET, name="Resources")
    evaluations: Part = msgspec.field(default=UNSET, name="EvaluationResults")
    api_version: Part = msgspec.field(default=UNSET, name="apiVersion")
    items: Part = UNSET


Question: TypeAlias = Callable[[Marks], object]


def _is_plan(marks: Marks) -> object:
    return marks.plan_format_version or (
        marks.format_version and (marks.planned_values or marks.resource_changes or marks.resource_drift)
    )


# `fields=` of the request may leave only the last of them.
_ARGO_STATES = (b'"liveState"', b'"targetState"', b'LiveState"')


def _is_of_argo(marks: Marks) -> object:
    items = bytes(memoryview(marks.items)[:_HEAD]) if isinstance(marks.items, Raw) else b""
    version = bytes(memoryview(marks.api_version)[:32]) if isinstance(marks.api_version, Raw) else b""
    return version.startswith(b'"argoproj.io/') or any(key in items for key in _ARGO_STATES)


# The first row whose question is answered with yes names the format.
_FORMATS: tuple[tuple[Question, str], ...] = (
    (lambda m: m.driftsentry, "plain"),
    (_is_plan, "terraform_plan"),
    (lambda m: m.level and m.log_message and (m.module is UNSET or m.module in UI_MODULES), "terraform_log"),
    (lambda m: m.summary and m.coverage, "driftctl"),
    (lambda m: m.steps or m.change_summary or m.events or (m.sequence and m.timestamp), "pulumi"),
    (lambda m: m.drifts or m.drift or m.detection, "cloudformation"),
    (_is_of_argo, "argocd"),
)

_STATE = "This is Terraform's state as JSON (`terraform show -json` without a plan file), not a plan."
_TFSTATE = "This is a Terraform state file (tfstate), not a plan. It holds secrets: do not send it anywhere."
_SCHEMAS = "These are provider schemas (`terraform providers schema -json`), not a plan."
_NOTIFICATION = (
    "This is an HCP Terraform notification. Send it to /api/v1/notifications/TOKEN/STACK, where its signature "
    "is verified: the pages show that address beside a new token."
)
_TEMPLATE = (
    "This is a CloudFormation template, not a report. Send the output of "
    "`aws cloudformation describe-stack-resource-drifts --stack-name STACK`."
)
_CONFIG = (
    "This looks like AWS Config, which tells of changes, meant or not, and compares nothing with code. "
    "Send what compares: a plan of Terraform, or CloudFormation's drift results."
)

_WRONG: tuple[tuple[Question, Refused], ...] = (
    (lambda m: m.provider_schemas, wrong_file(f"{_SCHEMAS} {MAKE_PLAN}")),
    (lambda m: m.format_version and m.values, wrong_file(f"{_STATE} {MAKE_PLAN}")),
    (lambda m: m.lineage and m.serial, wrong_file(f"{_TFSTATE} {MAKE_PLAN}")),
    (lambda m: m.payload_version, unsupported(_NOTIFICATION)),
    (lambda m: m.detail_type or m.evaluations, unsupported(_CONFIG)),
    (lambda m: m.template or m.cloud_resources, unsupported(_TEMPLATE)),
)
_UNKNOWN = wrong_file(f"This JSON object is no report of a tool that is known here. {MAKE_PLAN}")


def format_of(marks: Marks) -> str | None:
    """The name of the format that reads such a document."""
    return next((name for is_it, name in _FORMATS if is_it(marks)), None)


def foreign(marks: Marks) -> Refused:
    """The refusal of a JSON object that nothing here reads."""
    return next((refusal for is_it, refusal in _WRONG if is_it(marks)), _UNKNOWN)
