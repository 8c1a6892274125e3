"""Which drift gets which severity, and the sentence that says why."""

from __future__ import annotations

import json

import pytest

from driftsentry.judging import Severity, Verdict, judge
from tests.ingest import samples


def verdict(before: object, after: object, resource_type: str = "demo", actions: str = "update") -> Verdict:
    entry = samples.entry(before, after, type=resource_type, change={"actions": actions.split()})
    return judge(samples.only(samples.read(samples.plan(entry))))


def recorded(name: str) -> dict[str, Verdict]:
    return {finding.address: judge(finding) for finding in samples.scan(name).findings}


def test_severities_are_ordered() -> None:
    ranks = [Severity.LOW.rank, Severity.MEDIUM.rank, Severity.HIGH.rank, Severity.CRITICAL.rank]
    assert ranks == [1, 2, 3, 4]
    assert [str(severity) for severity in Severity] == ["low", "medium", "high", "critical"]


def test_the_recorded_story_is_judged_as_a_person_would() -> None:
    found = recorded("story/6-ssh-again/plan.json")
    assert {address: str(v.severity) for address, v in found.items()} == {
        "aws_cloudwatch_log_group.app[1]": "medium",
        "aws_iam_role.app": "low",
        "aws_iam_role_policy.app": "critical",
        "aws_s3_bucket.assets": "low",
        "aws_s3_bucket_versioning.assets": "high",
        "aws_security_group.web": "critical",
        "aws_sns_topic.events": "high",
        "aws_ssm_parameter.db_password": "high",
        "aws_vpc.main": "low",
        'module.queue["emails"].aws_sqs_queue.this': "medium",
    }
    assert found["aws_security_group.web"].reason == "ingress now allows 0.0.0.0/0 on port 22"
    assert found["aws_cloudwatch_log_group.app[1]"].reason == "retention_in_days went from 30 to 1"


def test_a_widened_role_names_the_new_principal() -> None:
    found = recorded("tfplan/gen-tf1.11-shop-drifted-refresh-only.json")["aws_iam_role.app"]
    assert (found.severity, found.rule) == (Severity.HIGH, "permissions widened")
    assert "arn:aws:iam::999999999999:root" in found.reason


@pytest.mark.parametrize("name", ["tfplan/gen-tf1.11-shop-fresh-refresh-only.json", "story/1-noise-only/plan.json"])
def test_noise_is_low_and_says_why(name: str) -> None:
    found = samples.scan(name).findings
    assert {judge(finding).severity for finding in found} == {Severity.LOW}
    assert all(judge(finding).reason == finding.cause_reason for finding in found)


def rule(cidr: str, port: int = 22) -> dict[str, object]:
    return {"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": [cidr]}


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_a_port_that_is_open_to_the_world_is_critical(cidr: str) -> None:
    found = verdict({"ingress": [rule("10.0.0.0/8")]}, {"ingress": [rule(cidr)]}, "aws_security_group")
    assert found == Verdict(Severity.CRITICAL, "network open to the world", f"ingress now allows {cidr} on port 22")


def test_a_port_that_moves_while_open_to_the_world_is_critical() -> None:
    found = verdict({"ingress": [rule("0.0.0.0/0", 443)]}, {"ingress": [rule("0.0.0.0/0", 22)]}, "aws_security_group")
    assert "port 22" in found.reason


def test_what_was_open_before_is_not_opened_now() -> None:
    before, after = rule("0.0.0.0/0"), rule("0.0.0.0/0") | {"description": "new words"}
    assert verdict({"ingress": [before]}, {"ingress": [after]}, "aws_security_group").severity == Severity.MEDIUM
    assert verdict({"ingress": [before]}, {"ingress": []}, "aws_security_group").severity == Severity.MEDIUM


def test_a_way_out_is_no_way_in() -> None:
    found = verdict({"egress": []}, {"egress": [rule("0.0.0.0/0")]}, "aws_security_group")
    assert found.severity == Severity.MEDIUM


@pytest.mark.parametrize(
    ("resource_type", "before", "after"),
    [
        ("google_compute_firewall", {"source_ranges": ["10.0.0.0/8"]}, {"source_ranges": ["0.0.0.0/0"]}),
        ("aws_security_group_rule", {"cidr_blocks": []}, {"cidr_blocks": ["0.0.0.0/0"]}),
        ("aws_vpc_security_group_ingress_rule", {"cidr_ipv4": "10.0.0.0/8"}, {"cidr_ipv4": "0.0.0.0/0"}),
        ("azurerm_network_security_rule", {"source_address_prefix": "10.0.0.0/8"}, {"source_address_prefix": "*"}),
    ],
)
def test_each_cloud_has_its_way_to_open_a_network(resource_type: str, before: object, after: object) -> None:
    assert verdict(before, after, resource_type).rule == "network open to the world"


def policy(effect: str = "Allow", **fields: object) -> dict[str, object]:
    return {"policy": json.dumps({"Statement": [{"Sid": "s", "Effect": effect} | fields]})}


@pytest.mark.parametrize(
    "after",
    [
        policy(Action="*"),
        policy(Action=["s3:Get", "s3:*"]),
        policy(Action="s3:Get", Resource="*"),
        policy(Action="s3:Get", Principal="*"),
        policy(Action="s3:Get", Principal={"AWS": "*"}),
    ],
)
def test_a_wildcard_is_critical_whether_it_joins_or_comes_with_a_whole_policy(after: dict[str, object]) -> None:
    for before in (policy(Action="s3:Get", Resource="arn:a", Principal={"AWS": "a"}), {"policy": None}):
        assert verdict(before, after, "aws_iam_policy").rule == "permissions for everything"


