"""Signing in, signing out, the choice of a theme, and how somebody likes his pages."""

from typing import Any, cast

from quart import Blueprint, Response, g, redirect, request
from quart_auth import Action, AuthUser, login_user, logout_user

from driftsentry import answers, errors
from driftsentry.auth import actions, guards, people, setup
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

blueprint = Blueprint("auth", __name__)


@blueprint.get("/login")
@allow(Access.ANYONE)
async def login() -> Response:
    target = _local(request.args.get("next", ""))
    if g.person:
        return cast(Response, redirect(target, 303))
    if await setup.is_open(app().db):
        return cast(Response, redirect("/setup", 303))
    return _form(email="", target=target)


@blueprint.post("/login")
@allow(Access.ANYONE)
async def sign_in() -> Response:
    form = await request.form
    email, target = form.get("email", ""), _local(form.get("next", ""))
    caller = actions.Caller(guards.client_address(), request.user_agent.string, g.request_id)
    try:
        secret = await actions.sign_in(app().db, app().settings, email, form.get("password", ""), caller)
    except (errors.Invalid, errors.SignedOut, errors.RateLimited) as refusal:
        return _form(email=email, target=target, refusal=refusal)
    login_user(AuthUser(secret, Action.WRITE_PERMANENT))
    return cast(Response, redirect(target, 303))


@blueprint.post("/logout")
@allow(Access.ANYONE)
async def logout() -> Response:
    if g.person:
        await actions.sign_out(app().db, g.person, guards.actor())
    logout_user()
    response = cast(Response, redirect("/login", 303))
    response.headers["Clear-Site-Data"] = '"cookies", "storage"'
    return response


@blueprint.post("/account/theme")
@allow(Access.VIEWER)
async def theme() -> Response:
    form = await request.form
    await people.choose_theme(app().db, guards.person(), form.get("theme", ""))
    return cast(Response, redirect(_local(form.get("next", "")), 303))


@blueprint.post("/account/preferences")
@allow(Access.VIEWER)
async def preferences() -> Response:
    """`keys` (on, off), `diff`, `density`, or `columns`: several, and an empty one so that all can be switched off."""
    form = await request.form
    wishes: dict[str, Any] = {name: form[name] for name in ("diff", "density") if name in form}
    if "keys" in form:
        wishes["keys"] = form["keys"] == "on"
    if "columns" in form:
        wishes["columns"] = [column for column in form.getlist("columns") if column]
    await people.prefer(app().db, guards.person().id, **wishes)
    if answers.is_fragment():
        return Response(status=204)
    return cast(Response, redirect(_local(form.get("next", "")), 303))


def _local(target: str) -> str:
    """Only paths of this site: no scheme, no host, no backslash that a browser would read as a slash."""
    is_path = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if is_path else "/"


def _form(*, email: str, target: str, refusal: errors.Failure | None = None) -> Response:
    text = render(
        "auth/login.html",
        frame=answers.frame("Sign in"),
        email=email,
        problem=refusal.message if refusal else None,
        next=target,
        demo=app().settings.environment == "demo",
    )
    return Response(text, status=refusal.status if refusal else 200, headers=refusal.headers if refusal else None)
