"""Every digit arrives."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from driftsentry.ingest import Change, changes_from_json, changes_to_json
from tests.ingest import samples

TEXTS = ["9007199254740993", "9223372036854775808", "123456789012345678901234567891", "0.30000000000000004",
         "-0.0000001", "1.10", "1e+30", "-5", "18446744073709551616"]  # fmt: skip


def number(text: str) -> Change:
    body = samples.plan(samples.entry({"n": "OLD"}, {"n": "NEW"}))
    (change,) = samples.only(samples.read(body.replace(b'"OLD"', b"7").replace(b'"NEW"', text.encode()))).changes
    return change


@pytest.mark.parametrize("text", TEXTS)
def test_a_number_is_the_number_that_was_written(text: str) -> None:
    assert Decimal(str(number(text).after)) == Decimal(text)
    assert not isinstance(number(text).after, float)


@pytest.mark.parametrize("text", TEXTS)
def test_a_number_survives_being_stored(text: str) -> None:
    before = (number(text),)
    after = changes_from_json(changes_to_json(before))
    assert after == before
    assert str(after[0].after) == str(before[0].after)


@pytest.mark.parametrize(
    ("address", "before", "after"),
    [
        ("demo_thing.kitchen", "9007199254740993", "9007199254740992"),
        ('demo_thing.numbers["big"]', "9223372036854775807", "9223372036854775808"),
        ('demo_thing.numbers["huge"]', "123456789012345678901234567890", "123456789012345678901234567891"),
        ('demo_thing.numbers["float"]', "0.1", "0.30000000000000004"),
        ('demo_thing.numbers["exp"]', "1000000000000000000000", "1000000000000000000001"),
    ],
)
def test_recorded_numbers_reach_the_change_unharmed(address: str, before: str, after: str) -> None:
    found = samples.by_address(samples.scan("tfplan/gen-tf1.11-demo-refresh-only.json"))[address]
    (change,) = (c for c in found.changes if c.path == ("number",))
    assert (str(change.before), str(change.after)) == (before, after)


def test_numbers_inside_json_strings_are_exact_too() -> None:
    (change,) = samples.changes({"p": '{"n": 9007199254740992}'}, {"p": '{"n": 9007199254740993}'})
    assert (change.before, change.after) == (9007199254740992, 9007199254740993)


def test_one_and_one_point_zero_are_no_difference() -> None:
    body = samples.plan(samples.entry({"n": 1}, {"n": "ONE"})).replace(b'"ONE"', b"1.0")
    found = samples.only(samples.read(body))
    assert (found.changes, found.cause) == ((), "informational")


@pytest.mark.parametrize("name", samples.PLANS)
def test_the_changes_of_every_recorded_plan_survive_being_stored(name: str) -> None:
    for finding in samples.scan(name).findings:
        text = changes_to_json(finding.changes)
        assert changes_from_json(text) == finding.changes
        json.loads(text)
