"""The values of Pulumi: paths, secrets, what is not known yet, what it keeps for itself."""

from __future__ import annotations

import pytest

from driftsentry.ingest.formats import pulumi
from driftsentry.ingest.formats.pulumi_values import parse_path
from tests.ingest import surveys
from tests.ingest.test_pulumi import PREVIEW, REFRESH, SECRET, SIGNATURE, UNKNOWN, changes, lines, preview, state, step


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tags.Environment", ("tags", "Environment")),
        ('tags["a.b"]', ("tags", "a.b")),
        ("inlinePolicies[0].policy", ("inlinePolicies", 0, "policy")),
        ('["a \\"b\\" c"][2][3].d', ('a "b" c', 2, 3, "d")),
        ("a", ("a",)),
        ("", ("",)),
        (".a", (".a",)),
        ("a..b", ("a..b",)),
        ("a.", ("a.",)),
        ('a["b', ('a["b',)),
        ("a[*]", ("a[*]",)),
        ("a[99999999999]", ("a[99999999999]",)),
        ("a" + ".b" * 100, ("a" + ".b" * 100,)),
    ],
)
def test_property_paths(text: str, path: tuple[object, ...]) -> None:
    assert parse_path(text) == path


def test_a_secret_that_changed_is_a_drift_although_both_sides_are_hidden() -> None:
    old, new = state({"value": "[secret]"}), state({"value": "[secret]"})
    diff = {"value": {"kind": "update", "inputDiff": True}}
    for body in (step("update", old, new, detailedDiff=diff), step("update", old, new, diffReasons=["value"])):
        survey = surveys.read(pulumi, preview(body), hints=REFRESH)
        assert [(c.path, c.is_sensitive, c.before, c.noise) for c in lines(survey)] == [(("value",), True, None, "")]
        assert surveys.scan(survey).findings[0].cause == "out_of_band"
        again = surveys.read(pulumi, preview(body), hints=REFRESH)
        assert surveys.scan(again) == surveys.scan(survey)
    inside = {"value": {"a": "[secret]", "b": 1}}
    nested = step("update", state(inside), state(inside), detailedDiff=diff)
    assert [(c.path, c.is_sensitive) for c in lines(surveys.read(pulumi, preview(nested), hints=REFRESH))] == [
        (("value", "a"), True)
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[secret]", "in clear"),
        ({SIGNATURE: SECRET, "ciphertext": "abc"}, {SIGNATURE: SECRET, "ciphertext": "def"}),
        ({SIGNATURE: SECRET, "plaintext": '"hunter2"'}, {SIGNATURE: SECRET, "plaintext": '"hunter3"'}),
        ({SIGNATURE: SECRET, "plaintext": '"hunter2"'}, "[secret]"),
        ({SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "secret": True, "value": "hunter2"}, "[secret]"),
    ],
)
@pytest.mark.parametrize("has_diff", [True, False])
def test_secrets_in_every_form_are_masked(old: object, new: object, has_diff: bool) -> None:
    parts = {"detailedDiff": {"value.inner": {"kind": "update"}}} if has_diff else {}
    wrapped = [value if has_diff else {"inner": value} for value in (old, new)]
    body = step("update", state({"value": wrapped[0]}), state({"value": wrapped[1]}), **parts)
    survey = surveys.read(pulumi, preview(body), hints=REFRESH)
    found = surveys.scan(survey).findings[0]
    assert [c.is_sensitive for c in found.changes] == [True]
    assert "hunter" not in repr(found)
    gone = surveys.read(pulumi, preview(step("delete", state({}, {"value": old}))), hints=REFRESH)
    assert [c.is_sensitive for c in lines(gone)] == [True]


def test_outputs_that_are_declared_secret_are_masked() -> None:
    old = state(None, {"result": "hunter2"}, additionalSecretOutputs=["result"])
    diff = {"result": {"kind": "update"}}
    body = step("update", old, state(None, {"result": "hunter3"}), detailedDiff=diff)
    for each in (body, step("delete", old), step("update", old, state(None, {"result": "x"}))):
        found = surveys.scan(surveys.read(pulumi, preview(each), hints=REFRESH)).findings[0]
        assert [c.is_sensitive for c in found.changes] == [True]


def test_what_is_not_known_before_an_update_is_noise() -> None:
    old = state({"name": "n"}, {"name": "n", "url": "u", "list": [1, "b"], "version": 2})
    new = state({"name": "m", "url": UNKNOWN, "list": [2, UNKNOWN]})
    diff = {name: {"kind": "update", "inputDiff": False} for name in ("name", "url", "list", "version")}
    survey = surveys.read(pulumi, preview(step("update", old, new, detailedDiff=diff)), hints=PREVIEW)
    noise = {c.path[0]: (c.noise, c.why) for c in lines(survey)}
    assert noise["name"] == ("", "")
    assert noise["url"] == ("computed", "its value is not known before an update")
    assert noise["version"] == ("computed", "the program does not set it: Pulumi computes it")
    assert noise["list"] == ("", "")
    assert UNKNOWN not in repr(surveys.scan(survey))
    missing = surveys.read(pulumi, preview(step("create", None, state({"a": 1, "b": UNKNOWN}))), hints=PREVIEW)
    assert changes(missing) == [(("a",), 1, None)]


def test_what_pulumi_keeps_for_itself_is_dropped_and_tags_all_mirrors_tags() -> None:
    old = state({}, {"tags": {"a": "1"}, "tagsAll": {"a": "1", "b": "1"}, "__defaults": [], "x": {"__defaults": ["y"]}})
    new = state({}, {"tags": {"a": "2"}, "tagsAll": {"a": "2", "b": "2"}, "__defaults": ["z"], "x": {"__defaults": []}})
    diff = {name: {"kind": "update"} for name in ("tags.a", "tagsAll.a", "tagsAll.b", "__defaults", "x.__defaults")}
    for parts in ({"detailedDiff": diff}, {}):
        survey = surveys.read(pulumi, preview(step("update", old, new, **parts)), hints=REFRESH)
        assert {c.path: c.noise for c in lines(survey)} == {
            ("tags", "a"): "",
            ("tagsAll", "a"): "mirror",
            ("tagsAll", "b"): "",
        }


def test_a_state_that_is_one_secret_is_masked_whole() -> None:
    wrapped = {SIGNATURE: SECRET, "plaintext": '{"a": "hunter2"}'}
    gone = surveys.read(pulumi, preview(step("delete", state({}, wrapped))), hints=REFRESH)
    assert [c.is_sensitive for c in lines(gone)] == [True]
    changed = step("update", state({}, wrapped), state({}, wrapped | {"plaintext": '{"a": "hunter3"}'}))
    assert [c.is_sensitive for c in lines(surveys.read(pulumi, preview(changed), hints=REFRESH))] == [True]
