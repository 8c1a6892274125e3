"""Case 24: how a body becomes documents. Text around them is no obstacle; two reports are, with their positions."""

from __future__ import annotations

import json
import time

import pytest

from driftsentry.ingest import Refused, Scan, mask_document
from tests.ingest import samples

PLAN = samples.plan(samples.entry({"a": 1}, {"a": 2}))
PRETTY = json.dumps(json.loads(PLAN), indent=2).encode()
SORTED = json.dumps(json.loads(PLAN), sort_keys=True).encode()
EXPECTED = samples.read(PLAN)


def refusal(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        samples.read(body)
    assert caught.value.__cause__ is None
    return caught.value


# What the wrapper of the setup action for GitHub prints around the output of every command, in two ways.
WRAPPED = (
    b"[command]/opt/hosted/terraform-bin show -json tfplan\n" + PLAN + b"\n\n::debug::Terraform exited with code 0.\n"
    b"::debug::stdout: " + PLAN + b"%0A\n::set-output name=stdout::" + PLAN + b"%0A\n::set-output name=exitcode::0\n"
)


@pytest.mark.parametrize(
    "body",
    [
        b"Running terraform show\nok\n" + PLAN,
        PLAN + b"\nCleaning up\n",
        PLAN + b" done\n",
        WRAPPED,
        WRAPPED.replace(b"\n", b"\r\n"),
        WRAPPED.replace(PLAN + b"\n\n", PRETTY + b"\n\n"),
        b"```json\n" + PRETTY + b"\n```\n",
        b"[Pipeline] sh\n{ echo }\n[1/3] planning\n" + PLAN + b"\n[Pipeline] end\n",
        b'{"level":"info","msg":"starting {\\"format_version\\":\\"1.2\\"}"}\n' + PLAN,
        b"echo '" + PLAN + b"'\n" + PLAN,
        b"\xef\xbb\xbf" + b"note\n" + PLAN,
        b"[" + PLAN + b"]",
        SORTED,
        b"text\n" + SORTED + b"\ntext",
        b"  \n\t" + PLAN + b"\n\n",
    ],
)
def test_case_24_one_plan_is_found_between_other_text(body: bytes) -> None:
    assert samples.read(body) == EXPECTED
    assert samples.read(mask_document(body, stack=samples.STACK)) == EXPECTED


@pytest.mark.parametrize(
    "between", [b"\n", b"", b"\nthe next one:\n", b" ", b"\n" + json.dumps({"x": 1}).encode() + b"\n"]
)
def test_case_24_two_plans_are_refused_with_both_positions(between: bytes) -> None:
    found = refusal(b"ok\n" + PLAN + between + PLAN)
    assert (found.status, found.code) == (400, "VALIDATION_ERROR")
    assert "two reports in this body" in found.message
    assert "byte offset 3," in found.message
    assert f"byte offset {3 + len(PLAN) + len(between)}." in found.message
    assert "Send each one" in found.message


def test_case_24_reports_of_two_tools_are_refused_by_name() -> None:
    driftctl = b'{"summary":{"total_resources":1},"coverage":10}'
    found = refusal(PLAN + b"\n" + driftctl)
    assert "a plan of Terraform or OpenTofu at line 1" in found.message
    assert "a scan of driftctl at line 2" in found.message


def test_case_24_a_second_plan_that_is_cut_is_no_text() -> None:
    found = refusal(PLAN + b"\n" + PLAN[:-20])
    assert (found.status, "cut" in found.message) == (400, True)
    assert f"byte offset {len(PLAN) * 2 + 1 - 20}:" in found.message


def test_case_24_json_that_starts_in_a_line_is_pointed_at() -> None:
    found = refusal(b"output: " + PLAN)
    assert "text on the line" in found.message
    assert "line 1, column 9, byte offset 8" in found.message


def test_a_plan_inside_a_value_is_a_value() -> None:
    quoted = {"a": "before\n" + PLAN.decode() + "\n" + PRETTY.decode()}
    inner = samples.plan(samples.entry({"a": 1}, quoted))
    assert len(samples.read(b"text\n" + inner + b"\ntext").findings) == 1
    assert "no report of a tool" in refusal(json.dumps({"log": PLAN.decode()}).encode()).message


def test_what_is_broken_is_pointed_at() -> None:
    assert "byte offset 8 on" in refusal(b'ok\n{"a":x}').message
    broken = PLAN.replace(b'"complete":true', b'"complete":yes')
    assert f"not valid JSON, from line 1, column {broken.index(b'yes') + 1}," in refusal(broken).message


def test_several_documents_of_a_tool_that_means_it_are_one_report() -> None:
    pages = [
        {"StackResourceDrifts": [_drift("A")], "NextToken": "more"},
        {"StackResourceDrifts": [_drift("B")]},
    ]
    texts = [json.dumps(page).encode() for page in pages]
    pretty = [json.dumps(page, indent=4).encode() for page in pages]
    found: list[Scan] = [
        samples.read(b"\n".join(texts)),
        samples.read(b"".join(texts)),
        samples.read(b"page 1\n" + b"\npage 2\n".join(pretty)),
        samples.read(json.dumps(pages).encode()),
    ]
    assert {finding.address for finding in found[0].findings} == {"A", "B"}
    assert all(other == found[0] for other in found)


def _drift(name: str) -> dict[str, object]:
    return {
        "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/x/y",
        "LogicalResourceId": name,
        "ResourceType": "AWS::SQS::Queue",
        "StackResourceDriftStatus": "DELETED",
        "Timestamp": "2026-11-21T19:11:44Z",
    }


def test_finding_documents_takes_linear_time() -> None:
    def taken(lines: int) -> float:
        body = b'{"a":[1,2,3],"b":"x"}\n[x] text\n' * lines + PLAN
        start = time.process_time()
        assert len(samples.read(body).findings) == 1
        return time.process_time() - start

    taken(100)
    assert taken(20_000) < 30 * min(taken(2_000) for _ in range(3))
