"""The list of drifts."""

from datetime import datetime
from functools import partial
from typing import cast

from markupsafe import Markup
from quart import Blueprint, Response, redirect, request

from driftsentry import answers, clock, events
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.drifts import filter, queries
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.list_tools import Tools, opening_of, tools_of, views_of
from driftsentry.drifts.surroundings import PAGE, Surroundings, look_of, surroundings_of
from driftsentry.drifts.tabs import TABS
from driftsentry.drifts.view_model import View
from driftsentry.drifts.walk_queries import FAR, Search
from driftsentry.kept import Kept
from driftsentry.kept_answers import kept_answer
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

_VARY = {"Vary": "HX-Request"}
_kept = Kept[Markup](64)  # of 70 kB

blueprint = Blueprint("drifts", __name__)


@blueprint.get("/drifts")
@allow(Access.VIEWER)
async def index() -> Response:
    wanted = filter.parse(request.args, request.args.getlist("drift"), guards.person().id)
    if wanted.problem and answers.is_fragment():
        return _refused(wanted)
    async with app().db.read() as tx:
        views = await views_of(tx, guards.person().id)
        if not request.args and (opening := await opening_of(tx, guards.person().id, views)):
            return cast(Response, redirect(opening))
    return await kept_answer(partial(_list, wanted, views), tuple(views))


async def _list(wanted: Filter, views: list[View]) -> Response:
    async with app().db.read() as tx:
        seq = await events.latest_seq(tx)
        around = await surroundings_of(app().db, tx, wanted, seq)
        listed = await _listed(tx, wanted, around, tools_of(wanted, guards.person(), views, around, seq))
        if answers.is_fragment():
            return Response(listed, headers=_VARY)
        frame = {"active": "drifts", "live": f"/live?after={seq}&room=drifts"}
        text = await answers.page(tx, "drifts/index.html", "Drifts", around.waiting, **frame, listed=listed)
    return Response(text, headers=_VARY)


def _refused(wanted: Filter) -> Response:
    """The problem alone: the list that is on the screen stays, and so does its address."""
    text = render("drifts/_problem.html", filter=wanted)
    return Response(text, 422, headers=_VARY | {"HX-Push-Url": "false"})


async def _listed(tx: Tx, wanted: Filter, around: Surroundings, tools: Tools) -> Markup:
    """Drawn once between two events for all who see the same: nothing else of whoever asks gets into it."""
    path, now = request.full_path.rstrip("?"), clock.now()
    seen = (path, tuple(tools.views), tools.columns, tools.density, tools.can_decide)
    draw = partial(_draw, tx, wanted, around, tools, path, now)
    return await _kept.get(app().db, (look_of(wanted, tools.seq, now), seen), draw)


async def _draw(tx: Tx, wanted: Filter, around: Surroundings, tools: Tools, path: str, now: datetime) -> Markup:
    found = await queries.select_found(Search(tx, wanted.wanted, around.found), wanted, PAGE, around.first)
    text = render(
        "drifts/_list.html",
        around=around,
        filter=wanted,
        path=path,
        now=now,
        rows=found.rows,
        worries=around.worries,
        can_decide=tools.can_decide,
        next_url=wanted.url(after=found.after) if found.after else None,
        all_url=wanted.url(tab=TABS["all"], order=""),
        first_url=wanted.url() if wanted.after else None,
        is_cut=found.is_cut,
        looked_through=FAR,
        tools=tools,
    )
    return Markup(text)  # noqa: S704 - it was escaped when it was drawn
