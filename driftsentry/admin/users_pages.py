"""People, for admins: who there is, and for each one the role, the way in, and the end of it."""

from typing import Any, cast
from urllib.parse import urlencode

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, auth, errors
from driftsentry.auth import Role, fields, guards, people
from driftsentry.db import Tx
from driftsentry.web import Access, allow, app

PAGE = 50
LONGEST = 320
_SAID = {
    "role": "The role was changed. All sessions of this person have ended.",
    "disabled": "The account is disabled. Its sessions, links and tokens have ended.",
    "enabled": "The account is enabled.",
}

blueprint = Blueprint("admin_users", __name__)


@blueprint.get("/admin/users")
@allow(Access.ADMIN)
async def index() -> Response:
    return await _list({"email": "", "name": "", "role": Role.VIEWER.value})


@blueprint.post("/admin/users")
@allow(Access.ADMIN)
async def invite() -> Response:
    form = await request.form
    typed = {name: form.get(name, "") for name in ("email", "name", "role")}
    try:
        role = fields.role_of(typed["role"])
        user, secret = await people.invite(app().db, guards.actor(), typed["email"], typed["name"], role)
    except (errors.Invalid, errors.Conflict) as refusal:
        return await _list(typed, refusal)
    return await _one(user.id, secret=secret)


@blueprint.get("/admin/users/<user_id>")
@allow(Access.ADMIN)
async def show(user_id: str) -> Response:
    return await _one(user_id)


@blueprint.post("/admin/users/<user_id>/role")
@allow(Access.ADMIN)
async def change_role(user_id: str) -> Response:
    try:
        role = fields.role_of((await request.form).get("role", ""))
        await people.change_role(app().db, guards.actor(), user_id, role)
    except (errors.Invalid, errors.Conflict) as refusal:
        return await _one(user_id, refusal=refusal)
    return _back(user_id, "role")


@blueprint.post("/admin/users/<user_id>/disable")
@allow(Access.ADMIN)
async def disable(user_id: str) -> Response:
    try:
        await people.disable(app().db, guards.actor(), user_id)
    except errors.Conflict as refusal:
        return await _one(user_id, refusal=refusal)
    return _back(user_id, "disabled")


@blueprint.post("/admin/users/<user_id>/enable")
@allow(Access.ADMIN)
async def enable(user_id: str) -> Response:
    await people.enable(app().db, guards.actor(), user_id)
    return _back(user_id, "enabled")


@blueprint.post("/admin/users/<user_id>/link")
@allow(Access.ADMIN)
async def make_link(user_id: str) -> Response:
    try:
        secret = await people.make_reset_link(app().db, guards.actor(), user_id)
    except errors.Conflict as refusal:
        return await _one(user_id, refusal=refusal)
    return await _one(user_id, secret=secret)


def _back(user_id: str, done: str) -> Response:
    """To the page of who it was about; who has ended his own session signs in anew."""
    return cast(Response, redirect(f"/admin/users/{user_id}?done={done}", 303))


async def _list(typed: dict[str, str], refusal: errors.Failure | None = None) -> Response:
    async with app().db.read() as tx:
        wrong = {problem.field: problem.message for problem in refusal.problems} if refusal else {}
        values = {"typed": typed, "wrong": wrong, **await _people(tx)}
        text = await answers.page(tx, "admin/users.html", "Users", active="admin", **values)
    return Response(text, status=refusal.status if refusal else 200)


async def _people(tx: Tx) -> dict[str, Any]:
    """A page of them: part of a name or address as `q`, and behind which address it begins."""
    asked, after = request.args.get("q", "").strip()[:LONGEST], request.args.get("after", "")[:LONGEST]
    idle = app().settings.session_idle
    found = await auth.select_some_accounts(tx, idle, text=asked, after=after.replace("\0", ""), limit=PAGE + 1)
    return {
        "accounts": found[:PAGE],
        "asked": asked,
        "total": await auth.count_accounts(tx, asked),
        "first_url": _url(q=asked) if after else None,
        "next_url": _url(q=asked, after=found[PAGE - 1].email) if len(found) > PAGE else None,
    }


def _url(**query: str) -> str:
    given = {name: value for name, value in query.items() if value}
    return "/admin/users" + (f"?{urlencode(given)}" if given else "")


async def _one(user_id: str, *, secret: str = "", refusal: errors.Failure | None = None) -> Response:
    """`secret`: of a link that was made just now, and is shown this once."""
    async with app().db.read() as tx:
        account = await auth.select_account(tx, user_id, app().settings.session_idle)
        if account is None:
            raise errors.NotFound("There is no such user.")
        values: dict[str, Any] = {
            "account": account,
            "is_self": user_id == guards.person().id,
            "link": f"{app().settings.base_url}/welcome/{secret}" if secret else None,
            "problem": refusal.message if refusal else None,
            "said": _SAID.get(request.args.get("done", "")) if request.method == "GET" else None,
        }
        text = await answers.page(tx, "admin/users_show.html", account.name, active="admin", **values)
    return Response(text, status=refusal.status if refusal else 200)
