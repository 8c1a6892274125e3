"""The list of stacks, and the page of one."""

from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, clock, drifts, errors, events, reports, stacks
from driftsentry.auth import guards
from driftsentry.web import Access, allow, app

ROWS = 20
REPORTS = 30

blueprint = Blueprint("stacks", __name__)


@blueprint.get("/stacks")
@allow(Access.VIEWER)
async def index() -> str:
    async with app().db.read() as tx:
        listed = stacks.freshest_last(await stacks.entries(tx, clock.now()))
        after = await events.latest_seq(tx)
        return await answers.page(
            tx,
            "stacks/index.html",
            "Stacks",
            active="stacks",
            live=f"/live?after={after}&room=drifts",
            stacks=listed,
        )


@blueprint.get("/stacks/<path:slug>")
@allow(Access.VIEWER)
async def show(slug: str) -> str:
    async with app().db.read() as tx:
        found = [entry for entry in await stacks.entries(tx, clock.now()) if entry.stack.slug == slug]
        if not found:
            raise errors.NotFound("There is no such stack. Its first report makes it.")
        after = await events.latest_seq(tx)
        return await answers.page(
            tx,
            "stacks/show.html",
            slug,
            active="stacks",
            live=f"/live?after={after}&room=drifts&room=stack:{slug}",
            entry=found[0],
            held=await reports.select_waiting(tx, found[0].stack.id),
            rows=await drifts.most_urgent(tx, ROWS, stack=slug),
            reports=await reports.select_reports(tx, found[0].stack.id, REPORTS),
            can_decide=guards.person().can_decide,
        )


@blueprint.post("/stacks/<path:slug>/held")
@allow(Access.ENGINEER)
async def held(slug: str) -> Response:
    typed = await request.form
    verdict = typed.get("verdict", "")
    if verdict not in set(reports.Answer):
        raise errors.Invalid("Choose to confirm or to dismiss.")
    await reports.settle(app().db, guards.actor(), slug, typed.get("report", ""), reports.Answer(verdict))
    return cast(Response, redirect(f"/stacks/{slug}", 303))
