"""What is kept of each day and week, and what the charts are drawn from."""

from dataclasses import dataclass
from datetime import date, timedelta

SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Flow:
    """Drifts that somebody must look at: how many came (or came back), and how many are gone."""

    detected: int = 0
    resolved: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """How many drifts wait for a decision."""

    critical: int
    high: int
    medium: int
    low: int

    @property
    def amounts(self) -> tuple[int, ...]:
        """In the order of `SEVERITIES`."""
        return (self.critical, self.high, self.medium, self.low)

    @property
    def total(self) -> int:
        return sum(self.amounts)


@dataclass(frozen=True, slots=True)
class Day:
    """One day in UTC. `level`: how it ended, or how it stands now. None: nobody has kept it."""

    day: date
    flow: Flow | None
    level: Level | None


@dataclass(frozen=True, slots=True)
class Week:
    """The decisions of one week in UTC, and how long half of them at most had been waited for; None without any."""

    monday: date
    amount: int = 0
    median: timedelta | None = None


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def rounded(wait: timedelta) -> int:
    """Seconds, cut to what people say: minutes up to an hour, hours up to two days, days beyond. Never negative."""
    seconds = max(0, int(wait.total_seconds()))
    unit = 60 if seconds < 3600 else 3600 if seconds < 48 * 3600 else 86400
    return seconds - seconds % unit
