"""`/setup`: the first admin, made with the code of the log. There is no such page once there is a user."""

from typing import cast

from quart import Blueprint, Response, g, redirect, request
from quart_auth import Action, AuthUser, login_user

from driftsentry import answers, errors
from driftsentry.auth import guards, setup
from driftsentry.auth.actions import Caller
from driftsentry.auth.setup import Wish
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

blueprint = Blueprint("setup", __name__)


@blueprint.get("/setup")
@allow(Access.ANYONE)
async def show() -> Response:
    await setup.require_open(app().db)
    return _form(request.args.get("code", ""), Wish("", "", ""))


@blueprint.post("/setup")
@allow(Access.ANYONE)
async def set_up() -> Response:
    form = await request.form
    code, wish = form.get("code", ""), Wish(*[form.get(name, "") for name in ("name", "email", "password")])
    caller = Caller(guards.client_address(), request.user_agent.string, g.request_id)
    try:
        secret = await setup.set_up(app().db, app().settings, code, wish, caller)
    except (errors.Invalid, errors.Forbidden, errors.RateLimited) as refusal:
        return _form(code, wish, refusal)
    login_user(AuthUser(secret, Action.WRITE_PERMANENT))
    return cast(Response, redirect("/setup/stack", 303))


def _form(code: str, wish: Wish, refusal: errors.Failure | None = None) -> Response:
    """What was typed stays, but not the password."""
    wrong = {problem.field: problem.message for problem in refusal.problems} if refusal else {}
    text = render(
        "auth/setup.html",
        frame=answers.frame("First run"),
        typed={"code": code, "name": wish.name, "email": wish.email},
        wrong=wrong,
        problem=refusal.message if refusal and not wrong else None,
    )
    return Response(text, status=refusal.status if refusal else 200, headers=refusal.headers if refusal else None)
