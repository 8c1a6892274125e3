"""A survey to a scan: what other tools report is sealed, compared and judged as a plan of Terraform is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec
from msgspec import structs

from driftsentry.ingest.assembling import Assembler
from driftsentry.ingest.diff import Diff, Line, Path, is_hollow
from driftsentry.ingest.masks import Pair, Sealer, mask_of
from driftsentry.ingest.model import Finding, Move, Scan
from driftsentry.ingest.noise import COMPUTED_NAMES, mark_computed, mark_noise, mark_repeated
from driftsentry.ingest.presenting import clean
from driftsentry.ingest.sealed import wire_value
from driftsentry.ingest.secret_names import is_secret_name
from driftsentry.ingest.survey import Difference, Observed, Survey
from driftsentry.ingest.verdicts import NOTHING, Verdict, judge_cause, judge_unknown

_json = msgspec.json.Encoder(decimal_format="number")
_WHOLE = ("value",)  # the path of an object that is no object


def scan_of(survey: Survey, *, stack: str, key: bytes, with_former: bool = False) -> Scan:
    """Raises Refused for values that cannot be read."""
    sealer, assembler = Sealer(stack), Assembler(key, with_former=with_former)
    return Scan(
        format=survey.format,
        tool=clean(survey.tool, 64),
        tool_version=clean(survey.tool_version, 64),
        mode=survey.mode,
        timestamp=survey.timestamp,
        resolves=not survey.incomplete_reason,
        incomplete_reason=clean(survey.incomplete_reason),
        has_drift_data=survey.has_drift_data,
        is_errored=survey.is_errored,
        findings=tuple(_finding(each, survey, sealer, assembler) for each in survey.observed),
        moves=tuple(Move(clean(move.previous_address), clean(move.address)) for move in survey.moves),
        duration=survey.duration,
    )


def sealed(survey: Survey, *, stack: str) -> Survey:
    """The same survey with a placeholder for every secret: what may leave the machine that it was made on."""
    sealer = Sealer(stack)
    observed = tuple(
        structs.replace(each, differences=tuple(_closed(difference, sealer) for difference in each.differences))
        for each in survey.observed
    )
    return replace(survey, observed=observed)


def _finding(what: Observed, survey: Survey, sealer: Sealer, assembler: Assembler) -> Finding:
    lines = list(_lost(what, sealer)) if what.action == "delete" else _different(what, sealer)
    if what.action == "delete":
        mark_repeated(lines)
    else:
        mark_noise(lines, what.resource_type, {})
    proposed = list(what.proposed) if what.proposed is not None else None
    if what.action == "update" and proposed in NOTHING:
        mark_computed(lines)
    return assembler.finding(what, lines, _verdict(what, lines, survey, proposed))


def _verdict(what: Observed, lines: list[Line], survey: Survey, proposed: list[str] | None) -> Verdict:
    if what.cause is not None:
        return Verdict(what.cause, clean(what.cause_reason))
    if what.is_unknown and what.action == "update":
        return judge_unknown(proposed, survey.format)
    return judge_cause(what.action, lines, {}, proposed, survey.mode)


def _different(what: Observed, sealer: Sealer) -> list[Line]:
    diff = Diff()
    for difference in what.differences:
        start = len(diff.lines)
        before, after = _sealed_pair(difference, sealer)
        is_object = isinstance(before, dict) or isinstance(after, dict)
        diff.compare(difference.path or (() if is_object else _WHOLE), before, after)
        for line in diff.lines[start:]:
            line.path = line.path or _WHOLE  # objects that are empty, or that are objects on one side only
            if difference.noise and not line.noise:
                line.noise, line.why = difference.noise, difference.why
    return diff.lines


def _lost(what: Observed, sealer: Sealer) -> Iterator[Line]:
    """What a deleted object had, one line an attribute."""
    for difference in what.differences:
        before, _ = _sealed_pair(difference, sealer)
        for path, value in _attributes(difference.path, before):
            if not is_hollow(value) and path[-1] not in COMPUTED_NAMES:
                yield Line(path, "removed", value, None)


def _attributes(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    if path or not isinstance(value, dict):
        yield path or _WHOLE, value
    else:
        yield from (((name,), value[name]) for name in sorted(value))


def _sealed_pair(difference: Difference, sealer: Sealer) -> Pair:
    pair = (difference.before, difference.after)
    names = [part for part in difference.path if isinstance(part, str)]
    # Under a secret name everything is secret: `password.value` is one although `value` is not.
    hides = any(is_secret_name(name) for name in names)
    masks = (True, True) if hides else (difference.before_mask, difference.after_mask)
    texts = (_json.encode(pair[0]).decode(), _json.encode(pair[1]).decode())
    return sealer.seal_pair(pair, masks, names[-1] if names else "", texts)


def _closed(difference: Difference, sealer: Sealer) -> Difference:
    before, after = _sealed_pair(difference, sealer)
    return replace(
        difference,
        before=wire_value(before),
        after=wire_value(after),
        before_mask=mask_of(before),
        after_mask=mask_of(after),
    )
