"""A survey as a report in DriftSentry's own format, with nothing lost."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw

from driftsentry.ingest.formats.plain_shape import Change, Moved, Report, Resource, Tool
from driftsentry.ingest.survey import Difference, Observed, Survey

_encoder = msgspec.json.Encoder(decimal_format="number")


def write(survey: Survey) -> bytes:
    """UTF-8 JSON."""
    return _encoder.encode(
        Report(
            driftsentry=1,
            format=survey.format,
            mode=survey.mode,
            tool=Tool(survey.tool, survey.tool_version) if survey.tool or survey.tool_version else None,
            timestamp=survey.timestamp.isoformat() if survey.timestamp else None,
            complete=not survey.incomplete_reason,
            incomplete_reason=survey.incomplete_reason,
            errored=survey.is_errored,
            duration_seconds=survey.duration,
            drift_data=survey.has_drift_data,
            resources=[_resource(what) for what in survey.observed],
            moves=[Moved(move.previous_address, move.address) for move in survey.moves] or None,
        )
    )


def _resource(what: Observed) -> Resource:
    return Resource(
        address=what.address,
        action=what.action,
        type=what.resource_type,
        name=what.resource_name,
        module=what.module_address,
        provider=what.provider,
        deposed=what.deposed,
        previous_address=what.previous_address,
        changes=[_change(difference) for difference in what.differences] or None,
        # What a reader would take for granted is said only where it is not so.
        unknown=None if what.is_unknown == (what.action == "update" and not what.differences) else what.is_unknown,
        proposed=None if what.proposed is None else list(what.proposed),
        cause=UNSET if what.cause is None and what.action != "unmanaged" else what.cause,
        cause_reason=what.cause_reason,
    )


def _change(difference: Difference) -> Change:
    masks = (difference.before_mask, difference.after_mask)
    is_secret = masks[0] is True and masks[1] is True
    parts = (difference.before, difference.after, *((None, None) if is_secret else masks))
    before, after, before_mask, after_mask = (UNSET if part is None else Raw(_encoder.encode(part)) for part in parts)
    return Change(
        path=list(difference.path),
        before=before,
        after=after,
        sensitive=is_secret,
        before_sensitive=before_mask,
        after_sensitive=after_mask,
        noise=difference.noise,
        why=difference.why,
    )
