"""What somebody changed, and what only looks different."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.ingest import samples


def causes(name: str) -> Counter[str]:
    return Counter(finding.cause for finding in samples.scan(name).findings)


@pytest.mark.parametrize(
    ("name", "out_of_band", "informational"),
    [
        ("tfplan/gen-tf1.11-shop-fresh-refresh-only.json", 0, 20),
        ("tfplan/gen-tf1.11-shop-fresh-normal.json", 0, 20),
        ("tfplan/gen-tf1.0-shop-fresh-normal.json", 0, 20),
        ("story/1-noise-only/plan.json", 0, 11),
        ("story/1-noise-only/refresh.json", 0, 11),
        ("story/3-first-drift/plan.json", 3, 0),
        ("story/3-first-drift/refresh.json", 3, 0),
        ("story/4-more-drift/plan.json", 6, 1),
        ("story/4-more-drift/refresh.json", 6, 1),
        ("tfplan/gen-tf1.11-life-normal.json", 4, 0),
        ("tfplan/gen-tf1.11-shop-drifted-refresh-only.json", 21, 2),
        ("tfplan/gen-tf1.11-big-refresh-only-2.5MB.json", 275, 0),
    ],
)
def test_recorded_scans_split_into_drift_and_noise(name: str, out_of_band: int, informational: int) -> None:
    assert causes(name) == Counter(out_of_band=out_of_band, informational=informational)


def test_a_first_drift_names_the_three_things_that_were_touched() -> None:
    found = samples.scan("story/3-first-drift/plan.json")
    assert [finding.address for finding in found.findings] == [
        "aws_security_group.web",
        "aws_vpc.main",
        'module.queue["emails"].aws_sqs_queue.this',
    ]


def test_proposed_changes_are_not_counted_as_drift() -> None:
    document = json.loads(samples.body("tfplan/gen-tf1.11-life-normal.json"))
    assert len(document["resource_changes"]) == 12
    assert len(samples.scan("tfplan/gen-tf1.11-life-normal.json").findings) == 4


@pytest.mark.parametrize("empty", [{}, [], "", [{}], {"a": None}, [{"name": "", "policy": ""}]])
def test_null_against_empty_is_noise_in_both_directions(empty: object) -> None:
    for before, after in ((None, empty), (empty, None)):
        found = samples.only(samples.read(samples.plan(samples.entry({"a": before}, {"a": after}))))
        assert [change.noise for change in found.changes] == ["empty"]
        assert found.cause == "informational"


@pytest.mark.parametrize("value", [0, False, "0", [0], {"a": False}])
def test_zero_and_false_are_values_that_somebody_set(value: object) -> None:
    found = samples.only(samples.read(samples.plan(samples.entry({"a": None}, {"a": value}))))
    assert found.cause == "out_of_band"


def test_null_against_empty_is_found_inside_a_block() -> None:
    before, after = {"disk": [{"size": 8, "tags": None}]}, {"disk": [{"size": 8, "tags": {}}]}
    (change,) = samples.changes(before, after)
    assert (change.path, change.noise) == (("disk", 0, "tags"), "empty")


def test_half_noise_and_half_real_is_real() -> None:
    found = samples.only(samples.read(samples.plan(samples.entry({"a": None, "b": 1}, {"a": {}, "b": 2}))))
    assert found.cause == "out_of_band"
    assert [(change.path, change.noise) for change in found.changes] == [(("b",), ""), (("a",), "empty")]


def test_tags_all_mirrors_tags_only_where_it_says_the_same() -> None:
    before = {"tags": {"a": "1"}, "tags_all": {"a": "1", "team": "x"}}
    after = {"tags": {"a": "2"}, "tags_all": {"a": "2", "team": "y"}}
    noise = {change.path: change.noise for change in samples.changes(before, after)}
    assert noise == {("tags", "a"): "", ("tags_all", "a"): "mirror", ("tags_all", "team"): ""}


def group(after: list[dict[str, object]], *companions: dict[str, object]) -> bytes:
    before = {"id": "sg-1", "ingress": []}
    entry = samples.entry(before, {"id": "sg-1", "ingress": after}, type="aws_security_group")
    resources = [
        {"address": f"r{i}", "mode": "managed", "type": "aws_security_group_rule", "values": values}
        for i, values in enumerate(companions)
    ]
    return samples.plan(entry, prior_state={"values": {"root_module": {"resources": resources}}})


OPEN = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}


def test_a_rule_that_its_own_resource_made_is_a_mirror() -> None:
    document = group([OPEN], {"security_group_id": "sg-1", "cidr_blocks": ["0.0.0.0/0"]})
    assert samples.only(samples.read(document)).cause == "informational"


def test_a_rule_without_any_companion_is_drift() -> None:
    assert samples.only(samples.read(group([OPEN]))).cause == "out_of_band"


def test_the_companion_of_another_group_hides_nothing() -> None:
    document = group([OPEN], {"security_group_id": "sg-2", "cidr_blocks": ["0.0.0.0/0"]})
    assert samples.only(samples.read(document)).cause == "out_of_band"


def test_a_companion_hides_no_address_range_that_it_did_not_open() -> None:
    document = group([OPEN], {"security_group_id": "sg-1", "cidr_blocks": ["10.0.0.0/8"]})
    assert samples.only(samples.read(document)).cause == "out_of_band"


def test_a_companion_that_drifted_itself_explains_only_its_own_range() -> None:
    def rule(cidr: str) -> dict[str, object]:
        return {"security_group_id": "sg-1", "cidr_blocks": [cidr]}

    drifted = samples.entry(rule("10.0.0.0/8"), rule("10.9.0.0/16"), address="r", type="aws_security_group_rule")
    for cidr, cause in (("10.9.0.0/16", "informational"), ("0.0.0.0/0", "out_of_band")):
        after = {"id": "sg-1", "ingress": [OPEN | {"cidr_blocks": [cidr]}]}
        group = samples.entry({"id": "sg-1", "ingress": []}, after, type="aws_security_group")
        assert samples.by_address(samples.read(samples.plan(drifted, group)))["demo.x"].cause == cause


def test_a_policy_attached_by_hand_is_not_hidden_by_the_attachments_of_the_code() -> None:
    before, after = {"name": "app", "managed_policy_arns": []}, {"name": "app", "managed_policy_arns": ["arn:admin"]}
    entry = samples.entry(before, after, type="aws_iam_role")
    for attached, cause in (("arn:admin", "informational"), ("arn:read", "out_of_band")):
        values = {"role": "app", "policy_arn": attached}
        companion = {"address": "c", "mode": "managed", "type": "aws_iam_role_policy_attachment", "values": values}
        document = samples.plan(entry, prior_state={"values": {"root_module": {"resources": [companion]}}})
        assert samples.only(samples.read(document)).cause == cause


def test_a_bucket_mirrors_its_versioning_resource() -> None:
    found = samples.by_address(samples.scan("story/6-ssh-again/plan.json"))
    assert found["aws_s3_bucket.assets"].cause == "informational"
    assert "aws_s3_bucket_versioning" in found["aws_s3_bucket.assets"].cause_reason
    assert found["aws_s3_bucket_versioning.assets"].cause == "out_of_band"


def test_a_version_that_only_follows_another_change_is_volatile() -> None:
    noise = {c.path: c.noise for c in samples.changes({"v": "a", "version": 1}, {"v": "b", "version": 2})}
    assert noise == {("v",): "", ("version",): "volatile"}
    assert samples.changes({"version": 1}, {"version": 2})[0].noise == ""


def test_a_value_that_is_new_on_every_scan_is_noise_alone_too() -> None:
    before, after = {"latest_restorable_time": "1"}, {"latest_restorable_time": "2"}
    found = samples.only(samples.read(samples.plan(samples.entry(before, after))))
    assert (found.cause, found.changes[0].noise) == ("informational", "volatile")


def test_a_tag_with_the_name_of_a_volatile_attribute_is_a_tag() -> None:
    assert samples.changes({"tags": {"etag": "1"}}, {"tags": {"etag": "2"}})[0].noise == ""


def test_the_etag_of_a_stored_object_is_its_content() -> None:
    assert samples.changes({"etag": "1"}, {"etag": "2"}, type="aws_s3_object")[0].noise == ""
    assert samples.changes({"etag": "1"}, {"etag": "2"}, type="aws_cloudfront_distribution")[0].noise == "volatile"


def normal(actions: list[str], *entries: dict[str, object]) -> bytes:
    proposal = {"address": "demo.x", "mode": "managed", "type": "demo", "change": {"actions": actions}}
    planned: dict[str, object] = {"root_module": {"resources": []}}
    return samples.plan(*entries, resource_changes=[proposal], planned_values=planned)


def test_a_plan_that_proposes_nothing_makes_the_rest_computed() -> None:
    found = samples.only(samples.read(normal(["no-op"], samples.entry({"a": 1}, {"a": 2}))))
    assert (found.cause, found.changes[0].noise) == ("informational", "computed")
    assert found.cause_reason == "the plan proposes no change here"


def test_a_plan_that_undoes_it_makes_it_drift_but_never_makes_noise_drift() -> None:
    real = samples.only(samples.read(normal(["update"], samples.entry({"a": 1}, {"a": 2}))))
    noise = samples.only(samples.read(normal(["update"], samples.entry({"a": None}, {"a": ""}))))
    assert (real.cause, noise.cause) == ("out_of_band", "informational")
    assert "change it back" in real.cause_reason


@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"], ["explode"]])
def test_a_delete_a_replace_and_the_unknown_are_never_informational(actions: list[str]) -> None:
    entry = samples.entry({"a": None}, None, change={"actions": actions, "after_sensitive": False})
    for document in (samples.plan(entry), normal(["no-op"], entry)):
        assert samples.only(samples.read(document)).cause == "out_of_band"


def test_a_label_without_a_value_is_set_by_being_there() -> None:
    role = "node-role.kubernetes.io/worker"
    [added] = samples.changes({"labels": {"a": "1"}}, {"labels": {"a": "1", role: ""}})
    assert (added.path, added.kind, added.noise) == (("labels", role), "added", "")
    [removed] = samples.changes({"labels": {"a": "1", role: ""}}, {"labels": {"a": "1"}})
    assert (removed.kind, removed.noise) == ("removed", "")
    assert [change.noise for change in samples.changes({"x": [{"a": None}]}, {"x": [{"a": ""}]})] == ["empty"]
    assert [change.noise for change in samples.changes({"labels": None}, {"labels": {}})] == ["empty"]
