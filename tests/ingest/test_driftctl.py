"""driftctl, from its first version to its last."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from driftsentry.ingest import Hints
from driftsentry.ingest.formats import driftctl
from tests.ingest import surveys

SOURCE = {"source": "tfstate://terraform.tfstate", "namespace": "module.shop", "internal_name": "deploy"}


def scan(**parts: object) -> dict[str, object]:
    return {"summary": {"total_resources": 3}, "coverage": 33, "managed": None, "alerts": None} | parts


def changed(name: str, *changelog: dict[str, object]) -> dict[str, object]:
    return {"res": {"id": name, "type": "aws_s3_bucket"}, "changelog": list(changelog)}


EVERYTHING = scan(
    options={"deep": True, "only_managed": False, "only_unmanaged": False},
    missing=[{"id": "i-am", "type": "aws_iam_user", "source": SOURCE, "human_readable_attributes": {"Name": "x"}}],
    unmanaged=[{"id": "other", "type": "aws_iam_user", "human_readable_attributes": {"password": "p"}}],
    differences=[
        changed(
            "logs",
            {"type": "update", "path": ["tags", "a.b"], "from": "x", "to": "y", "computed": False},
            {"type": "create", "path": ["arn"], "from": None, "to": "arn:x", "computed": True},
        )
    ],
    alerts={"aws_sqs_queue": [{"message": "Listing aws_sqs_queue is forbidden: AccessDenied"}]},
    provider_name="AWS",
    scan_duration=12,
    date="2022-04-08T10:35:00Z",
)


def test_case_30_every_version_of_the_samples() -> None:
    def counts(name: str) -> tuple[int, int, int]:
        found = surveys.read(driftctl, surveys.public(f"driftctl/{name}.json")).observed
        actions = [what.action for what in found]
        return actions.count("delete"), actions.count("unmanaged"), actions.count("update")

    assert counts("v0_7-2021-04-output") == (2, 2, 1)
    assert counts("fmt-input_stdin_valid") == (2, 11, 1)
    assert counts("v0_38-analyser-output") == (2, 2, 1)
    assert counts("v0_38-2022-output-deep") == (2, 2, 2)
    assert counts("v0_40-output") == (2, 2, 0)
    assert counts("v0_40-output-empty") == (0, 0, 0)


def test_case_30_null_lists_and_renamed_fields() -> None:
    # The first versions called what is missing `deleted`, and counted total_drifted and total_deleted.
    first = surveys.read(driftctl, scan(deleted=[{"id": "a", "type": "t"}], unmanaged=None, differences=None))
    assert [(what.address, what.action) for what in first.observed] == [("t.a", "delete")]
    assert surveys.read(driftctl, scan(missing=None, unmanaged=None)).observed == ()
    assert surveys.read(driftctl, scan()).incomplete_reason == ""


def test_case_30_access_denied_means_incomplete() -> None:
    survey = surveys.read(driftctl, EVERYTHING)
    assert survey.incomplete_reason == "driftctl had no access to aws_sqs_queue"
    assert surveys.read(driftctl, EVERYTHING, hints=Hints(complete=True)).incomplete_reason
    harmless = {"aws_iam_access_key": [{"message": "This is an alert"}], "x": None}
    assert surveys.read(driftctl, scan(alerts=harmless)).incomplete_reason == ""
    ignored = {f"t{n}": [{"message": f"Ignoring t{n} from drift calculation"}] for n in range(7)}
    reason = surveys.read(driftctl, scan(alerts=ignored)).incomplete_reason
    assert reason == "driftctl had no access to t0, t1, t2, t3, t4 and 2 more"


def test_what_only_a_part_was_asked_for_is_incomplete_unless_the_sender_knows() -> None:
    for option in ("only_managed", "only_unmanaged"):
        part = scan(options={"deep": False, option: True})
        assert option.replace("_", "-") in surveys.read(driftctl, part).incomplete_reason
        assert surveys.read(driftctl, part, hints=Hints(complete=True)).incomplete_reason == ""
    nothing = scan(summary={"total_resources": 0})
    assert "no resource at all" in surveys.read(driftctl, nothing).incomplete_reason
    assert surveys.read(driftctl, scan(), hints=Hints(complete=False)).incomplete_reason


def test_the_exit_code_one_says_drift_and_two_says_failed() -> None:
    assert surveys.read(driftctl, scan(), hints=Hints(exit_code=1)).incomplete_reason == ""
    failed = surveys.read(driftctl, scan(), hints=Hints(exit_code=2, complete=True))
    assert (failed.is_errored, failed.incomplete_reason) == (True, "the scan failed (exit code 2)")


def test_what_is_read_of_a_scan() -> None:
    survey = surveys.read(driftctl, EVERYTHING)
    assert (survey.tool, survey.mode, survey.duration) == ("driftctl", "scan", 12)
    assert survey.timestamp == datetime(2022, 4, 8, 10, 35, tzinfo=UTC)
    found = surveys.findings(survey)
    gone = found["module.shop.aws_iam_user.deploy (i-am)"]
    assert (gone.action, gone.cause, gone.resource_name, gone.module_address, gone.provider) == (
        "delete",
        "out_of_band",
        "deploy",
        "module.shop",
        "aws",
    )
    assert [(c.path, c.before) for c in gone.changes] == [(("Name",), "x")]
    extra = found["aws_iam_user.other"]
    assert (extra.action, extra.cause) == ("unmanaged", "informational")
    assert extra.cause_reason == "it exists in the cloud and not in the code"
    assert [c.is_sensitive for c in extra.changes] == [True]
    bucket = found["aws_s3_bucket.logs"]
    assert bucket.cause == "out_of_band"
    assert [(c.path, c.before, c.after, c.noise) for c in bucket.changes] == [
        (("tags", "a.b"), "x", "y", ""),
        (("arn",), None, "arn:x", "computed"),
    ]
    assert bucket.changes[1].why


def test_computed_differences_alone_are_informational_and_none_are_unknown() -> None:
    alone = changed("a", {"type": "update", "path": ["arn"], "from": "x", "to": "y", "computed": True})
    found = surveys.findings(surveys.read(driftctl, scan(differences=[alone, changed("b")])))
    assert found["aws_s3_bucket.a"].cause == "informational"
    assert found["aws_s3_bucket.b"].is_unknown


def test_all_instances_of_a_count_have_their_own_address() -> None:
    missing = [{"id": name, "type": "aws_iam_user", "source": SOURCE} for name in ("a", "b")]
    assert len(surveys.read(driftctl, scan(missing=missing)).observed) == 2


def test_a_resource_that_two_states_hold_drifts_once() -> None:
    one = {"id": "a", "type": "t", "source": SOURCE}
    other = {"id": "a", "type": "t", "source": SOURCE | {"internal_name": "again"}}
    assert len(surveys.read(driftctl, scan(missing=[one, other])).observed) == 1
    step = {"type": "update", "path": ["a"], "from": 1, "to": 2}
    twice = [changed("x", step), changed("x", step, step | {"path": ["b"]})]
    what = surveys.only(surveys.read(driftctl, scan(differences=twice)))
    assert [difference.path for difference in what.differences] == [("a",), ("b",)]
    assert "missing[0]" in surveys.refusal(driftctl, scan(missing=[one], unmanaged=[one]))


def test_hundreds_of_unmanaged_resources_are_informational() -> None:
    many = [{"id": str(number), "type": "aws_iam_role"} for number in range(900)]
    found = surveys.findings(surveys.read(driftctl, scan(unmanaged=many)))
    assert {finding.cause for finding in found.values()} == {"informational"}
    assert len(found) == 900


def test_no_digit_is_lost() -> None:
    text = surveys.text(scan(differences=[changed("x", {"path": ["n"], "from": "OLD", "to": "NEW"})]))
    text = text.replace(b'"OLD"', b"9007199254740993").replace(b'"NEW"', b"9007199254740992.10")
    difference = surveys.only(surveys.read(driftctl, text)).differences[0]
    assert (str(difference.before), str(difference.after)) == ("9007199254740993", "9007199254740992.10")


def test_wrong_shapes_are_refused_by_their_place() -> None:
    assert surveys.refusal(driftctl, scan(missing=[{"id": 1, "type": "t"}])).startswith("missing[0].id has not")
    assert surveys.refusal(driftctl, scan(missing="SECRET")).startswith("missing has not the shape")
    assert surveys.refusal(driftctl, scan(alerts={"SECRET": [{"message": 1}]})).startswith("alerts[...][0].message")
    assert surveys.refusal(driftctl, [1]).startswith("The document has not")
    assert surveys.refusal(driftctl, {}).startswith("The document has not")
    assert "more than one" in surveys.refusal(driftctl, scan(), scan())
    assert "missing[0] has no name" in surveys.refusal(driftctl, scan(missing=[{"id": "x" * 5000, "type": "t"}]))


def test_hostile_bodies_are_refused() -> None:
    deep = surveys.text(scan(differences=[changed("x", {"path": ["n"], "from": "OLD"})]))
    assert "deeper" in surveys.refusal(driftctl, deep.replace(b'"OLD"', b"[" * 70 + b"]" * 70))
    assert "deeper" in surveys.refusal(driftctl, deep.replace(b'"OLD"', b"[" * 100_000 + b"]" * 100_000))
    assert "digits" in surveys.refusal(driftctl, deep.replace(b'"OLD"', b"1" * 500))
    assert "Unicode" in surveys.refusal(driftctl, deep.replace(b'"OLD"', b'"\\ud800"'))
    assert "values" in surveys.refusal(driftctl, deep.replace(b'"OLD"', b"[" + b"1," * 300_000 + b"1]"))
    many = surveys.text(scan(missing=[])).replace(b'"missing": []', b'"missing": [' + b"{}," * 2_100_000 + b"{}]")
    assert "values" in surveys.refusal(driftctl, many)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_scan_is_read_or_refused(data: st.DataObject) -> None:
    surveys.holds(driftctl, data.draw(surveys.mangled([EVERYTHING])), Hints())
