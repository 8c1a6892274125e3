"""What a report did to drifts, and what came of all reports between two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from driftsentry import drifts, errors
from driftsentry.db import Tx
from driftsentry.reports import history_queries, queries
from driftsentry.reports.history_queries import Net
from driftsentry.reports.model import Report
from driftsentry.reports.words import result_of, source_of, time_of

SHOWN = 25
MOST_COMPARED = 5000
CHOICES = 50
OFFENDERS = 5


class _Kind(NamedTuple):
    key: str
    title: str
    event: str
    is_noise: bool = False


_KINDS = (
    _Kind("opened", "Opened", "drift.detected"),
    _Kind("reopened", "Reopened", "drift.reopened"),
    _Kind("changed", "Changed", "drift.changed"),
    _Kind("closed", "Closed", "drift.resolved"),
    _Kind("filled", "Now known in what they differ", "drift.filled"),
    _Kind("moved", "Under a new address", "drift.moved"),
    _Kind("noise", "New, but only noise", "drift.detected", True),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A report as histories list it."""

    report: Report
    source: str
    result: str
    duration: str


@dataclass(frozen=True, slots=True)
class Part:
    """Drifts that something happened to, the gravest first. `total` counts those that are not among `rows`, too."""

    key: str
    title: str
    rows: list[drifts.Row]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is different after `newer` from after `older`. `passing`: drifts that came and went in between.

    `is_capped`: there are more differences than are looked at.
    """

    older: Report
    newer: Report
    parts: list[Part]
    passing: int
    is_capped: bool


@dataclass(frozen=True, slots=True)
class Offender:
    """A drift that comes again and again."""

    row: drifts.Row
    reopened: int
    changed: int


async def offenders(tx: Tx, stack_id: str) -> list[Offender]:
    """What of a stack drifts again and again, the worst first: somebody or something keeps doing it."""
    found = await history_queries.select_repeated(tx, stack_id, OFFENDERS)
    rows = {row.id: row for row in await drifts.select_rows(tx, [each.drift_id for each in found])}
    return [Offender(rows[each.drift_id], each.reopened, each.changed) for each in found]


def line_of(report: Report) -> Line:
    return Line(report, source_of(report), result_of(report), time_of(report.duration_ms))


async def require(tx: Tx, report_id: str) -> Report:
    """Raises `NotFound`."""
    report = await queries.select_report(tx, report_id)
    if report is None:
        raise errors.NotFound("There is no such report.")
    return report


async def effects(tx: Tx, report: Report) -> list[Part]:
    """What this report did, and what it did not do before somebody has confirmed it. Nothing is left out but zeros."""
    counts = await history_queries.count_effects(tx, report.id)
    parts = []
    for key, title, event, is_noise in _KINDS:
        if total := counts.get((event, is_noise), 0):
            ids = await history_queries.select_affected(tx, report.id, event, is_noise=is_noise, limit=SHOWN)
            parts.append(await _part(tx, key, title, ids, total))
    if report.is_waiting:
        ids = await history_queries.select_held_ids(tx, report.id, SHOWN)
        parts.append(await _part(tx, "held", "Missing, and open until an engineer has answered", ids, report.held))
    return parts


async def compare(tx: Tx, one: Report, other: Report) -> Comparison:
    """The net effect from the older one's to the newer one's. Raises `Invalid` unless both are of one stack."""
    if one.stack_id != other.stack_id or one.id == other.id:
        raise errors.Invalid("Two reports of one stack can be compared. Choose another one.")
    older, newer = sorted((one, other), key=lambda report: (report.received_at, report.id))
    found = await history_queries.select_net(tx, older, newer, MOST_COMPARED + 1)
    by_effect: dict[str, list[int]] = {}
    for net in found[:MOST_COMPARED]:
        by_effect.setdefault(_effect(net), []).append(net.drift_id)
    titles = (("opened", "Opened"), ("changed", "Changed"), ("closed", "Closed"))
    parts = [await _part(tx, key, title, ids, len(ids)) for key, title in titles if (ids := by_effect.get(key, []))]
    return Comparison(older, newer, parts, len(by_effect.get("passing", [])), len(found) > MOST_COMPARED)


def _effect(net: Net) -> str:
    """opened, changed, closed; passing for what was gone before and is gone again; '' for no difference, and noise."""
    last = _facts(net.last_data)
    if last.get("cause") == "informational":
        return ""
    was_open, is_open = net.first_kind in ("drift.changed", "drift.resolved"), net.last_kind != "drift.resolved"
    if not (was_open and is_open):
        return "closed" if was_open else "opened" if is_open else "passing"
    former = _facts(net.former_data or "{}").get("fingerprint")
    return "changed" if former is None or former != last.get("fingerprint") else ""


def _facts(data: str) -> dict[str, Any]:
    return dict(msgspec.json.decode(data, type=dict[str, Any]))


async def _part(tx: Tx, key: str, title: str, ids: Sequence[int], total: int) -> Part:
    shown = list(ids[:SHOWN])
    rows = {row.id: row for row in await drifts.select_rows(tx, shown)}
    return Part(key, title, [rows[drift_id] for drift_id in shown], total)
