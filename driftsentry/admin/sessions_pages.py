"""All sessions that are alive, for admins: who is in, from where; end one, or all of somebody."""

from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, auth, clock
from driftsentry.auth import Session, account_pages, guards
from driftsentry.clock import from_text, to_text
from driftsentry.db import Tx
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

PAGE = 50
_SAID = {"ended": "The session was ended.", "all": "All sessions of this user were ended."}

blueprint = Blueprint("admin_sessions", __name__)


@blueprint.get("/admin/sessions")
@allow(Access.ADMIN)
async def index() -> str:
    async with app().db.read() as tx:
        values = await _list(tx, request.args.get("user", ""), request.args.get("before", ""))
        said = _SAID.get(request.args.get("done", ""))
        return await answers.page(tx, "admin/sessions.html", "Sessions", active="admin", said=said, **values)


@blueprint.post("/admin/sessions/<session_id>/end")
@allow(Access.ADMIN)
async def end(session_id: str) -> Response:
    await auth.end_session(app().db, guards.actor(), session_id)
    form = await request.form
    if session_id == guards.person().session_id:
        return account_pages.signed_out()
    return await _ended(form.get("user", ""), form.get("before", ""), "ended")


@blueprint.post("/admin/sessions/end")
@allow(Access.ADMIN)
async def end_all() -> Response:
    user_id = (await request.form).get("user_id", "")
    await auth.end_sessions_of(app().db, guards.actor(), user_id)
    if user_id == guards.person().id:
        return account_pages.signed_out()
    return await _ended(user_id, "", "all")


async def _ended(user: str, before: str, done: str) -> Response:
    if not answers.is_fragment():
        return cast(Response, redirect(_url(user=user, before=before, done=done), 303))
    async with app().db.read() as tx:
        values = await _list(tx, user, before) | {"has_focus": True}
        return Response(render("admin/_sessions_list.html", now=clock.now(), **values))


async def _list(tx: Tx, user: str, before: str) -> dict[str, Any]:
    """`user`: an id or an e-mail address, nothing for everybody. `before`: where the page before ended."""
    now, idle = clock.now(), app().settings.session_idle
    holder = await auth.select_holder(tx, user.strip()) if user.strip() else None
    found: list[Session] = []
    total = 0
    if holder or not user.strip():
        user_id = holder[0] if holder else None
        total = await auth.count_sessions(tx, now, idle, user_id=user_id)
        found = await auth.select_sessions(tx, now, idle, user_id=user_id, limit=PAGE + 1, before=_place(before))
    last = found[PAGE - 1] if len(found) > PAGE else None
    return {
        "has_focus": False,  # to be given to the heading: the button that had it went with its session
        "found": found[:PAGE],
        "total": total,
        "user": user,
        "before": before,
        "holder": holder,
        "mine": guards.person().session_id,
        "next_url": _url(user=user, before=f"{to_text(last.last_seen_at)}_{last.id}") if last else None,
        "first_url": _url(user=user) if before else None,
    }


def _place(before: str) -> tuple[datetime, str] | None:
    """None for what no page of ours asked for: the list then begins at its beginning."""
    seen, _underscore, last = before.partition("_")
    try:
        moment = from_text(seen)
    except ValueError:
        return None
    return (moment, last) if moment.tzinfo and last.isalnum() else None


def _url(**query: str) -> str:
    given = {name: value for name, value in query.items() if value}
    return "/admin/sessions" + (f"?{urlencode(given)}" if given else "")