def test_one_more_action_is_high_and_one_less_is_not() -> None:
    one, two = policy(Action="s3:Get"), policy(Action=["s3:Get", "s3:Put"])
    assert verdict(one, two).reason == "policy now allows action s3:Put"
    assert verdict(one, two).severity == Severity.HIGH
    assert verdict(two, one).severity == Severity.MEDIUM


def test_a_new_deny_is_no_permission_and_a_lost_one_is() -> None:
    allow = {"Sid": "a", "Effect": "Allow", "Action": "s3:Get"}
    deny = {"Sid": "d", "Effect": "Deny", "Action": "*"}
    with_deny = {"policy": json.dumps({"Statement": [allow, deny]})}
    without = {"policy": json.dumps({"Statement": [allow]})}
    assert verdict(without, with_deny).severity == Severity.MEDIUM
    assert verdict(with_deny, without).rule == "permissions widened"


def test_an_attached_administrator_is_critical() -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    found = verdict({"managed_policy_arns": []}, {"managed_policy_arns": [arn]}, "aws_iam_role")
    assert (found.severity, arn in found.reason) == (Severity.CRITICAL, True)


@pytest.mark.parametrize(
    ("resource_type", "severity"),
    [
        ("aws_db_instance", "critical"), ("aws_s3_bucket", "critical"), ("aws_dynamodb_table", "critical"),
        ("aws_ebs_volume", "critical"), ("aws_kms_key", "critical"), ("google_sql_database_instance", "critical"),
        ("azurerm_storage_account", "critical"), ("aws_subnet", "high"), ("aws_s3_bucket_policy", "high"),
        ("aws_db_parameter_group", "high"),
    ],
)  # fmt: skip
def test_a_delete_is_high_and_of_what_holds_data_critical(resource_type: str, severity: str) -> None:
    found = verdict({"name": "x"}, None, resource_type, "delete")
    assert (str(found.severity), resource_type in found.reason) == (severity, True)


def test_a_replacement_is_high() -> None:
    assert verdict({"a": 1}, {"a": 2}, actions="delete create").rule == "replaced"


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ({"publicly_accessible": False}, {"publicly_accessible": True}, "public access"),
        ({"block_public_acls": True}, {"block_public_acls": False}, "public access"),
        ({"acl": "private"}, {"acl": "public-read"}, "public access"),
        ({"deletion_protection": True}, {"deletion_protection": False}, "deletion protection off"),
        ({"backup_retention_period": 7}, {"backup_retention_period": 0}, "backups off"),
        ({"storage_encrypted": True}, {"storage_encrypted": False}, "encryption off"),
        ({"kms_key_id": "arn:k"}, {"kms_key_id": ""}, "encryption off"),
        ({"at": 1, "server_side_encryption": [{"enabled": True}]}, {"at": 1, "server_side_encryption": []},
         "encryption off"),
        ({"logging": [{"bucket": "b"}]}, {"logging": []}, "logging off"),
        ({"access_logs": [{"enabled": True, "b": 1}]}, {"access_logs": [{"enabled": False, "b": 1}]}, "logging off"),
        ({"versioning": [{"enabled": True}]}, {"versioning": [{"enabled": False}]}, "versioning off"),
        ({"password": "CLEAR-1"}, {"password": "CLEAR-2"}, "secret changed"),
        ({"retention_in_days": 30}, {"retention_in_days": 7}, "retention shortened"),
        ({"retention_in_days": 0}, {"retention_in_days": 7}, "retention shortened"),
        ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, "tags only"),
        ({"delay": 1}, {"delay": 2}, "changed attribute"),
    ],
)  # fmt: skip
def test_the_rule_is_named_and_the_opposite_change_is_another_one(before: object, after: object, name: str) -> None:
    assert verdict(before, after).rule == name
    assert "CLEAR" not in verdict(before, after).reason
    if name not in ("secret changed", "tags only", "changed attribute"):
        assert verdict(after, before).rule == "changed attribute"


def test_the_highest_rule_wins_and_noise_never_raises() -> None:
    found = verdict({"tags": {"a": "1"}, "publicly_accessible": False}, {"tags": {}, "publicly_accessible": True})
    assert found.severity == Severity.CRITICAL
    quiet = verdict({"tags": {"a": "1"}, "kms_key_id": None}, {"tags": {"a": "2"}, "kms_key_id": ""})
    assert quiet.rule == "tags only"


def test_a_change_says_which_attributes_differ() -> None:
    assert verdict({"a": 1, "b": 1}, {"a": 2, "b": 2}).reason == "a differs from the code, and 1 more"


@pytest.mark.parametrize("name", samples.PLANS)
def test_every_recorded_finding_gets_a_verdict_without_a_secret(name: str) -> None:
    for finding in samples.scan(name).findings:
        found = judge(finding)
        assert found.reason
        assert not any(word in found.reason for word in ("LEAK", "HUNTER2", "s3cr3t", "tr0ub4dor"))


def test_an_unread_policy_counts_as_widened() -> None:
    text = json.dumps({"Statement": [{"Action": f"s3:Get{i}", "Effect": "Allow"} for i in range(1_000)]})
    assert verdict({"policy": None}, {"policy": text}).rule == "permissions widened"
