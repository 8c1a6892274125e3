"""Where CI jobs post what their tool printed, and what has come so far."""

from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta, UnsetType
from quart import Blueprint, Response, request

from driftsentry import errors, ingest, reports, stacks
from driftsentry.api.paging import PageQuery, page_meta
from driftsentry.api.schema import Input, Output, answer, gives, takes
from driftsentry.auth import guards
from driftsentry.clock import to_text
from driftsentry.reports import Body, Report, Upload
from driftsentry.web import REPORT_BYTES, Access, allow, app

Given = TypeVar("Given")
blueprint = Blueprint("api_reports", __name__, url_prefix="/api/v1/stacks")
_FORMATS = "terraform_plan, terraform_log, driftctl, pulumi, cloudformation, argocd or plain"
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
_BODY = {
    "required": True,
    "description": "What the tool printed, as it is, such as `terraform show -json PLAN`. Up to 64 MB, unpacked.",
    "content": {"application/json": {"schema": {}}, "application/octet-stream": {"schema": {}}},
}


class ReportQuery(Input, frozen=True):
    run_id: Annotated[str, Meta(max_length=200, pattern=_PRINTABLE, description="The CI run, for the history.")] = ""
    run_url: Annotated[
        str, Meta(max_length=2000, pattern=r"^(https?://[^\x00-\x20\x7f]*)?$", description="A link to the CI run.")
    ] = ""
    commit: Annotated[str, Meta(max_length=100, pattern=_PRINTABLE, description="What was planned.")] = ""
    format: Annotated[
        str, Meta(max_length=50, pattern=r"^[a-z0-9_]*$", description=f"{_FORMATS}; normally found out.")
    ] = ""
    direction: (
        Annotated[Literal["refresh", "preview"], Meta(description="Of Pulumi, whose output does not say it.")]
        | UnsetType
    ) = UNSET
    duration: (
        Annotated[float, Meta(ge=0, le=1_728_000, description="How long the scan took, in seconds.")] | UnsetType
    ) = UNSET
    exit_code: (
        Annotated[int, Meta(ge=0, le=999, description="The exit code of the tool; 1 says that it failed.")] | UnsetType
    ) = UNSET
    complete: (
        Annotated[bool, Meta(description="true: a normal plan that was refreshed and not targeted.")] | UnsetType
    ) = UNSET


class ReportOutput(Output, frozen=True):
    id: str
    stack: str
    received_at: str
    scanned_at: str
    format: str
    tool: str
    tool_version: str
    mode: str
    complete: bool
    incomplete_reason: str | None
    late: Annotated[bool, Meta(description="Older than the stack's newest report: changed nothing.")]
    held: Annotated[int, Meta(description="Drifts that it no longer has, and whose end an engineer must confirm.")]
    announced: Annotated[int, Meta(description="Of a notification: drifts that it counts and does not name.")]
    duration_seconds: Annotated[float | None, Meta(description="Of the scan, where the tool or the caller says it.")]
    run_id: str | None
    run_url: str | None
    commit: str | None


class CountsOutput(Output, frozen=True):
    detected: int
    changed: int
    unchanged: int
    reopened: int
    resolved: int
    informational: int


class ReceiptOutput(Output, frozen=True):
    report: ReportOutput
    drifts: CountsOutput


@blueprint.post("/<path:slug>/reports")
@allow(Access.REPORTER)
@gives(ReceiptOutput, status=201)
@gives(ReceiptOutput, status=200)
@takes(query=ReportQuery, raw=_BODY)
async def post_report(slug: str, query: ReportQuery) -> Response:
    """Post a report

    The same body again: 200 with `meta.duplicate: true`, and nothing changes. The stack is made by its first report.
    """
    token = guards.token()
    reports.check_stack(token, slug)
    body = await _body()
    settings, actor = app().settings, guards.actor()
    large = app().extensions["large_reports"]
    receipt = await reports.receive(app().db, settings.data_key, token, actor, slug, body, _upload(query), large)
    status = 200 if receipt.is_duplicate else 201
    return answer(_receipt(receipt.report), status=status, meta={"duplicate": receipt.is_duplicate})


@blueprint.get("/<path:slug>/reports")
@allow(Access.VIEWER)
@gives(list[ReceiptOutput])
@takes(query=PageQuery)
async def list_reports(slug: str, query: PageQuery) -> Response:
    """The reports of a stack, newest first"""
    async with app().db.read() as tx:
        stack = await stacks.require(tx, slug)
        found = await reports.select_reports(tx, stack.id, query.page_size + 1, query.offset)
        total = await reports.count_reports(tx, stack.id)
    shown = [_receipt(report) for report in found[: query.page_size]]
    return answer(shown, meta=page_meta(query, total=total, has_more=len(found) > query.page_size))


def _upload(query: ReportQuery) -> Upload:
    return Upload(
        run_id=query.run_id,
        run_url=query.run_url,
        commit=query.commit,
        format=query.format or None,
        exit_code=_given(query.exit_code),
        complete=_given(query.complete),
        direction=_given(query.direction),
        duration=_given(query.duration),
    )


def _given(value: Given | UnsetType) -> Given | None:
    return None if isinstance(value, UnsetType) else value


async def _body() -> Body:
    """The unpacked body."""
    body = Body()
    try:
        unpacking = ingest.Unpacking(request.headers.get("Content-Encoding", ""), REPORT_BYTES)
        async for chunk in request.body:
            for piece in unpacking.feed(chunk):
                body.add(piece)
        for piece in unpacking.end():
            body.add(piece)
    except ingest.Refused as refusal:
        raise errors.Invalid(refusal.message, code=refusal.code, status=refusal.status) from None
    return body


def _receipt(report: Report) -> ReceiptOutput:
    counts = report.counts
    return ReceiptOutput(
        report=_report(report),
        drifts=CountsOutput(
            detected=counts.detected,
            changed=counts.changed,
            unchanged=counts.unchanged,
            reopened=counts.reopened,
            resolved=counts.resolved,
            informational=counts.informational,
        ),
    )


def _report(report: Report) -> ReportOutput:
    return ReportOutput(
        id=report.id,
        stack=report.stack,
        received_at=to_text(report.received_at),
        scanned_at=to_text(report.scanned_at),
        format=report.format,
        tool=report.tool,
        tool_version=report.tool_version,
        mode=report.mode,
        complete=report.is_complete,
        incomplete_reason=report.incomplete_reason or None,
        late=report.is_late,
        held=report.held,
        announced=report.announced,
        duration_seconds=None if report.duration_ms is None else report.duration_ms / 1000,
        run_id=report.run_id or None,
        run_url=report.run_url or None,
        commit=report.commit_hash or None,
    )
