"""Saved views: kept from the list, and renamed, shared, deleted or chosen to open with on a page of their own."""

from dataclasses import dataclass
from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, errors
from driftsentry.auth import Role, guards
from driftsentry.drifts import saving, view_queries
from driftsentry.drifts.list_tools import SHOWN, list_of
from driftsentry.web import Access, allow, app

blueprint = Blueprint("views", __name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, so that a refusal does not lose it. `view_id`: of the one to be changed, "" for a new one."""

    name: str
    query: str
    is_shared: bool
    view_id: str = ""
    problem: str = ""


@blueprint.get("/drifts/views")
@allow(Access.VIEWER)
async def index() -> Response:
    return await _page()


@blueprint.post("/drifts/views")
@allow(Access.VIEWER)
async def save() -> Response:
    typed = await request.form
    form = Form(typed.get("name", ""), typed.get("query", ""), typed.get("shared") == "yes")
    wanted = list_of(form.query, guards.person().id)
    try:
        view = await saving.save(app().db, guards.actor(), form.name, wanted, is_shared=form.is_shared)
    except errors.Invalid as refusal:
        return await _page(form, refusal)
    return cast(Response, redirect(view.href, 303))


@blueprint.post("/drifts/views/<view_id>")
@allow(Access.VIEWER)
async def change(view_id: str) -> Response:
    typed = await request.form
    form = Form(typed.get("name", ""), "", typed.get("shared") == "yes", view_id)
    try:
        await saving.change(app().db, guards.actor(), view_id, form.name, is_shared=form.is_shared)
    except errors.Invalid as refusal:
        return await _page(form, refusal)
    return cast(Response, redirect("/drifts/views", 303))


@blueprint.post("/drifts/views/<view_id>/delete")
@allow(Access.VIEWER)
async def delete(view_id: str) -> Response:
    await saving.delete(app().db, guards.actor(), view_id)
    return cast(Response, redirect("/drifts/views", 303))


@blueprint.post("/drifts/default-view")
@allow(Access.VIEWER)
async def open_with() -> Response:
    """`view`: its id, or empty for what needs a decision."""
    await saving.open_with(app().db, guards.actor(), (await request.form).get("view", ""))
    return cast(Response, redirect("/drifts/views", 303))


async def _page(form: Form | None = None, refusal: errors.Failure | None = None) -> Response:
    person = guards.person()
    async with app().db.read() as tx:
        views = await view_queries.select_views(tx, person.id, SHOWN * 5)
        text = await answers.page(
            tx,
            "drifts/views.html",
            "Saved views",
            active="drifts",
            own=[view for view in views if view.is_own],
            shared=[view for view in views if not view.is_own],
            form=form,
            problem=refusal.message if refusal else "",
            can_share=person.can_decide,
            is_admin=person.role is Role.ADMIN,
        )
    return Response(text, status=refusal.status if refusal else 200)
