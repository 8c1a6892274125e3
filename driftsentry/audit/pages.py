"""The audit log for admins: looked through, verified, and taken away as a file."""

from typing import Any, cast

from quart import Blueprint, Response, request

from driftsentry import answers, clock, errors, stacks
from driftsentry.audit import export, filter, queries, views
from driftsentry.audit.filter import Asked
from driftsentry.audit.sentences import SENTENCES
from driftsentry.audit.verifying import Verifier
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.errors import Problem
from driftsentry.events import Log, latest_seq
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

PAGE = 50
MOST_NAMES = 200
PATIENCE = 1.5

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@allow(Access.ADMIN)
async def index() -> str:
    async with app().db.read() as tx:
        return await _page(tx, await _asked(tx))


@blueprint.post("/audit/verify")
@allow(Access.ADMIN)
async def verify() -> Response:
    """The page with the result, or with how far it is: the whole log takes a while."""
    verifier = _verifier()
    await verifier.start(guards.actor())
    await verifier.wait(PATIENCE)
    async with app().db.read() as tx:
        if answers.is_fragment():
            return Response(render("audit/_verification.html", now=clock.now(), **await _verification(tx)))
        return Response(await _page(tx, await _asked(tx)))


@blueprint.get("/audit/verification")
@allow(Access.ADMIN)
async def verification() -> str:
    """How far it is; asked for by the page while it runs."""
    async with app().db.read() as tx:
        return render("audit/_verification.html", now=clock.now(), **await _verification(tx))


@blueprint.get("/audit/export")
@allow(Access.ADMIN)
async def download() -> Response:
    async with app().db.read() as tx:
        asked = await _asked(tx)
    if asked.problems:
        problems = [Problem(field, sentence) for field, sentence in asked.problems]
        raise errors.Invalid("Mend the filter first: it would be another file than you think.", problems=problems)
    format = request.args.get("format", "")
    before = await export.begin_export(app().db, guards.actor(), format, asked.wanted)
    response = Response(export.stream(app().db, format, asked.wanted, before), content_type=export.FORMATS[format][0])
    name = f"driftsentry-audit-{clock.now():%Y-%m-%d}.{format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.timeout = None  # a long log takes longer than other answers may
    return response


@blueprint.after_app_serving
async def _stop() -> None:
    await _verifier().stop()


def _verifier() -> Verifier:
    found = app().extensions.get("verifier")
    if found is None:
        found = app().extensions["verifier"] = Verifier(app().db, Log(app().settings.data_key))
    return cast(Verifier, found)


async def _asked(tx: Tx) -> Asked:
    kinds = {*SENTENCES, *await queries.select_kinds(tx)}
    return filter.parse(request.args, kinds, {stack.slug for stack in await stacks.select_stacks(tx)})


async def _page(tx: Tx, asked: Asked) -> str:
    found = await queries.select_entries(tx, asked.wanted, before=asked.before, limit=PAGE + 1)
    entries = found[:PAGE]
    total = len(found) if not asked.before and len(found) <= PAGE else await queries.count_entries(tx, asked.wanted)
    names = sorted({name for name in (await queries.select_actors(tx)).values() if name})
    return await answers.page(
        tx,
        "audit/index.html",
        "Audit log",
        active="audit",
        asked=asked,
        days=views.days_of(entries, clock.now()),
        total=min(total, queries.ENOUGH) if asked.wanted.is_narrowed else total,
        is_capped=asked.wanted.is_narrowed and total > queries.ENOUGH,
        next_url=asked.url(before=entries[-1].seq) if len(found) > PAGE else None,
        first_url=asked.url() if asked.before else None,
        groups=views.kinds_by_noun(await queries.select_kinds(tx)),
        names=names[:MOST_NAMES],
        stacks=[stack.slug for stack in await stacks.select_stacks(tx)],
        **await _verification(tx),
    )


async def _verification(tx: Tx) -> dict[str, Any]:
    verifier = _verifier()
    return {
        "round": verifier.round,
        "failure": verifier.failure,
        "verified": await queries.select_last(tx, "audit.verified"),
        "latest": await latest_seq(tx),
    }
