"""A wrong file is told what it is, and which command makes the right one."""

from __future__ import annotations

import json

import pytest

from driftsentry.ingest import Hints, Refused
from tests.ingest import samples


def refusal(body: bytes, hints: Hints | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        samples.read(body, hints)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("wrong/terraform-show-json-of-a-STATE.json", "state"),
        ("wrong/binary-planfile.tfplan", "binary plan"),
        ("wrong/human-plan-output.txt", "text for people"),
        ("wrong/providers-schema.json.truncated-1MB", "provider schemas"),
        ("tf-ui-log/gen-tf1.11-shop-fresh-normal.jsonl", "log stream"),
        ("tf-ui-log/gen-crlf-and-stderr-mixed.jsonl", "log stream"),
        ("story/4-more-drift/stream.jsonl", "log stream"),
    ],
)
def test_a_recorded_wrong_file_is_named_and_the_right_command_given(name: str, says: str) -> None:
    found = refusal(samples.body(name))
    assert found.code == "UNSUPPORTED_FORMAT"
    assert says in found.message
    assert "terraform show -json" in found.message


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"version": 4, "terraform_version": "1.5.0", "serial": 3, "lineage": "x", "resources": []}, "tfstate"),
        ({"plan_format_version": "1.2", "provider_schemas": {}, "resource_drift": []}, "redacted"),
        ({"payload_version": 1, "notifications": []}, "HCP Terraform notification"),
        ({"summary": {"total_resources": 3}, "managed": None, "coverage": 40}, "driftctl"),
        ({"steps": [{"op": "update", "urn": "urn:pulumi:a::b::c::d"}], "duration": 1}, "Pulumi"),
        ({"changeSummary": {"same": 3}}, "Pulumi"),
        ({"StackResourceDrifts": []}, "CloudFormation"),
        ({"detail-type": "Config Configuration Item Change"}, "AWS Config"),
        ({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}, "CloudFormation template"),
        ({"format_version": "1.0", "provider_schemas": {}}, "provider schemas"),
        ({"hello": "world"}, "no Terraform or OpenTofu plan"),
        ({}, "no Terraform or OpenTofu plan"),
    ],
)
def test_other_tools_are_recognized_by_their_keys(document: dict[str, object], says: str) -> None:
    found = refusal(json.dumps(document).encode())
    assert (found.code, says in found.message) == ("UNSUPPORTED_FORMAT", True)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"<!doctype html><html></html>", "HTML"),
        (b"AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  A:\n", "YAML"),
        (b"[1, 2]", "JSON list"),
        (b"\x1f\x8b\x08abc", "gzip twice"),
        (b"ELF\0\0", "binary"),
        (b"hello there", "not JSON"),
    ],
)
def test_what_is_no_json_object_is_named(body: bytes, says: str) -> None:
    assert says in refusal(body).message


def test_a_truncated_plan_gives_the_position_where_it_ends() -> None:
    found = refusal(samples.body("tfplan-encoding/truncated.json"))
    assert found.status == 400
    assert "byte offset 6559" in found.message
    assert "cut" in found.message


def test_text_before_the_json_is_pointed_at() -> None:
    found = refusal(b"Running terraform show\nok\n" + samples.plan())
    assert "text before the JSON" in found.message
    assert "line 3, column 1, byte offset 26" in found.message


def test_text_after_the_json_is_pointed_at() -> None:
    document = samples.plan()
    found = refusal(document + b"\nCleaning up\n")
    assert "text after the JSON" in found.message
    assert f"line 2, column 1, byte offset {len(document) + 1}" in found.message


def test_two_documents_in_one_body_are_refused_with_the_start_of_the_second() -> None:
    document = samples.plan()
    found = refusal(document + b"\n" + document)
    assert "two JSON documents" in found.message
    assert f"byte offset {len(document) + 1}" in found.message


def test_no_refusal_repeats_anything_of_the_body() -> None:
    for broken in (b'{"format_version":"1.2","x":"HUNTER2', b"HUNTER2", b'{"HUNTER2":1}', b'{"a":HUNTER2}'):
        found = refusal(broken)
        assert "HUNTER2" not in repr(found) + found.message


def test_a_format_that_is_not_read_is_refused_whatever_the_body_is() -> None:
    found = refusal(samples.plan(), Hints(format="pulumi"))
    assert (found.status, found.code) == (415, "UNSUPPORTED_FORMAT")


@pytest.mark.parametrize("name", [None, "", "terraform_plan"])
def test_the_format_may_be_said_or_left_to_be_found_out(name: str | None) -> None:
    assert samples.read(samples.plan(), Hints(format=name)).format == "terraform_plan"


@pytest.mark.skipif(not samples.PUBLIC.exists(), reason="the public samples are not on this machine")
def test_public_plans_are_read_and_public_reports_of_other_tools_refused() -> None:
    plans: list[bytes] = []
    others: list[bytes] = []
    for path in samples.PUBLIC.rglob("*.json*"):
        is_plan = path.parent.name in ("tfplan", "hcp") or "as-tfplan" in path.name
        (plans if is_plan else others).append(path.read_bytes())
    assert all(samples.read(body).tool in ("terraform", "opentofu") for body in plans)
    assert {refusal(body).code for body in others} == {"UNSUPPORTED_FORMAT"}
    assert (len(plans) >= 30, len(others) >= 20) == (True, True)
