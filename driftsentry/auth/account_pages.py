"""The page of whoever is signed in: password, own sessions, theme."""

from typing import Any, cast

from quart import Blueprint, Response, redirect, request
from quart_auth import logout_user

from driftsentry import answers, clock, errors
from driftsentry.auth import guards, people, session_queries, sessions
from driftsentry.auth.model import SESSIONS_PER_USER
from driftsentry.db import Tx
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

_SAID = {
    "preferences": "Your preferences are saved.",
    "password": "Your password was changed. Your other sessions were ended.",
    "ended": "The session was ended.",
    "others": "All your other sessions were ended.",
}

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
@allow(Access.VIEWER)
async def show() -> Response:
    return await _page()


@blueprint.post("/account/password")
@allow(Access.VIEWER)
async def change_password() -> Response:
    form, person = await request.form, guards.person()
    try:
        await people.change_password(
            app().db, app().settings, person, guards.actor(), form.get("old", ""), form.get("new", "")
        )
    except (errors.Invalid, errors.RateLimited, errors.Conflict) as refusal:
        return await _page(refusal)
    return cast(Response, redirect("/account?done=password", 303))


@blueprint.post("/account/sessions/<session_id>/end")
@allow(Access.VIEWER)
async def end(session_id: str) -> Response:
    await sessions.end(app().db, guards.actor(), session_id)
    if session_id == guards.person().session_id:
        return signed_out()
    return await _ended("ended")


@blueprint.post("/account/sessions/end-others")
@allow(Access.VIEWER)
async def end_others() -> Response:
    await sessions.end_others(app().db, guards.actor(), guards.person())
    return await _ended("others")


def signed_out() -> Response:
    """To the login, for somebody whose very session has just ended."""
    logout_user()
    is_fragment = answers.is_fragment()
    response = Response("") if is_fragment else cast(Response, redirect("/login", 303))
    response.headers["Clear-Site-Data"] = '"cookies", "storage"'
    if is_fragment:
        response.headers["HX-Redirect"] = "/login"
    return response


async def _ended(done: str) -> Response:
    if not answers.is_fragment():
        return cast(Response, redirect(f"/account?done={done}", 303))
    async with app().db.read() as tx:
        return Response(render("auth/_account_sessions.html", now=clock.now(), has_focus=True, **await _list(tx)))


async def _list(tx: Tx) -> dict[str, Any]:
    person = guards.person()
    own = await session_queries.select_sessions(
        tx, clock.now(), app().settings.session_idle, user_id=person.id, limit=SESSIONS_PER_USER
    )
    return {"own": sorted(own, key=lambda each: each.id != person.session_id), "mine": person.session_id}


async def _page(refusal: errors.Failure | None = None) -> Response:
    wrong = {problem.field: problem.message for problem in refusal.problems} if refusal else {}
    async with app().db.read() as tx:
        text = await answers.page(
            tx,
            "auth/account.html",
            "Account",
            active="account",
            person=guards.person(),
            said=None if refusal else _SAID.get(request.args.get("done", "")),
            wrong=wrong,
            refusal=refusal.message if refusal and not wrong else None,
            has_focus=False,
            **await _list(tx),
        )
    return Response(text, status=refusal.status if refusal else 200, headers=refusal.headers if refusal else None)
