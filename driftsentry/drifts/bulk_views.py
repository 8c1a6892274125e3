"""What was done to many drifts, as a page tells it."""

from collections.abc import Mapping
from dataclasses import dataclass

from driftsentry.drifts.bulk import Outcome
from driftsentry.drifts.model import Row
from driftsentry.drifts.snoozing import CHOICES as PERIODS
from driftsentry.drifts.snoozing import UNTIL_CHANGE
from driftsentry.templating import count, plural

# So many are named, of those that were done and of those left out for one reason; of the rest the number.
SHOWN = 100
CHOICES = {**{name: f"for {name}" for name in PERIODS}, UNTIL_CHANGE: "until it changes"}
_CONSEQUENCES = {
    "approved": "Keep reality, change the code.",
    "rejected": "Revert reality to the code.",
    "snoozed": "They come back when their time has come, or when they change.",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """All that were left out for one reason. Of one that does not exist there is the number only."""

    why: str
    drifts: list[Row | int]
    more: int


@dataclass(frozen=True, slots=True)
class Result:
    title: str
    verdict: str
    consequence: str
    reason: str
    amount: int
    done: list[Row]
    left_out: list[LeftOut]

    @property
    def more(self) -> int:
        return self.amount - len(self.done)


def shown_of(outcome: Outcome) -> list[int]:
    """The drifts that are named."""
    named = [drift_id for ids in _grouped(outcome).values() for drift_id in ids[:SHOWN]]
    return [*outcome.done[:SHOWN], *named]


def result_of(outcome: Outcome, rows: Mapping[int, Row], verdict: str, reason: str) -> Result:
    left = len(outcome.left_out)
    done = plural(len(outcome.done), "drift") if outcome.done else "No drift"
    title = f"{done} {verdict}" + (f", {count(left)} left out" if left else "")
    return Result(
        title,
        verdict,
        _CONSEQUENCES[verdict] if outcome.done else "",
        reason,
        len(outcome.done),
        [rows[drift_id] for drift_id in outcome.done[:SHOWN] if drift_id in rows],
        [
            LeftOut(why, [rows.get(drift_id, drift_id) for drift_id in ids[:SHOWN]], max(0, len(ids) - SHOWN))
            for why, ids in _grouped(outcome).items()
        ],
    )


def _grouped(outcome: Outcome) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for drift_id, why in outcome.left_out:
        found.setdefault(why, []).append(drift_id)
    return found
