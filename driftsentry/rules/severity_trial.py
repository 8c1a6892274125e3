"""What a rule would change: every drift that is not resolved, judged with it and without it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from driftsentry import drifts
from driftsentry.db import Tx
from driftsentry.drifts import OpenDrift
from driftsentry.judging import Ruleset, Verdict, judge

LISTED = 50
# Of a very large list the first are looked at, and the page says so.
MOST_DRIFTS = 20_000
MOST_SECONDS = 3.0
_PART = 500


@dataclass(frozen=True, slots=True)
class Effect:
    """A drift that gets another severity."""

    drift_id: int
    stack: str
    address: str
    was: Verdict
    becomes: Verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """`matched`: drifts whose severity comes from the rule. `changed`: those that get another one, `first` of them.

    `is_capped`: there are more drifts than the `looked` that were judged.
    """

    matched: int
    changed: int
    first: tuple[Effect, ...]
    looked: int
    is_capped: bool


async def compare(tx: Tx, name: str, without: Ruleset, with_it: Ruleset) -> Trial:
    """What the rule of that name makes of the drifts. Nothing is written."""
    started, after, looked, matched = time.monotonic(), 0, 0, 0
    effects: list[Effect] = []
    while part := await drifts.select_open_drifts(tx, after, _PART):
        if looked >= MOST_DRIFTS or time.monotonic() - started > MOST_SECONDS:
            return Trial(matched, len(effects), tuple(effects[:LISTED]), looked, True)
        hits, changed = await asyncio.to_thread(_judge, part, name, without, with_it)
        matched, looked, after = matched + hits, looked + len(part), part[-1].id
        effects += changed
    return Trial(matched, len(effects), tuple(effects[:LISTED]), looked, False)


def _judge(part: Sequence[OpenDrift], name: str, without: Ruleset, with_it: Ruleset) -> tuple[int, list[Effect]]:
    matched, changed = 0, []
    for drift in part:
        finding = drift.finding
        was = judge(finding, environment=drift.environment, rules=without)
        becomes = judge(finding, environment=drift.environment, rules=with_it)
        matched += becomes.rule == name
        if was.severity != becomes.severity:
            changed.append(Effect(drift.id, drift.stack, drift.address, was, becomes))
    return matched, changed
