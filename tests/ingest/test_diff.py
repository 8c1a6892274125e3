"""The lines of an attribute diff."""

from __future__ import annotations

import json

from driftsentry.ingest import Change
from tests.ingest import samples


def kitchen() -> dict[tuple[object, ...], list[Change]]:
    found = samples.by_address(samples.scan("tfplan/gen-tf1.11-demo-refresh-only.json"))["demo_thing.kitchen"]
    lines: dict[tuple[object, ...], list[Change]] = {}
    for change in found.changes:
        lines.setdefault(change.path, []).append(change)
    return lines


def test_keys_with_dots_slashes_quotes_and_nothing_stay_parts_of_the_path() -> None:
    names = ["a.b", "c/d", 'it\'s "q"', "", "ключ"]
    before = {"tags": dict.fromkeys(names, "1")}
    after = {"tags": dict.fromkeys(names, "2")}
    assert {path for path, *_ in samples.lines(before, after)} == {("tags", name) for name in names}


def test_a_changed_set_member_shows_as_one_removed_and_one_added() -> None:
    members = kitchen()["members",]
    assert [(c.kind, c.before, c.after, c.is_member) for c in members] == [
        ("removed", "bob", None, True),
        ("added", None, "dave", True),
    ]


def test_a_list_that_is_only_reordered_is_one_significant_line() -> None:
    found = samples.changes({"steps": ["build", "test"]}, {"steps": ["test", "build"]})
    assert [(c.kind, c.before, c.after, c.noise) for c in found] == [
        ("reordered", ["build", "test"], ["test", "build"], "")
    ]


def test_a_list_that_grows_and_is_reordered_says_both() -> None:
    assert [(c.kind, c.after) for c in kitchen()["steps",]] == [
        ("added", "notify"),
        ("reordered", ["test", "build", "deploy", "notify"]),
    ]


def test_the_only_member_that_differs_is_looked_into() -> None:
    lines = kitchen()
    assert lines["rules", 1, "cidr"][0].after == "203.0.113.0/24"
    assert lines["rules", 1, "port"][0].before == 80


def test_a_set_that_shifted_shows_only_what_joined() -> None:
    found = samples.by_address(samples.scan("story/3-first-drift/refresh.json"))["aws_security_group.web"]
    (change,) = found.changes
    assert (change.path, change.kind, change.is_member) == (("ingress",), "added", True)
    assert isinstance(change.after, dict)
    assert (change.after["from_port"], change.after["cidr_blocks"]) == (22, ["0.0.0.0/0"])


def test_a_network_rule_is_shown_whole_although_only_its_port_differs() -> None:
    rule = {"from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}
    found = samples.lines({"ingress": [rule]}, {"ingress": [rule | {"from_port": 22}]})
    assert [(path, kind) for path, kind, *_ in found] == [(("ingress",), "removed"), (("ingress",), "added")]


def test_json_in_a_string_that_is_only_written_in_another_way_is_noise() -> None:
    (change,) = kitchen()["policy_json",]
    assert (change.noise, change.in_json) == ("same_json", False)


def test_json_in_a_string_is_looked_into() -> None:
    found = samples.changes({"p": '{"a": {"b": 1}, "c": 2}'}, {"p": '{"c":2,"a":{"b":3}}'})
    assert [(c.path, c.before, c.after, c.in_json) for c in found] == [(("p", "a", "b"), 1, 3, True)]


def test_a_policy_that_appears_or_goes_is_a_plain_change() -> None:
    text = '{"a": 1}'
    assert samples.lines({"p": None}, {"p": text}) == [(("p",), "added", None, text)]
    assert samples.lines({"p": text}, {"p": ""}) == [(("p",), "changed", text, "")]


def policy(**statement: object) -> dict[str, object]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | statement]})}


def test_an_iam_policy_means_the_same_in_another_order_and_with_single_values() -> None:
    before = policy(Action=["a:1", "a:2"], Resource="*", Principal={"AWS": ["x"]}, Condition={"S": {"k": ["v", "w"]}})
    after = policy(Action=["a:2", "a:1"], Resource=["*"], Principal={"AWS": "x"}, Condition={"S": {"k": ["w", "v"]}})
    assert [c.noise for c in samples.changes(before, after)] == ["same_json"]
    single = {"policy": json.dumps({"Statement": {"Effect": "Allow", "Action": "a:1"}})}
    listed = {"policy": json.dumps({"Statement": [{"Action": ["a:1"], "Effect": "Allow"}]})}
    assert [c.noise for c in samples.changes(single, listed)] == ["same_json"]


def test_a_list_without_a_policy_around_it_keeps_its_order() -> None:
    found = samples.changes({"p": '{"Steps": [1, 2]}'}, {"p": '{"Steps": [2, 1]}'})
    assert [(c.path, c.kind, c.noise) for c in found] == [(("p", "Steps"), "reordered", "")]


def test_a_widened_policy_shows_the_action_and_the_statement_that_joined() -> None:
    found = samples.by_address(samples.scan("tfplan/gen-tf1.11-shop-drifted-refresh-only.json"))[
        "aws_iam_policy.deploy"
    ]
    assert [(c.path, c.kind, c.is_member) for c in found.changes] == [
        (("policy", "Statement", 0, "Action"), "added", True),
        (("policy", "Statement"), "added", True),
    ]
    assert found.changes[0].after == "s3:DeleteObject"


