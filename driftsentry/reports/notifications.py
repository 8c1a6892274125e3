"""Notifications of HCP Terraform: it counts the resources that drifted and names none of them.

A notification is a report without findings. It changes no drift; the plan that names them comes as a report of its own.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftsentry import clock, drifts, errors, events, ids, stacks
from driftsentry.auth import Scope, Token, note_token_used, select_token_by_id
from driftsentry.db import Database, Tx
from driftsentry.events import Actor
from driftsentry.reports import actions, queries
from driftsentry.reports.model import Report
from driftsentry.stacks import Stack

FORMAT = "hcp_notification"
DRIFTED, CHECK_FAILED, FAILED = "assessment:drifted", "assessment:check_failure", "assessment:failed"
_MOST = 2**31 - 1
_ID_LENGTH = 200
_REFUSED = "This is signed with no token that may report for this stack. Set the notification up with a new one."
_REASONS = {
    DRIFTED: "HCP Terraform sends counts only: send the plan of the assessment as a report, too",
    CHECK_FAILED: "HCP Terraform sends counts only, and this one is of a check that failed",
    FAILED: "the assessment of HCP Terraform failed",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said about one assessment. `result`: its id at HCP Terraform; `drifted`: how many resources did."""

    trigger: str
    result: str
    drifted: int
    at: datetime | None


def secret_of(key: bytes, token_id: str) -> str:
    """What HCP Terraform signs with, for one CI token: made of the server's key, so that nothing is kept for it."""
    digest = hmac.digest(key, f"hcp-notification|{token_id}".encode("utf-8", "replace"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def verify(db: Database, key: bytes, slug: str, token_id: str, signature: str, body: bytes) -> Token:
    """The CI token behind a notification. Raises `InvalidToken`, in the same words whatever is wrong: a stranger
    learns neither which tokens there are, nor for what."""
    expected = hmac.digest(secret_of(key, token_id).encode(), body, hashlib.sha512).hex()
    is_signed = hmac.compare_digest(expected.encode(), signature.strip().lower().encode("utf-8", "replace"))
    async with db.read() as tx:
        token = await select_token_by_id(tx, token_id)
    if not is_signed or token is None or token.state(clock.now()) != "active":
        raise errors.InvalidToken(_REFUSED)
    if token.scope is not Scope.REPORT or not stacks.is_slug(slug) or not token.covers(slug):
        raise errors.InvalidToken(_REFUSED)
    return token


def notice_of(content: Mapping[str, Any]) -> Notice | None:
    """None for what is not about an assessment: runs, workspaces, and the question whether this address answers.

    Raises `Invalid` for an assessment that is not as HCP Terraform describes it.
    """
    trigger = content.get("trigger")
    if not isinstance(trigger, str) or trigger not in _REASONS:
        return None
    details = content.get("details")
    result = details.get("new_assessment_result") if isinstance(details, dict) else None
    if not isinstance(result, dict):
        raise errors.Invalid("There is no details.new_assessment_result in this notification.")
    name, drifted = result.get("id"), result.get("resources_drifted") if trigger == DRIFTED else 0
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= _ID_LENGTH:
        raise errors.Invalid("details.new_assessment_result has no id.")
    if type(drifted) is not int or not 0 <= drifted <= _MOST:
        raise errors.Invalid("details.new_assessment_result.resources_drifted is no number of resources.")
    return Notice(trigger, name, drifted, _moment(result.get("created_at")))


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) and len(text) <= _ID_LENGTH else None
        return moment.astimezone(clock.now().tzinfo) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


async def note(db: Database, key: bytes, token: Token, actor: Actor, slug: str, notice: Notice) -> bool:
    """Keep what `notice` says, once for each assessment and trigger; False when it had come before.

    Raises `RateLimited` for a token that sent too many.
    """
    at = clock.now()
    once = hmac.new(key, f"hcp|{notice.trigger}|{notice.result}".encode(), hashlib.sha256).hexdigest()
    async with db.write() as tx:
        if await queries.select_by_body(tx, slug, once):
            return False
        await actions.require_quota(tx, token, at)
        stack = await stacks.ensure(tx, slug, at)
        report = _report(notice, token, stack, once, at)
        await queries.insert_report(tx, report)
        await note_token_used(tx, token, at, actor.address)
        if notice.trigger == FAILED:
            await _fail(tx, stack, report, actor)
        else:
            await _announce(tx, stack, report, actor, notice)
    return True


async def _announce(tx: Tx, stack: Stack, report: Report, actor: Actor, notice: Notice) -> None:
    if report.announced and not report.is_late:
        await stacks.note_announced(tx, stack, report.announced, report.received_at)
    events.record(
        tx,
        "report.announced",
        actor,
        at=report.received_at,
        stack_id=stack.id,
        report_id=report.id,
        stack=stack.slug,
        result=notice.result,
        announced=report.announced,
        is_late=report.is_late,
    )


async def _fail(tx: Tx, stack: Stack, report: Report, actor: Actor) -> None:
    """As a failed run: nothing new is known, and what was announced before is still to come."""
    if not report.is_late:
        await stacks.note_report(
            tx,
            stack,
            report.id,
            received_at=report.received_at,
            scanned_at=report.scanned_at,
            reason=report.incomplete_reason,
            is_errored=True,
        )
        if stack.announced_at:
            await stacks.note_announced(tx, stack, stack.announced, stack.announced_at)
    actions.tell(tx, report, actor, is_failing=not stack.is_errored and not report.is_late)


def _report(notice: Notice, token: Token, stack: Stack, once: str, at: datetime) -> Report:
    scanned_at = notice.at if notice.at and notice.at <= at + actions.CLOCK_SKEW else at
    return Report(
        id=ids.new(),
        stack_id=stack.id,
        stack=stack.slug,
        token_id=token.id,
        token_name=token.name,
        received_at=at,
        scanned_at=scanned_at,
        body_hash=once,
        format=FORMAT,
        tool="hcp",
        tool_version="",
        mode="scan",
        run_id=notice.result,
        run_url="",
        commit_hash="",
        is_late=stack.newest_scan_at is not None and scanned_at < stack.newest_scan_at,
        is_complete=False,
        incomplete_reason=_REASONS[notice.trigger],
        counts=drifts.Counts(),
        announced=notice.drifted,
    )
