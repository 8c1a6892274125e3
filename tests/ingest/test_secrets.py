"""What is secret stays here: nothing of it may be in what `parse` and `mask_document` give out."""

from __future__ import annotations

import json
import re

import pytest

from driftsentry.ingest import mask_document, parse
from driftsentry.ingest.model import HIDDEN
from driftsentry.ingest.secret_names import is_secret_name, is_secret_value
from tests.ingest import samples

# Values of the recordings that stand under a mask, in variables, in outputs or in the configuration.
MARKERS = re.compile(
    "Correct-Horse|Leaky-Pass|HUNTER2|LEAK|s3cr3t|SSM-SECRET|var-secret-one|correct-horse|tr0ub4dor|seqa-secret"
)


@pytest.mark.parametrize("name", samples.PLANS)
def test_no_recorded_secret_is_in_a_scan(name: str) -> None:
    assert not MARKERS.search(repr(samples.scan(name)))


@pytest.mark.parametrize("name", samples.PLANS)
def test_no_recorded_secret_is_in_a_masked_document(name: str) -> None:
    assert not MARKERS.search(mask_document(samples.body(name), stack="a").decode())


def test_the_recordings_do_hold_secrets() -> None:
    assert sum(bool(MARKERS.search(samples.body(name).decode())) for name in samples.PLANS) > 15


@pytest.mark.parametrize("name", samples.PLANS)
def test_a_masked_document_gives_the_same_scan_as_the_clear_one(name: str) -> None:
    masked = mask_document(samples.body(name), stack=samples.STACK)
    assert samples.read(masked) == samples.scan(name)
    assert mask_document(masked, stack=samples.STACK) == masked


@pytest.mark.skipif(not samples.PUBLIC.exists(), reason="the public samples are not on this machine")
def test_public_plans_give_the_same_scan_masked() -> None:
    for path in sorted((samples.PUBLIC / "tfplan").glob("*.json")):
        body = path.read_bytes()
        assert samples.read(mask_document(body, stack=samples.STACK)) == samples.read(body), path.name


def test_a_masked_document_keeps_only_what_is_needed() -> None:
    masked = json.loads(mask_document(samples.body("tfplan/gen-tf1.11-shop-drifted-normal.json"), stack="a"))
    assert not {"variables", "configuration", "output_changes", "checks", "relevant_attributes"} & masked.keys()
    assert all(set(item["change"]) == {"actions"} for item in masked["resource_changes"])
    password = next(d for d in masked["resource_drift"] if d["address"] == "aws_ssm_parameter.db_password")
    assert password["change"]["after_sensitive"]["value"] is True
    assert re.fullmatch("sensitive:v1:[0-9a-f]{64}", password["change"]["after"]["value"])


def sensitive(before: object, after: object, masks: tuple[object, object]) -> list[tuple[object, ...]]:
    change = {"before_sensitive": masks[0], "after_sensitive": masks[1]}
    found = samples.changes(before, after, change=change)
    return [(c.path, c.kind, c.is_sensitive, c.before, c.after) for c in found]


def test_a_changed_secret_is_a_line_without_values() -> None:
    assert sensitive({"v": "old"}, {"v": "new"}, ({"v": True}, {"v": True})) == [(("v",), "changed", True, None, None)]


@pytest.mark.parametrize("masks", [({"v": True}, {}), ({}, {"v": True}), (True, False), (False, True)])
def test_one_side_of_the_mask_is_enough(masks: tuple[object, object]) -> None:
    assert sensitive({"v": "old"}, {"v": "new"}, masks) == [(("v",), "changed", True, None, None)]


def test_a_mask_over_a_container_makes_it_one_secret() -> None:
    found = sensitive({"m": {"a": "1", "b": "2"}}, {"m": {"a": "1", "b": "3"}}, ({"m": True}, {"m": True}))
    assert found == [(("m",), "changed", True, None, None)]


def test_a_mask_reaches_into_lists_by_index() -> None:
    before, after = {"l": [{"k": "a", "s": "1"}]}, {"l": [{"k": "a", "s": "2"}]}
    masks = {"l": [{"s": True}]}
    assert sensitive(before, after, (masks, masks)) == [(("l", 0, "s"), "changed", True, None, None)]


