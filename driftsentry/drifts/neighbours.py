"""Before and after a drift, in the list that its page was opened from. That list is its query string, nothing else."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.datastructures import MultiDict

from driftsentry.db import Tx
from driftsentry.drifts import filter
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.model import Drift
from driftsentry.drifts.walk_queries import search


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The list by name, its address, this page's own, and those of the pages before and after it, None at the ends."""

    label: str
    href: str
    own: str
    previous: str | None
    next: str | None


async def neighbours_of(tx: Tx, drift: Drift, query: str, me: str) -> Neighbours:
    """`query`: of the list, as it came from outside; "" is the list where the drift itself would be looked for.
    `me`: the id of who looks."""
    wanted = _wanted(query or urlencode({"status": _tab_of(drift)}), me)
    before, after = await (await search(tx, wanted.wanted)).around(wanted.sort, drift.id)
    kept = urlsplit(wanted.url()).query if query else ""
    return Neighbours(
        wanted.tab.label,
        wanted.url(),
        href(drift.id, kept),
        href(before, kept) if before else None,
        href(after, kept) if after else None,
    )


def href(drift_id: int, query: str) -> str:
    """The address of a drift's page that remembers the list."""
    return f"/drifts/{drift_id}" + (f"?{urlencode({'from': query})}" if query else "")


def query_of(address: str, host: str) -> str:
    """The list that a page of ours is, or was opened from; "" of any other page, and of what is no address at all."""
    try:
        page = urlsplit(address)
    except ValueError:
        return ""
    if page.netloc != host or not page.path.startswith("/drifts"):
        return ""
    return page.query if page.path == "/drifts" else dict(parse_qsl(page.query)).get("from", "")


def _wanted(query: str, me: str) -> Filter:
    pairs = MultiDict(parse_qsl(query))
    return filter.parse(pairs, pairs.getlist("drift"), me)


def _tab_of(drift: Drift) -> str:
    if drift.cause == "informational" and drift.status != "resolved":
        return "informational"
    if not drift.is_open:
        return drift.status.value
    return "snoozed" if drift.is_snoozed else "open"