def test_a_gcp_binding_is_compared_by_role_and_without_order() -> None:
    def data(*members: str) -> dict[str, object]:
        return {"policy_data": json.dumps({"bindings": [{"role": "r/a", "members": list(members)}]})}

    assert [c.noise for c in samples.changes(data("a", "b"), data("b", "a"))] == ["same_json"]
    assert samples.lines(data("a"), data("a", "allUsers")) == [
        (("policy_data", "bindings", 0, "members"), "added", None, "allUsers")
    ]


def test_json_written_in_another_way_inside_a_block_is_noise_too() -> None:
    before, after = {"p": [{"n": "x", "j": '{"a":1}'}]}, {"p": [{"n": "x", "j": '{ "a": 1 }'}]}
    assert [(c.path, c.noise) for c in samples.changes(before, after)] == [(("p", 0, "j"), "same_json")]


def test_a_map_that_appears_shows_its_keys() -> None:
    assert samples.lines({"tags": None}, {"tags": {"a": "1"}}) == [(("tags", "a"), "added", None, "1")]


def test_true_is_not_one() -> None:
    assert samples.lines({"a": 1, "b": [True]}, {"a": True, "b": [1]}) != []
    assert [path for path, *_ in samples.lines({"a": 1}, {"a": True})] == [("a",)]


def test_a_delete_lists_what_was_lost() -> None:
    found = samples.by_address(samples.scan("tfplan/gen-tf1.11-shop-drifted-refresh-only.json"))
    gone = found['aws_sqs_queue.by_key["plain"]']
    assert gone.action == "delete"
    assert {c.kind for c in gone.changes} == {"removed"}
    names = [c.path[0] for c in gone.changes]
    assert "name" in names
    assert not {"id", "arn", "tags_all", "kms_master_key_id"} & set(names)


def test_replace_paths_mark_the_lines_that_force_a_replacement() -> None:
    found = samples.changes(
        {"a": {"b": 1}, "c": 1}, {"a": {"b": 2}, "c": 2}, change={"replace_paths": [["a"], ["z", 0]]}
    )
    assert {c.path: c.forces_replacement for c in found} == {("a", "b"): True, ("c",): False}


def test_actions_become_words_and_the_unknown_stays_as_it_is() -> None:
    words = {}
    for actions in (["update"], ["delete"], ["delete", "create"], ["create", "delete"], ["create", "forget"], ["melt"]):
        entry = samples.entry({"a": 1}, {"a": 2}, change={"actions": actions})
        words["/".join(actions)] = samples.only(samples.read(samples.plan(entry))).action
    assert words == {
        "update": "update",
        "delete": "delete",
        "delete/create": "replace",
        "create/delete": "replace",
        "create/forget": "create+forget",
        "melt": "melt",
    }


def test_a_data_source_is_no_drift() -> None:
    assert samples.read(samples.plan(samples.entry({"a": 1}, {"a": 2}, mode="data"))).findings == ()


def test_a_move_is_no_finding_and_a_moved_drift_is_both() -> None:
    moved = samples.entry({"a": 1}, {"a": 1}, previous_address="demo.old", change={"actions": ["no-op"]})
    found = samples.read(samples.plan(moved))
    assert found.findings == ()
    assert [(m.previous_address, m.address) for m in found.moves] == [("demo.old", "demo.x")]
    life = samples.scan("tfplan/gen-tf1.11-life-refresh-only.json")
    old, new = "aws_sqs_queue.old_name", "aws_sqs_queue.new_name"
    assert [(m.previous_address, m.address) for m in life.moves] == [(old, new)]
    assert samples.by_address(life)[new].previous_address == old


def test_the_number_0_and_the_string_0_are_two_instances() -> None:
    names = ["aws_sqs_queue.stay[0]", 'aws_sqs_queue.stay["0"]']
    entries = [samples.entry({"a": 1}, {"a": 2}, address=name) for name in names]
    assert [f.address for f in samples.read(samples.plan(*entries)).findings] == names


def test_a_deposed_object_shares_its_address() -> None:
    entries = [samples.entry({"a": 1}, {"a": 2}), samples.entry({"a": 1}, {"a": 3}, deposed="0a1b2c3d")]
    found = samples.read(samples.plan(*entries)).findings
    assert [(f.address, f.deposed) for f in found] == [("demo.x", ""), ("demo.x", "0a1b2c3d")]
    recorded = samples.scan("tfplan/gen-tf1.11-deposed-refresh-only.json").findings
    assert [(f.address, f.deposed) for f in recorded] == [("demo_thing.cbd", "")]


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    (change,) = samples.changes({"a": "x"}, {"a": "y" * 20_000})
    assert isinstance(change.after, str)
    assert change.after.endswith("… (cut, 20,000 characters)")
    assert len(change.after) < 17_000


def test_a_huge_list_in_one_line_is_cut_too() -> None:
    before = [f"member {i}" for i in range(20_000)]
    (change,) = samples.changes({"a": before}, {"a": before[::-1]})
    assert isinstance(change.before, str)
    assert "cut" in change.before


def test_more_than_500_lines_are_counted_and_the_significant_ones_stay() -> None:
    before = {f"n{i:04}": None for i in range(600)} | {"z": 1}
    after = {f"n{i:04}": "" for i in range(600)} | {"z": 2}
    found = samples.only(samples.read(samples.plan(samples.entry(before, after))))
    assert (len(found.changes), found.hidden_changes) == (500, 101)
    assert found.changes[0].path == ("z",)


def test_nul_is_shown_as_its_visible_sign() -> None:
    (change,) = samples.changes({"a\0": "x"}, {"a\0": "y\0z"})
    assert (change.path, change.after) == (("a\u2400",), "y\u2400z")
