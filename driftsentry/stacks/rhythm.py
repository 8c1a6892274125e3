"""How often a stack reports: learned from its reports, or set by people; and how spans of time are said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHORTEST, LONGEST = 5 * MINUTE, 31 * DAY
LEAST_GRACE = 5 * MINUTE
# Reports that follow each other faster than this are one run of a pipeline, not two.
ONE_RUN = MINUTE
RUNS_TO_LEARN, RUNS_THAT_MATTER = 4, 8
# Below a limit people choose times in these steps: a job that starts a little late each night is still a daily one.
_STEPS = ((HOUR, SHORTEST), (6 * HOUR, 30 * MINUTE), (2 * DAY, HOUR), (LONGEST, DAY))
_UNITS = (("min", MINUTE), ("h", HOUR), ("days", DAY))


class Source(StrEnum):
    DEFAULT = "default"
    LEARNED = "learned"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A report is expected every `interval`, and is late when it is overdue by more than `grace`."""

    interval: timedelta
    grace: timedelta
    source: Source = Source.DEFAULT

    @property
    def late_after(self) -> timedelta:
        return self.interval + self.grace

    @property
    def stale_after(self) -> timedelta:
        return max(self.interval * 3, self.interval + self.grace * 2)


DEFAULT = Schedule(DAY, DAY / 4)


def runs_of(received: Sequence[datetime]) -> list[datetime]:
    """When each run began, the oldest first: reports in quick succession are one. `received`: the oldest first."""
    return [at for n, at in enumerate(received) if n == 0 or at - received[n - 1] >= ONE_RUN]


def learned(received: Sequence[datetime]) -> Schedule | None:
    """What reports at these times say of the next one; None while they are too few. `received`: the oldest first."""
    runs = runs_of(received)[-RUNS_THAT_MATTER:]
    if len(runs) < RUNS_TO_LEARN:
        return None
    usual = timedelta(seconds=median((after - before).total_seconds() for before, after in pairwise(runs)))
    interval = rounded(min(max(usual, SHORTEST), LONGEST))
    grace = -(-interval // (4 * MINUTE)) * MINUTE  # a quarter, in whole minutes
    return Schedule(interval, max(grace, LEAST_GRACE), Source.LEARNED)


def rounded(span: timedelta) -> timedelta:
    """To a time that people would choose: 23 h 51 min is a day."""
    step = next(step for limit, step in _STEPS if span <= limit)
    return max(round(span / step), 1) * step


def words_of(span: timedelta) -> str:
    """`45 min`, `24 h`, `2 h 30 min`, `7 days`."""
    minutes = round(span / MINUTE)
    if minutes >= 48 * 60 and minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)} days"
    hours, rest = divmod(minutes, 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest or not hours else [])])


def parts_of(span: timedelta) -> tuple[str, str]:
    """A number and the largest unit that it is whole in: what a form shows."""
    for name, unit in reversed(_UNITS):
        if span >= unit and span % unit == timedelta(0):
            return str(span // unit), name
    return str(round(span / MINUTE)), "min"


def span_of(number: str, unit: str) -> timedelta | None:
    """What a form says; None for what is no whole number of up to six digits, or no unit."""
    units = dict(_UNITS)
    if unit not in units or not (number.isascii() and number.isdecimal() and len(number) <= 6):
        return None
    return int(number) * units[unit]
