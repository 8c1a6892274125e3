"""Plans of Terraform and OpenTofu (`show -json PLANFILE`): findings out of `resource_drift`.

An entry goes from the last saved state (before) to the real object (after). `resource_changes` goes from the
real object to the code: it is no drift, it only says what the plan would do about one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, Raw

from driftsentry.ingest.assembling import Assembler
from driftsentry.ingest.companions import ROWS_BY_TYPE
from driftsentry.ingest.completeness import reason_incomplete
from driftsentry.ingest.diff import Diff, Line, Path, is_hollow
from driftsentry.ingest.formats.plan_parts import DriftEntry, Plan, open_plan, relations_of
from driftsentry.ingest.formats.plan_sealing import Attributes, Pairs, sealed_lost
from driftsentry.ingest.formats.plan_shape import Entry, is_null
from driftsentry.ingest.masks import Sealer
from driftsentry.ingest.model import Finding, Hints, Move, Scan
from driftsentry.ingest.noise import COMPUTED_NAMES, mark_computed, mark_noise, mark_repeated
from driftsentry.ingest.presenting import clean
from driftsentry.ingest.relations import Relations
from driftsentry.ingest.survey import Observed
from driftsentry.ingest.values import read_value
from driftsentry.ingest.verdicts import NOTHING, Verdict, judge_cause, judge_unknown

FORMAT = "terraform_plan"
_MOST_KNOWN = 500  # attributes whose lines are kept for the next entry
_encode = msgspec.json.Encoder().encode
_REPLACE = (["delete", "create"], ["create", "delete"])


Share: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]


def alone(entries: Sequence[Any]) -> Sequence[Any]:
    """All entries are read here."""
    return entries


@dataclass(frozen=True, slots=True)
class Reading:
    """How a plan is read. `share`: the entries whose findings are wanted, the others are read elsewhere. `take` gets
    each finding as soon as it is made, and the scan has none: ten thousand are never held at once. `is_known` is asked
    with (address, deposed key, source) before an entry is looked into: nothing is made of one that is."""

    share: Share = alone
    take: Callable[[Finding], None] | None = None
    is_known: Callable[[str, str, str], bool] | None = None


WHOLE = Reading()


def read(body: bytes, *, stack: str, key: bytes, hints: Hints, reading: Reading = WHOLE) -> Scan:
    """Raises Refused. `body` is UTF-8 JSON."""
    plan = open_plan(body)
    reason = reason_incomplete(
        mode=plan.mode,
        complete=plan.complete,
        is_errored=plan.is_errored,
        has_drift_data=plan.has_drift_data,
        has_drift=bool(plan.entries),
        hints=hints,
    )
    drifted = [item for item in plan.entries if item.change.actions != ["no-op"]]
    reader = _Reader(plan, stack, key, hints.with_former)
    return Scan(
        format=FORMAT,
        tool=plan.tool,
        tool_version=clean(plan.version),
        mode=plan.mode,
        timestamp=plan.timestamp,
        resolves=not reason,
        incomplete_reason=reason,
        has_drift_data=plan.has_drift_data,
        is_errored=plan.is_errored,
        findings=reader.findings(reading.share(drifted), reading),
        moves=tuple(_moves(plan)),
    )


def _moves(plan: Plan) -> list[Move]:
    pairs = ((item.entry.previous_address, item.entry.address) for item in plan.entries)
    return [Move(clean(old), clean(new)) for old, new in pairs if old]


def action_of(actions: list[str]) -> str:
    return "replace" if actions in _REPLACE else "+".join(clean(action, 64) for action in actions[:8])


class _Reader:
    def __init__(self, plan: Plan, stack: str, key: bytes, with_former: bool) -> None:
        self._plan = plan
        self._sealer = Sealer(stack)
        self._relations: Relations = relations_of(plan, stack)
        self._assembler = Assembler(key, with_former=with_former)
        self._known: dict[tuple[object, ...], list[Line]] = {}

    def findings(self, entries: Sequence[DriftEntry], reading: Reading) -> tuple[Finding, ...]:
        kept: list[Finding] = []
        take = reading.take or kept.append
        for item in entries:
            source = self._source(item) if reading.is_known else ""
            if not (source and self._is_known(item, source, reading)):
                take(self.finding(item, source))
        return tuple(kept)

    def _is_known(self, item: DriftEntry, source: str, reading: Reading) -> bool:
        is_known = reading.is_known
        return is_known is not None and is_known(
            clean(item.entry.address), clean(item.entry.deposed or "", 256), source
        )

    def _source(self, item: DriftEntry) -> str:
        """ "" where the finding depends on other entries too."""
        entry, change = item.entry, item.change
        if entry.type in ROWS_BY_TYPE:
            return ""
        proposed = self._plan.proposals.get(item.key) if self._plan.mode == "normal" else None
        context = (self._plan.mode, self._plan.is_redacted, proposed, change.actions, _names(entry))
        raws = (change.before, change.after, change.before_sensitive, change.after_sensitive, change.replace_paths)
        return self._assembler.source(_encode(context), *[b"" if raw is UNSET else raw for raw in raws])

    def finding(self, item: DriftEntry, source: str = "") -> Finding:
        entry, action = item.entry, action_of(item.change.actions)
        lines, verdict, is_unknown = self._judged(item, action)
        what = Observed(
            address=entry.address,
            action=action,
            resource_type=entry.type,
            resource_name=entry.name,
            module_address=entry.module_address or "",
            provider=entry.provider_name or "",
            deposed=entry.deposed or "",
            previous_address=entry.previous_address,
            is_unknown=is_unknown,
        )
        return self._assembler.finding(what, lines, verdict, _replacing(item), source)

    def _judged(self, item: DriftEntry, action: str) -> tuple[list[Line], Verdict, bool]:
        """The lines, the verdict, and whether what differs cannot be seen."""
        before, after = item.before(), item.after()
        mirrored: dict[str, str] = {}
        if before is not None and after is None:
            lines = self._lost(item, before)
            mark_repeated(lines)
        else:
            sides = (before or {}, after or {})
            lines = self._different(item, sides)
            mirrored = self._relations.mirrored(item.entry.type, sides, lines)
            mark_noise(lines, item.entry.type, mirrored)
        proposed = self._plan.proposals.get(item.key) if self._plan.mode == "normal" else None
        if action == "update" and proposed in NOTHING:
            mark_computed(lines)
        if self._plan.is_redacted and action == "update" and _may_hide(item, lines):
            return lines, judge_unknown(proposed, FORMAT), True
        return lines, judge_cause(action, lines, mirrored, proposed, self._plan.mode), False

    def _different(self, item: DriftEntry, sides: tuple[Attributes, Attributes]) -> list[Line]:
        pairs = Pairs(item, sides)
        return [line for name in pairs.differing() for line in self._lines(name, pairs)]

    def _lines(self, name: str, pairs: Pairs) -> list[Line]:
        """The lines of one attribute. Many drifts of a stack differ in the same way, above all where nobody did it."""
        key = pairs.key(name)
        known = self._known.get(key) if key else None
        if known is None:
            diff = Diff()
            diff.compare((name,), *pairs.sealed(name, self._sealer))
            known = diff.lines
            if key and len(known) == 1:
                known[0].digest = self._assembler.digest(known[0])
                self._known[key] = known
                if len(self._known) > _MOST_KNOWN:
                    self._known.clear()
            else:
                return known
        return [line.copy() for line in known]

    def _lost(self, item: DriftEntry, before: Attributes) -> list[Line]:
        """What a deleted object had, one line an attribute."""
        sealed = sealed_lost(item, before, self._sealer, COMPUTED_NAMES)
        return [Line((name,), "removed", value, None) for name, value in sealed if not is_hollow(value)]


def _names(entry: Entry) -> tuple[str | None, ...]:
    names = (entry.address, entry.type, entry.name, entry.module_address, entry.previous_address)
    return *names, entry.provider_name, entry.deposed


def _may_hide(item: DriftEntry, lines: list[Line]) -> bool:
    """Of a redacted plan: both sides of a secret look the same there, so one may be what differs."""
    if any(not line.noise for line in lines):
        return False
    masks = (item.change.before_sensitive, item.change.after_sensitive)
    return not lines or any(isinstance(mask, Raw) and b"true" in bytes(mask) for mask in masks)


def _replacing(item: DriftEntry) -> tuple[Path, ...]:
    raw = item.change.replace_paths
    paths = None if is_null(raw) else read_value(raw)  # type: ignore[arg-type]
    if not isinstance(paths, list):
        return ()
    return tuple(
        tuple(path) for path in paths if isinstance(path, list) and all(isinstance(part, str | int) for part in path)
    )
