"""A large report that says what the newest one said, at another time: most do, and nothing of such a one is read again.

Told by a hash over all of its bytes but those of the time that it bears.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from driftsentry import ingest, stacks
from driftsentry.db import Tx
from driftsentry.reports import queries
from driftsentry.reports.body import Body
from driftsentry.reports.large import LARGE
from driftsentry.reports.model import Report, Upload

# Another number makes every report be read once more: for a program that reads or judges in another way.
READING = 1
_KEY = b'"timestamp"'
_TIME = re.compile(_KEY + rb':"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')
_LENGTH = len(_KEY) + len(':"2026-01-01T00:00:00Z"')


@dataclass(frozen=True, slots=True)
class Digests:
    """Keyed hashes of a body and of what its sender says of it. `whole` makes two uploads the same. `repeat`: without
    `time`, the one that it seems to bear; "" for a small body, or where the time is in doubt."""

    whole: str
    repeat: str
    time: datetime | None


def digests_of(key: bytes, body: Body, upload: Upload) -> Digests:
    start, text, is_clear = _time_in(body)
    content = hashlib.blake2b()
    for piece in chain(body.pieces(0, start), body.pieces(start + len(text))):
        content.update(piece)
    said = f"{upload.format}|{upload.exit_code}|{upload.complete}|{upload.direction}|{content.hexdigest()}"
    whole = _keyed(key, f"body|{start}|{text}|{said}")
    if not is_clear or body.size < LARGE:
        return Digests(whole, "", None)
    return Digests(whole, _keyed(key, f"repeat|{READING}|{said}"), ingest.read_time(text))


def _keyed(key: bytes, message: str) -> str:
    return hmac.digest(key, message.encode(), "sha256").hex()


def _time_in(body: Body) -> tuple[int, str, bool]:
    """Where the time of a report stands, its text, and whether nothing else can be the report's time. In JSON a quote
    inside of a text is escaped, so the word in quotes is a name or a whole text."""
    start = body.find(_KEY)
    if start < 0:
        return 0, "", True
    found = _TIME.fullmatch(body.part(start, _LENGTH))
    if found is None or body.find(_KEY, start + 1) >= 0:
        return 0, "", False
    return start + found.start(1), found[1].decode(), True


def repeat_hash(digests: Digests, scan: ingest.Scan) -> str:
    """What is kept of a report, so that the next one may be known by it. "" for one that the next must be read after:
    whose drifts are not all that there are, or that says something beside them."""
    is_plain = scan.resolves and not (scan.is_errored or scan.moves or scan.duration is not None)
    return digests.repeat if is_plain and scan.timestamp == digests.time else ""


async def select_repeated(tx: Tx, slug: str, digests: Digests) -> Report | None:
    """The newest report of the stack, if it says the same, and all that is known of the stack's drifts is from it."""
    stack = await stacks.select_stack(tx, slug) if digests.repeat else None
    newest = await queries.select_report(tx, stack.last_report_id) if stack and stack.last_report_id else None
    # What a held report lacks is still open.
    if newest is None or newest.repeat_hash != digests.repeat or newest.held:
        return None
    return newest if digests.time is None or digests.time >= newest.scanned_at else None


def scan_of(newest: Report, digests: Digests) -> ingest.Scan:
    """What a report says that repeats the newest one, beside its drifts."""
    return ingest.Scan(
        format=newest.format,
        tool=newest.tool,
        tool_version=newest.tool_version,
        mode=newest.mode,
        timestamp=digests.time,
        resolves=True,
        incomplete_reason="",
        has_drift_data=True,
        is_errored=False,
        findings=(),
        moves=(),
    )
