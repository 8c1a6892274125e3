"""The tokens of CI jobs and monitors, for admins: made, shown once, revoked."""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, auth, clock, errors, ids, reports, stacks
from driftsentry.auth import Scope, Token, guards
from driftsentry.web import Access, allow, app

DEFAULT_DAYS = 90
_SAID = {"revoked": "The token was revoked. It is refused from now on."}
_ID = re.compile("[0-9a-z]{26}")

blueprint = Blueprint("admin_tokens", __name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """The form: what was typed, and what is wrong with it. Its `id` becomes the token's: sent twice, it makes one."""

    id: str = field(default_factory=ids.new)
    name: str = ""
    scope: str = Scope.REPORT.value
    stacks: str = ""
    days: str = str(DEFAULT_DAYS)
    problem: str = ""
    wrong: dict[str, str] = field(default_factory=dict)


@blueprint.get("/admin/tokens")
@allow(Access.ADMIN)
async def index() -> str:
    return await _page(Draft())


@blueprint.post("/admin/tokens")
@allow(Access.ADMIN)
async def create() -> Response:
    form = await request.form
    draft = Draft(**{name: form.get(name, "") for name in ("id", "name", "scope", "stacks", "days")})
    globs, lifetime = re.split(r"[\s,]+", draft.stacks.strip(" \t\r\n,")), _lifetime(draft.days)
    try:
        token, secret = await auth.create_token(
            app().db, guards.actor(), draft.name, [glob for glob in globs if glob], lifetime, draft.scope,
            token_id=draft.id if _ID.fullmatch(draft.id) else "",
        )  # fmt: skip
    except (errors.Invalid, errors.Conflict) as refusal:
        return Response(await _page(_refused(draft, refusal)), status=refusal.status)
    return Response(await _page(Draft(), token, secret))


@blueprint.post("/admin/tokens/<token_id>/revoke")
@allow(Access.ADMIN)
async def revoke(token_id: str) -> Response:
    async with app().db.read() as tx:
        if await auth.select_token_by_id(tx, token_id) is None:
            raise errors.NotFound("There is no such token.")
    await auth.revoke_token(app().db, guards.actor(), token_id)
    return cast(Response, redirect("/admin/tokens?done=revoked", 303))


def _lifetime(days: str) -> timedelta:
    """Nothing, which is refused, for what is no number of days."""
    return timedelta(days=int(days)) if re.fullmatch("[0-9]{1,4}", days.strip()) else timedelta()


def _refused(draft: Draft, refusal: errors.Failure) -> Draft:
    if not refusal.problems:  # the token is there: the form begins anew
        return Draft(problem=refusal.message)
    return replace(draft, wrong={problem.field: problem.message for problem in refusal.problems})


async def _page(draft: Draft, made: Token | None = None, secret: str = "") -> str:
    now = clock.now()
    async with app().db.read() as tx:
        tokens = list(reversed(await auth.select_tokens(tx)))
        return await answers.page(
            tx,
            "admin/tokens.html",
            "Tokens",
            active="admin",
            said=_SAID.get(request.args.get("done", "")),
            living=[(token, token.state(now)) for token in tokens if token.state(now) == "active"],
            past=[(token, token.state(now)) for token in tokens if token.state(now) != "active"],
            draft=draft,
            made=made,
            secret=secret,
            example=_example(made.stacks) if made else "",
            notification_token=reports.secret_of(app().settings.data_key, made.id) if made else "",
            base_url=app().settings.base_url,
        )


def _example(globs: tuple[str, ...]) -> str:
    """A stack that one of the globs covers, for a line to copy."""
    for glob in globs:
        name = glob.replace("*", "app").replace("?", "a")
        if stacks.is_slug(name):
            return name
    return "prod/app"
