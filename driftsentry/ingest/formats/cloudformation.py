"""CloudFormation (`aws cloudformation describe-stack-resource-drifts`): one page or several, of one stack.

The address is the logical id, with the modules that hold it in front: `Queue`, `Network/Vpc`. CloudFormation lists what
its last detection found, whenever that was: the time of the report is that of the latest resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from driftsentry.ingest.formats import cloudformation_values
from driftsentry.ingest.formats.cloudformation_values import PropertyDifference
from driftsentry.ingest.formats.typed import Gathering, Values, decode_all, read_time, why_incomplete
from driftsentry.ingest.limits import MAX_NODES
from driftsentry.ingest.model import Hints, Refused
from driftsentry.ingest.survey import Difference, Observed, Survey

FORMAT = "cloudformation"

_SEND = (
    "Send the output of `aws cloudformation describe-stack-resource-drifts --stack-name STACK` "
    "when `aws cloudformation describe-stack-drift-detection-status` says DETECTION_COMPLETE."
)
# Of any other status (NOT_CHECKED, UNKNOWN) nobody looked, so a drift that was known would not be listed. UNSUPPORTED
# is no such status: CloudFormation never looks at these types, so it has never known a drift of one.
_SETTLED = ("IN_SYNC", "MODIFIED", "DELETED", "UNSUPPORTED")


class _ModuleInfo(msgspec.Struct, gc=False, rename="pascal"):
    logical_id_hierarchy: str | None = None


class _ResourceDrift(msgspec.Struct, gc=False, rename="pascal"):
    logical_resource_id: str
    stack_resource_drift_status: str
    resource_type: str | None = None
    stack_id: str | None = None
    timestamp: str | float | None = None
    expected_properties: str | None = None
    actual_properties: str | None = None
    property_differences: list[PropertyDifference] | None = None
    module_info: _ModuleInfo | None = None


class _Page(msgspec.Struct, gc=False, rename="pascal"):
    """A page of results, or what `detect-stack-resource-drift` says of one resource, or a detection's status."""

    stack_resource_drifts: list[_ResourceDrift] | None = None
    stack_resource_drift: _ResourceDrift | None = None
    next_token: str | None = None
    stack_drift_detection_id: str | None = None
    detection_status: str | None = None


_decoder = msgspec.json.Decoder(_Page)


def read(documents: Sequence[bytes], *, hints: Hints) -> Survey:
    """Raises Refused."""
    pages = list(decode_all(_decoder, documents, tool="CloudFormation", limit=2 * MAX_NODES))
    drifts = list(_drifts(pages))
    _require_results(pages)
    _require_one_stack(drifts)
    has_failed = bool(hints.exit_code) or any(page.detection_status == "DETECTION_FAILED" for page in pages)
    return Survey(
        format=FORMAT,
        tool=FORMAT,
        tool_version="",
        mode="scan",
        timestamp=max(filter(None, (read_time(drift.timestamp) for _, drift in drifts)), default=None),
        incomplete_reason=why_incomplete(hints, broken=_broken(pages, has_failed), unsaid=_unsaid(pages, drifts)),
        is_errored=has_failed,
        observed=_observed(drifts),
    )


def _drifts(pages: list[_Page]) -> Iterator[tuple[str, _ResourceDrift]]:
    for number, page in enumerate(pages):
        prefix = f"document {number + 1}: " if len(pages) > 1 else ""
        if page.stack_resource_drift is not None:
            yield f"{prefix}StackResourceDrift", page.stack_resource_drift
        for index, drift in enumerate(page.stack_resource_drifts or ()):
            yield f"{prefix}StackResourceDrifts[{index}]", drift


def _require_results(pages: list[_Page]) -> None:
    if any(page.stack_resource_drifts is not None or page.stack_resource_drift is not None for page in pages):
        return
    status = next((page.detection_status for page in pages if page.detection_status), "")
    what = {
        "DETECTION_IN_PROGRESS": "The drift detection of CloudFormation is still in progress.",
        "DETECTION_FAILED": "The drift detection of CloudFormation failed.",
    }.get(status, "This only says that CloudFormation has looked for drift, or is looking, not what it found.")
    raise Refused(422, "VALIDATION_ERROR", f"{what} {_SEND}")


def _require_one_stack(drifts: list[tuple[str, _ResourceDrift]]) -> None:
    if len({drift.stack_id for _, drift in drifts if drift.stack_id}) > 1:
        message = (
            "These are the results of several CloudFormation stacks, nested ones perhaps. Send each one as a report."
        )
        raise Refused(422, "VALIDATION_ERROR", f"{message} of its own stack.")


def _broken(pages: list[_Page], has_failed: bool) -> str:
    if has_failed:
        return "the drift detection failed"
    if any(page.detection_status == "DETECTION_IN_PROGRESS" for page in pages):
        return "the drift detection is still in progress"
    listing = [page for page in pages if page.stack_resource_drifts is not None]
    return "the last page has a NextToken: there are more pages" if listing and listing[-1].next_token else ""


def _unsaid(pages: list[_Page], drifts: list[tuple[str, _ResourceDrift]]) -> str:
    if all(page.stack_resource_drifts is None for page in pages):
        return "only single resources were looked at (StackResourceDrift): send complete=true if these are all"
    unchecked = sum(drift.stack_resource_drift_status not in _SETTLED for _, drift in drifts)
    if unchecked:
        what = f"not all was checked (NOT_CHECKED or UNKNOWN: {unchecked:,}) and may drift unseen"
        return f"{what}: send complete=true if that is always so"
    if not drifts and all(page.detection_status != "DETECTION_COMPLETE" for page in pages):
        return "no resource is listed, as for a stack that was never looked at: send complete=true if it was"
    return ""


def _observed(drifts: list[tuple[str, _ResourceDrift]]) -> tuple[Observed, ...]:
    gathering, values = Gathering(), Values()
    for place, drift in drifts:
        if drift.stack_resource_drift_status == "DELETED":
            expected, _ = cloudformation_values.properties(drift.expected_properties, None, values, place)
            whole = cloudformation_values.difference((), expected, None) if expected else None
            gathering.add(_entry(drift, "delete", (whole,) if whole else ()), place)
        elif drift.stack_resource_drift_status == "MODIFIED":
            gathering.add(_entry(drift, "update", tuple(_differences(drift, values, place))), place)
    return gathering.all()


def _differences(drift: _ResourceDrift, values: Values, place: str) -> Iterator[Difference]:
    sides = cloudformation_values.properties(drift.expected_properties, drift.actual_properties, values, place)
    if drift.property_differences:
        for each in drift.property_differences:
            yield cloudformation_values.read_difference(each, sides, values, place)
    elif sides[0] is not None and sides[1] is not None:
        yield from cloudformation_values.compare(*sides)


def _entry(drift: _ResourceDrift, action: str, differences: tuple[Difference, ...]) -> Observed:
    modules = (drift.module_info.logical_id_hierarchy if drift.module_info else None) or ""
    return Observed(
        address="/".join(filter(None, (modules, drift.logical_resource_id))),
        action=action,
        differences=differences,
        resource_type=drift.resource_type or "",
        resource_name=drift.logical_resource_id,
        module_address=modules,
        provider="aws",
        is_unknown=action == "update" and not differences,
    )
