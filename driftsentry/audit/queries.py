"""SQL about the log as people look through it: newest first, by whatever it is narrowed to.

Each of actor, kind, stack, drift and address has an index that ends in `seq`. A list walks the one that names the
fewest entries, backwards, and looks at the other conditions on the way, between the numbers that times stand for.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from driftsentry import events
from driftsentry.audit import views
from driftsentry.audit.model import Entry, Filter
from driftsentry.clock import to_text
from driftsentry.db import Row, Tx

ENOUGH = 10_000
MOST_WALKS = 50  # SQLite joins 500 at most
SKEW = timedelta(days=1)  # clocks are set back and forth: the log is in the order of its numbers, not of its times
NEVER = 2**62
FEW = 100_000  # so many are sorted in a tenth of a second
_ENTRY = (
    "SELECT e.seq, e.at, e.kind, e.actor_kind, e.actor_id, e.actor_name, e.address, e.request_id, e.stack_id,"
    " e.drift_id, e.report_id, e.data, e.previous_hash, e.hash, s.slug, d.address AS drift FROM "
)
_BESIDE = " LEFT JOIN stacks s ON s.id = e.stack_id LEFT JOIN drifts d ON d.id = e.drift_id ORDER BY e.seq DESC"
Values = dict[str, Any]


async def select_entries(tx: Tx, wanted: Filter, *, before: int | None, limit: int, offset: int = 0) -> list[Entry]:
    """The newest entries that `wanted` describes, older than `before`."""
    walks, values = await _walks(tx, wanted, before)
    if not walks:
        return []
    rows = await tx.all(
        f"{_ENTRY}({_joined(walks)} ORDER BY seq DESC LIMIT :limit OFFSET :offset) AS found"
        f" JOIN events e ON e.seq = found.seq{_BESIDE}",
        **values,
        most=limit + offset,
        limit=limit,
        offset=offset,
    )
    return await _entries(tx, rows)


async def select_last(tx: Tx, kind: str) -> Entry | None:
    """The newest entry of a kind."""
    found = await select_entries(tx, Filter(kind=kind), before=None, limit=1)
    return found[0] if found else None


async def count_entries(tx: Tx, wanted: Filter, limit: int = ENOUGH) -> int:
    """How many entries match; counting stops at `limit` + 1, but the whole log is known without counting."""
    if not wanted.is_narrowed:
        return await events.latest_seq(tx)
    walks, values = await _walks(tx, wanted, None)
    if not walks:
        return 0
    inner = f"{_joined(walks)} LIMIT :most"
    return int(await tx.value(f"SELECT count(*) FROM ({inner}) AS matching", **values, most=limit + 1))


async def select_kinds(tx: Tx) -> list[str]:
    """The kinds that the log has, by hopping along the index from one to the next."""
    return [row[0] for row in await tx.all(f"{_hops('kind')} SELECT value FROM hops WHERE value IS NOT NULL")]


async def select_actors(tx: Tx) -> dict[str, str]:
    """Everybody who did something, by id, under the last name that he had."""
    rows = await tx.all(
        f"{_hops('actor_id')} SELECT value, (SELECT actor_name FROM events e WHERE e.actor_id = hops.value"
        " ORDER BY seq DESC LIMIT 1) FROM hops WHERE value IS NOT NULL"
    )
    return {row[0]: row[1] for row in rows}


def _hops(column: str) -> str:
    return (
        f"WITH RECURSIVE hops (value) AS (SELECT min({column}) FROM events UNION ALL"
        f" SELECT (SELECT min({column}) FROM events WHERE {column} > hops.value) FROM hops"
        " WHERE hops.value IS NOT NULL)"
    )


# -- Which entries -------------------------------------------------------------------------------------------------


async def _walks(tx: Tx, wanted: Filter, before: int | None) -> tuple[list[str], Values]:
    """Conditions that no two share an entry of; none of them when nothing can match."""
    narrow = await _narrowing(tx, wanted)
    if any(not choices for choices in narrow.values()):
        return [], {}
    conditions, values = await _plain(tx, wanted, before)
    column, amount = await _rarest(tx, narrow)
    for other in narrow.keys() - {column}:
        conditions.append(_among(f"e.{other} || ''", other, narrow[other], values))
    if column is None:
        return [" AND ".join(conditions) or "1 = 1"], values
    choices = narrow[column]
    if len(choices) > MOST_WALKS:
        # Few entries are sorted. Many are passed so often that a walk along the whole log finds them soon.
        of = f"e.{column}" if amount < FEW else f"e.{column} || ''"
        return [" AND ".join([*conditions, _among(of, column, choices, values)])], values
    values |= {f"walk{n}": choice for n, choice in enumerate(choices)}
    return [" AND ".join([f"e.{column} = :walk{n}", *conditions]) for n in range(len(choices))], values


def _joined(walks: list[str]) -> str:
    """The numbers of the first `:most` entries of each walk."""
    each = (
        f"SELECT seq FROM (SELECT e.seq FROM events e WHERE {walk} ORDER BY e.seq DESC LIMIT :most) AS walk{n}"
        for n, walk in enumerate(walks)
    )
    return " UNION ALL ".join(each)


async def _narrowing(tx: Tx, wanted: Filter) -> dict[str, list[Any]]:
    """What each column with an index may be."""
    found: dict[str, list[Any]] = {}
    if wanted.drift_id is not None:
        found["drift_id"] = [wanted.drift_id]
    if wanted.stack:
        stack_id = await tx.value("SELECT id FROM stacks WHERE slug = :slug", slug=wanted.stack)
        found["stack_id"] = [stack_id] if stack_id else []
    if wanted.address:
        found["address"] = [wanted.address]
    if wanted.actor or wanted.text:
        found["actor_id"] = await _actors(tx, wanted)
    if wanted.kind:
        noun = f"{wanted.kind}."
        found["kind"] = [kind for kind in await select_kinds(tx) if kind == wanted.kind or kind.startswith(noun)]
    return found


async def _actors(tx: Tx, wanted: Filter) -> list[str]:
    actor, part = wanted.actor.casefold(), wanted.text.casefold()
    by_email = await tx.value("SELECT id FROM users WHERE email = :email", email=actor) if "@" in actor else None
    return [
        actor_id
        for actor_id, name in (await select_actors(tx)).items()
        if (not actor or actor in (actor_id.casefold(), name.casefold()) or (by_email and actor_id == by_email))
        and part in name.casefold()
    ]


async def _plain(tx: Tx, wanted: Filter, before: int | None) -> tuple[list[str], Values]:
    asked = {
        "e.seq < :before": before,
        "e.seq >= :first": await _first(tx, _shifted(wanted.since, -SKEW)) if wanted.since else None,
        "e.seq <= :last": await _last(tx, _shifted(wanted.until, SKEW)) if wanted.until else None,
        "e.at >= :since": to_text(wanted.since) if wanted.since else None,
        "e.at < :until": to_text(wanted.until) if wanted.until else None,
    }
    kept = {condition: value for condition, value in asked.items() if value is not None}
    return list(kept), {condition.rpartition(":")[2]: value for condition, value in kept.items()}


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:  # the first and the last day there are
        return moment


async def _first(tx: Tx, since: datetime) -> int:
    sql = "SELECT seq FROM events WHERE at >= :at ORDER BY at, seq LIMIT 1"
    return int(await tx.value(sql, at=to_text(since)) or NEVER)


async def _last(tx: Tx, until: datetime) -> int:
    sql = "SELECT seq FROM events WHERE at < :at ORDER BY at DESC, seq DESC LIMIT 1"
    return int(await tx.value(sql, at=to_text(until)) or 0)


async def _rarest(tx: Tx, narrow: Mapping[str, list[Any]]) -> tuple[str | None, int]:
    """The column whose choices name the fewest entries, and how many; no engine knows how common a value is."""
    if not narrow or "drift_id" in narrow:
        return ("drift_id" if narrow else None), 0
    counts = {column: await _count(tx, column, choices) for column, choices in narrow.items()}
    column = min(counts, key=lambda column: counts[column])
    return column, counts[column]


async def _count(tx: Tx, column: str, choices: list[Any]) -> int:
    values: Values = {}
    among = _among(f"e.{column}", column, choices, values)
    inner = f"SELECT 1 FROM events e WHERE {among} LIMIT {FEW}"
    return int(await tx.value(f"SELECT count(*) FROM ({inner}) AS few", **values))


def _among(of: str, column: str, choices: list[Any], values: Values) -> str:
    """A condition on `of`. With `|| ''` behind the column no index is used for it: the walk has a better one."""
    values |= {f"{column}{n}": choice for n, choice in enumerate(choices)}
    return f"{of} IN ({', '.join(f':{column}{n}' for n in range(len(choices)))})"


# -- Entries of rows -----------------------------------------------------------------------------------------------


async def _entries(tx: Tx, rows: list[Row]) -> list[Entry]:
    found = [(events.event_of(row), row) for row in rows]
    about = {str(event.data[key]) for event, _row in found for key in ("user_id", "session_id") if key in event.data}
    names = await _names(tx, about)
    return [views.entry_of(event, row["previous_hash"], row["slug"], row["drift"], names) for event, row in found]


async def _names(tx: Tx, about: Iterable[str]) -> dict[str, str]:
    """Of people, by their ids and by those of their sessions."""
    values = {f"id{n}": each for n, each in enumerate(sorted(about))}
    if not values:
        return {}
    listed = ", ".join(f":{name}" for name in values)
    rows = await tx.all(
        f"SELECT id, name FROM users WHERE id IN ({listed}) UNION ALL"
        f" SELECT s.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id IN ({listed})",
        **values,
    )
    return {row[0]: row[1] for row in rows}
