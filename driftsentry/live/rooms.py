"""Rooms, as a page or a program names them: `drifts`, `alerts`, `alerts-list`, `drift:<id>`, `stack:<slug>`."""

import re
from collections.abc import Collection

from driftsentry import drifts, stacks
from driftsentry.db import Database
from driftsentry.live.socket import Rooms

# For everybody: thousands may be in them.
BROAD: Rooms = frozenset({"drifts", "alerts", "alerts-list"})
DRIFT = re.compile(r"drift:([1-9][0-9]{0,8})")
_CURSOR = re.compile(r"[0-9]{1,18}")


async def existing(db: Database, rooms: Collection[str]) -> Rooms:
    """Those of `rooms` that are of something: names that somebody made up would fill the table of who is where.
    Everybody who is signed in may see all of them."""
    drift_ids = [int(match[1]) for match in map(DRIFT.fullmatch, rooms) if match]
    slugs = [room[6:] for room in rooms if room.startswith("stack:") and stacks.is_slug(room[6:])]
    found = {room for room in rooms if room in BROAD}
    if drift_ids or slugs:
        async with db.read() as tx:
            found |= {f"drift:{row.id}" for row in await drifts.select_rows(tx, drift_ids)}
            found |= {f"stack:{slug}" for slug in slugs if await stacks.select_stack(tx, slug)}
    return frozenset(found)


def cursor_of(text: str) -> int | None:
    """The number of an event; None for what is none."""
    return int(text) if _CURSOR.fullmatch(text) else None
