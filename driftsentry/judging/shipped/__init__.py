"""The rules that ship, read once from the tables beside this file. What stands first wins among equals."""

from __future__ import annotations

import tomllib
from pathlib import Path

from driftsentry.judging.model import Rule
from driftsentry.judging.reading import rule_of

TABLES = ("any", "aws", "azure", "google", "kubernetes", "rest")


def _read(table: str) -> list[Rule]:
    data = tomllib.loads((Path(__file__).parent / f"{table}.toml").read_text())
    return [rule_of(**row) for row in data["rule"]]


RULES: tuple[Rule, ...] = tuple(rule for table in TABLES for rule in _read(table))