@pytest.mark.parametrize("mask", ["yes", 1, [True], {"x": "y"}, [[]], {}, [{}, {}], {"s": {"deeper": False}}])
def test_a_mask_that_is_none_hides_everything_under_it(mask: object) -> None:
    value = ["CLEAR"] if not isinstance(mask, list) else {"s": "CLEAR"}
    if isinstance(mask, dict):
        value = {"x": "CLEAR", "s": "CLEAR"} if mask else ["CLEAR"]
    document = samples.plan(
        samples.entry({"v": None}, {"v": value}, change={"before_sensitive": {}, "after_sensitive": {"v": mask}})
    )
    found = samples.read(document)
    assert any(change.is_sensitive for change in samples.only(found).changes)
    hidden = repr(found).count("CLEAR")
    assert hidden == (1 if isinstance(mask, dict) and mask else 0)


@pytest.mark.parametrize("root", ["yes", 1, [True], [False]])
def test_a_root_mask_that_is_none_hides_the_whole_object(root: object) -> None:
    assert [line[2] for line in sensitive({"a": "CLEAR", "b": 1}, {"a": "x", "b": 2}, (root, {}))] == [True, True]


def test_a_secret_that_moved_in_a_list_is_hidden_on_both_sides() -> None:
    before, after = {"l": ["open", "TOP"]}, {"l": ["TOP", "open", "more"]}
    change = {"before_sensitive": {"l": [False, True]}, "after_sensitive": {"l": [True, False, False]}}
    assert "TOP" not in repr(samples.changes(before, after, change=change))


def test_the_member_with_a_secret_shows_without_it() -> None:
    before: dict[str, object] = {"l": []}
    after = {"l": [{"user": "app", "pin": "1234"}]}
    change = {"before_sensitive": {}, "after_sensitive": {"l": [{"pin": True}]}}
    (line,) = samples.changes(before, after, change=change)
    assert line.after == {"user": "app", "pin": HIDDEN}


def test_null_under_a_mask_stays_null() -> None:
    assert sensitive({"v": None}, {"v": "new"}, ({"v": True}, {"v": True})) == [(("v",), "added", True, None, None)]
    assert sensitive({"v": None, "w": 1}, {"v": None, "w": 2}, (True, True)) == [(("w",), "changed", True, None, None)]


@pytest.mark.parametrize(
    "name",
    [
        "password", "db_password", "DB_PASSWORD", "masterUserPassword", "passwd", "pwd", "secret", "clientSecret",
        "api_key", "apiKey", "APIKey", "api-key", "x.api.key", "private_key", "privateKeyPem", "secret_string",
        "auth_token", "token", "credentials", "connection_string", "AWS_SECRET_ACCESS_KEY", "password_wo",
        "primary_access_key", "passwords", "DBPassword",
    ],
)  # fmt: skip
def test_a_string_with_a_telling_name_is_a_secret_without_a_mask(name: str) -> None:
    assert is_secret_name(name)
    (change,) = samples.changes({name: "CLEAR-1"}, {name: "CLEAR-2"})
    assert (change.is_sensitive, change.before, change.after) == (True, None, None)


@pytest.mark.parametrize(
    "name",
    ["secret_arn", "token_ttl", "password_policy", "secret_name", "key", "key_id", "kms_key_id", "access_key_id",
     "password_reset_required", "name", "tokens_per_minute", "bypass", "compass", "monkey", ""],
)  # fmt: skip
def test_a_name_that_only_sounds_like_it_is_shown(name: str) -> None:
    assert not is_secret_name(name)
    assert not samples.changes({name: "a"}, {name: "b"})[0].is_sensitive


@pytest.mark.parametrize("value", [True, 5, {"a": 1}])
def test_only_strings_are_secret_by_name(value: object) -> None:
    assert not any(change.is_sensitive for change in samples.changes({"password": None}, {"password": value}))


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "key AKIAIOSFODNN7EXAMPLE here",
        "postgres://app:hunter22@db.internal/x",
        "Server=db;User=app;Password=hunter22;",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "#cloud-config\npassword: hunter22\n",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    ],
)
def test_a_value_that_looks_like_a_secret_is_one_under_any_name(value: str) -> None:
    assert is_secret_value(value)
    assert samples.changes({"note": "x"}, {"note": value})[0].is_sensitive


@pytest.mark.parametrize(
    "value",
    ["https://example.com/a:b@c", "arn:aws:secretsmanager:eu-west-1:1:secret:x", "sts:GetSessionToken",
     "-----BEGIN CERTIFICATE-----", "user@example.com", "key=", "arn:aws:iam::aws:policy/AdministratorAccess"],
)  # fmt: skip
def test_ordinary_values_are_shown(value: str) -> None:
    assert not is_secret_value(value)


