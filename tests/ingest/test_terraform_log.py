"""Logs of `plan -json`: cases 1, 2, 5, 6, 19, 23 and 28 as far as they are about logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from driftsentry.ingest import Hints, Move, Refused, mask_document
from tests.ingest import samples
from tests.ingest.logs import REFRESH, SUMMARY, VERSION, drift, message, planned, read, summary

LIFE = "tf-ui-log/gen-tf1.11-life-refresh-only.jsonl"


@pytest.mark.parametrize(
    ("name", "drifts", "mode", "resolves"),
    [
        ("tf-ui-log/gen-tf1.0-shop-fresh-normal.jsonl", 20, "normal", True),
        ("tf-ui-log/gen-tf1.11-big-refresh-only.jsonl", 275, "refresh_only", True),
        ("tf-ui-log/gen-tf1.11-demo-normal.jsonl", 9, "normal", True),
        ("tf-ui-log/gen-tf1.11-life-destroy.jsonl", 0, "destroy", False),
        ("tf-ui-log/gen-tf1.11-life-normal.jsonl", 4, "normal", True),
        ("tf-ui-log/gen-tf1.11-shop-drifted-refresh-only.jsonl", 23, "refresh_only", True),
        ("tf-ui-log/gen-tf1.15-shop-drifted-normal.jsonl", 23, "normal", True),
        ("story/2-clean/stream.jsonl", 0, "refresh_only", True),
        ("story/4-more-drift/stream.jsonl", 7, "refresh_only", True),
    ],
)
def test_case_6_drift_is_counted_by_its_messages_and_never_by_the_summary(
    name: str, drifts: int, mode: str, resolves: bool
) -> None:
    found = samples.scan(name)
    assert (found.format, len(found.findings), found.mode, found.resolves) == ("terraform_log", drifts, mode, resolves)
    assert bool(found.incomplete_reason) != resolves
    assert all(finding.is_unknown and not finding.changes for finding in found.findings)


@pytest.mark.parametrize("name", ["life-refresh-only", "life-normal", "shop-drifted-normal", "demo-refresh-only"])
def test_case_28_a_log_names_what_the_plan_of_the_same_run_names(name: str) -> None:
    plan = samples.scan(f"tfplan/gen-tf1.11-{name}.json")
    log = samples.scan(f"tf-ui-log/gen-tf1.11-{name}.jsonl")
    seen, logged = samples.by_address(plan), samples.by_address(log)
    assert logged.keys() == seen.keys()
    assert log.moves == plan.moves
    for address, finding in logged.items():
        one, other = seen[address], finding
        assert (one.action, one.previous_address, one.module_address) == (
            other.action, other.previous_address, other.module_address,
        )  # fmt: skip
        assert (one.resource_type, one.resource_name) == (other.resource_type, other.resource_name)


def test_case_28_such_a_drift_says_that_the_report_was_a_log() -> None:
    found = samples.by_address(samples.scan(LIFE))
    assert found["aws_ssm_parameter.watch"].cause_reason == "attributes unknown: this report was a log"
    assert found["aws_ssm_parameter.gone"].cause_reason == "the real object is gone"
    assert {finding.cause for finding in found.values()} == {"out_of_band"}


def test_what_a_normal_plan_leaves_alone_is_informational() -> None:
    """Nothing was touched by hand there: the plan proposes two updates, for other reasons."""
    causes = [finding.cause for finding in samples.scan("tf-ui-log/gen-tf1.11-shop-fresh-normal.jsonl").findings]
    assert (causes.count("informational"), causes.count("out_of_band")) == (18, 2)
    found = read(VERSION, drift("a.b"), drift("a.c", "delete"), planned("a.d", "create"), SUMMARY)
    assert [finding.cause for finding in found.findings] == ["informational", "out_of_band"]
    assert found.findings[0].cause_reason.endswith("the plan proposes no change here")


def test_case_28_text_of_stderr_line_ends_of_windows_and_a_list_change_nothing() -> None:
    plain, mixed = samples.body(LIFE), samples.body("tf-ui-log/gen-crlf-and-stderr-mixed.jsonl")
    expected = samples.read(plain)
    assert samples.read(mixed) == expected
    as_list = b"[" + b",\n".join(plain.splitlines()) + b"]"
    assert samples.read(as_list) == expected
    pretty = json.dumps([json.loads(line) for line in plain.splitlines()], indent=2).encode()
    assert samples.read(pretty) == expected
    assert samples.read(b"Releasing state lock..." + plain) == expected
    assert samples.read(b"\n".join(json.dumps(json.loads(line), indent=1).encode() for line in plain.splitlines())) == (
        expected
    )


@pytest.mark.parametrize("line", [b'{"@level":"info","@message":"Out', b'{"@level":"info","@mess\n' + REFRESH])
def test_case_28_a_cut_line_makes_it_incomplete_and_no_more(line: bytes) -> None:
    found = read(VERSION, REFRESH, drift("a.b"), SUMMARY, line)
    assert (len(found.findings), found.resolves) == (1, False)
    assert "cut or damaged" in found.incomplete_reason


def test_without_its_summary_it_was_killed_and_is_incomplete() -> None:
    found = read(VERSION, REFRESH, drift("a.b"))
    assert (len(found.findings), found.resolves, found.is_errored) == (1, False, False)
    assert "before the summary" in found.incomplete_reason
    assert not read(VERSION, REFRESH, drift("a.b"), hints=Hints(complete=True)).resolves


@pytest.mark.parametrize(
    ("lines", "hints", "says"),
    [
        ([REFRESH, SUMMARY], Hints(exit_code=1), "failed"),
        ([REFRESH, message("diagnostic", level="error", diagnostic={"severity": "error"}), SUMMARY], Hints(), "failed"),
        ([REFRESH, message(None, level="error", module="tofu.ui"), SUMMARY], Hints(), "failed"),
        ([REFRESH, planned("a.b", "delete"), SUMMARY], Hints(), "destroy"),
        ([SUMMARY], Hints(), "refreshed"),
        ([REFRESH, message("deferred_change"), SUMMARY], Hints(complete=True), "targeted"),
        ([REFRESH, SUMMARY], Hints(complete=False), "sender"),
        ([REFRESH, SUMMARY, summary("apply")], Hints(), "apply"),
    ],
)
def test_case_19_what_is_no_whole_plan_resolves_nothing(lines: list[bytes], hints: Hints, says: str) -> None:
    found = read(VERSION, *lines, hints=hints)
    assert not found.resolves
    assert says in found.incomplete_reason
    assert found.is_errored == (says == "failed")


def test_case_19_a_targeted_plan_is_told_by_its_warning() -> None:
    warning = {"severity": "warning", "summary": "Resource targeting is in effect", "detail": "HUNTER2"}
    found = read(VERSION, REFRESH, message("diagnostic", level="warn", diagnostic=warning), SUMMARY)
    assert "targeted" in found.incomplete_reason
    assert samples.scan("tf-ui-log/gen-tf1.11-life-failed-target.jsonl").is_errored


def test_a_refresh_that_is_not_shown_can_be_promised_by_the_sender() -> None:
    assert read(VERSION, SUMMARY, hints=Hints(complete=True)).resolves
    assert read(VERSION, drift("a.b"), SUMMARY).resolves


def test_case_1_the_log_of_a_version_that_reports_no_drift_says_so() -> None:
    found = read(message("version", terraform="0.15.3"), REFRESH, SUMMARY)
    assert (found.has_drift_data, found.resolves) == (False, False)


def test_opentofu_is_told_by_its_key_and_lines_without_a_type_are_skipped() -> None:
    version = message("version", module="tofu.ui", tofu="1.9.0", ui="1.2")
    found = read(version, message(None, module="tofu.ui"), message("policy_result", x=1), REFRESH, SUMMARY)
    assert (found.tool, found.tool_version, found.resolves) == ("opentofu", "1.9.0", True)


def test_what_terraform_logs_of_itself_counts_for_nothing() -> None:
    """TF_LOG=json writes lines with the same keys to stderr."""
    debug = message("resource_drift", level="error", module="provider.aws", change={"x": "HUNTER2"})
    assert read(debug, VERSION, REFRESH, debug, SUMMARY).resolves
    with pytest.raises(Refused) as caught:
        read(debug)
    assert "HUNTER2" not in caught.value.message


def test_a_move_is_none_but_of_its_own_and_never_a_drift() -> None:
    found = read(VERSION, drift("a.new", "move", "a.old"), drift("a.two", "update", "a.one"), SUMMARY)
    assert found.moves == (Move("a.old", "a.new"), Move("a.one", "a.two"))
    assert [(finding.address, finding.previous_address) for finding in found.findings] == [("a.two", "a.one")]


def test_actions_keep_their_meaning_and_unknown_ones_their_word() -> None:
    lines = [drift(f"a.{action}", action) for action in ("update", "delete", "replace", "remove", "transmogrify")]
    found = samples.by_address(read(VERSION, *lines, SUMMARY))
    assert [finding.action for finding in found.values()] == ["update", "delete", "replace", "forget", "transmogrify"]


def test_case_10_a_deposed_object_shares_the_address_and_the_worse_of_both_is_told() -> None:
    for lines in ([drift("a.b"), drift("a.b", "delete")], [drift("a.b", "delete"), drift("a.b")]):
        assert samples.only(read(VERSION, *lines, SUMMARY)).action == "delete"


def test_times_are_those_of_the_run() -> None:
    found = read(VERSION, REFRESH, SUMMARY)
    assert (found.timestamp, found.duration) == (datetime(2026, 11, 21, 19, 11, 44, tzinfo=UTC), 10.5)
    timeless = read(message("version", at="soon"), SUMMARY.replace(b'"@timestamp":"2026', b'"@timestamp":"x2026'))
    assert (timeless.timestamp, timeless.duration) == (None, None)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([VERSION, planned("a.b", "update"), summary("apply")], "log of an apply"),
        ([VERSION, message("apply_start", hook={"action": "update"})], "log of an apply"),
        ([VERSION, message("init_output")], "no plan in this log"),
        ([VERSION, REFRESH, SUMMARY, VERSION, REFRESH, SUMMARY], "2 runs in this log"),
        ([VERSION, REFRESH, SUMMARY, samples.plan()], "Send the plan alone"),
    ],
)
def test_a_log_without_one_plan_is_refused_with_a_sentence(lines: list[bytes], says: str) -> None:
    with pytest.raises(Refused) as caught:
        read(*lines)
    assert says in caught.value.message


def test_texts_of_people_are_not_kept() -> None:
    """`@message` is "s3cr3t" in all of them, and diagnostics quote what they please."""
    told = message(
        "diagnostic", level="warn", diagnostic={"severity": "warning", "summary": "s3cr3t", "detail": "s3cr3t"}
    )
    body = b"".join([VERSION, told, drift("a.b"), SUMMARY])
    assert "s3cr3t" not in repr(samples.read(body))
    assert b"s3cr3t" not in mask_document(body, stack=samples.STACK)


def test_the_client_sends_what_makes_the_same_scan() -> None:
    for name in (LIFE, "tf-ui-log/gen-tf1.11-life-destroy.jsonl", "tf-ui-log/gen-tf1.11-shop-fresh-normal.jsonl"):
        body = samples.body(name)
        assert samples.read(mask_document(body, stack=samples.STACK)) == samples.read(body)


@pytest.mark.skipif(not samples.PUBLIC.exists(), reason="the public samples are not on this machine")
def test_public_logs_are_read_or_refused_as_what_they_are() -> None:
    told: dict[str, object] = {}
    for path in (samples.PUBLIC / "tf-ui-log").iterdir():
        try:
            found = samples.read(path.read_bytes())
            told[path.name] = (len(found.findings), found.is_errored, found.resolves)
        except Refused as refusal:
            told[path.name] = "an apply" if "log of an apply" in refusal.message else refusal.message
    assert told == {
        "opentofu-eq-drift_refresh_only-apply.json": "an apply",
        "opentofu-eq-drift_relevant_attributes-apply.json": "an apply",
        "opentofu-eq-local_provider_update-apply.json": "an apply",
        "terraform157-apply-json-with-provisioner-error-apply.jsonl": "an apply",
        "terraform157-apply-json-with-provisioner-error-plan.jsonl": (0, False, False),
        "terraform157-plan-import-config-gen-plan.jsonl": (0, False, False),
        "terraform157-plan-json-error-plan.jsonl": (0, True, False),
        "terraform157-plan-json-full-plan.jsonl": (0, False, True),
    }
