"""A huge value cannot hide what changed in it."""

import json

import pytest

from driftsentry.ingest import Change, parse

LONG = "abcdefghij" * 10_000


def change(before: str, after: str) -> Change:
    entry = {
        "address": "aws_instance.web",
        "mode": "managed",
        "type": "aws_instance",
        "name": "web",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": ["update"], "before": {"user_data": before}, "after": {"user_data": after}},
    }
    plan = {"format_version": "1.2", "planned_values": {"root_module": {}}, "resource_drift": [entry]}
    [finding] = parse(json.dumps(plan).encode(), stack="prod/web", key=b"k" * 32).findings
    [line] = finding.changes
    return line


@pytest.mark.parametrize("place", [0, 100, 20_000, 50_000, 99_999])
def test_the_first_difference_is_kept_wherever_it_is(place: int) -> None:
    line = change(LONG, LONG[:place] + "!" + LONG[place + 1 :])
    assert line.before != line.after
    assert "!" in str(line.after)
    assert len(str(line.after)) < 17_000


def test_what_is_left_out_is_counted_on_both_ends() -> None:
    line = change(LONG, LONG[:50_000] + "!" + LONG[50_001:])
    before = str(line.before)
    front = int(before.split(" ")[1].replace(",", ""))
    back = int(before.rsplit("cut, ", 1)[1].split(" ", maxsplit=1)[0].replace(",", ""))
    assert front + back + 16_384 == len(LONG)


def test_a_text_that_only_grew_shows_where() -> None:
    line = change(LONG, LONG + "and more")
    assert str(line.after).endswith("and more")
