"""Every rule that ships, against what it is for and what it must leave alone; and what holds for all of them."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driftsentry.judging import SHIPPED, judge
from driftsentry.judging.shipped import TABLES
from tests.ingest import samples

CASES: dict[str, dict[str, Any]] = {
    key: case
    for table in TABLES
    for key, case in tomllib.loads((Path(__file__).parent / f"cases/{table}.toml").read_text()).items()
}
RULES = {rule.key: rule for rule in SHIPPED.rules}


def rule_for(case: dict[str, Any], resource_type: str) -> str:
    """The name of the rule that a case gets, through the whole way from a plan."""
    actions = case.get("actions") or (["update"] if "is" in case else ["delete"])
    change = {"actions": actions, "before": case["was"], "after": case.get("is")}
    entry = {"type": case.get("type", resource_type), "change": change}
    return judge(samples.only(samples.read(samples.plan(samples.entry(None, None, **entry))))).rule


def verdicts(kind: str) -> Iterator[tuple[str, str, str]]:
    """(name of the case, name of the rule it is for, name of the rule it gets)"""
    for key, case in CASES.items():
        for number, one in enumerate(case[kind]):
            yield f"{key} {number}", RULES[one.get("beaten_by", key)].name, rule_for(one, case["type"])


def test_each_rule_hits_what_it_is_for() -> None:
    assert {case: got for case, name, got in verdicts("hits") if got != name} == {}


def test_each_rule_leaves_the_rest_alone() -> None:
    assert {case: got for case, name, got in verdicts("misses") if got == name} == {}


def test_every_rule_has_both() -> None:
    assert CASES.keys() == RULES.keys()
    assert all(case["hits"] and case["misses"] for case in CASES.values())


def test_there_are_rules_for_all_clouds() -> None:
    amounts = Counter(key.partition("-")[0] for key in RULES)
    assert len(RULES) >= 40
    assert min(amounts[cloud] for cloud in ("aws", "azure", "google", "kubernetes")) >= 8


def test_keys_and_names_are_of_one_rule_each() -> None:
    assert len({rule.name for rule in SHIPPED.rules}) == len(RULES) == len(SHIPPED.rules)
    assert all(key == key.lower() and key.replace("-", "").isalnum() for key in RULES)
