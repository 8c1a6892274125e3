"""Receiving a report: parse and judge off the event loop, then one short transaction."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from driftsentry import clock, drifts, errors, events, ids, ingest, rules, stacks
from driftsentry.auth import Token, note_token_used
from driftsentry.db import Database, Tx
from driftsentry.events import Actor
from driftsentry.judging import Book
from driftsentry.reports import held, queries, repeating
from driftsentry.reports.body import Body
from driftsentry.reports.judging import Judge, judging
from driftsentry.reports.large import LargeReports
from driftsentry.reports.model import Receipt, Report, Upload
from driftsentry.reports.repeating import Digests
from driftsentry.stacks import Stack
from driftsentry.worker import Judged

# A plan of Terraform before 1.5 bears no time, so two scans with the same outcome are the same bytes. Only
# within this time is the second one a retry; later it is the next scan.
RETRY_WINDOW = timedelta(minutes=15)
# A tool's clock may be a little ahead of ours. One that is far ahead would make all later reports old.
CLOCK_SKEW = timedelta(minutes=10)
# For one token: a pipeline that runs away, or whoever stole the token, fills no disk.
REPORTS_AN_HOUR = 600
LONGEST_SCAN = 20 * 24 * 3600  # seconds
# How often a report is judged again because others of its stack were faster.
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What is known of an upload but its content."""

    token: Token
    actor: Actor
    slug: str
    digests: Digests
    upload: Upload
    at: datetime
    started: float  # perf_counter


async def receive(
    db: Database,
    key: bytes,
    token: Token,
    actor: Actor,
    slug: str,
    body: Body,
    upload: Upload,
    large: LargeReports | None = None,
) -> Receipt:
    """Take in one report of the stack `slug`, whose body comes unpacked; a large one is taken out of `body`.

    Raises `Forbidden` for a stack the token does not cover, `RateLimited` for a token that sent too many, `Failure`
    (400, 413, 415, 422) for a body that is no report. Nothing of a refused body is stored.
    """
    check_stack(token, slug)
    at, started = clock.now(), time.perf_counter()
    async with db.read() as tx:  # before anything that takes time
        await require_quota(tx, token, at)
    digests = await asyncio.to_thread(repeating.digests_of, key, body, upload)
    delivery = _Delivery(token, actor, slug, digests, upload, at, started)
    async with db.read() as tx:
        if again := await _uploaded(tx, delivery):
            return Receipt(again, is_duplicate=True)
        is_repeated = await repeating.select_repeated(tx, slug, digests) is not None
    if is_repeated and (receipt := await _receive_repeated(db, delivery)):
        return receipt
    async with judging(body, upload, large) as judge:
        for _ in range(ATTEMPTS):
            with suppress(drifts.Outrun):  # then what it was compared with is history: once more
                return await _receive(db, rules.books(key), judge, delivery)
    raise errors.Unavailable("Other reports of this stack keep coming in at the same time. Send this one again.")


async def _receive(db: Database, book_of: drifts.BookOf, judge: Judge, delivery: _Delivery) -> Receipt:
    async with db.read() as tx:
        seen, book = await drifts.select_seen(tx, delivery.slug), await _book(tx, book_of, delivery.slug)
    judged = await judge(book, seen)
    async with db.write() as tx:
        if again := await _admitted(tx, delivery):
            return again
        if await _book(tx, book_of, delivery.slug) != book:
            raise drifts.Outrun
        apply = partial(_apply, tx, judged, book, delivery)
        return Receipt(await _take_in(tx, judged.scan, delivery, apply), is_duplicate=False)


async def _receive_repeated(db: Database, delivery: _Delivery) -> Receipt | None:
    """None for a report that must be read."""
    async with db.write() as tx:
        if again := await _admitted(tx, delivery):
            return again
        newest = await repeating.select_repeated(tx, delivery.slug, delivery.digests)
        if newest is None:
            return None
        scan = repeating.scan_of(newest, delivery.digests)
        return Receipt(await _take_in(tx, scan, delivery, partial(_apply_again, tx)), is_duplicate=False)


async def _admitted(tx: Tx, delivery: _Delivery) -> Receipt | None:
    """The answer, if others have brought the same by now. Raises `RateLimited`."""
    if again := await _uploaded(tx, delivery):
        return Receipt(again, is_duplicate=True)
    await require_quota(tx, delivery.token, delivery.at)
    return None


