"""Rules as data: what their conditions mean, in which order they are asked, and what they cost."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from driftsentry.ingest import Change, Finding
from driftsentry.judging import SHIPPED, Ruleset, Severity, judge, severity
from driftsentry.judging.model import Conditions, Line, Rule
from driftsentry.judging.naming import searchable, snake, type_name
from driftsentry.judging.patterns import read
from driftsentry.judging.reading import conditions_of, conditions_to_json, problems_of, rule_of
from tests.ingest import samples


def rule(name: str = "mine", severity: Severity = Severity.HIGH, reason: str = "r", **conditions: Any) -> Rule:
    return Rule(name, name, severity, reason, Conditions(**conditions))


def line(*attributes: str, before: str = "", after: str = "") -> tuple[Line, ...]:
    return (Line(attributes, before, after),)


def finding(before: object, after: object, action: str = "update", **fields: Any) -> Finding:
    return samples.only(
        samples.read(samples.plan(samples.entry(before, after, change={"actions": action.split()}, **fields)))
    )


SIZE = finding({"disk": {"size": 1}}, {"disk": {"size": 2}}, address="module.a.demo.x", type="demo_disk")
GONE = finding({"size": 1}, None, "delete", type="demo_disk")


def verdict(found: Finding, *rules: Rule, environment: str = "") -> str:
    return judge(found, environment=environment, rules=Ruleset(rules)).rule


@pytest.mark.parametrize(
    ("conditions", "hits"),
    [
        ({"types": ("demo_*",)}, True), ({"types": ("demo",)}, False), ({"types": ("aws_*", "*_disk")}, True),
        ({"types": ("demo_*",), "except_types": ("*_disk",)}, False), ({"except_types": ("aws_*",)}, True),
        ({"addresses": ("module.a.*",)}, True), ({"addresses": ("module.b.*",)}, False),
        ({"environments": ("prod", "st*")}, True), ({"environments": ("dev",)}, False),
        ({"actions": ("update",)}, True), ({"actions": ("delete", "replace")}, False),
        ({"lines": line("size")}, True), ({"lines": line("disk")}, True), ({"lines": line("disk.size")}, True),
        ({"lines": line("disk.")}, False), ({"lines": line(".size")}, False), ({"lines": line(".disk")}, True),
        ({"lines": line(".disk.size.")}, True), ({"lines": line("d*k")}, True), ({"lines": line("isk.size")}, False),
        ({"lines": line("other", "size")}, True), ({"lines": line("size", after="raised")}, True),
        ({"lines": line("size", after="lowered")}, False), ({"lines": line("size", before="> 1")}, False),
        ({"lines": line("size", before="= 1", after="2")}, True), ({"lines": line(after="= 2")}, True),
        ({"lines": (*line("a"), *line("size"))}, True), ({"lines": line("size"), "every": True}, True),
        ({"lines": line("size"), "types": ("aws_*",)}, False), ({"asks": "secret_changed"}, False),
    ],
)  # fmt: skip
def test_all_that_a_rule_says_must_be_so(conditions: dict[str, Any], hits: bool) -> None:
    assert (verdict(SIZE, rule(**conditions), environment="staging") == "mine") is hits


def test_lines_say_nothing_of_what_is_gone_unless_the_rule_names_it() -> None:
    assert verdict(GONE, rule(lines=line("size"))) == "changed attribute"
    assert verdict(GONE, rule(lines=line("size"), actions=("del*",))) == "mine"
    assert verdict(GONE, rule(types=("demo_*",))) == "mine"
    replaced = finding({"size": 1}, {"size": 2}, "delete create")
    assert verdict(replaced, rule(lines=line("size"))) == "mine"


def test_the_highest_wins_and_among_equals_the_first() -> None:
    high, first, second = rule("high", Severity.HIGH), rule("first", Severity.LOW), rule("second", Severity.LOW)
    assert verdict(SIZE, first, second, high) == "high"
    assert verdict(SIZE, first, second) == "first"
    assert verdict(SIZE, second, first) == "second"
    assert verdict(SIZE, rule("lines", Severity.LOW, lines=line("size")), second) == "lines"
    assert verdict(SIZE, second, rule("lines", Severity.LOW, lines=line("size"))) == "second"
    assert verdict(SIZE) == "changed attribute"


def test_noise_never_matches_and_every_line_that_counts_is_asked() -> None:
    both = finding({"size": 1, "kms": None, "x": 1}, {"size": 2, "kms": "", "x": 2})
    assert verdict(both, rule(lines=line("kms"))) == "changed attribute"
    assert verdict(both, rule(lines=line("size"), every=True)) == "changed attribute"
    assert verdict(both, rule(lines=line("size", "x"), every=True)) == "mine"
    quiet = finding({"kms": None}, {"kms": ""})
    assert judge(quiet, rules=Ruleset((rule(),))).rule == "informational"


def test_what_is_hidden_is_never_compared() -> None:
    secret = finding({"password": "CLEAR-1"}, {"password": "CLEAR-2"})
    for side in ("off", "empty", "not empty", "!= x", "*", "none of a, b"):
        assert verdict(secret, rule(lines=line("password", after=side))) == "changed attribute"
        assert verdict(secret, rule(lines=line("password", before=side))) == "changed attribute"
    found = judge(secret, rules=Ruleset((rule(reason="{before} {after}", lines=line("password")),)))
    assert found.reason == "a secret a secret"


def test_reasons_are_filled_and_reach_into_nothing() -> None:
    change = ("{attribute} {before} {after} {type} {address}", "disk.size 1 2 demo_disk module.a.demo.x")
    for reason, expected in (change, ("{after.__class__} {0} {{}}", "{after.__class__} {0} {{}}"), ("%s $x", "%s $x")):
        assert judge(SIZE, rules=Ruleset((rule(reason=reason, lines=line("size")),))).reason == expected
    long = finding({"a": "x"}, {"a": "{after}" * 900})
    found = judge(long, rules=Ruleset((rule(reason="{after} {after}", lines=line("a")),))).reason
    assert (len(found) < 130, found.count("…")) == (True, 2)


ON = [True, "true", "True", "on", "ON", "Enabled", "enabled", "yes"]
OFF = [False, None, "", "false", "off", "Disabled", "Suspended", "no"]
FEW: list[object] = [None, "", [], {}]


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("on", ON, [*OFF, 1, "1", [True]]), ("off", OFF, [*ON, 0, "0", []]),
        ("empty", FEW, [0, False, "x", [None], {"a": 1}]), ("not empty", [0, False, "x", [None]], FEW),
        ("world", ["0.0.0.0/0", "::/0", "2000::/3", "0.0.0.0/1", ["10.0.0.0/8", "::/0"], "Internet"],
         ["10.0.0.0/8", "2001:db8::/32", "x/0", "::/x", "1" * 99 + "/0", "::/" + "9" * 40, "", None, 0]),
        ("= 7", [7, "7", Decimal(7)], [8, "70", "x7", [7], None]), ("=on", ["on"], [True, "off"]),
        ("!= 7", [8, None, "x"], [7, "7"]), ("= true", [True, "true"], ["True", 1]),
        ("> 7", [8, "8", Decimal("7.5"), "8s", 10**30], [7, "7", True, "x", None, "8 apples", "9" * 40]),
        (">= 7.5", ["7.5", 8], [7]), ("< 7", [6, -1, "-1"], [7, False]), ("<=7", [7], [8]),
        ("one of a, b", ["a", "b"], ["", "ab", "a, b", None]), ("none of a, b", ["", "ab", None], ["a", "b"]),
        ("public-*", ["public-read", ["x", "public-read"]], ["private", "xpublic-", None]),
        ("*\"igw-*", ['{"gateway_id":"igw-1"}', {"gateway_id": "igw-1"}, [{"gateway_id": "igw-1"}]], [{"id": "nat-1"}]),
        ("", [None, 1, "x"], []),
    ],
)  # fmt: skip
def test_a_pattern_takes_these_values_and_no_others(pattern: str, hits: list[object], misses: list[object]) -> None:
    test = read(pattern)
    assert [value for value in hits if not test(value, None)] == []
    assert [value for value in misses if test(value, None)] == []


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        (1, 2, 1), ("1", "2", 1), (Decimal("0.1"), Decimal("0.10"), 0), ("86400s", "3600s", -1), (2**63, 2**63 + 1, 1),
        ("TLS1_2", "TLS1_0", -1), ("TLSv1", "TLSv1.2_2021", 1),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "TLSv1.1_2016", -1),
        ("ELBSecurityPolicy-FS-2018-06", "ELBSecurityPolicy-TLS-1-2-2017-01", 1), ("TLSv1.2", "SSLv3", -1),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06", -1), ("a", "b", 0), (1, None, 0),
        (True, 2, 0), ("Policy-Min-TLS-1-0-2019-07", "Policy-Min-TLS-1-2-PFS-2023-10", 1), ("2021-06", "2016-08", 0),
    ],
)  # fmt: skip
def test_numbers_and_versions_of_tls_have_an_order(before: object, after: object, order: int) -> None:
    assert (read("raised")(after, before), read("lowered")(after, before)) == (order > 0, order < 0)


@pytest.mark.parametrize("text", ["< x", ">", ">= ", "<= many", "> 1 2", "x" * 201])
def test_a_pattern_that_cannot_be_read_says_why(text: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z].*\."):
        read(text)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("aws_s3_bucket", "aws_s3_bucket"), ("AWS::S3::Bucket", "aws_s3_bucket"),
        ("aws:s3/bucket:Bucket", "aws_s3_bucket"),
        ("aws:s3/bucketV2:BucketV2", "aws_s3_bucket"), ("AWS::RDS::DBInstance", "aws_db_instance"),
        ("AWS::EC2::SecurityGroup", "aws_security_group"),
        ("aws:ec2/securityGroup:SecurityGroup", "aws_security_group"),
        ("AWS::EC2::Volume", "aws_ebs_volume"), ("aws:dynamodb/table:Table", "aws_dynamodb_table"),
        ("azure:storage/account:Account", "azurerm_storage_account"),
        ("azure-native:storage:StorageAccount", "azurerm_storage_account"),
        ("azure:network/networkSecurityRule:NetworkSecurityRule", "azurerm_network_security_rule"),
        ("gcp:compute/firewall:Firewall", "google_compute_firewall"),
        ("kubernetes_deployment_v1", "kubernetes_deployment"),
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "kubernetes_cluster_role_binding"),
        ("apps/Deployment", "kubernetes_deployment"), ("PersistentVolumeClaim", "kubernetes_persistent_volume_claim"),
        ("pulumi:providers:aws", "pulumi:providers:aws"), ("", ""), ("a:b:c", "a:b:c"), ("::", "__"), ("demo", "demo"),
    ],
)  # fmt: skip
def test_types_of_all_tools_have_one_name(given: str, name: str) -> None:
    assert type_name(given) == name


def test_attributes_of_all_tools_have_one_spelling() -> None:
    names = {
        "KmsKeyId": "kms_key_id",
        "kmsKeyId": "kms_key_id",
        "MultiAZ": "multi_az",
        "hostPID": "host_pid",
        "a_b": "a_b",
    }
    assert {name: snake(name) for name in names} == names
    assert searchable(("spec", 0, "hostPID", "a.b")) == ".spec.host_pid.a.b."
    assert verdict(finding({"KmsKeyId": "a"}, {"KmsKeyId": "b"}), rule(lines=line("KmsKeyId"))) == "mine"


def test_a_ruleset_travels_to_workers_and_is_prepared_there_once() -> None:
    judge(SIZE)
    text = pickle.dumps(SHIPPED)
    one, two = pickle.loads(text), pickle.loads(text)  # noqa: S301
    assert one == SHIPPED
    assert one is two
    assert one.judge(SIZE) == SHIPPED.judge(SIZE)
    assert len(text) < 60_000


def test_conditions_survive_storing() -> None:
    for each in SHIPPED.rules:
        assert conditions_of(conditions_to_json(each.conditions)) == each.conditions
        assert list(problems_of(each)) == []


@pytest.mark.parametrize(
    "data", [{"colour": "red"}, {"types": "aws_*"}, {"types": [7]}, {"lines": [{"before": "< x"}]}, {}]
)
def test_what_is_no_rule_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".\w"):
        rule_of("k", "n", "high", "r", **data)


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def test_a_hostile_glob_costs_no_more_than_a_plain_one() -> None:
    glob = "*a" * 99 + "*b"
    long = "a" * 20_000
    found = finding({"a" * 200: long}, {"a" * 200: long + "a"}, address="a" * 4_000, type="a" * 200)
    hostile = rule(
        types=("*",), addresses=(glob,), environments=(glob,), lines=line(glob, "*", before=glob, after=glob)
    )
    rules = Ruleset((hostile, rule(lines=line(glob))))
    assert _seconds(lambda: rules.judge(found, environment="a" * 500)) < 0.1


def test_paths_and_types_from_outside_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(severity, "MOST_KEPT", 50)
    rules = Ruleset((rule(lines=line("size")),))
    for n in range(200):
        rules.judge(_bare(f"type{n}", n))
        rules.judge(_bare("type", n))
        kept = rules._memory.places
        assert len(kept) + sum(len(place.by_path) for place in kept.values()) <= 102


def _bare(resource_type: str, number: int) -> Finding:
    change = Change((f"key{number}",), "changed", 1, 2, False, False, False, "", False)
    return Finding("a", "", None, "", resource_type, "a", "p", "update", "out_of_band", "", "0" * 64, (change,), 0)


def test_ten_thousand_findings_a_second_leave_most_of_it_to_others() -> None:
    """It takes 10 microseconds for a finding where this was written; ten times that is too much anywhere."""
    findings = [each for name in samples.PLANS[:12] for each in samples.scan(name).findings]
    for each in findings:
        judge(each)
    assert _seconds(lambda: [judge(each) for each in findings]) / len(findings) < 100e-6
