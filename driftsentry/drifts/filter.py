"""What a list of drifts is narrowed to: the query string, and nothing else, is its state."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from driftsentry.clock import to_text
from driftsentry.drifts.model import Kind, Row
from driftsentry.ingest.text import words_of
from driftsentry.judging import Severity
from driftsentry.stacks import is_slug

WORDS = 8
_PICK = re.compile(r"([0-9]{1,9})(?::(.{0,64}))?")
ONLY = 200


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    label: str
    condition: str  # SQL on `drifts d`
    is_by_urgency: bool = False

    def count(self, counts: Mapping[Kind, int]) -> int:
        """How many drifts it holds."""
        return sum(amount for kind, amount in counts.items() if self._holds(kind))

    def _holds(self, kind: Kind) -> bool:
        if self.key == "all":
            return True
        if self.key == "informational":
            return kind.cause == "informational" and kind.status != "resolved"
        if self.is_by_urgency:
            return kind.is_waiting if self.key == "open" else kind._replace(is_snoozed=not kind.is_snoozed).is_waiting
        return kind.cause == "out_of_band" and kind.status == self.key


def _open(key: str, label: str, is_snoozed: int) -> Tab:
    condition = f"d.status = 'detected' AND d.cause = 'out_of_band' AND d.is_snoozed = {is_snoozed}"
    return Tab(key, label, condition, is_by_urgency=True)


def _closed(key: str, label: str) -> Tab:
    return Tab(key, label, f"d.status = '{key}' AND d.cause = 'out_of_band'")


TABS = {
    tab.key: tab
    for tab in (
        _open("open", "Needs decision", 0),
        _open("snoozed", "Snoozed", 1),
        _closed("approved", "Approved"),
        _closed("rejected", "Rejected"),
        _closed("resolved", "Resolved"),
        Tab("informational", "Informational", "d.cause = 'informational' AND d.status <> 'resolved'"),
        Tab("all", "All", ""),
    )
}


@dataclass(frozen=True, slots=True)
class Filter:
    tab: Tab = TABS["open"]
    severity: str = ""
    stack: str = ""
    environment: str = ""
    q: str = ""
    only: tuple[int, ...] = ()
    after: tuple[str | int, ...] = ()
    problem: str | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether the list shows less than its tab."""
        return bool(self.severity or self.stack or self.environment or self.q or self.only)

    @property
    def is_by_urgency(self) -> bool:
        return self.tab.is_by_urgency

    @property
    def words(self) -> tuple[str, ...]:
        """The words to search for: letters and digits only, so no engine's query language is reached."""
        return words_of(self.q)[:WORDS]

    def url(self, **changes: object) -> str:
        """The address of this list with something changed; always from its first page unless `after` is given."""
        other = replace(self, after=())
        after = changes.pop("after", "")
        other = replace(other, **changes)  # type: ignore[arg-type]
        pairs: list[tuple[str, object]] = [("status", other.tab.key)]
        narrowing = {
            "severity": other.severity,
            "stack": other.stack,
            "environment": other.environment,
            "q": other.q,
            "after": after,
        }
        pairs += [(name, value) for name, value in narrowing.items() if value]
        return "/drifts?" + urlencode(pairs + [("drift", drift_id) for drift_id in other.only])

    def cursor(self, row: Row, rank: int) -> str:
        """Where the page behind `row` starts."""
        place = [rank, to_text(row.detected_at), row.id] if self.is_by_urgency else [to_text(row.updated_at), row.id]
        return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def parse(args: Mapping[str, str], only: list[str]) -> Filter:
    """Read a query string. What cannot be understood is left out, and `problem` says so."""
    problems = []
    tab = TABS.get(args.get("status", "") or "open")
    if tab is None:
        problems.append(f"There is no status {args['status']!r}. Try {', '.join(TABS)}.")
    severity = args.get("severity", "")
    if severity and severity not in set(Severity):
        problems.append(f"There is no severity {severity!r}. Try {', '.join(reversed(Severity))}.")
        severity = ""
    stack = args.get("stack", "").strip()
    if stack and not is_slug(stack):
        problems.append("That cannot be the name of a stack.")
        stack = ""
    wanted = Filter(
        tab=tab or TABS["open"],
        severity=severity,
        stack=stack,
        environment=args.get("environment", "") if is_slug(args.get("environment", "")) else "",
        q=" ".join(args.get("q", "").split())[:200],
        only=tuple(picked(only))[:ONLY],
        problem=" ".join(problems) or None,
    )
    return replace(wanted, after=_place(args.get("after", ""), wanted))


def picked(picks: list[str]) -> dict[int, str]:
    """Checkboxes (`1042:fingerprint`) as drift: the facts that were seen. What is no such thing is left out."""
    found = [_PICK.fullmatch(pick) for pick in picks]
    return {int(match[1]): match[2] or "" for match in found if match}


def _place(text: str, wanted: Filter) -> tuple[str | int, ...]:
    """A cursor that was tampered with, or made for another order, starts at the first page."""
    try:
        place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return ()
    kinds = (int, str, int) if wanted.is_by_urgency else (str, int)
    fits = isinstance(place, list) and tuple(type(part) for part in place) == kinds
    sane = fits and all(part < 2**31 if isinstance(part, int) else part.isprintable() for part in place)
    return tuple(place) if sane else ()
