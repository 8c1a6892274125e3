"""Pulumi: previews (`--json`) and streams of engine events, from the CLI or from Pulumi Cloud.

No field tells what was compared, so the sender does: `refresh` for `pulumi refresh --preview-only --json`, `preview`
for `pulumi preview --refresh --json`. The address is the URN, which has the stack and the project in it.
Nor does a field tell that only some resources were looked at (`--target`): then the sender has to say complete=false.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET

from driftsentry.ingest.formats.pulumi_drift import observe
from driftsentry.ingest.formats.pulumi_state import TOOL, State, decode_part
from driftsentry.ingest.formats.pulumi_steps import Direction, Step, gather
from driftsentry.ingest.formats.typed import (
    OBJECTS,
    Gathering,
    Part,
    Values,
    decode_all,
    is_absent,
    read_seconds,
    read_time,
    why_incomplete,
)
from driftsentry.ingest.model import Hints, Refused
from driftsentry.ingest.survey import Survey

FORMAT = "pulumi"

_UNDIRECTED = (
    "Pulumi's output does not say what it compares. Add ?direction=refresh for `pulumi refresh --preview-only --json`, "
    "or ?direction=preview for `pulumi preview --refresh --json`."
)
_UNNAMED = (
    "This output of Pulumi counts resources that differ, but does not say which: a refresh of Pulumi 3.117 and older "
    "prints no more. Use a newer Pulumi, or send `pulumi preview --refresh --json` with ?direction=preview."
)
_COUNTED = ("create", "update", "delete", "replace")
_MANY = 1_000_000_000
_STACK_TYPE = "pulumi:pulumi:Stack"  # holds what the program puts out, and nothing that is in a cloud


class _Step(msgspec.Struct, gc=False, rename="camel"):
    op: str
    urn: str
    old_state: State | None = None
    new_state: State | None = None
    detailed_diff: Part = UNSET
    diff_reasons: Part = UNSET


class _Metadata(msgspec.Struct, gc=False, rename="camel"):
    """A step as the events have it."""

    op: str
    urn: str
    old: State | None = None
    new: State | None = None
    detailed_diff: Part = UNSET
    diffs: Part = UNSET


class _ResourceEvent(msgspec.Struct, gc=False):
    metadata: _Metadata


class _Summary(msgspec.Struct, gc=False, rename="camel"):
    maybe_corrupt: bool | None = None
    duration_seconds: float | None = None
    resource_changes: Part = UNSET


class _Diagnostic(msgspec.Struct, gc=False):
    severity: str | None = None


class _Event(msgspec.Struct, gc=False, rename="camel"):
    """Events of the CLI have no type: the one key that is there tells it."""

    timestamp: float | None = None
    resource_pre_event: _ResourceEvent | None = None
    res_outputs_event: _ResourceEvent | None = None
    res_op_failed_event: Part = UNSET
    summary_event: _Summary | None = None
    diagnostic_event: _Diagnostic | None = None


class _Document(_Event, gc=False, rename="camel"):
    """A preview, an event, or a page of events from Pulumi Cloud."""

    steps: list[_Step] | None = None
    diagnostics: list[_Diagnostic] | None = None
    duration: float | None = None
    change_summary: Part = UNSET
    maybe_corrupt: bool | None = None
    events: list[_Event] | None = None
    continuation_token: str | None = None


_decoder = msgspec.json.Decoder(_Document)
_counts = msgspec.json.Decoder(dict[str, int])


def read(documents: Sequence[bytes], *, hints: Hints) -> Survey:
    """Raises Refused, also where `hints.direction` is missing."""
    if hints.direction is None:
        raise Refused(422, "VALIDATION_ERROR", _UNDIRECTED)
    report = _Report(list(decode_all(_decoder, documents, tool=TOOL, counted=OBJECTS)))
    gathering, seen = report.observed(hints.direction)
    counted = report.counted()
    if counted and not seen:
        raise Refused(422, "VALIDATION_ERROR", _UNNAMED)
    has_failed = bool(hints.exit_code) and not seen
    broken = report.broken() or ("Pulumi failed, and reported no change" if has_failed else "")
    missing = f"Pulumi counts {counted:,} changes, and {seen:,} are in the report" if seen < counted else ""
    return Survey(
        format=FORMAT,
        tool=FORMAT,
        tool_version="",
        mode="refresh_only" if hints.direction == "refresh" else "normal",
        timestamp=report.timestamp(),
        incomplete_reason=why_incomplete(hints, broken=broken, unsaid=missing or report.unfinished()),
        is_errored=report.has_error() or has_failed,
        observed=gathering.all(),
        duration=report.duration(),
    )


class _Report:
    def __init__(self, documents: list[_Document]) -> None:
        self._documents = documents
        self._values = Values()

    def observed(self, direction: Direction) -> tuple[Gathering, int]:
        """What drifted, and how many resources Pulumi says would change, whether that is a drift or not."""
        gathering, seen = Gathering(), 0
        for told in gather(self._steps()):
            what = observe(told, direction, self._values)
            if what is None:
                continue
            seen += 1
            if what.resource_type != _STACK_TYPE:
                gathering.add(what, told.place)
        return gathering, seen

    def counted(self) -> int:
        """How many resources the summaries say would change."""
        raws = [(document.change_summary, "changeSummary") for document in self._documents]
        raws += [(summary.resource_changes, "summaryEvent.resourceChanges") for summary in self._summaries()]
        found = [decode_part(_counts, raw, self._values, place) or {} for raw, place in raws]
        return sum(max(0, min(counts.get(op, 0), _MANY)) for counts in found for op in _COUNTED)

    def broken(self) -> str:
        if self.has_error():
            return "Pulumi reported an error"
        is_corrupt = any(document.maybe_corrupt for document in self._documents)
        if is_corrupt or any(summary.maybe_corrupt for summary in self._summaries()):
            return "Pulumi says that its result may be corrupt (maybeCorrupt)"
        if self._documents and self._documents[-1].continuation_token:
            return "the last page of events has a continuationToken: there are more pages"
        return ""

    def has_error(self) -> bool:
        events = list(self._events())
        told = [event.diagnostic_event for event in events if event.diagnostic_event]
        told += [each for document in self._documents for each in document.diagnostics or ()]
        has_failed = any(not is_absent(event.res_op_failed_event) for event in events)
        return has_failed or any(diagnostic.severity == "error" for diagnostic in told)

    def unfinished(self) -> str:
        previews = [document for document in self._documents if document.steps is not None]
        if any(is_absent(document.change_summary) for document in previews):
            return "the preview has no changeSummary: it did not finish"
        has_summary = any(True for _ in self._summaries())
        if has_summary or any(not is_absent(document.change_summary) for document in self._documents):
            return ""
        return "the events have no summaryEvent: the stream was cut"

    def timestamp(self) -> datetime | None:
        return max(filter(None, (read_time(event.timestamp) for event in self._events())), default=None)

    def duration(self) -> float | None:
        seconds = [document.duration / 1e9 for document in self._documents if document.duration is not None]
        seconds += [each.duration_seconds for each in self._summaries() if each.duration_seconds is not None]
        return read_seconds(sum(seconds)) if seconds else None

    def _events(self) -> Iterator[_Event]:
        for document in self._documents:
            yield document
            yield from document.events or ()

    def _summaries(self) -> Iterator[_Summary]:
        return (event.summary_event for event in self._events() if event.summary_event)

    def _steps(self) -> Iterator[Step]:
        for number, document in enumerate(self._documents):
            prefix = f"document {number + 1}: " if len(self._documents) > 1 else ""
            for index, each in enumerate(document.steps or ()):
                states = each.old_state, each.new_state
                place = f"{prefix}steps[{index}]"
                yield Step(each.op, each.urn, place, *states, each.detailed_diff, each.diff_reasons)
            for index, event in enumerate((document, *(document.events or ()))):
                place = f"{prefix}events[{index - 1}]" if index else f"{prefix}event"
                for part in (event.resource_pre_event, event.res_outputs_event):
                    if part is not None:
                        told = part.metadata
                        yield Step(told.op, told.urn, place, told.old, told.new, told.detailed_diff, told.diffs)
