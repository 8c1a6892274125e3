"""Drifts as pages show them: tabs with counts, how much is known, and the command a person would run next."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from driftsentry import stacks
from driftsentry.db import Tx
from driftsentry.drifts.filter import TABS, Filter
from driftsentry.drifts.model import Drift, Kind


@dataclass(frozen=True, slots=True)
class TabView:
    key: str
    label: str
    count: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class FreshnessView:
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    freshness: FreshnessView
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class SnoozeForm:
    """What was typed into the form that puts a drift off, so that a refusal does not lose it."""

    fingerprint: str = ""
    until: str = ""
    reason: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Commands:
    approve: str
    reject: str


def tabs(wanted: Filter, counts: Mapping[Kind, int]) -> list[TabView]:
    """Every tab, as a link that keeps what the list is narrowed to."""
    if wanted.severity:
        counts = {key: amount for key, amount in counts.items() if key.severity == wanted.severity}
    return [
        TabView(tab.key, tab.label, tab.count(counts), wanted.url(tab=tab), tab is wanted.tab) for tab in TABS.values()
    ]


async def knowledge_of(tx: Tx, drift: Drift, now: datetime) -> Knowledge:
    """How fresh the drift's stack is, and when the drift was last seen.

    Nothing is written for an unchanged drift: while it is open, every complete report saw it.
    """
    stack = await stacks.select_stack(tx, drift.stack)
    assert stack is not None, "a drift belongs to a stack"
    entry = stacks.entry_of(stack, stacks.Tally(), now)
    last_seen = drift.seen_at
    if drift.status != "resolved" and stack.last_complete_at:
        last_seen = max(last_seen, stack.last_complete_at)
    return Knowledge(FreshnessView(entry.freshness, entry.freshness_text), last_seen)


def commands(drift: Drift) -> Commands:
    """What brings code and reality together again, once for each verdict; the address is quoted for a shell."""
    tool = "tofu" if "opentofu.org" in drift.provider else "terraform"
    address = shlex.quote(drift.address)
    accept = f"{tool} apply -refresh-only -target={address}"
    if drift.action == "delete":
        accept = f"{tool} state rm {address}"
    return Commands(accept, f"{tool} apply -target={address}")
