"""`/setup/stack`: a stack is connected. Its token, the commands, and a wait that ends with its first report."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, auth, clock, demo, drifts, errors, events, ids, stacks
from driftsentry.auth import Token, guards
from driftsentry.db import Tx
from driftsentry.templating import render
from driftsentry.web import Access, allow, app, unattended

LIFETIME = timedelta(days=90)
NAME_LENGTH = 100
ROWS = 8
_ID = re.compile(ids.PATTERN)

blueprint = Blueprint("connect", __name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """The form as typed. Its `id` becomes the token's: sent twice, it makes one."""

    id: str = field(default_factory=ids.new)
    stack: str = ""
    problem: str = ""


@blueprint.get("/setup/stack")
@allow(Access.ADMIN)
async def show() -> str:
    token_id = request.args.get("token", "")
    if not token_id:
        return await _page(Draft(stack=request.args.get("stack", "")[:200]))
    async with app().db.read() as tx:
        token = await _require(tx, token_id)
    return await _page(Draft(), token)


@blueprint.post("/setup/stack")
@allow(Access.ADMIN)
async def connect() -> Response:
    form = await request.form
    draft = Draft(form.get("id", ""), form.get("stack", "").strip())
    if not stacks.is_slug(draft.stack):
        problem = "Use letters, digits and . _ - in parts between slashes, such as prod/network."
        return Response(await _page(Draft(draft.id, draft.stack, problem)), status=422)
    name, known = f"CI of {draft.stack}"[:NAME_LENGTH], draft.id if _ID.fullmatch(draft.id) else ""
    try:
        made = await auth.create_token(app().db, guards.actor(), name, [draft.stack], LIFETIME, token_id=known)
    except errors.Conflict:  # sent twice: the secret was shown the first time
        return cast(Response, redirect(f"/setup/stack?token={known}", 303))
    return Response(await _page(draft, *made))


@blueprint.get("/setup/stack/waiting")
@allow(Access.ADMIN)
@unattended
async def waiting() -> Response:
    """Asked for by the page while it waits: nothing new, or what has come."""
    async with app().db.read() as tx:
        values = await _arrival(tx, await _require(tx, request.args.get("token", "")))
    if not values["entry"]:
        return Response(status=204)
    return Response(render("admin/_connect_waiting.html", now=clock.now(), **values))


@blueprint.post("/setup/demo")
@allow(Access.ADMIN)
async def load_demo() -> Response:
    await demo.load(app().db, app().settings.data_key, guards.actor())
    return cast(Response, redirect("/", 303))


async def _require(tx: Tx, token_id: str) -> Token:
    """The token of one stack. Raises `NotFound`."""
    token = await auth.select_token_by_id(tx, token_id)
    if token is None or len(token.stacks) != 1 or not stacks.is_slug(token.stacks[0]):
        raise errors.NotFound("Nothing is waited for here. Connect a stack to begin.")
    return token


async def _arrival(tx: Tx, token: Token) -> dict[str, Any]:
    """What has come of the token's stack since it was made: `entry` is None while nothing has."""
    [slug] = token.stacks
    entry = await stacks.require_entry(tx, slug, clock.now()) if token.last_used_at else None
    rows = await drifts.most_urgent(tx, ROWS, stack=slug) if entry else []
    return {"token": token, "slug": slug, "entry": entry, "rows": rows}


async def _page(draft: Draft, token: Token | None = None, secret: str = "") -> str:
    settings = app().settings
    async with app().db.read() as tx:
        arrival = await _arrival(tx, token) if token else {"token": None, "slug": "", "entry": None, "rows": []}
        return await answers.page(
            tx,
            "admin/connect.html",
            f"Connect {arrival['slug']}" if token else "Connect a stack",
            active="stacks",
            live=f"/live?after={await events.latest_seq(tx)}&room=drifts" if token else None,
            draft=draft,
            secret=secret,
            base_url=settings.base_url,
            recipes=stacks.recipes_for(arrival["slug"], settings.base_url) if token else [],
            is_empty=not await stacks.has_stacks(tx),
            **arrival,
        )
