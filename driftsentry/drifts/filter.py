"""What a list of drifts is narrowed to: the query string, and nothing else, is its state."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from driftsentry.drifts.listing import SORTS, Place, Sort, Wanted, is_place
from driftsentry.drifts.news import selector
from driftsentry.drifts.query import NOTHING, Query, Term, parse_query
from driftsentry.drifts.tabs import TABS, Tab
from driftsentry.judging import Severity
from driftsentry.stacks import is_slug

ONLY = 200
_PICK = re.compile(r"([0-9]{1,9})(?::(.{0,64}))?")
ORDERS = {
    "urgency": ("Urgency", SORTS["-severity"]),
    "newest": ("Newest", SORTS["-detectedAt"]),
    "oldest": ("Oldest", SORTS["detectedAt"]),
    "changed": ("Latest change", SORTS["-updatedAt"]),
    "address": ("Address", SORTS["address"]),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """`typed`: the search as it was typed, where it could not be understood whole. `me`: the id of who looks."""

    tab: Tab = TABS["open"]
    query: Query = NOTHING
    order: str = ""  # "": the one that the tab has by itself
    only: tuple[int, ...] = ()
    after: Place = ()
    problem: str | None = None
    typed: str = ""
    me: str = ""

    @property
    def q(self) -> str:
        """What stands in the search box."""
        return self.typed or str(self.query)

    @property
    def severity(self) -> str:
        """The one severity, stack or environment that it is narrowed to; "" where that is not so simple."""
        return self.query.only("severity")

    @property
    def stack(self) -> str:
        return self.query.only("stack")

    @property
    def environment(self) -> str:
        return self.query.only("env")

    @property
    def meant(self) -> list[tuple[str, str]]:
        """What may have been meant by a search that has a problem: (label, address)."""
        problem = self.query.problem
        return [(label, self.url(typed=text)) for label, text in problem.meant] if problem else []

    @property
    def is_plain(self) -> bool:
        """Whether severity, stack and environment are all that it is narrowed to."""
        told = sum(map(bool, (self.severity, self.stack, self.environment)))
        return len(self.query.terms) == told and not self.only

    @property
    def fits(self) -> str:
        """A selector of the news that may belong into this list; with `is_plain` they do."""
        told = {"severity": self.severity, "stack": self.stack, "environment": self.environment}
        return "" if self.only else selector(self.tab.key, **told)

    @property
    def is_narrowed(self) -> bool:
        """Whether the list shows less than its tab."""
        return bool(self.query or self.only)

    @property
    def order_key(self) -> str:
        return self.order or ("urgency" if self.tab.is_by_urgency else "changed")

    @property
    def sort(self) -> Sort:
        return ORDERS[self.order_key][1]

    @property
    def wanted(self) -> Wanted:
        """The same for the database."""
        return Wanted(says=self.tab.says, trait=self.tab.trait, queries=(self.query,), only=self.only, me=self.me)

    def url(self, **changes: object) -> str:
        """The address of this list with something changed; always from its first page unless `after` is given."""
        return "/drifts?" + urlencode(self.pairs(**changes))

    def pairs(self, **changes: object) -> list[tuple[str, object]]:
        """As `url`, as names and values."""
        after = changes.pop("after", "")
        other = replace(self, **{"after": (), "problem": None, "typed": ""} | changes)  # type: ignore[arg-type]
        named = {"status": other.tab.key, "q": other.q, "sort": other.order, "after": after}
        return [(name, value) for name, value in named.items() if value] + [("drift", each) for each in other.only]

    def cursor(self, place: Place) -> str:
        """Where the page behind `place` starts."""
        return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def parse(args: Mapping[str, str], only: list[str], me: str = "") -> Filter:
    """Read a query string. What cannot be understood is left out, and `problem` says so.

    Beside `q`, `severity`, `stack` and `environment` narrow as they always did: the search box says so too.
    """
    problems = []
    tab = TABS.get(args.get("status", "") or args.get("tab", "") or "open")
    if tab is None:
        problems.append(f"There is no status {args.get('status') or args.get('tab')!r}. Try {', '.join(TABS)}.")
    query = parse_query(args.get("q", ""))
    if query.problem:
        problems.append(query.problem.message)
    terms, wrong = _parameters(args)
    asked = replace(query, terms=tuple(dict.fromkeys((*query.terms, *terms))))
    if asked.says_state:
        tab = TABS["all"]
    order = args.get("sort", "")
    wanted = Filter(
        tab=tab or TABS["open"],
        query=asked,
        order=order if order in ORDERS else "",
        only=tuple(picked(only))[:ONLY],
        problem=" ".join([*problems, *wrong]) or None,
        typed=" ".join(args["q"].split())[:1000] if query.problem else "",
        me=me,
    )
    if wanted.order_key == replace(wanted, order="").order_key:
        wanted = replace(wanted, order="")
    return replace(wanted, after=place_of(args.get("after", ""), wanted))


def picked(picks: list[str]) -> dict[int, str]:
    """Checkboxes (`1042:fingerprint`) as drift: the facts that were seen. What is no such thing is left out."""
    found = [_PICK.fullmatch(pick) for pick in picks]
    return {int(match[1]): match[2] or "" for match in found if match}


def _parameters(args: Mapping[str, str]) -> tuple[list[Term], list[str]]:
    """The parameters that were there before the language, as terms of it; and what is wrong with them."""
    terms, problems = [], []
    severity, stack = args.get("severity", ""), args.get("stack", "").strip()
    if severity in set(Severity):
        terms.append(Term("severity", (severity,)))
    elif severity:
        problems.append(f"There is no severity {severity!r}. Try {', '.join(reversed(Severity))}.")
    if is_slug(stack):
        terms.append(Term("stack", (stack,)))
    elif stack:
        problems.append("That cannot be the name of a stack.")
    if is_slug(args.get("environment", "")):
        terms.append(Term("env", (args["environment"],)))
    return terms, problems


def place_of(text: str, wanted: Filter) -> Place:
    """A cursor that was tampered with, or made for another order, starts at the first page."""
    try:
        place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return ()
    return tuple(place) if isinstance(place, list) and is_place(wanted.sort, tuple(place)) else ()
