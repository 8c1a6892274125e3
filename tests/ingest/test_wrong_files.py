"""Case 26: a wrong file is told what it is, and which command makes the right one."""

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
    ],
)
def test_case_26_a_recorded_wrong_file_is_named_and_the_right_command_given(name: str, says: str) -> None:
    found = refusal(samples.body(name))
    assert found.code == "UNSUPPORTED_FORMAT"
    assert says in found.message
    assert "terraform show -json" in found.message


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"version": 4, "terraform_version": "1.5.0", "serial": 3, "lineage": "x", "resources": []}, "tfstate"),
        ({"payload_version": 1, "notifications": []}, "/notifications/"),
        ({"version": 4, "serial": 3, "lineage": "x", "payload_version": 1}, "tfstate"),
        ({"detail-type": "Config Configuration Item Change"}, "AWS Config"),
        ({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}, "CloudFormation template"),
        ({"format_version": "1.0", "provider_schemas": {}}, "provider schemas"),
        ({"detail": 1, "EvaluationResults": []}, "AWS Config"),
        ({"hello": "world"}, "no report of a tool"),
        ({}, "no report of a tool"),
    ],
)
def test_case_26_wrong_documents_are_recognized_by_their_keys(document: dict[str, object], says: str) -> None:
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
        (b"[]", "empty JSON list"),
        (b"\x1f\x8b\x08abc", "gzip twice"),
        (b"ELF\0\0", "binary"),
        (b"hello there", "not JSON"),
    ],
)
def test_what_is_no_json_object_is_named(body: bytes, says: str) -> None:
    assert says in refusal(body).message


def test_no_refusal_repeats_anything_of_the_body() -> None:
    for broken in (b'{"format_version":"1.2","x":"HUNTER2', b"HUNTER2", b'{"HUNTER2":1}', b'{"a":HUNTER2}'):
        found = refusal(broken)
        assert "HUNTER2" not in repr(found) + found.message


def test_an_unknown_format_is_refused_with_the_names_of_all() -> None:
    found = refusal(samples.plan(), Hints(format="terraform"))
    assert (found.status, found.code) == (415, "UNSUPPORTED_FORMAT")
    for name in ("terraform_plan", "terraform_log", "driftctl", "pulumi", "cloudformation", "argocd", "plain"):
        assert name in found.message


@pytest.mark.parametrize("name", [None, "", "terraform_plan"])
def test_the_format_may_be_said_or_left_to_be_found_out(name: str | None) -> None:
    assert samples.read(samples.plan(), Hints(format=name)).format == "terraform_plan"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (samples.plan(), "driftctl"),
        (samples.plan(), "cloudformation"),
        (samples.plan(), "terraform_log"),
        (samples.body("tf-ui-log/gen-tf1.11-life-normal.jsonl"), "terraform_plan"),
        (samples.body("tf-ui-log/gen-tf1.11-life-normal.jsonl"), "driftctl"),
    ],
)
def test_a_format_that_was_said_overrides_what_the_body_looks_like(body: bytes, name: str) -> None:
    assert refusal(body, Hints(format=name)).status in (400, 415, 422)
