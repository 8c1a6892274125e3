"""Receiving a report: parse and judge off the event loop, then one short transaction."""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftsentry import clock, drifts, errors, events, ids, ingest, stacks
from driftsentry.auth import Token, note_token_used
from driftsentry.db import Database, Tx
from driftsentry.events import Actor
from driftsentry.reports import queries
from driftsentry.reports.model import Receipt, Report, Upload

# A plan of Terraform before 1.5 bears no time, so two scans with the same outcome are the same bytes. Only
# within this time is the second one a retry; later it is the next scan.
RETRY_WINDOW = timedelta(minutes=15)
# A tool's clock may be a little ahead of ours. One that is far ahead would make all later reports old.
CLOCK_SKEW = timedelta(minutes=10)
_PARSERS = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class _Parsed:
    scan: ingest.Scan
    sightings: Sequence[drifts.Sighting]


async def receive(
    db: Database, key: bytes, token: Token, actor: Actor, slug: str, body: bytes, upload: Upload
) -> Receipt:
    """Take in one report of the stack `slug`; `body` is unpacked.

    Raises `Forbidden` for a stack the token does not cover, `Failure` (400, 413, 415, 422) for a body that is
    no report. Nothing of a refused body is stored.
    """
    check_stack(token, slug)
    received_at = clock.now()
    async with _PARSERS:
        body_hash = await asyncio.to_thread(_hash, key, body)
        async with db.read() as tx:
            if again := await _repeated(tx, slug, body_hash, upload, received_at):
                return Receipt(again, is_duplicate=True)
            seen = await drifts.select_seen(tx, slug)
        parsed = await asyncio.to_thread(_parse, key, slug, body, upload, seen)
    async with db.write() as tx:
        if again := await _repeated(tx, slug, body_hash, upload, received_at):
            return Receipt(again, is_duplicate=True)
        return await _take_in(tx, parsed, token, actor, slug, body_hash, upload, received_at)


def check_stack(token: Token, slug: str) -> None:
    """Raises `NotFound` for what cannot be a stack, `Forbidden` for one that is not the token's."""
    if not stacks.is_slug(slug):
        raise errors.NotFound(
            "That cannot be the name of a stack. Use letters, digits and . _ - in parts between slashes: prod/network"
        )
    if not token.covers(slug):
        raise errors.Forbidden(
            f"This token may report for {', '.join(token.stacks)}, and {slug} is none of them. "
            "Make a token for it: python -m driftsentry token create"
        )


def _hash(key: bytes, body: bytes) -> str:
    return hmac.new(key, b"body|" + body, hashlib.sha256).hexdigest()


def _parse(key: bytes, slug: str, body: bytes, upload: Upload, seen: drifts.Seen) -> _Parsed:
    hints = ingest.Hints(upload.format, upload.exit_code, upload.complete)
    try:
        scan = ingest.parse(body, stack=slug, key=key, hints=hints)
    except ingest.Refused as refusal:
        raise errors.Invalid(refusal.message, code=refusal.code, status=refusal.status) from None
    return _Parsed(scan, drifts.prepare(scan.findings, slug, seen))


async def _repeated(tx: Tx, slug: str, body_hash: str, upload: Upload, at: datetime) -> Report | None:
    found = await queries.select_by_body(tx, slug, body_hash)
    if found is None or found.scanned_at != found.received_at:  # it bears its own time: these bytes are one scan
        return found
    stack = await stacks.select_stack(tx, slug)
    is_newest = stack is not None and stack.last_report_id == found.id
    same_run = found.run_id == upload.run_id
    return found if is_newest and same_run and at - found.received_at < RETRY_WINDOW else None


async def _take_in(
    tx: Tx,
    parsed: _Parsed,
    token: Token,
    actor: Actor,
    slug: str,
    body_hash: str,
    upload: Upload,
    at: datetime,
) -> Receipt:
    scan, report_id = parsed.scan, ids.new()
    stack = await stacks.ensure(tx, slug, at)
    scanned_at = scan.timestamp if scan.timestamp and scan.timestamp <= at + CLOCK_SKEW else at
    is_late = stack.newest_scan_at is not None and scanned_at < stack.newest_scan_at
    counts = drifts.Counts()
    if not is_late:
        counts = await drifts.apply(
            tx,
            stack.id,
            parsed.sightings,
            scan.moves,
            report_id=report_id,
            resolves=scan.resolves,
            actor=actor,
            at=at,
        )
        await stacks.note_report(
            tx,
            stack,
            report_id,
            received_at=at,
            scanned_at=scanned_at,
            reason=scan.incomplete_reason,
            is_errored=scan.is_errored,
        )
    report = Report(
        id=report_id,
        stack_id=stack.id,
        stack=slug,
        token_id=token.id,
        token_name=token.name,
        received_at=at,
        scanned_at=scanned_at,
        body_hash=body_hash,
        format=scan.format,
        tool=scan.tool,
        tool_version=scan.tool_version,
        mode=scan.mode,
        run_id=upload.run_id,
        run_url=upload.run_url,
        commit_hash=upload.commit,
        is_late=is_late,
        is_complete=scan.resolves,
        incomplete_reason=scan.incomplete_reason,
        counts=counts,
    )
    await queries.insert_report(tx, report)
    await note_token_used(tx, token, at, actor.address)
    _tell(tx, report, actor)
    return Receipt(report, is_duplicate=False)


def _tell(tx: Tx, report: Report, actor: Actor) -> None:
    events.record(
        tx,
        "report.received",
        actor,
        at=report.received_at,
        stack_id=report.stack_id,
        report_id=report.id,
        stack=report.stack,
        is_late=report.is_late,
        is_complete=report.is_complete,
        detected=report.detected,
        changed=report.changed,
        reopened=report.reopened,
        resolved=report.resolved,
        informational=report.informational,
    )
