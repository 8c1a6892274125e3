"""The list of stacks, the page of one, and what people say of how it reports."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, clock, drifts, errors, events, reports, rules, stacks
from driftsentry.auth import Role, guards
from driftsentry.db import Tx
from driftsentry.errors import Problem
from driftsentry.stacks import listing, views
from driftsentry.stacks.model import LearnedAttribute
from driftsentry.stacks.recipes import recipes_for
from driftsentry.stacks.rhythm import Schedule, parts_of, span_of
from driftsentry.web import Access, allow, app

ROWS = 20
REPORTS = 30

blueprint = Blueprint("stacks", __name__)


@dataclass(frozen=True, slots=True)
class Form:
    """The schedule as it is typed."""

    interval: str
    interval_unit: str
    grace: str
    grace_unit: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class LearnedRow:
    resource_type: str
    path: str
    text: str
    since: datetime


@blueprint.get("/stacks")
@allow(Access.VIEWER)
async def index() -> str:
    async with app().db.read() as tx:
        everything = stacks.freshest_last(await stacks.entries(tx, clock.now()))
        after = await events.latest_seq(tx)
        return await answers.page(
            tx,
            "stacks/index.html",
            "Stacks",
            active="stacks",
            live=f"/live?after={after}&room=drifts",
            listing=listing.listing_of(everything, listing.narrowed_to(request.args)),
            is_admin=guards.person().role == Role.ADMIN,
        )


@blueprint.get("/stacks/<path:slug>")
@allow(Access.VIEWER)
async def show(slug: str) -> str:
    async with app().db.read() as tx:
        return await _page(tx, slug)


@blueprint.post("/stacks/<path:slug>/held")
@allow(Access.ENGINEER)
async def held(slug: str) -> Response:
    typed = await request.form
    verdict, report_id = (typed.get(name, "").replace("\0", "") for name in ("verdict", "report"))
    if verdict not in set(reports.Answer):
        raise errors.Invalid("Choose to confirm or to dismiss.")
    await reports.settle(app().db, guards.actor(), slug, report_id, reports.Answer(verdict))
    return cast(Response, redirect(f"/stacks/{slug}", 303))


@blueprint.post("/stacks/<path:slug>/schedule")
@allow(Access.ENGINEER)
async def schedule(slug: str) -> Response:
    typed = await request.form
    form = Form(*(typed.get(name, "") for name in ("interval", "interval_unit", "grace", "grace_unit")))
    if typed.get("how") == "learn":
        await stacks.learn_again(app().db, guards.actor(), slug)
        return cast(Response, redirect(f"/stacks/{slug}#schedule-title", 303))
    interval, grace = span_of(form.interval, form.interval_unit), span_of(form.grace, form.grace_unit)
    try:
        await stacks.set_schedule(app().db, guards.actor(), slug, interval, grace)
    except errors.Invalid as refusal:
        form = Form(form.interval, form.interval_unit, form.grace, form.grace_unit, refusal.problems)
        async with app().db.read() as tx:
            return Response(await _page(tx, slug, form), status=refusal.status)
    return cast(Response, redirect(f"/stacks/{slug}#schedule-title", 303))


@blueprint.post("/stacks/<path:slug>/learned/forget")
@allow(Access.ENGINEER)
async def forget(slug: str) -> Response:
    typed = await request.form
    of, path = (typed.get(name, "").replace("\0", "") for name in ("type", "path"))
    await stacks.forget(app().db, guards.actor(), slug, of, path)
    await drifts.review(app().db, guards.actor(), rules.books(app().settings.data_key), slug)
    return cast(Response, redirect(f"/stacks/{slug}", 303))


async def _page(tx: Tx, slug: str, form: Form | None = None) -> str:
    now = clock.now()
    entry = await stacks.require_entry(tx, slug, now)
    stack, before = entry.stack, request.args.get("before", "")[:40].replace("\0", "")
    found = await reports.select_reports(tx, stack.id, REPORTS + 1, before=before)
    return await answers.page(
        tx,
        "stacks/show.html",
        slug,
        active="stacks",
        live=f"/live?after={await events.latest_seq(tx)}&room=drifts&room=stack:{slug}",
        entry=entry,
        doubts=stacks.doubts([stack], now),
        held=await reports.select_waiting(tx, stack.id),
        rows=await drifts.most_urgent(tx, ROWS, stack=slug),
        reports=[reports.line_of(report) for report in found[:REPORTS]],
        bars=reports.bars_of(found[:REPORTS]),
        offenders=await reports.offenders(tx, stack.id),
        older_url=f"/stacks/{slug}?before={found[REPORTS - 1].id}#reports-title" if len(found) > REPORTS else None,
        is_older=bool(before),
        schedule=views.schedule_of(stack.schedule),
        form=form or _form(stack.schedule),
        learned=[_learned(each) for each in await stacks.select_learned(tx, stack.id)],
        can_decide=guards.person().can_decide,
        recipes=recipes_for(slug, app().settings.base_url),
    )


def _form(schedule: Schedule) -> Form:
    return Form(*parts_of(schedule.interval), *parts_of(schedule.grace))


def _learned(attribute: LearnedAttribute) -> LearnedRow:
    text = drifts.path_text(json.loads(attribute.path))
    return LearnedRow(attribute.resource_type, attribute.path, text, attribute.learned_at)
