"""Ignore rules: made from a line of a drift's difference, listed, and ended."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, clock, drifts, errors, ids, rules
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.drifts import Drift
from driftsentry.ingest.model import HIDDEN, Change
from driftsentry.judging.ignoring import ANY, may_hide, value_text
from driftsentry.rules.ignore_model import DEFAULT_DAYS, MOST_DAYS, Draft, checked, glob_of
from driftsentry.rules.ignore_preview import Preview
from driftsentry.web import Access, allow, app

LISTED = 500
ENDED = 50
LINKED = 50  # drifts in the address of a list
_FIELDS = ("id", "stack_glob", "resource_type", "address_glob", "path", "value_glob", "reason", "until")
_ID = re.compile(ids.PATTERN)
_SAID = {"ended": "The rule has ended. What it hid needs a decision again."}

blueprint = Blueprint("rules", __name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, what is wrong with it, and what it would hide."""

    draft: Draft
    wrong: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    preview: Preview | None = None


@blueprint.get("/drifts/<int(max=2147483647):drift_id>/ignore")
@allow(Access.ENGINEER)
async def new_ignore(drift_id: int) -> str:
    async with app().db.read() as tx:
        drift = await drifts.require(tx, drift_id)
        return await _form(tx, drift, Form(_prefilled(drift, request.args.get("line", ""))))


@blueprint.post("/drifts/<int(max=2147483647):drift_id>/ignore")
@allow(Access.ENGINEER)
async def add_ignore(drift_id: int) -> Response:
    typed = await request.form
    draft = Draft(**{name: typed.get(name, "") for name in _FIELDS})
    if not _ID.fullmatch(draft.id):
        raise errors.Invalid("This form is not one of ours. Open it again from the page of the drift.")
    try:
        if typed.get("step") == "preview":
            return Response(await _previewed(drift_id, draft))
        await rules.add_ignore(app().db, app().settings.data_key, guards.actor(), draft)
    except errors.Invalid as refusal:
        wrong = {problem.field: problem.message for problem in refusal.problems}
        async with app().db.read() as tx:
            text = await _form(tx, await drifts.require(tx, drift_id), Form(draft, wrong, refusal.message))
        return Response(text, status=refusal.status)
    return cast(Response, redirect(f"/drifts/{drift_id}", 303))


@blueprint.get("/ignore-rules")
@allow(Access.VIEWER)
async def index() -> str:
    async with app().db.read() as tx:
        active = await rules.select_rules(tx, is_active=True, limit=LISTED)
        hidden = await rules.select_hidden_drifts(tx, LINKED)
        return await answers.page(
            tx,
            "rules/ignore_index.html",
            "Ignore rules",
            active="drifts",
            said=_SAID.get(request.args.get("done", "")),
            living=[(rule, _href(hidden.get(rule.ignore.id, []))) for rule in active],
            ended=await rules.select_rules(tx, is_active=False, limit=ENDED),
            can_decide=guards.person().can_decide,
        )


@blueprint.post("/ignore-rules/<rule_id>/end")
@allow(Access.ENGINEER)
async def end_ignore(rule_id: str) -> Response:
    await rules.end_ignore(app().db, app().settings.data_key, guards.actor(), rule_id)
    return cast(Response, redirect("/ignore-rules?done=ended", 303))


def _prefilled(drift: Drift, line: str) -> Draft:
    """A rule for this one line of this one resource. Raises `NotFound` where there is no line to ignore."""
    number = int(line) if re.fullmatch("[0-9]{1,6}", line) else -1
    change = drift.changes[number] if 0 <= number < len(drift.changes) else None
    if change is None or change.noise:
        raise errors.NotFound("This drift has no such difference any more. Go back to its page.")
    if not may_hide(drift.action) or change.forces_replacement:
        raise errors.Conflict("A deletion or a replacement is never ignored. It needs a decision.")
    return Draft(
        id=ids.new(),
        stack_glob=drift.stack,
        resource_type=glob_of(drift.resource_type),
        address_glob=glob_of(drift.address),
        path=drifts.path_text(change.path),
        value_glob=_value_of(change),
        reason="",
        until=str((clock.now() + timedelta(days=DEFAULT_DAYS)).date()),
    )


def _value_of(change: Change) -> str:
    """Every value; of a member of a set this one, for the path is that of all members."""
    text = value_text(change) if change.is_member and not change.is_sensitive else ANY
    return ANY if HIDDEN in text or "\n" in text else glob_of(text)


async def _previewed(drift_id: int, draft: Draft) -> str:
    now = clock.now()
    ignore = checked(draft, guards.person().name, now, has_reason=False)
    async with app().db.read() as tx:
        found = await rules.preview(tx, ignore, now)
        return await _form(tx, await drifts.require(tx, drift_id), Form(draft, preview=found))


async def _form(tx: Tx, drift: Drift, form: Form) -> str:
    today = clock.now().date()
    return await answers.page(
        tx,
        "rules/ignore_new.html",
        "Ignore a difference",
        active="drifts",
        drift=drift,
        form=form,
        draft=form.draft,
        earliest=str(today),
        latest=str(today + timedelta(days=MOST_DAYS)),
    )


def _href(hidden: list[int]) -> str:
    """A list of these drifts; '' without any."""
    return "/drifts?status=all" + "".join(f"&drift={drift_id}" for drift_id in hidden) if hidden else ""
