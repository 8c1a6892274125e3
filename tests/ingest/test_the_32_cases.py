"""What a naive parser gets wrong, by the numbers of the specification of inputs.

Those of other formats, of packing and of wrong files stand beside the other tests of these (24 to 26, 28 to 32), those
that only time shows in test_cases_over_time.py. The last test here sees to it that all are somewhere in this folder.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from driftsentry.ingest import Change, Finding, changes_to_json
from tests import leaks
from tests.ingest import samples

PLAN = "tfplan/gen-tf1.11-{}.json"
DEMO = PLAN.format("demo-refresh-only")
SHOP = PLAN.format("shop-drifted-refresh-only")
SEQ = "tfplan-sequence/seqa-{}.json"
PASSWORD = "aws_ssm_parameter.pw"

needs_public = pytest.mark.skipif(not samples.PUBLIC.exists(), reason="the public samples are not on this machine")


def public(name: str) -> dict[str, Any]:
    return dict(json.loads((samples.PUBLIC / "tfplan" / f"{name}.json").read_bytes()))


def finding(name: str, address: str) -> Finding:
    return samples.by_address(samples.scan(name))[address]


def lines(found: Finding, *path: str | int) -> list[Change]:
    """Those at that path or below it."""
    return [change for change in found.changes if change.path[: len(path)] == path]


def members(found: Finding, *path: str | int) -> tuple[list[object], list[object]]:
    """Removed and added ones of a set or list."""
    at = [change for change in lines(found, *path) if change.is_member]
    return [each.before for each in at if each.kind == "removed"], [each.after for each in at if each.kind == "added"]


def fingerprint(name: str, address: str) -> str:
    return finding(SEQ.format(name), address).fingerprint


@needs_public
def test_case_01_drift_is_looked_for_by_its_key_and_never_by_the_format_version() -> None:
    old = public("terraform157-eq-drift_simple") | {"format_version": "0.1", "terraform_version": "0.15.4"}
    assert len(samples.read(json.dumps(old).encode()).findings) == 1
    for name in ("tfjson-basic-plan", "infracost-terraform_v0.14_plan"):  # Terraform 0.12 and 0.14
        found = samples.read(json.dumps(public(name)).encode())
        assert (found.has_drift_data, found.resolves, found.findings) == (False, False, ())
        assert "no drift data in this plan" in found.incomplete_reason


def test_case_02_a_list_that_is_missing_is_an_empty_one() -> None:
    clean = json.loads(samples.body(SEQ.format("t0-clean")))
    assert not {"resource_drift", "resource_changes"} & clean.keys()
    found = samples.scan(SEQ.format("t0-clean"))
    assert (found.findings, found.has_drift_data, found.resolves, found.mode) == ((), True, True, "refresh_only")
    assert samples.read(json.dumps(clean | {"resource_drift": [], "resource_changes": []}).encode()) == found


def test_case_03_null_that_became_empty_is_no_drift() -> None:
    found = samples.scan(PLAN.format("shop-fresh-refresh-only")).findings
    assert [each.cause for each in found] == ["informational"] * 20
    assert {each.noise for each in finding(PLAN.format("shop-fresh-refresh-only"), "aws_kms_key.k").changes} == {
        "empty"
    }


@needs_public
def test_case_03_neither_is_it_inside_a_block() -> None:
    [found] = samples.read(json.dumps(public("infracost-plan_with_target")).encode()).findings
    assert found.cause == "informational"
    assert [(each.path, each.noise) for each in found.changes] == [
        (("root_block_device", 0, "tags"), "empty"),
        (("tags",), "empty"),
    ]


@needs_public
def test_case_04_half_of_a_drift_may_be_noise() -> None:
    """A disk that appeared is real, unless the code attaches it by a resource of its own: then it says by which."""
    document = public("infracost-instance_with_attachment_after_deploy")
    found = samples.by_address(samples.read(json.dumps(document).encode()))["aws_instance.ec2"]
    assert {each.path: each.noise for each in found.changes} == {
        ("ebs_block_device",): "mirror",
        ("root_block_device", 0, "tags"): "empty",
        ("tags",): "empty",
    }
    assert "aws_volume_attachment" in found.cause_reason

    root = document["prior_state"]["values"]["root_module"]
    root["resources"] = [each for each in root["resources"] if each["type"] != "aws_volume_attachment"]
    refresh_only = document | {"planned_values": {"root_module": {}}}  # which says nothing of what the code wants
    del refresh_only["resource_changes"]
    alone = json.dumps(refresh_only).encode()
    found = samples.by_address(samples.read(alone))["aws_instance.ec2"]
    assert found.cause == "out_of_band"
    assert {each.path for each in found.changes if not each.noise} == {("ebs_block_device",)}


def test_case_05_what_the_code_wants_to_change_is_no_drift() -> None:
    document = json.loads(samples.body(PLAN.format("life-normal")))
    assert len([each for each in document["resource_changes"] if each["change"]["actions"] != ["no-op"]]) == 12
    drifted = {"aws_sqs_queue.new_name", "aws_sqs_queue.stay[1]", "aws_ssm_parameter.gone", "aws_ssm_parameter.watch"}
    assert samples.by_address(samples.scan(PLAN.format("life-normal"))).keys() == drifted


def test_case_07_an_object_that_is_gone() -> None:
    found = finding(SHOP, "aws_sqs_queue.counted[1]")
    entries = json.loads(samples.body(SHOP))["resource_drift"]
    change = next(each["change"] for each in entries if each["address"] == found.address)
    assert (change["after"], change["after_sensitive"]) == (None, False)
    assert (found.action, found.cause) == ("delete", "out_of_band")
    assert {each.kind for each in found.changes} == {"removed"}


def test_case_08_a_move_with_and_without_another_change() -> None:
    found = samples.scan(PLAN.format("life-refresh-only"))
    [move] = found.moves
    assert (move.previous_address, move.address) == ("aws_sqs_queue.old_name", "aws_sqs_queue.new_name")
    assert samples.by_address(found)["aws_sqs_queue.new_name"].previous_address == "aws_sqs_queue.old_name"
    only_moved = samples.entry({"a": 1}, {"a": 1}, previous_address="demo.old", change={"actions": ["no-op"]})
    found = samples.read(samples.plan(only_moved))
    assert (found.findings, [each.previous_address for each in found.moves]) == ((), ["demo.old"])


def test_case_09_a_number_is_another_key_than_the_same_digits_as_text() -> None:
    entries = [samples.entry({"a": 1}, {"a": 2}, address=f"demo.stay[{key}]") for key in ("0", '"0"')]
    assert len({(each.address, each.deposed) for each in samples.read(samples.plan(*entries)).findings}) == 2


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (SHOP, 'aws_sqs_queue.by_key["a[0].b"]'),
        (SHOP, 'aws_sqs_queue.by_key["with.dot"]'),
        (SHOP, 'aws_sqs_queue.by_key["ключ-ünï-☃"]'),
        (SHOP, 'module.svc["check-out"].aws_sqs_queue.jobs'),
        ("story/1-noise-only/refresh.json", 'aws_ssm_parameter.flag["a.b/c"]'),
        ("story/1-noise-only/refresh.json", 'aws_ssm_parameter.flag["it\'s \\"quoted\\""]'),
    ],
)
def test_case_09_keys_with_dots_quotes_slashes_and_unicode(name: str, address: str) -> None:
    found = finding(name, address)
    module, _, resource = address.rpartition("aws_")
    assert (found.module_address, found.resource_type) == (module.rstrip("."), "aws_" + resource.split(".")[0])
    assert found.resource_name == resource.split(".", 1)[1].split("[")[0]


def test_case_10_a_deposed_object_shares_its_address_and_is_its_own() -> None:
    [recorded] = samples.scan(PLAN.format("deposed-refresh-only")).findings
    assert (recorded.address, recorded.deposed) == ("demo_thing.cbd", "")
    document = json.loads(samples.body(PLAN.format("deposed-refresh-only")))
    [entry] = document["resource_drift"]
    both = document | {"resource_drift": [entry, entry | {"deposed": "ab12cd34"}]}
    found = samples.read(json.dumps(both).encode()).findings
    assert {(each.address, each.deposed) for each in found} == {("demo_thing.cbd", ""), ("demo_thing.cbd", "ab12cd34")}


def test_case_11_no_secret_is_in_what_is_kept_of_any_plan() -> None:
    """In the database, the log, the pages and the pushes: tests/test_marker_secrets.py."""
    spelled = [*leaks.MARKERS, "LEAK", "correct-horse"]
    assert all(any(marker in samples.body(name).decode() for name in samples.PLANS) for marker in ("HUNTER2", "LEAK"))
    for name in samples.PLANS:
        found = samples.scan(name)
        kept = repr(found) + "".join(changes_to_json(each.changes) for each in found.findings)
        assert [marker for marker in spelled if marker in kept] == [], name


def test_case_12_masks_of_every_shape() -> None:
    kitchen = finding(DEMO, "demo_thing.kitchen")
    for attribute in ("token", "secret_list", "secret_map"):  # one value, a whole list, a whole map
        [change] = lines(kitchen, attribute)
        assert (change.is_sensitive, change.before, change.after) == (True, None, None)
    one = finding(DEMO, 'demo_thing.dyn["one"]')  # secret before, and written in clear by hand
    assert {each.path: each.is_sensitive for each in one.changes} == {
        ("tags", "new"): False,
        ("tags", "owner"): True,
        ("text",): True,
    }
    everything = {"before_sensitive": True, "after_sensitive": True}
    assert {each.is_sensitive for each in samples.changes({"a": "x"}, {"a": "y"}, change=everything)} == {True}


@pytest.mark.parametrize(
    ("name", "address"), [(SHOP, "aws_ssm_parameter.db_password"), (SEQ.format("t5-alpha-new-value"), PASSWORD)]
)
def test_case_13_a_secret_that_changed_is_a_drift(name: str, address: str) -> None:
    found = finding(name, address)
    [change] = lines(found, "value")
    assert (found.cause, change.kind, change.is_sensitive) == ("out_of_band", "changed", True)


def test_case_13_and_another_secret_is_another_drift() -> None:
    assert fingerprint("t3-alpha-beta-pw", PASSWORD) != fingerprint("t5-alpha-new-value", PASSWORD)


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("big", "9223372036854775807", "9223372036854775808"),
        ("exp", "1000000000000000000000", "1000000000000000000001"),
        ("float", "0.1", "0.30000000000000004"),
        ("huge", "123456789012345678901234567890", "123456789012345678901234567891"),
    ],
)
def test_case_14_every_digit_of_a_number_is_kept(key: str, before: str, after: str) -> None:
    [change] = finding(DEMO, f'demo_thing.numbers["{key}"]').changes
    assert (str(change.before), str(change.after)) == (before, after)
    assert f'"before":{before},"after":{after}' in changes_to_json((change,))


def test_case_15_json_in_a_string_that_is_only_written_in_another_way() -> None:
    [change] = lines(finding(DEMO, "demo_thing.kitchen"), "policy_json")
    assert change.noise == "same_json"


@pytest.mark.parametrize(
    ("name", "address", "path", "added"),
    [
        (SHOP, "aws_iam_policy.deploy", ("policy", "Statement", 0, "Action"), ["s3:DeleteObject"]),
        ("story/4-more-drift/refresh.json", "aws_iam_role_policy.app", ("policy", "Statement", 0, "Action"), ["s3:*"]),
    ],
)
def test_case_15_a_policy_that_was_widened(
    name: str, address: str, path: tuple[str | int, ...], added: list[object]
) -> None:
    found = finding(name, address)
    assert found.cause == "out_of_band"
    assert members(found, *path)[1] == added
    assert all(each.in_json for each in lines(found, "policy"))


def test_case_16_members_of_a_set_that_shifted_and_a_list_that_was_sorted_anew() -> None:
    removed, added = members(finding(SHOP, "aws_security_group.web"), "ingress")
    ports = [[dict(each)["from_port"] for each in side] for side in (removed, added)]  # type: ignore[call-overload]
    assert ports == [[22], [22, 8080]]  # port 443 only moved
    kitchen = finding(DEMO, "demo_thing.kitchen")
    assert members(kitchen, "members") == (["bob"], ["dave"])
    assert [(each.kind, each.noise) for each in lines(kitchen, "steps") if not each.is_member] == [("reordered", "")]
    assert members(kitchen, "steps") == ([], ["notify"])
    assert {each.path for each in lines(kitchen, "rules")} == {("rules", 1, "cidr"), ("rules", 1, "port")}


@pytest.mark.parametrize("name", [SEQ.format("t7-target-only-gamma"), PLAN.format("life-destroy")])
def test_case_19_what_is_no_whole_refreshed_plan_resolves_nothing(name: str) -> None:
    found = samples.scan(name)
    assert (found.findings, found.resolves) == ((), False)
    assert found.incomplete_reason


def test_case_19_neither_does_one_that_failed_or_was_not_refreshed() -> None:
    clean = json.loads(samples.body("story/2-clean/plan.json"))  # as with -refresh=false, which looks the same
    assert not samples.read(json.dumps(clean).encode()).resolves
    assert not samples.read(samples.plan(errored=True)).resolves


def test_case_22_the_order_of_the_entries_is_no_fact() -> None:
    document = json.loads(samples.body(PLAN.format("shop-drifted-normal")))
    document["resource_drift"].reverse()
    turned = samples.by_address(samples.read(json.dumps(document).encode()))
    straight = samples.by_address(samples.scan(PLAN.format("shop-drifted-normal")))
    assert {key: each.fingerprint for key, each in turned.items()} == {
        key: each.fingerprint for key, each in straight.items()
    }


@needs_public
def test_case_23_a_plan_with_an_error_resolves_nothing_and_says_so() -> None:
    found = samples.read(json.dumps(public("opentofu-showjson-plan-error")).encode())
    assert (found.is_errored, found.resolves) == (True, False)
    assert "failed" in found.incomplete_reason


def test_case_27_a_large_plan_is_read_quickly() -> None:
    """Fifty megabytes with ten thousand drifts: test_size.py."""
    start = time.process_time()
    found = samples.scan(PLAN.format("big-refresh-only-2.5MB"))
    assert time.process_time() - start < 2
    assert [each.cause for each in found.findings] == ["out_of_band"] * 275


def test_all_32_cases_are_in_this_folder() -> None:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    numbers = {int(number) for text in texts for number in re.findall(r"def test_case_(\d+)_", text)}
    assert numbers == set(range(1, 33))
