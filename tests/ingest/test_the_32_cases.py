"""What a naive parser gets wrong, by the numbers of the specification of inputs.

The cases of other formats, of packing and of wrong files stand beside the other tests of those: `test_case_24_...` to
26 and 28 to 32. The last test here sees to it that all are somewhere in this folder.
"""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from driftsentry.ingest import Change, Finding, changes_to_json
from tests import leaks
from tests.ingest import samples
from tests.reports.test_lasting_drifts import decided, named, scan
from tests.site import Site

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
    changed = [each for each in document["resource_changes"] if each["type"] != "aws_volume_attachment"]
    alone = json.dumps(document | {"resource_changes": changed}).encode()
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


async def test_case_08_the_open_drift_follows_with_its_decision_and_its_comments(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1, named("demo.old")))
    before = await decided(sqlite_site, address="demo.old")
    engineer = await sqlite_site.as_engineer()
    await engineer.post(f"/drifts/{before['id']}/comments", {"text": "seen by the team"})
    await sqlite_site.post_body(scan(2, named("demo.new", previous_address="demo.old")))
    after = await sqlite_site.drift("demo.new")
    assert (after["id"], after["status"], after["decision_id"]) == (before["id"], "approved", before["decision_id"])
    assert "seen by the team" in await engineer.text(f"/drifts/{after['id']}")


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


async def test_case_14_and_reaches_the_page(sqlite_site: Site) -> None:
    await sqlite_site.post_plan(DEMO)
    viewer = await sqlite_site.as_viewer()
    for address, numbers in (
        ("demo_thing.kitchen", ("9007199254740993", "9007199254740992")),
        ('demo_thing.numbers["huge"]', ("123456789012345678901234567890", "123456789012345678901234567891")),
        ('demo_thing.numbers["float"]', ("0.1", "0.30000000000000004")),
    ):
        page = await viewer.text(f"/drifts/{(await sqlite_site.drift(address))['id']}")
        assert all(number in page for number in numbers), address
    [change] = lines(finding(DEMO, "demo_thing.kitchen"), "number")
    assert Decimal(str(change.before)) - Decimal(str(change.after)) == 1


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


async def test_case_17_values_that_look_like_something_else_are_shown_as_text(sqlite_site: Site) -> None:
    owner = lines(finding("story/3-first-drift/refresh.json", "aws_vpc.main"), "tags", "owner")[0].after
    assert owner == "<img src=x onerror=alert(1)>"
    for name in ("story/3-first-drift/refresh.json", DEMO):
        await sqlite_site.post_plan(name, stack=f"prod/{name[:5]}")
    viewer = await sqlite_site.as_viewer()
    page = await viewer.text(f"/drifts/{(await sqlite_site.drift('aws_vpc.main'))['id']}")
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    page = await viewer.text(f"/drifts/{(await sqlite_site.drift('demo_thing.kitchen'))['id']}")
    assert "<script>alert(1)" not in page
    turned = named("demo.x", "safe \u202egnp.exe")
    await sqlite_site.post_body(scan(1, turned), "prod/turned")
    page = await viewer.text(f"/drifts/{(await sqlite_site.drift('demo.x'))['id']}")
    assert "\u202e" not in page
    assert "\\u202e" in page


async def test_case_18_what_is_new_on_every_scan_opens_nothing_again(sqlite_site: Site) -> None:
    def restored(minute: int, size: str = "large") -> bytes:
        before = {"size": "small", "latest_restorable_time": "x", "custom_stamp": "0"}
        after = {"size": size, "latest_restorable_time": f"10:{minute:02}", "custom_stamp": str(minute)}
        return scan(minute, samples.entry(before, after, address="demo.x"))

    for minute in (1, 2, 3):  # the first name is known; the second one is learned from three scans
        await sqlite_site.post_body(restored(minute))
    approved = await decided(sqlite_site)
    for minute in (4, 5, 6):
        await sqlite_site.post_body(restored(minute))
    after = await sqlite_site.drift("demo.x")
    assert (after["status"], after["decision_id"]) == ("approved", approved["decision_id"])
    await sqlite_site.post_body(restored(7, "huge"))
    assert (await sqlite_site.drift("demo.x"))["status"] == "detected"


@pytest.mark.parametrize("name", [SEQ.format("t7-target-only-gamma"), PLAN.format("life-destroy")])
def test_case_19_what_is_no_whole_refreshed_plan_resolves_nothing(name: str) -> None:
    found = samples.scan(name)
    assert (found.findings, found.resolves) == ((), False)
    assert found.incomplete_reason


def test_case_19_neither_does_one_that_failed_or_was_not_refreshed() -> None:
    clean = json.loads(samples.body("story/2-clean/plan.json"))  # as with -refresh=false, which looks the same
    assert not samples.read(json.dumps(clean).encode()).resolves
    assert not samples.read(samples.plan(errored=True)).resolves


async def test_case_20_again_reverted_other_value_deleted_remediated(sqlite_site: Site) -> None:
    names = ("t1-alpha", "t2-alpha-again", "t3-alpha-beta-pw", "t4-alpha-reverted", "t5-alpha-new-value")
    names += ("t6-beta-deleted", "t7-target-only-gamma", "t8-after-remediation")
    counts = [tuple((await sqlite_site.post_plan(SEQ.format(name))).values()) for name in names]
    # Detected, changed, unchanged, reopened, resolved, informational.
    assert counts == [
        (1, 0, 0, 0, 0, 0),
        (0, 0, 1, 0, 0, 0),
        (2, 0, 1, 0, 0, 0),
        (0, 0, 2, 0, 1, 0),
        (0, 1, 1, 1, 0, 0),
        (0, 1, 2, 0, 0, 0),
        (0, 0, 0, 0, 0, 0),
        (0, 0, 0, 0, 3, 0),
    ]


async def test_case_21_an_older_plan_that_arrives_late_moves_nothing(sqlite_site: Site) -> None:
    await sqlite_site.post_plan(SEQ.format("t5-alpha-new-value"))
    look = "SELECT address, status, fingerprint, changes, version FROM drifts ORDER BY id"
    before = [tuple(row) for row in await sqlite_site.rows(look)]
    response = await sqlite_site.post_body(samples.body(SEQ.format("t3-alpha-beta-pw")))
    assert (response.status_code, await sqlite_site.value("SELECT count(*) FROM reports")) == (201, 2)
    assert [tuple(row) for row in await sqlite_site.rows(look)] == before


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
