"""Ignore rules: what a glob, a path and a rule cover, and that nothing hostile makes them slow or too wide."""

import pickle
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from driftsentry.ingest import Change
from driftsentry.judging.globs import matches
from driftsentry.judging.ignoring import GLOB_LENGTH, Ignore, hiding, may_hide, value_text

RULE = Ignore(
    id="r1",
    stack_glob="prod/*",
    resource_type="aws_instance",
    address_glob='module.web["a*b"].aws_instance.x[*]',
    path=("tags", "LastScan"),
    value_glob="*",
    ends_at=datetime(2026, 12, 21, tzinfo=UTC),
    owner_name="Emil",
    reason="the scanner writes it",
)


def change(
    *path: str | int, kind: str = "changed", before: object = "a", after: object = "b", **more: object
) -> Change:
    flags = {"is_sensitive": False, "is_member": False, "in_json": False, "noise": "", "forces_replacement": False}
    return Change(path, kind, before, after, **(flags | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("glob", "text", "fits"),
    [
        ("*", "", True), ("*", "any/thing.[0]\n", True), ("", "", True), ("", "a", False), ("**", "x", True),
        ("prod/*", "prod/a/b", True), ("prod/*", "production", False), ("prod/*", "prod/", True),
        ("*.x", "a.b.x", True), ("a*a", "a", False), ("a*a", "aa", True), ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "acb", False), ("*ab*ab*", "ab", False), ("*ab*ab*", "abab", True), ("*aab", "aaab", True),
        ("a[*]", "a[0]", True), ("a[0]", "a0", False), ("a[!0]", "a1", False), ("[a-z]", "b", False),
        ("a?c", "abc", False), ("a?c", "a?c", True), ("a.c", "abc", False),
        (r"a\*", "a*", False), (r"a\*", "a\\b", True),
        ("A", "a", False), ('x["*.example.com"]', 'x["*.example.com"]', True), ("{a,b}", "a", False),
    ],
)  # fmt: skip
def test_a_star_is_any_characters_and_all_else_is_itself(glob: str, text: str, fits: bool) -> None:
    assert matches(glob, text) is fits


@pytest.mark.parametrize(
    "glob", ["*a" * (GLOB_LENGTH // 2), "*" * GLOB_LENGTH, "a*" * (GLOB_LENGTH // 2 - 1) + "*b", "*" + "a" * 498 + "b"]
)
def test_a_hostile_glob_takes_no_time(glob: str) -> None:
    started = time.perf_counter()
    matches(glob, "a" * 2_000_000)
    matches(glob, "a" * 2_000_000 + "c")
    assert time.perf_counter() - started < 0.5


def test_it_covers_where_stack_type_and_address_fit_all_three() -> None:
    address = 'module.web["a/b"].aws_instance.x[3]'
    assert RULE.covers("prod/app", "aws_instance", address)
    assert not RULE.covers("staging/app", "aws_instance", address)
    assert not RULE.covers("prod/app", "aws_instance2", address)
    assert not RULE.covers("prod/app", "aws_instance", "aws_instance.x[3]")
    assert replace(RULE, resource_type="aws_*").covers("prod/app", "aws_db_instance", address)


def test_a_path_covers_itself_and_what_is_below_never_what_is_above() -> None:
    assert RULE.hides(change("tags", "LastScan"))
    assert RULE.hides(change("tags", "LastScan", 0, "x"))
    assert not RULE.hides(change("tags", before={"LastScan": "1", "Owner": "me"}, after=None))
    assert not RULE.hides(change("tags", "Owner"))
    assert not RULE.hides(change())
    any_rule = replace(RULE, path=("ingress", None, "cidr_blocks"))
    assert any_rule.hides(change("ingress", 0, "cidr_blocks", 7))
    assert any_rule.hides(change("ingress", "key", "cidr_blocks"))
    assert not any_rule.hides(change("ingress", 0, "ports"))
    assert not replace(RULE, path=("a", 1)).hides(change("a", "1"))
    assert not replace(RULE, path=("a", "1")).hides(change("a", 1))


def test_a_value_is_what_is_real_and_of_what_is_gone_what_the_code_says() -> None:
    scanned = replace(RULE, value_glob="2026-*")
    line = change("tags", "LastScan", before="old", after="2026-11-20")
    assert scanned.hides(line)
    assert not replace(scanned, value_glob="old").hides(line)
    assert scanned.hides(change("tags", "LastScan", kind="removed", before="2026-11-20", after=None))
    assert not scanned.hides(change("tags", "LastScan", kind="added", before=None, after="1999"))
    assert value_text(change("a", after=Decimal("1.000000000000000000001"))) == "1.000000000000000000001"
    assert value_text(change("a", after={"b": [1, None, True]})) == '{"b":[1,null,true]}'
    assert replace(RULE, path=("a",), value_glob='{"b":*}').hides(change("a", after={"b": [1]}))
    assert replace(RULE, path=("a",), value_glob="null").hides(change("a", after=None))


def test_a_secret_is_hidden_by_every_value_only() -> None:
    secret = change("tags", "LastScan", before=None, after=None, is_sensitive=True)
    holder = change("tags", "LastScan", after={"user": "x", "password": "(sensitive)"})
    for line in (secret, holder):
        assert RULE.hides(line)
        assert not any(replace(RULE, value_glob=glob).hides(line) for glob in ("**", "*x*", "null", "(sensitive)", ""))


def test_noise_is_not_hidden_again_and_what_replaces_the_resource_never() -> None:
    assert not any(RULE.hides(change("tags", "LastScan", noise=noise)) for noise in ("empty", "mirror", "ignored"))
    assert not RULE.hides(change("tags", "LastScan", forces_replacement=True))


@pytest.mark.parametrize(
    ("action", "may"),
    [("update", True), ("delete", False), ("replace", False), ("delete+create", False), ("create+delete", False),
     ("update+replace", False), ("undeleted", True), ("create", True), ("", True)],
)  # fmt: skip
def test_no_deletion_and_no_replacement_is_ever_hidden(action: str, may: bool) -> None:
    assert may_hide(action) is may


def test_of_several_rules_the_one_that_ends_last_is_named() -> None:
    later = replace(RULE, id="r0", ends_at=datetime(2027, 1, 1, tzinfo=UTC))
    other = replace(RULE, id="r9", path=("other",), ends_at=datetime(2028, 1, 1, tzinfo=UTC))
    assert hiding([RULE, later, other], change("tags", "LastScan")) == later
    assert hiding([other], change("tags", "LastScan")) is None


def test_it_says_why_in_one_short_line_and_goes_to_another_process() -> None:
    assert RULE.why == "ignored until 2026-12-20 by Emil: the scanner writes it"
    long = replace(RULE, reason="because\n" + "x" * 900).why
    assert len(long) < 170
    assert "\n" not in long
    assert long.endswith("…")
    assert pickle.loads(pickle.dumps(RULE)) == RULE  # noqa: S301