def test_environment_pairs_are_secret_by_the_name_beside_them() -> None:
    def container(password: str, level: str) -> dict[str, object]:
        pairs = [{"name": "LEVEL", "value": level}, {"name": "DB_PASSWORD", "value": password}]
        return {"container_definitions": json.dumps([{"name": "app", "environment": pairs}])}

    found = samples.changes(container("CLEAR-1", "info"), container("CLEAR-2", "info"))
    assert [(c.path[-1], c.is_sensitive, c.in_json) for c in found] == [("value", True, True)]
    both = samples.changes(container("CLEAR-1", "info"), container("CLEAR-2", "debug"))
    assert "CLEAR" not in repr(both)
    assert len({repr(c.after) for c in both if c.kind == "added"}) == 2


def test_json_with_a_secret_in_it_is_shown_without_it() -> None:
    (change,) = samples.changes({"p": None}, {"p": '{"host": "h", "password": "CLEAR"}'})
    assert change.after == f'{{"host":"h","password":"{HIDDEN}"}}'


AWKWARD = [
    samples.entry({"p": None}, {"p": '{"host": "h", "password": "CLEAR"}'}),
    samples.entry({"p": '{"a": 1, "password": "CLEAR"}'}, {"p": '{"password": "CLEAR","a":1}'}),
    samples.entry({"l": ['{"password": "CLEAR"}', "x"]}, {"l": ['{"password": "CLEAR"}', "y"]}),
    samples.entry({"l": ["a", "CLEAR"]}, {"l": ["CLEAR"]}, change={"before_sensitive": {"l": [False, True]}}),
    samples.entry({"m": {"token": "CLEAR", "n": 1}}, None, change={"actions": ["delete"], "after_sensitive": False}),
    samples.entry({"a": "CLEAR", "b": 2}, {"a": "x", "b": 3}, change={"before_sensitive": "nonsense"}),
    samples.entry({"u": "a"}, {"u": "postgres://app:CLEAR@db/x"}),
    samples.entry({"e": [{"key": "api_key", "value": "CLEAR"}]}, {"e": [{"key": "api_key", "value": "other"}]}),
    samples.entry({"n": 1.5, "p": '{"n": 1e5}'}, {"n": 1.25, "p": '{"n": 1e6}'}),
    samples.entry({"v": True}, {"v": 12345678901234567890123}, change={"after_sensitive": {"v": True}}),
]


@pytest.mark.parametrize("entry", AWKWARD)
def test_awkward_secrets_survive_masking_and_leak_nowhere(entry: dict[str, object]) -> None:
    clear = samples.plan(entry)
    masked = mask_document(clear, stack=samples.STACK)
    assert "CLEAR" not in repr(samples.read(clear)) + masked.decode()
    assert samples.read(masked) == samples.read(clear)


def test_a_secret_in_a_companion_reference_does_not_leave_the_machine() -> None:
    companion = {"address": "c", "mode": "managed", "type": "aws_iam_role_policy", "values": {"role": "CLEAR"}}
    entry = samples.entry({"id": "x", "a": 1}, {"id": "x", "a": 2}, type="aws_iam_role")
    document = samples.plan(entry, prior_state={"values": {"root_module": {"resources": [companion]}}})
    assert b"CLEAR" not in mask_document(document, stack="a")


def test_json_too_long_to_look_into_is_hidden_whole() -> None:
    text = json.dumps({"deep": {"password": "CLEAR"}, "rest": "x" * 1_100_000})
    (change,) = samples.changes({"p": "old"}, {"p": text})
    assert (change.is_sensitive, change.after) == (True, None)


def test_the_same_secret_has_another_digest_in_another_stack() -> None:
    body = samples.body("tfplan-sequence/seqa-t3-alpha-beta-pw.json")
    one, two = (re.findall(rb"sensitive:v1:[0-9a-f]+", mask_document(body, stack=stack)) for stack in ("a", "b"))
    assert one
    assert not set(one) & set(two)


def test_a_forged_placeholder_in_a_clear_value_is_only_ever_hidden() -> None:
    (change,) = samples.changes({"a": "x"}, {"a": "sensitive:v1:" + "0" * 64})
    assert (change.is_sensitive, change.after) == (True, None)


def test_no_digest_of_a_secret_is_shown() -> None:
    body = mask_document(samples.body("story/4-more-drift/plan.json"), stack=samples.STACK)
    digests = re.findall("sensitive:v1:([0-9a-f]{64})", body.decode())
    shown = repr(parse(body, stack=samples.STACK, key=samples.KEY))
    assert digests
    assert not any(digest in shown for digest in digests)
