"""Where CI jobs post what their tool printed."""

import re
from dataclasses import asdict
from typing import Any

from quart import Blueprint, Response, request

from driftsentry import answers, errors, ingest, reports
from driftsentry.auth import guards
from driftsentry.clock import to_text
from driftsentry.errors import Problem
from driftsentry.reports import Receipt, Report, Upload
from driftsentry.web import REPORT_BYTES, Access, allow, app

_EXIT_CODE = re.compile("[0-9]{1,3}")  # str.isdigit() would let "²" through
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_WORDS = {"runId": 200, "runUrl": 2000, "commit": 100, "format": 50}

blueprint = Blueprint("api_reports", __name__, url_prefix="/api/v1")


@blueprint.post("/stacks/<path:slug>/reports")
@allow(Access.REPORTER)
async def post_report(slug: str) -> Response:
    token = guards.token()
    reports.check_stack(token, slug)
    upload = _upload()
    body = await _body()
    receipt = await reports.receive(app().db, app().settings.data_key, token, guards.actor(), slug, body, upload)
    return _answer(receipt)


async def _body() -> bytes:
    """The unpacked body."""
    raw = await request.get_data(cache=False, as_text=False)
    assert isinstance(raw, bytes), "as_text=False"
    try:
        return ingest.unpack(raw, content_encoding=request.headers.get("Content-Encoding", ""), limit=REPORT_BYTES)
    except ingest.Refused as refusal:
        raise errors.Invalid(refusal.message, code=refusal.code, status=refusal.status) from None


def _upload() -> Upload:
    """The query string. Raises `Invalid` with every problem."""
    args, problems = request.args, []
    for name in args:
        if name not in {*_WORDS, "exitCode", "complete"}:
            problems.append(Problem(name, f"There is no parameter {name!r}."))
    for name, most in _WORDS.items():
        if len(args.get(name, "")) > most or not args.get(name, "").isprintable():
            problems.append(Problem(name, f"At most {most} printable characters."))
    if not _EXIT_CODE.fullmatch(args.get("exitCode", "0")):
        problems.append(Problem("exitCode", "The exit code of the tool: 0, 1 or 2."))
    if args.get("complete", "true").lower() not in _BOOLEANS:
        problems.append(Problem("complete", "true or false."))
    url = args.get("runUrl", "")
    if url and not url.startswith(("https://", "http://")):
        problems.append(Problem("runUrl", "An address that starts with https:// or http://."))
    if problems:
        raise errors.Invalid("The query string has problems.", status=400, problems=problems)
    return Upload(
        run_id=args.get("runId", ""),
        run_url=url,
        commit=args.get("commit", ""),
        format=args.get("format") or None,
        exit_code=int(args["exitCode"]) if "exitCode" in args else None,
        complete=_BOOLEANS[args["complete"].lower()] if "complete" in args else None,
    )


def _answer(receipt: Receipt) -> Response:
    data = {"report": _report(receipt.report), "drifts": asdict(receipt.report.counts)}
    status = 200 if receipt.is_duplicate else 201
    return answers.json(data, status=status, meta={"duplicate": receipt.is_duplicate})


def _report(report: Report) -> dict[str, Any]:
    return {
        "id": report.id,
        "stack": report.stack,
        "receivedAt": to_text(report.received_at),
        "scannedAt": to_text(report.scanned_at),
        "format": report.format,
        "tool": report.tool,
        "toolVersion": report.tool_version,
        "mode": report.mode,
        "complete": report.is_complete,
        "incompleteReason": report.incomplete_reason or None,
        "late": report.is_late,
        "runId": report.run_id or None,
        "runUrl": report.run_url or None,
        "commit": report.commit_hash or None,
    }
