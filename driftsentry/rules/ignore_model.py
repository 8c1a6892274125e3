"""An ignore rule as it is typed, checked, and kept."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from driftsentry import drifts
from driftsentry.errors import Invalid, Problem
from driftsentry.judging.ignoring import ANY, GLOB_LENGTH, Ignore, Path

REASON_LENGTH = (10, 1000)
DEFAULT_DAYS = 30
MOST_DAYS = 366
PATH_LENGTH = 2000
_PART = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(?:([0-9]{1,9})|(\*)|("(?:[^"\\]|\\.)*"))\]')


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as somebody types it. Its `id` becomes the rule's: sent twice, it makes one."""

    id: str
    stack_glob: str
    resource_type: str
    address_glob: str
    path: str
    value_glob: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """A rule that is kept, and what it hides of the drifts that are not resolved."""

    ignore: Ignore
    owner_id: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None  # None: its day came
    drifts: int = 0
    lines: int = 0

    @property
    def is_active(self) -> bool:
        return self.ended_at is None

    @property
    def path_text(self) -> str:
        return drifts.path_text(self.ignore.path)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A rule that hides lines of one drift."""

    ignore: Ignore
    lines: int


def checked(draft: Draft, owner_name: str, now: datetime, *, has_reason: bool = True) -> Ignore:
    """The rule that the draft asks for. `has_reason`: False to look only. Raises `Invalid` with every problem."""
    path, ends_at, reason = parse_path(draft.path), _end_of(draft.until), drifts.text_of(draft.reason)
    problems = [*_problems_of_globs(draft), *_problems_of_path(path)]
    low, high = REASON_LENGTH
    if has_reason and not low <= len(reason) <= high:
        problems.append(Problem("reason", f"Give a reason of {low} to {high} characters; this one has {len(reason)}."))
    if ends_at is None or not now < ends_at <= now + timedelta(days=MOST_DAYS + 1):
        problems.append(Problem("until", f"Give the last day, at most {MOST_DAYS} days from now, as year-month-day."))
    if problems or path is None or ends_at is None:
        raise Invalid("This rule cannot be kept so.", problems=problems)
    return Ignore(
        id=draft.id,
        stack_glob=draft.stack_glob.strip(),
        resource_type=draft.resource_type.strip(),
        address_glob=draft.address_glob.strip(),
        path=path,
        value_glob=draft.value_glob,
        ends_at=ends_at,
        owner_name=owner_name,
        reason=reason,
    )


def _problems_of_path(path: Path | None) -> list[Problem]:
    if path is None:
        return [Problem("path", 'Write the attribute as the page does: ingress[0].cidr_blocks, tags["a b"].')]
    if not any(isinstance(part, str) for part in path):
        return [Problem("path", "Name the attribute: a rule for all of them would hide whatever happens.")]
    return []


def _problems_of_globs(draft: Draft) -> list[Problem]:
    globs = {
        "stack_glob": draft.stack_glob.strip(),
        "resource_type": draft.resource_type.strip(),
        "address_glob": draft.address_glob.strip(),
        "value_glob": draft.value_glob,
    }
    wrong = {name for name, glob in globs.items() if not glob or len(glob) > GLOB_LENGTH or "\0" in glob}
    return [Problem(name, f"1 to {GLOB_LENGTH} characters; {ANY} alone stands for all.") for name in wrong]


def parse_path(text: str) -> Path | None:
    """`drifts.path_text` read back, `[*]` as None; None for what is no path."""
    text = text.strip()
    parts: list[str | int | None] = []
    place = 0
    while place < len(text):
        match = _PART.match(text, place)
        if match is None or len(text) > PATH_LENGTH or (match[1] and (text[place] == ".") is not bool(parts)):
            return None
        try:
            parts.append(_part(match))
        except msgspec.DecodeError:
            return None
        place = match.end()
    return tuple(parts)


def _part(match: re.Match[str]) -> str | int | None:
    name, index, star, quoted = match.groups()
    if star:
        return None
    return int(index) if index else msgspec.json.decode(quoted, type=str) if quoted else name


def _end_of(day: str) -> datetime | None:
    """The end of that day in UTC."""
    try:
        return datetime.strptime(day.strip(), "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def glob_of(text: str) -> str:
    """What stands in the form for a text of a drift: itself, as far as a glob may be long."""
    return text if len(text) <= GLOB_LENGTH else text[: GLOB_LENGTH - 1] + ANY
