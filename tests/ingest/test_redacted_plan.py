"""Case 29: HCP Terraform's redacted plan: the same entries under another head, and secrets that nobody can see."""

from __future__ import annotations

import json

import pytest

from driftsentry.ingest import Hints, mask_document
from tests.ingest import samples


def redacted(*entries: dict[str, object], **top: object) -> bytes:
    """As HCP writes it: no version, no planned values, no prior state, no `complete`."""
    document = {
        "plan_format_version": "1.2",
        "resource_drift": list(entries),
        "relevant_attributes": [],
        "output_changes": {},
        "provider_format_version": "1.0",
        "provider_schemas": {"registry.terraform.io/hashicorp/x": {"resource_schemas": {"demo": "x" * 3_000_000}}},
    }
    return json.dumps({key: value for key, value in (document | top).items() if value != []}).encode()


def proposal(address: str, *actions: str) -> dict[str, object]:
    return {"address": address, "mode": "managed", "type": "demo", "name": "x", "change": {"actions": list(actions)}}


SECRET = {"before_sensitive": {"password": True}, "after_sensitive": {"password": True}}


def test_case_29_a_redacted_plan_is_read_like_any_other() -> None:
    drift = samples.entry({"a": 1}, {"a": 2})
    found = samples.read(redacted(drift))
    assert (found.format, found.tool, found.mode, found.resolves) == (
        "terraform_plan",
        "terraform",
        "refresh_only",
        True,
    )
    whole = samples.only(samples.read(samples.plan(drift)))
    assert samples.only(found) == whole


def test_case_29_a_clean_one_is_no_wrong_file() -> None:
    found = samples.read(redacted())
    assert (found.findings, found.has_drift_data, found.resolves) == ((), True, True)


@pytest.mark.parametrize(
    ("top", "mode", "says"),
    [
        ({"resource_changes": [proposal("demo.x", "no-op")]}, "normal", "does not say whether"),
        ({"resource_changes": [proposal("demo.x", "delete")]}, "destroy", "destroy"),
        ({"deferred_changes": [{"reason": "unknown"}]}, "refresh_only", "deferred"),
        ({"deferred_changes": []}, "refresh_only", ""),
    ],
)
def test_case_29_what_it_does_not_say_is_not_taken_for_granted(top: dict[str, object], mode: str, says: str) -> None:
    found = samples.read(redacted(**top))
    assert found.mode == mode
    assert (found.resolves, says in found.incomplete_reason) == (not says, True)


def test_case_29_an_update_that_shows_no_difference_is_a_secret_that_changed() -> None:
    same = samples.entry({"a": 1, "password": None}, {"a": 1, "password": None}, change=SECRET)
    found = samples.only(samples.read(redacted(same)))
    assert (found.is_unknown, found.cause, found.changes) == (True, "out_of_band", ())
    hidden = samples.entry({"tags": None}, {"tags": {}}, change=SECRET)
    assert samples.only(samples.read(redacted(hidden))).cause == "out_of_band"
    empty = samples.entry(
        {"tags": None}, {"tags": {}}, change={"before_sensitive": {}, "after_sensitive": {"tags": {}}}
    )
    assert samples.only(samples.read(redacted(empty))).cause == "informational"
    # Where everything is shown, two equal sides are no drift.
    assert samples.only(samples.read(samples.plan(same))).cause == "informational"


def test_case_29_the_client_sends_what_makes_the_same_scan() -> None:
    same = samples.entry({"a": 1, "password": "x"}, {"a": 1, "password": "x"}, address="demo.same", change=SECRET)
    for body in (
        redacted(),
        redacted(same, samples.entry({"a": 1}, {"a": 2})),
        redacted(deferred_changes=[{"reason": "unknown"}]),
        redacted(same, resource_changes=[proposal("demo.same", "no-op")]),
    ):
        sent = mask_document(body, stack=samples.STACK)
        assert samples.read(sent) == samples.read(body)
        assert len(sent) < 3_000


def test_case_29_it_may_be_named_and_text_may_stand_around_it() -> None:
    body = redacted(samples.entry({"a": 1}, {"a": 2}))
    assert samples.read(b"fetching\n" + body, Hints(format="terraform_plan")) == samples.read(body)


@pytest.mark.skipif(not samples.PUBLIC.exists(), reason="the public samples are not on this machine")
def test_case_29_the_public_one_is_read() -> None:
    found = samples.read((samples.PUBLIC / "hcp" / "terraform157-import-config-gen-redacted.json").read_bytes())
    assert (found.findings, found.tool_version, found.mode) == ((), "1.5.0", "normal")
