"""What other people's tools printed, each file read in place: the right count, or the right refusal.

The numbers were counted in the files. They come with other projects' tests and manuals, so many show no drift at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from driftsentry.ingest import Hints, Refused, Scan, parse, unpack
from tests.ingest import samples

# What a report without a drift means for one that is open: that it is gone, nothing, nothing because this tool tells
# of none, or nothing because the run failed.
Missing = Literal["gone", "unknown", "never told", "failed"]


@dataclass(frozen=True)
class Row:
    """What is right for one file: a reading, or a refusal with its words. `direction` is told beside the body."""

    format: str = ""
    detected: int = 0
    informational: int = 0
    missing: Missing = "unknown"
    direction: Literal["refresh", "preview"] | None = None
    refusal: tuple[int, str] = (0, "")
    words: tuple[str, ...] = ()


def plan(detected: int = 0, informational: int = 0, missing: Missing = "unknown") -> Row:
    return Row("terraform_plan", detected, informational, missing)


def log(missing: Missing = "unknown") -> Row:
    return Row("terraform_log", missing=missing)


def stack(detected: int = 0) -> Row:
    return Row("cloudformation", detected, missing="gone")


def scan(detected: int, unmanaged: int, missing: Missing = "gone") -> Row:
    return Row("driftctl", detected, unmanaged, missing)


def preview(detected: int, informational: int = 0, missing: Missing = "gone") -> Row:
    return Row("pulumi", detected, informational, missing, "preview")


def refused(status: int, code: str, *words: str) -> Row:
    return Row(refusal=(status, code), words=words)


APPLIED = refused(422, "UNSUPPORTED_FORMAT", "log of an apply", "terraform show -json")
EXPECTED: dict[str, Row] = {
    "awsconfig/awscli-get-compliance-details-by-config-rule.json": refused(415, "UNSUPPORTED_FORMAT", "AWS Config"),
    "cfn/awscli-describe-stack-drift-detection-status.json": refused(
        422, "VALIDATION_ERROR", "only says", "describe-stack-resource-drifts"
    ),
    "cfn/awscli-describe-stack-resource-drifts.json": stack(1),
    "cfn/awscli-detect-stack-set-drift.json": refused(422, "UNSUPPORTED_FORMAT", "no report"),
    "cfn/awsdocs-detect-drift-stack.json": stack(1),
    "cfn/cfn101-all-in-sync.json": stack(0),
    "cfn/cfn101-queue-modified.json": stack(1),
    # Of driftctl: missing and different ones are drift; what no code describes is counted, and alarms nobody.
    "driftctl/fmt-input_stdin_valid.json": scan(3, 11),
    "driftctl/output_plan-as-tfplan.json": plan(missing="never told"),
    "driftctl/v0_38-2022-output-deep.json": scan(4, 2),
    "driftctl/v0_38-analyser-output.json": scan(3, 2),
    "driftctl/v0_40-output-empty.json": scan(0, 0, "unknown"),
    "driftctl/v0_40-output.json": scan(2, 2),
    "driftctl/v0_7-2021-04-output.json": scan(3, 2),
    "hcp/terraform157-import-config-gen-redacted.json": plan(),
    "pulumi/drift-adopter-aws_secret_input.json": preview(3),
    "pulumi/drift-adopter-command_with_triggers.json": preview(3, missing="unknown"),
    "pulumi/drift-adopter-engine_events_update.json": preview(1),
    "pulumi/drift-adopter-events_with_deps.json": preview(0, 2, "unknown"),  # the program dropped two
    "pulumi/drift-adopter-small_scale_10_replace.json": preview(4, 1),
    "pulumi/pulumi-display-destroy-with-components.json": refused(422, "VALIDATION_ERROR", "direction="),
    "tf-ui-log/opentofu-eq-drift_refresh_only-apply.json": APPLIED,
    "tf-ui-log/opentofu-eq-drift_relevant_attributes-apply.json": APPLIED,
    "tf-ui-log/opentofu-eq-local_provider_update-apply.json": APPLIED,
    "tf-ui-log/terraform157-apply-json-with-provisioner-error-apply.jsonl": APPLIED,
    "tf-ui-log/terraform157-apply-json-with-provisioner-error-plan.jsonl": log(),
    "tf-ui-log/terraform157-plan-import-config-gen-plan.jsonl": log(),
    "tf-ui-log/terraform157-plan-json-error-plan.jsonl": log("failed"),
    "tf-ui-log/terraform157-plan-json-full-plan.jsonl": log("gone"),  # it shows what it refreshed
    "tfplan/gcp-validator-full_container_cluster.json": plan(),
    "tfplan/infracost-azure_firewall_plan.json": plan(),
    "tfplan/infracost-example_plan.json": plan(),
    # Empty tags; and a disk that aws_volume_attachment of the same code has attached.
    "tfplan/infracost-instance_with_attachment_after_deploy.json": plan(0, 2),
    "tfplan/infracost-plan_with_target.json": plan(0, 1),
    "tfplan/infracost-terraform_v0.14_plan.json": plan(missing="never told"),
    "tfplan/opentofu-eq-basic_json_string_update.json": plan(),
    "tfplan/opentofu-eq-basic_set_update.json": plan(),
    "tfplan/opentofu-eq-data_read.json": plan(),
    "tfplan/opentofu-eq-drift_refresh_only.json": plan(1, missing="gone"),
    "tfplan/opentofu-eq-drift_relevant_attributes.json": plan(1),
    "tfplan/opentofu-eq-drift_simple.json": plan(1),
    "tfplan/opentofu-eq-multiple_block_types_update.json": plan(),
    "tfplan/opentofu-eq-nested_set_update.json": plan(),
    "tfplan/opentofu-showjson-basic-delete.json": plan(),
    "tfplan/opentofu-showjson-conditions-refresh-only.json": plan(missing="gone"),
    "tfplan/opentofu-showjson-drift.json": plan(1),
    "tfplan/opentofu-showjson-modules.json": plan(),
    "tfplan/opentofu-showjson-multi-resource-update.json": plan(missing="never told"),  # of Terraform 0.13
    "tfplan/opentofu-showjson-plan-error.json": plan(missing="failed"),
    "tfplan/opentofu-showjson-requires-replace.json": plan(),
    "tfplan/opentofu-showjson-sensitive-values.json": plan(),
    "tfplan/opentofu-showjson-unknown-output.json": plan(missing="gone"),  # no resource, neither in code nor in state
    "tfplan/terraform157-eq-drift_refresh_only.json": plan(1, missing="gone"),
    "tfplan/terraform157-eq-drift_relevant_attributes.json": plan(1),
    "tfplan/terraform157-eq-drift_simple.json": plan(1),
    "tfplan/terraform157-showjson-drift.json": plan(1),
    "tfplan/terraform157-showjson-provider-version-no-config.json": plan(),
    "tfplan/terraform157-showjson-requires-replace.json": plan(),
    "tfplan/tfjson-110_sensitive_values-plan.json": plan(),
    "tfplan/tfjson-120_basic-plan.json": plan(),
    "tfplan/tfjson-action_reason-plan.json": plan(),
    "tfplan/tfjson-actions-plan.json": plan(),  # `plan -invoke`: it looks at one action, whatever `complete` says
    "tfplan/tfjson-basic-plan-0.15.json": plan(missing="never told"),
    "tfplan/tfjson-basic-plan.json": plan(missing="never told"),
    "tfplan/tfjson-explicit_null-plan.json": plan(missing="never told"),
    "tfplan/tfjson-has_changes-plan.json": plan(missing="never told"),
    "tfplan/tfjson-moved_block-plan.json": plan(),
    "tfplan/tfjson-sanitize-basic.json": plan(missing="never told"),
}
COLUMNS = "{:<72} {:<16} {:>8} {:>13}  {:<10}  {}"

pytestmark = pytest.mark.skipif(not samples.PUBLIC.exists(), reason="the public samples are not on this machine")


def read(name: str, row: Row) -> Scan | Refused:
    body = unpack((samples.PUBLIC / name).read_bytes(), content_encoding="")
    try:
        return parse(body, stack=samples.STACK, key=samples.KEY, hints=Hints(direction=row.direction))
    except Refused as refusal:
        return refusal


def missing(found: Scan) -> Missing:
    if found.resolves:
        return "gone"
    if found.is_errored:
        return "failed"
    return "unknown" if found.has_drift_data else "never told"


def told(found: Scan | Refused, row: Row) -> Row:
    """What was read, as a row; of the words those that are in the refusal."""
    if isinstance(found, Refused):
        words = tuple(word for word in row.words if word in found.message)
        return refused(found.status, found.code, *words)
    causes = Counter(finding.cause for finding in found.findings)
    counts = causes["out_of_band"], causes["informational"]
    return Row(found.format, *counts, missing(found), row.direction)


def line(name: str, row: Row, found: Scan | Refused) -> str:
    if isinstance(found, Refused):
        return COLUMNS.format(name, "refused", "", "", "", f"{found.status} {found.message}")[:200]
    told_of = found.incomplete_reason or ("" if row.direction is None else f"direction={row.direction}")
    return COLUMNS.format(name, row.format, row.detected, row.informational, row.missing, told_of)[:200]


def test_every_public_file_gives_the_right_count_or_the_right_refusal(
    record_property: Callable[[str, object], None],
) -> None:
    """Prints the table at the end of the run."""
    read_all = {name: (row, read(name, row)) for name, row in EXPECTED.items()}
    head = COLUMNS.format("public file", "read as", "detected", "informational", "missing is", "says")
    lines = [line(name, told(found, row), found) for name, (row, found) in read_all.items()]
    record_property("table", "\n".join([head, *lines]))
    wrong = {name: told(found, row) for name, (row, found) in read_all.items() if told(found, row) != row}
    assert wrong == {}, "\n".join(f"{name}: {EXPECTED[name]} was expected" for name in wrong)


def test_every_public_file_is_in_the_table() -> None:
    files = (path for path in Path(samples.PUBLIC).rglob("*") if path.is_file() and path.name != "INDEX.tsv")
    assert {str(path.relative_to(samples.PUBLIC)) for path in files} == set(EXPECTED)
