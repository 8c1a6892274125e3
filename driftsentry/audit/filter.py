"""What the audit log is narrowed to: the query string, and nothing else, is its state."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from driftsentry.audit.model import Filter

FIELDS = ("q", "kind", "actor", "stack", "drift", "address", "since", "until")
_LENGTH = 200
_DRIFT = re.compile(r"#?([0-9]{1,10})")
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter as it was typed, what was understood of it, and what was not: field and sentence."""

    wanted: Filter
    typed: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()
    before: int | None = None

    @property
    def is_narrowed(self) -> bool:
        return any(self.typed.values())

    @property
    def has_more(self) -> bool:
        """Whether one of the fields that are folded away says something."""
        return any(self.typed[name] for name in FIELDS[3:])

    def url(self, path: str = "/audit", **more: object) -> str:
        """The address of this list, from its newest entry unless `before` is given."""
        pairs = {name: value for name, value in self.typed.items() if value}
        query = urlencode(pairs | {name: str(value) for name, value in more.items()})
        return f"{path}?{query}" if query else path


class _Reader:
    def __init__(self, args: Mapping[str, str]) -> None:
        self.typed = {name: " ".join(args.get(name, "").replace("\0", "").split())[:_LENGTH] for name in FIELDS}
        self.problems: list[tuple[str, str]] = []

    def day(self, name: str) -> datetime | None:
        text = self.typed[name]
        if not text:
            return None
        try:
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            self.problems.append((name, f"{text!r} is no date. Give year-month-day, such as 2027-01-31."))
            return None

    def drift(self) -> int | None:
        text = self.typed["drift"]
        found = _DRIFT.fullmatch(text)
        if text and not (found and int(found[1]) <= _MOST):
            self.problems.append(
                ("drift", f"{text!r} is no number of a drift. It stands in the address of the drift's page.")
            )
            return None
        return int(found[1]) if found else None

    def one_of(self, name: str, known: Collection[str], sentence: str) -> str:
        text = self.typed[name]
        if text and text not in known:
            self.problems.append((name, sentence.format(text)))
            return ""
        return text


def parse(args: Mapping[str, str], kinds: Collection[str], stacks: Collection[str]) -> Asked:
    """Read a query string. What cannot be understood is left out, and `problems` say so."""
    read = _Reader(args)
    nouns = {kind.partition(".")[0] for kind in kinds}
    since, last = read.day("since"), read.day("until")
    if since and last and last < since:
        read.problems.append(("until", "The last day is before the first one, so nothing can be found."))
    wanted = Filter(
        actor=read.typed["actor"],
        kind=read.one_of("kind", {*kinds, *nouns}, "There is no kind of entry {!r}. Choose one from the list."),
        stack=read.one_of("stack", stacks, "There is no stack {!r}. Its first report makes it."),
        drift_id=read.drift(),
        address=read.typed["address"],
        since=since,
        until=_end_of(last),
        text=read.typed["q"],
    )
    before = args.get("before", "")
    place = int(before) if re.fullmatch("[0-9]{1,18}", before) else None
    return Asked(wanted, read.typed, tuple(read.problems), place)


def _end_of(day: datetime | None) -> datetime | None:
    """The last day there is, 9999-12-31, has no end: nothing is left out."""
    return day + timedelta(days=1) if day and day.year < 9999 else None


def as_data(wanted: Filter) -> dict[str, str]:
    """What an event says of a filter: its fields that ask for something."""
    return {name: str(value) for name in Filter.__slots__ if (value := getattr(wanted, name)) not in ("", None)}
