"""Drifts as pages show them: tabs with counts, how much is known, and the command a person would run next."""

import shlex
from dataclasses import dataclass
from datetime import datetime

from driftsentry import stacks
from driftsentry.db import Tx
from driftsentry.drifts.detail_queries import MOST_SEEN, count_seen
from driftsentry.drifts.model import Drift


@dataclass(frozen=True, slots=True)
class FreshnessView:
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """How fresh the stack is, and when and how often a report had the drift; more than `MOST_SEEN` times is many."""

    freshness: FreshnessView
    last_seen_at: datetime
    times_seen: int
    is_seen_often: bool


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


async def knowledge_of(tx: Tx, drift: Drift, now: datetime) -> Knowledge:
    """How fresh the drift's stack is, and when and how often the drift was seen.

    Nothing is written for an unchanged drift: while it is open, every complete report saw it.
    """
    stack = await stacks.select_stack(tx, drift.stack)
    assert stack is not None, "a drift belongs to a stack"
    entry = stacks.entry_of(stack, stacks.Tally(), now)
    last_seen = drift.seen_at
    if drift.status != "resolved" and stack.last_complete_at:
        last_seen = max(last_seen, stack.last_complete_at)
    times = await count_seen(tx, drift)
    freshness = FreshnessView(entry.freshness, entry.freshness_text)
    return Knowledge(freshness, last_seen, min(times, MOST_SEEN), times > MOST_SEEN)


def commands(drift: Drift) -> Commands:
    """What brings code and reality together again, once for each verdict; the address is quoted for a shell."""
    tool = "tofu" if "opentofu.org" in drift.provider else "terraform"
    address = shlex.quote(drift.address)
    accept = f"{tool} apply -refresh-only -target={address}"
    if drift.action == "delete":
        accept = f"{tool} state rm {address}"
    return Commands(accept, f"{tool} apply -target={address}")
