"""`/welcome/<code>`: where a one-time link leads. Looking changes nothing: programs that preview links look too."""

from typing import cast

from quart import Blueprint, Response, g, redirect, request
from quart_auth import Action, AuthUser, login_user

from driftsentry import answers, errors
from driftsentry.auth import guards, links
from driftsentry.auth.actions import Caller
from driftsentry.auth.model import Link, Purpose
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

blueprint = Blueprint("links", __name__)


@blueprint.get("/welcome/<code>")
@allow(Access.ANYONE)
async def show(code: str) -> Response:
    try:
        link = await links.find(app().db, code)
    except errors.NotFound as refusal:
        return _over(refusal)
    return _form(code, link, link.user.name)


@blueprint.post("/welcome/<code>")
@allow(Access.ANYONE)
async def choose(code: str) -> Response:
    try:
        return await _choose(code, await links.find(app().db, code))
    except errors.NotFound as refusal:
        return _over(refusal)


async def _choose(code: str, link: Link) -> Response:
    form = await request.form
    name, password = form.get("name", ""), form.get("password", "")
    caller = Caller(guards.client_address(), request.user_agent.string, g.request_id)
    try:
        secret = await links.redeem(app().db, app().settings, code, name, password, caller)
    except errors.Invalid as refusal:
        return _form(code, link, name, refusal)
    login_user(AuthUser(secret, Action.WRITE_PERMANENT))
    return cast(Response, redirect("/", 303))


def _form(code: str, link: Link, name: str, refusal: errors.Invalid | None = None) -> Response:
    text = render(
        "auth/welcome.html",
        frame=answers.frame("Welcome"),
        code=code,
        typed={"name": name},
        email=link.user.email,
        role=link.user.role.value,
        until=link.expires_at,
        is_invitation=link.purpose is Purpose.INVITE,
        wrong={problem.field: problem.message for problem in refusal.problems} if refusal else {},
    )
    return Response(text, status=refusal.status if refusal else 200)


def _over(refusal: errors.NotFound) -> Response:
    text = render("auth/welcome_over.html", frame=answers.frame("This link is over"), problem=refusal.message)
    return Response(text, status=refusal.status)