async def _book(tx: Tx, book_of: drifts.BookOf, slug: str) -> Book:
    stack = await stacks.select_stack(tx, slug)
    return await book_of(tx, slug, stack.environment if stack else stacks.environment_of(slug))


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


async def require_quota(tx: Tx, token: Token, at: datetime) -> None:
    """Counted in the database, so that it holds for all processes together."""
    hour = timedelta(hours=1)
    number, first = await queries.count_since(tx, token.id, at - hour)
    if number >= REPORTS_AN_HOUR and first is not None:
        raise errors.RateLimited(
            f"This token has sent {REPORTS_AN_HOUR} reports within an hour, which is the limit.",
            retry_after=max(1, math.ceil((first + hour - at).total_seconds())),
        )


async def _uploaded(tx: Tx, delivery: _Delivery) -> Report | None:
    found = await queries.select_by_body(tx, delivery.slug, delivery.digests.whole)
    if found is None or found.scanned_at != found.received_at:  # it bears its own time: these bytes are one scan
        return found
    stack = await stacks.select_stack(tx, delivery.slug)
    is_newest = stack is not None and stack.last_report_id == found.id
    is_same_run = found.run_id == delivery.upload.run_id
    return found if is_newest and is_same_run and delivery.at - found.received_at < RETRY_WINDOW else None


async def _take_in(
    tx: Tx, scan: ingest.Scan, delivery: _Delivery, apply: Callable[[Report], Awaitable[drifts.Outcome]]
) -> Report:
    """Keep the report and what it says of its stack; `apply` does what it says of the drifts, unless it is late."""
    stack = await stacks.ensure(tx, delivery.slug, delivery.at)
    report = _report(scan, delivery, stack)
    outcome = drifts.Outcome(report.counts)
    if not report.is_late:
        outcome = await apply(report)
        report = replace(report, counts=outcome.counts, held=outcome.held_amount)
        await _note(tx, scan, stack, report)
    report = replace(report, took_ms=round((time.perf_counter() - delivery.started) * 1000))
    await queries.insert_report(tx, report)
    await note_token_used(tx, delivery.token, delivery.at, delivery.actor.address)
    is_newest = stack.newest_scan_at is None or report.scanned_at >= stack.newest_scan_at
    is_failing = scan.is_errored and not stack.is_errored and is_newest
    tell(tx, report, delivery.actor, is_failing=is_failing)
    if not report.is_late and (scan.resolves or report.counts != drifts.Counts()):
        await held.hold(tx, delivery.actor, report, outcome.held)
    return report


async def _apply(tx: Tx, judged: Judged, book: Book, delivery: _Delivery, report: Report) -> drifts.Outcome:
    return await drifts.apply(
        tx,
        report.stack_id,
        judged.sightings,
        judged.scan.moves,
        book=book,
        resolves=judged.scan.resolves,
        occasion=drifts.Occasion(report.id, delivery.actor, delivery.at, report.scanned_at),
    )


async def _apply_again(tx: Tx, report: Report) -> drifts.Outcome:
    return await drifts.apply_again(tx, report.stack_id)


async def _note(tx: Tx, scan: ingest.Scan, stack: Stack, report: Report) -> None:
    """How far the stack's drifts can be relied on now."""
    await stacks.note_report(
        tx,
        stack,
        report.id,
        received_at=report.received_at,
        scanned_at=report.scanned_at,
        reason=report.incomplete_reason,
        is_errored=scan.is_errored,
    )


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
        body_hash=delivery.digests.whole,
        repeat_hash=repeating.repeat_hash(delivery.digests, scan),
        format=scan.format,
        tool=scan.tool,
        tool_version=scan.tool_version,
        mode=scan.mode,
        run_id=upload.run_id,
        run_url=upload.run_url,
        commit_hash=upload.commit,
        is_late=stack.newest_whole_at is not None and scanned_at < stack.newest_whole_at,
        is_complete=scan.resolves,
        incomplete_reason=scan.incomplete_reason,
        counts=drifts.Counts(),
        duration_ms=_milliseconds(scan.duration if upload.duration is None else upload.duration),
    )


def _milliseconds(seconds: float | None) -> int | None:
    """None for what no scan takes: it comes from a tool, and the column holds 24 days."""
    return round(seconds * 1000) if seconds is not None and 0 <= seconds <= LONGEST_SCAN else None


def tell(tx: Tx, report: Report, actor: Actor, *, is_failing: bool) -> None:
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
