"""When a drift that is missing from a report is gone, and when nothing may be concluded."""

from __future__ import annotations

import pytest

from driftsentry.ingest import Hints
from tests.ingest import samples


@pytest.mark.parametrize(
    "name",
    [
        "tfplan-sequence/seqa-t0-clean.json",
        "tfplan-sequence/seqa-t8-after-remediation.json",
        "tfplan/gen-tf1.11-shop-fresh-refresh-only.json",
        "story/2-clean/refresh.json",
        "story/4-more-drift/plan.json",  # normal, but drift entries prove the refresh
    ],
)
def test_a_whole_scan_resolves_what_it_does_not_list(name: str) -> None:
    found = samples.scan(name)
    assert found.resolves
    assert found.incomplete_reason == ""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tfplan-sequence/seqa-t7-target-only-gamma.json", "-target"),
        ("tfplan/gen-tf1.11-life-destroy.json", "destroy"),
        ("story/2-clean/plan.json", "-refresh=false"),
        ("tfplan/gen-tf1.0-shop-fresh-normal.json", "-refresh-only"),
    ],
)
def test_a_partial_scan_resolves_nothing_and_says_why(name: str, says: str) -> None:
    found = samples.scan(name)
    assert not found.resolves
    assert says in found.incomplete_reason


def test_a_failed_plan_resolves_nothing() -> None:
    found = samples.read(samples.plan(errored=True))
    assert (found.resolves, found.is_errored) == (False, True)
    assert "failed" in found.incomplete_reason


def test_exit_code_1_counts_as_failed_and_2_does_not() -> None:
    assert not samples.read(samples.plan(), Hints(exit_code=1)).resolves
    assert samples.read(samples.plan(), Hints(exit_code=2)).resolves
    assert samples.read(samples.plan(), Hints(exit_code=0)).resolves


def test_the_sender_can_vouch_for_a_clean_normal_plan_and_deny_a_whole_one() -> None:
    assert samples.scan("story/2-clean/plan.json", Hints(complete=True)).resolves
    assert samples.scan("tfplan/gen-tf1.0-shop-fresh-normal.json", Hints(complete=True)).resolves
    assert not samples.scan("story/2-clean/refresh.json", Hints(complete=False)).resolves


@pytest.mark.parametrize(
    "name", ["tfplan-sequence/seqa-t7-target-only-gamma.json", "tfplan/gen-tf1.11-life-destroy.json"]
)
def test_the_sender_cannot_vouch_for_a_targeted_or_a_destroy_plan(name: str) -> None:
    assert not samples.scan(name, Hints(complete=True)).resolves


def test_the_sender_cannot_vouch_for_a_failed_plan_or_its_own_exit_code() -> None:
    assert not samples.read(samples.plan(errored=True), Hints(complete=True)).resolves
    assert not samples.read(samples.plan(), Hints(complete=True, exit_code=1)).resolves


def test_a_refresh_only_plan_of_a_tool_without_the_complete_key_resolves() -> None:
    assert samples.read(samples.plan(complete=None, terraform_version="1.5.7")).resolves


@pytest.mark.parametrize("version", ["0.12.31", "0.14.11", "0.15.3"])
def test_a_plan_from_before_drift_was_reported_has_no_drift_data_and_says_so(version: str) -> None:
    document = samples.plan(format_version="0.1", terraform_version=version, planned_values={"root_module": {"a": 1}})
    found = samples.read(document.replace(b'"resource_drift":[],', b""), Hints(complete=True))
    assert not found.has_drift_data
    assert not found.resolves
    assert "0.15.4" in found.incomplete_reason


@pytest.mark.parametrize(("fmt", "version"), [("0.1", "0.15.4"), ("0.1", "1.0.0"), ("0.2", "1.0.11"), ("1.2", "1.9.0")])
def test_a_missing_list_and_an_empty_one_are_the_same(fmt: str, version: str) -> None:
    document = samples.plan(format_version=fmt, terraform_version=version)
    without = document.replace(b'"resource_drift":[],', b"")
    assert without != document
    assert samples.read(without) == samples.read(document)
    assert samples.read(without).has_drift_data


def test_drift_under_format_0_1_is_read() -> None:
    document = samples.plan(samples.entry({"a": 1}, {"a": 2}), format_version="0.1", terraform_version="0.15.4")
    assert len(samples.read(document).findings) == 1


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("story/3-first-drift/plan.json", "normal"),
        ("story/3-first-drift/refresh.json", "refresh_only"),
        ("tfplan/gen-tf1.11-life-destroy.json", "destroy"),
        ("tfplan-sequence/seqa-t0-clean.json", "refresh_only"),
    ],
)
def test_the_mode_is_told_from_the_shape(name: str, mode: str) -> None:
    assert samples.scan(name).mode == mode


def test_opentofu_is_told_by_its_registry_and_the_time_is_in_utc() -> None:
    provider = "registry.opentofu.org/hashicorp/aws"
    found = samples.read(
        samples.plan(samples.entry({"a": 1}, {"a": 2}, provider_name=provider), timestamp="2026-11-21T21:08:38+02:00")
    )
    assert found.tool == "opentofu"
    assert found.timestamp is not None
    assert found.timestamp.isoformat() == "2026-11-21T19:08:38+00:00"
    assert samples.scan("tfplan-sequence/seqa-t0-clean.json").tool == "terraform"


@pytest.mark.parametrize("time", ["", "yesterday", "9" * 70, "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_left_out(time: str) -> None:
    assert samples.read(samples.plan(timestamp=time)).timestamp is None


@pytest.mark.skipif(not samples.PUBLIC.exists(), reason="the public samples are not on this machine")
def test_the_public_failed_plan_resolves_nothing() -> None:
    found = samples.read((samples.PUBLIC / "tfplan/opentofu-showjson-plan-error.json").read_bytes())
    assert (found.is_errored, found.resolves) == (True, False)
