"""The list of drifts."""

from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, clock, events
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.drifts import filter, queries
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.list_tools import opening_of, tools_of
from driftsentry.drifts.surroundings import surroundings_of
from driftsentry.drifts.tabs import TABS
from driftsentry.drifts.walk_queries import FAR, Search
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

PAGE = 50
_VARY = {"Vary": "HX-Request"}

blueprint = Blueprint("drifts", __name__)


@blueprint.get("/drifts")
@allow(Access.VIEWER)
async def index() -> Response:
    wanted = filter.parse(request.args, request.args.getlist("drift"), guards.person().id)
    if wanted.problem and answers.is_fragment():
        return _refused(wanted)
    async with app().db.read() as tx:
        if not request.args and (opening := await opening_of(tx, guards.person().id)):
            return cast(Response, redirect(opening))
        seq = await events.latest_seq(tx)
        values = await _list(tx, wanted, seq)
        if answers.is_fragment():
            text = render("drifts/_list.html", frame=answers.frame("Drifts"), now=clock.now(), **values)
        else:
            live = f"/live?after={seq}&room=drifts"
            text = await answers.page(tx, "drifts/index.html", "Drifts", active="drifts", live=live, **values)
    return Response(text, headers=_VARY)


def _refused(wanted: Filter) -> Response:
    """The problem alone: the list that is on the screen stays, and so does its address."""
    text = render("drifts/_problem.html", filter=wanted)
    return Response(text, 422, headers=_VARY | {"HX-Push-Url": "false"})


async def _list(tx: Tx, wanted: Filter, seq: int) -> dict[str, object]:
    around = await surroundings_of(app().db, tx, wanted, seq)
    found = await queries.select_found(Search(tx, wanted.wanted, around.found), wanted, PAGE)
    return {
        "around": around,
        "filter": wanted,
        "rows": found.rows,
        "worries": around.worries,
        "can_decide": guards.person().can_decide,
        "next_url": wanted.url(after=found.after) if found.after else None,
        "all_url": wanted.url(tab=TABS["all"], order=""),
        "first_url": wanted.url() if wanted.after else None,
        "is_cut": found.is_cut,
        "looked_through": FAR,
        "tools": await tools_of(tx, wanted, guards.person(), total=around.total, is_capped=around.is_capped),
    }
