"""CloudFormation's drift results: one page or several."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftsentry.ingest import Hints
from driftsentry.ingest.formats import cloudformation
from tests.ingest import surveys

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/489e5570"
EXPECTED = {"DelaySeconds": 20, "Tags": [{"Key": "team", "Value": "a"}], "MasterUserPassword": "****"}
ACTUAL = {"DelaySeconds": 120, "Tags": [], "MasterUserPassword": "****", "Policy": {"b": 1, "a": 2}}


def drift(name: str, status: str, **parts: object) -> dict[str, object]:
    return {
        "StackId": STACK,
        "LogicalResourceId": name,
        "ResourceType": "AWS::SQS::Queue",
        "StackResourceDriftStatus": status,
        "Timestamp": "2018-03-26T17:23:34.489Z",
    } | parts


def modified(name: str, *differences: dict[str, object], **parts: object) -> dict[str, object]:
    sides = {"ExpectedProperties": json.dumps(EXPECTED), "ActualProperties": json.dumps(ACTUAL)}
    return drift(name, "MODIFIED", **(sides | {"PropertyDifferences": list(differences)} | parts))


def differs(path: str, expected: str, actual: str, kind: str = "NOT_EQUAL") -> dict[str, object]:
    return {"PropertyPath": path, "ExpectedValue": expected, "ActualValue": actual, "DifferenceType": kind}


def page(*drifts: dict[str, object], **parts: object) -> dict[str, object]:
    return {"StackResourceDrifts": list(drifts)} | parts


EVERYTHING = page(
    modified(
        "Queue",
        differs("/DelaySeconds", "20", "120"),
        differs("/Tags/0", '{"Key":"team","Value":"a"}', "null", "REMOVE"),
        differs("/Policy", "null", '{"b":1,"a":2}', "ADD"),
        differs("/MasterUserPassword", "****", "****"),
    ),
    drift("Gone", "DELETED"),
    drift("Fine", "IN_SYNC", PropertyDifferences=[]),
    drift("Alias", "UNSUPPORTED", ModuleInfo={"LogicalIdHierarchy": "A/B"}),
)


def test_case_32_the_public_samples() -> None:
    def addresses(name: str) -> list[str]:
        return [what.address for what in surveys.read(cloudformation, surveys.public(f"cfn/{name}.json")).observed]

    assert addresses("awscli-describe-stack-resource-drifts") == ["function"]
    assert addresses("awsdocs-detect-drift-stack") == ["Queue"]
    assert addresses("cfn101-queue-modified") == ["Queue1"]
    assert addresses("cfn101-all-in-sync") == []
    status = surveys.public("cfn/awscli-describe-stack-drift-detection-status.json")
    assert "describe-stack-resource-drifts" in surveys.refusal(cloudformation, status)


def test_case_32_deleted_without_properties_and_in_sync_in_the_list() -> None:
    survey = surveys.read(cloudformation, EVERYTHING)
    assert [(what.address, what.action, what.is_unknown) for what in survey.observed] == [
        ("Queue", "update", False),
        ("Gone", "delete", False),
    ]
    assert survey.incomplete_reason == ""
    with_properties = page(drift("Gone", "DELETED", ExpectedProperties='{"Size": 1}'))
    assert surveys.only(surveys.read(cloudformation, with_properties)).differences[0].before == {"Size": 1}


def test_case_32_the_string_null_is_absent_and_values_have_their_types() -> None:
    queue = surveys.findings(surveys.read(cloudformation, EVERYTHING))["Queue"]
    assert (queue.resource_type, queue.provider, queue.cause) == ("AWS::SQS::Queue", "aws", "out_of_band")
    assert [(c.path, c.before, c.after) for c in queue.changes if not c.is_sensitive] == [
        (("DelaySeconds",), 20, 120),
        (("Tags", 0, "Key"), "team", None),
        (("Tags", 0, "Value"), "a", None),
        (("Policy", "a"), None, 2),
        (("Policy", "b"), None, 1),
    ]


def test_a_value_that_noecho_hides_has_changed_all_the_same() -> None:
    survey = surveys.read(cloudformation, EVERYTHING)
    secret = [c for c in surveys.findings(survey)["Queue"].changes if c.is_sensitive]
    assert [(c.path, c.noise) for c in secret] == [(("MasterUserPassword",), "")]
    assert surveys.scan(survey) == surveys.scan(surveys.read(cloudformation, EVERYTHING))
    one_side = page(modified("Q", differs("/Other", "****", "in clear"), ExpectedProperties=None))
    change = surveys.findings(surveys.read(cloudformation, one_side))["Q"].changes[0]
    assert change.is_sensitive
    assert (change.before, change.after) == (None, None)


def test_without_properties_the_bare_texts_are_the_values() -> None:
    rows = {
        ("PROVISIONED", "ON_DEMAND"): ("PROVISIONED", "ON_DEMAND"),
        ("20", "9007199254740993"): (20, 9007199254740993),
        ("true", "007"): (True, "007"),
        ('{"a": 1}', "{not json"): ({"a": 1}, "{not json"),
        ("null", '"quoted"'): (None, '"quoted"'),
    }
    for texts, values in rows.items():
        bare = drift("Q", "MODIFIED", PropertyDifferences=[differs("/A~1b/0/~0c", *texts)])
        difference = surveys.only(surveys.read(cloudformation, page(bare))).differences[0]
        assert (difference.before, difference.after) == values
        assert difference.path == ("A/b", 0, "~c")


def test_a_number_in_a_path_is_a_key_where_the_properties_have_an_object() -> None:
    sides = {"ExpectedProperties": '{"Variables": {"0": "a"}}', "ActualProperties": '{"Variables": {"0": "b"}}'}
    what = modified("F", differs("/Variables/0", "a", "b"), **sides)
    assert surveys.only(surveys.read(cloudformation, page(what))).differences[0].path == ("Variables", "0")


def test_without_differences_the_properties_are_compared_and_without_these_it_is_unknown() -> None:
    whole = surveys.only(surveys.read(cloudformation, page(modified("Q"))))
    assert [difference.path for difference in whole.differences] == [("DelaySeconds",), ("Policy",), ("Tags",)]
    bare = surveys.only(surveys.read(cloudformation, page(drift("Q", "MODIFIED"))))
    assert bare.is_unknown
    assert surveys.scan(surveys.read(cloudformation, page(drift("Q", "MODIFIED")))).findings[0].cause == "out_of_band"


def test_case_32_next_token_in_the_last_page_is_incomplete() -> None:
    first, second = page(drift("A", "DELETED"), NextToken="t"), page(drift("B", "DELETED"))
    both = surveys.read(cloudformation, first, second)
    assert (len(both.observed), both.incomplete_reason) == (2, "")
    alone = surveys.read(cloudformation, first, hints=Hints(complete=True))
    assert "NextToken" in alone.incomplete_reason


@pytest.mark.parametrize("status", ["NOT_CHECKED", "UNKNOWN", "SOMETHING_NEW"])
def test_what_nobody_looked_at_may_drift_unseen(status: str) -> None:
    body = page(drift("A", status), drift("B", "IN_SYNC"))
    survey = surveys.read(cloudformation, body)
    assert survey.observed == ()
    assert survey.incomplete_reason.startswith("not all was checked (NOT_CHECKED or UNKNOWN: 1)")
    assert surveys.read(cloudformation, body, hints=Hints(complete=True)).incomplete_reason == ""


def test_an_empty_list_is_what_a_stack_looks_like_that_was_never_looked_at() -> None:
    assert "never looked at" in surveys.read(cloudformation, page()).incomplete_reason
    status = {"StackDriftDetectionId": "x", "DetectionStatus": "DETECTION_COMPLETE", "StackDriftStatus": "IN_SYNC"}
    assert surveys.read(cloudformation, status, page()).incomplete_reason == ""


def test_a_single_resource_is_incomplete() -> None:
    survey = surveys.read(cloudformation, {"StackResourceDrift": modified("Q", differs("/DelaySeconds", "20", "120"))})
    assert "only single resources" in survey.incomplete_reason
    assert surveys.only(survey).differences[0].before == 20


def test_the_status_of_a_detection_alone_is_refused_with_what_to_send() -> None:
    rows = {
        "DETECTION_IN_PROGRESS": "still in progress",
        "DETECTION_FAILED": "failed",
        "DETECTION_COMPLETE": "not what",
    }
    for status, words in rows.items():
        message = surveys.refusal(cloudformation, {"StackDriftDetectionId": "x", "DetectionStatus": status})
        assert words in message
        assert "describe-stack-resource-drifts" in message
    failed = surveys.read(cloudformation, {"DetectionStatus": "DETECTION_FAILED"}, page(drift("A", "IN_SYNC")))
    assert (failed.is_errored, failed.incomplete_reason) == (True, "the drift detection failed")
    running = surveys.read(cloudformation, {"DetectionStatus": "DETECTION_IN_PROGRESS"}, page(drift("A", "IN_SYNC")))
    assert "in progress" in running.incomplete_reason


def test_times_in_every_form_and_the_latest_counts() -> None:
    forms = ("2023-05-23T08:42:44.951Z", "2023-05-23T10:42:44.951000+02:00", "2023-05-23 08:42:44.951000+00:00")
    for form in forms:
        older = drift("B", "IN_SYNC", Timestamp="2020-01-01T00:00:00Z")
        survey = surveys.read(cloudformation, page(drift("A", "IN_SYNC", Timestamp=form), older))
        assert survey.timestamp == datetime(2023, 5, 23, 8, 42, 44, 951_000, tzinfo=UTC)
    assert surveys.read(cloudformation, page(drift("A", "IN_SYNC", Timestamp="soon"))).timestamp is None


def test_modules_are_part_of_the_address() -> None:
    inside = drift("Vpc", "DELETED", ModuleInfo={"TypeHierarchy": "T", "LogicalIdHierarchy": "Inner/Outer"})
    what = surveys.only(surveys.read(cloudformation, page(inside)))
    assert (what.address, what.module_address, what.resource_name) == ("Inner/Outer/Vpc", "Inner/Outer", "Vpc")


def test_what_cannot_be_is_refused() -> None:
    again = drift("A", "DELETED")
    assert "already" in surveys.refusal(cloudformation, page(again, again))
    other = drift("B", "DELETED", StackId=STACK + "x")
    assert "several CloudFormation stacks" in surveys.refusal(cloudformation, page(again, other))
    assert surveys.refusal(cloudformation, page({"LogicalResourceId": 1})).startswith("StackResourceDrifts[0].Logical")
    assert surveys.refusal(cloudformation, page(), {"StackResourceDrifts": "SECRET"}).startswith(
        "document 2: StackResourceDrifts has"
    )
    assert "no name" in surveys.refusal(cloudformation, page(drift("", "DELETED")))
    assert "deeper" in surveys.refusal(cloudformation, page(modified("A", differs("/x" * 70, "1", "2"))))


def test_properties_that_are_hostile_are_as_good_as_none() -> None:
    for text in ("[" * 100_000, '{"a":' * 70 + "1" + "}" * 70, "null", "[1]", '{"a": 1e99999}', '"\\ud800"', "{"):
        body = page(modified("A", differs("/DelaySeconds", "20", "120"), ExpectedProperties=text))
        difference = surveys.only(surveys.read(cloudformation, body)).differences[0]
        assert (difference.before, difference.after) == (20, 120)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_page_is_read_or_refused(data: st.DataObject) -> None:
    surveys.holds(cloudformation, data.draw(surveys.mangled([EVERYTHING, page(drift("Last", "DELETED"))])), Hints())
