"""The list of stacks: which of them a page shows, and how many there are of each kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from driftsentry.stacks.model import Entry, Freshness
from driftsentry.stacks.views import WORST_FIRST

PAGE = 100
TEXT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What the page is narrowed to: the query string is its state. `freshness`: '' for any."""

    text: str = ""
    environment: str = ""
    freshness: str = ""
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.environment or self.freshness)

    def fits(self, entry: Entry) -> bool:
        return (
            all(word in entry.stack.slug.lower() for word in self.text.lower().split())
            and self.environment in ("", entry.stack.environment)
            and self.freshness in ("", entry.freshness.value)
        )

    def url(self, *, freshness: str | None = None, page: int = 1) -> str:
        """The same with another freshness, or another page of it."""
        pairs = {
            "q": self.text,
            "environment": self.environment,
            "freshness": self.freshness if freshness is None else freshness,
            "page": page if page > 1 else "",
        }
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"/stacks?{query}" if query else "/stacks"


@dataclass(frozen=True, slots=True)
class Facet:
    """A freshness, how many stacks have it, and the address of these. `freshness` is '' for all of them."""

    freshness: str
    amount: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of stacks, the least fresh first, and what else could be asked for."""

    narrowed: Narrowed
    entries: list[Entry]
    total: int
    facets: list[Facet]
    environments: list[str]
    newer_url: str | None
    older_url: str | None


def narrowed_to(asked: Mapping[str, str]) -> Narrowed:
    """From a query string. What cannot be understood is left out."""
    freshness, page = asked.get("freshness", ""), asked.get("page", "")
    return Narrowed(
        asked.get("q", "").strip()[:TEXT_LENGTH],
        asked.get("environment", "")[:TEXT_LENGTH],
        freshness if freshness in set(Freshness) else "",
        max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,
    )


def listing_of(entries: Sequence[Entry], narrowed: Narrowed) -> Listing:
    """`entries`: all there are, in the order in which they are shown."""
    any_freshness = Narrowed(narrowed.text, narrowed.environment)
    alike = [entry for entry in entries if any_freshness.fits(entry)]
    fitting = [entry for entry in alike if narrowed.fits(entry)]
    page = min(narrowed.page, max(1, -(-len(fitting) // PAGE)))
    end = page * PAGE
    return Listing(
        narrowed,
        fitting[end - PAGE : end],
        len(fitting),
        _facets(alike, narrowed),
        sorted({entry.stack.environment for entry in entries}),
        narrowed.url(page=page - 1) if page > 1 else None,
        narrowed.url(page=page + 1) if end < len(fitting) else None,
    )


def _facets(alike: Sequence[Entry], narrowed: Narrowed) -> list[Facet]:
    amounts = Counter(entry.freshness.value for entry in alike)
    named = [("", len(alike)), *((each.value, amounts[each.value]) for each in WORST_FIRST)]
    return [
        Facet(freshness, amount, narrowed.url(freshness=freshness), freshness == narrowed.freshness)
        for freshness, amount in named
        if amount or freshness in ("", narrowed.freshness)
    ]
