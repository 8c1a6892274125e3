"""Receiving a report: parse and judge off the event loop, then one short transaction."""

import asyncio
import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from driftsentry import clock, drifts, errors, events, ids, ingest, stacks
from driftsentry.auth import Token, note_token_used
from driftsentry.db import Database, Tx
from driftsentry.events import Actor
from driftsentry.reports import held, queries
from driftsentry.reports.model import Receipt, Report, Upload
from driftsentry.stacks import Stack

# A plan of Terraform before 1.5 bears no time, so two scans with the same outcome are the same bytes. Only
# within this time is the second one a retry; later it is the next scan.
RETRY_WINDOW = timedelta(minutes=15)
# A tool's clock may be a little ahead of ours. One that is far ahead would make all later reports old.
CLOCK_SKEW = timedelta(minutes=10)
# For one token: a pipeline that runs away, or whoever stole the token, fills no disk.
REPORTS_AN_HOUR = 600
_PARSERS = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class _Parsed:
    scan: ingest.Scan
    sightings: Sequence[drifts.Sighting]


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What is known of an upload but its content."""

    token: Token
    actor: Actor
    slug: str
    body_hash: str
    upload: Upload
    at: datetime


async def receive(
    db: Database, key: bytes, token: Token, actor: Actor, slug: str, body: bytes, upload: Upload
) -> Receipt:
    """Take in one report of the stack `slug`; `body` is unpacked.

    Raises `Forbidden` for a stack the token does not cover, `RateLimited` for a token that sent too many, `Failure`
    (400, 413, 415, 422) for a body that is no report. Nothing of a refused body is stored.
    """
    check_stack(token, slug)
    at = clock.now()
    async with db.read() as tx:  # before anything that takes time
        await _require_quota(tx, token, at)
    async with _PARSERS:
        body_hash = await asyncio.to_thread(_hash, key, body, upload)
        delivery = _Delivery(token, actor, slug, body_hash, upload, at)
        async with db.read() as tx:
            if again := await _repeated(tx, delivery):
                return Receipt(again, is_duplicate=True)
            seen = await drifts.select_seen(tx, slug)
        parsed = await asyncio.to_thread(_parse, key, slug, body, upload, seen)
    async with db.write() as tx:
        if again := await _repeated(tx, delivery):
            return Receipt(again, is_duplicate=True)
        await _require_quota(tx, token, at)  # again: others were received while this one was parsed
        return Receipt(await _take_in(tx, parsed, delivery), is_duplicate=False)


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


async def _require_quota(tx: Tx, token: Token, at: datetime) -> None:
    """Counted in the database, so that it holds for all processes together."""
    hour = timedelta(hours=1)
    number, first = await queries.count_since(tx, token.id, at - hour)
    if number >= REPORTS_AN_HOUR and first is not None:
        raise errors.RateLimited(
            f"This token has sent {REPORTS_AN_HOUR} reports within an hour, which is the limit.",
            retry_after=max(1, math.ceil((first + hour - at).total_seconds())),
        )


def _hash(key: bytes, body: bytes, upload: Upload) -> str:
    """What makes two uploads the same: the bytes, and what the caller says of their completeness."""
    digest = hmac.new(key, f"body|{upload.exit_code}|{upload.complete}|".encode(), hashlib.sha256)
    digest.update(body)
    return digest.hexdigest()


def _parse(key: bytes, slug: str, body: bytes, upload: Upload, seen: drifts.Seen) -> _Parsed:
    hints = ingest.Hints(upload.format, upload.exit_code, upload.complete)
    try:
        scan = ingest.parse(body, stack=slug, key=key, hints=hints)
    except ingest.Refused as refusal:
        raise errors.Invalid(refusal.message, code=refusal.code, status=refusal.status) from None
    return _Parsed(scan, drifts.prepare(scan.findings, slug, seen))


async def _repeated(tx: Tx, delivery: _Delivery) -> Report | None:
    found = await queries.select_by_body(tx, delivery.slug, delivery.body_hash)
    if found is None or found.scanned_at != found.received_at:  # it bears its own time: these bytes are one scan
        return found
    stack = await stacks.select_stack(tx, delivery.slug)
    is_newest = stack is not None and stack.last_report_id == found.id
    is_same_run = found.run_id == delivery.upload.run_id
    return found if is_newest and is_same_run and delivery.at - found.received_at < RETRY_WINDOW else None


async def _take_in(tx: Tx, parsed: _Parsed, delivery: _Delivery) -> Report:
    stack = await stacks.ensure(tx, delivery.slug, delivery.at)
    report = _report(parsed.scan, delivery, stack)
    outcome = drifts.Outcome(report.counts)
    if not report.is_late:
        outcome = await _apply(tx, parsed, delivery, stack, report)
        report = replace(report, counts=outcome.counts, held=outcome.held_amount)
    await queries.insert_report(tx, report)
    await note_token_used(tx, delivery.token, delivery.at, delivery.actor.address)
    is_failing = parsed.scan.is_errored and not stack.is_errored and not report.is_late
    _tell(tx, report, delivery.actor, is_failing=is_failing)
    if not report.is_late and (parsed.scan.resolves or parsed.sightings):
        await held.hold(tx, delivery.actor, report, outcome.held)
    return report


async def _apply(tx: Tx, parsed: _Parsed, delivery: _Delivery, stack: Stack, report: Report) -> drifts.Outcome:
    """What the stack's newest report says of its drifts, and of how far it can be relied on."""
    outcome = await drifts.apply(
        tx,
        stack.id,
        parsed.sightings,
        parsed.scan.moves,
        report_id=report.id,
        resolves=parsed.scan.resolves,
        actor=delivery.actor,
        at=delivery.at,
    )
    await stacks.note_report(
        tx,
        stack,
        report.id,
        received_at=delivery.at,
        scanned_at=report.scanned_at,
        reason=report.incomplete_reason,
        is_errored=parsed.scan.is_errored,
    )
    return outcome


def _report(scan: ingest.Scan, delivery: _Delivery, stack: Stack) -> Report:
    """The report before it did anything."""
    at, upload = delivery.at, delivery.upload
    scanned_at = scan.timestamp if scan.timestamp and scan.timestamp <= at + CLOCK_SKEW else at
    return Report(
        id=ids.new(),
        stack_id=stack.id,
        stack=stack.slug,
        token_id=delivery.token.id,
        token_name=delivery.token.name,
        received_at=at,
        scanned_at=scanned_at,
        body_hash=delivery.body_hash,
        format=scan.format,
        tool=scan.tool,
        tool_version=scan.tool_version,
        mode=scan.mode,
        run_id=upload.run_id,
        run_url=upload.run_url,
        commit_hash=upload.commit,
        is_late=stack.newest_scan_at is not None and scanned_at < stack.newest_scan_at,
        is_complete=scan.resolves,
        incomplete_reason=scan.incomplete_reason,
        counts=drifts.Counts(),
    )


def _tell(tx: Tx, report: Report, actor: Actor, *, is_failing: bool) -> None:
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
        is_failing=is_failing,
        detected=report.detected,
        changed=report.changed,
        reopened=report.reopened,
        resolved=report.resolved,
        informational=report.informational,
    )
