"""Severity rules, for admins: which there are, in which order they are asked, and a form that tries before it saves."""

import re
from dataclasses import fields, replace
from typing import Any, cast
from urllib.parse import quote

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, drifts, errors, ids
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.judging import QUESTIONS, Severity
from driftsentry.rules import severity_actions, severity_queries, severity_views
from driftsentry.rules.severity_draft import ACTIONS, Draft, draft_like, draft_of
from driftsentry.rules.severity_trial import Trial
from driftsentry.web import Access, allow, app

_SAID = {
    "added": "The rule holds. The drifts that are not resolved were judged again.",
    "changed": "The rule was changed. The drifts that are not resolved were judged again.",
    "removed": "The rule was removed. What it judged was judged again; the audit log keeps the rule.",
    "on": "The rule is on. The drifts that are not resolved were judged again.",
    "off": "The rule is off. What it judged was judged again.",
    "moved": "The rule was moved. The drifts that are not resolved were judged again.",
}
_ID = re.compile(ids.PATTERN)
_SEVERITIES = tuple(reversed(Severity))

blueprint = Blueprint("admin_rules", __name__)


@blueprint.get("/admin/rules")
@allow(Access.ADMIN)
async def index() -> str:
    async with app().db.read() as tx:
        kept = await severity_queries.select_kept(tx)
        counts = await drifts.count_open_by_rule(tx)
        return await answers.page(
            tx,
            "rules/admin.html",
            "Severity rules",
            active="admin",
            said=_said(),
            groups=severity_views.rows_by_severity(kept, counts),
        )


@blueprint.post("/admin/rules")
@allow(Access.ADMIN)
async def add() -> Response:
    draft = await _typed()
    if not _ID.fullmatch(draft.id):
        raise errors.Invalid("This form is not one of ours. Open it again.")
    return await _saved(draft, severity_actions.add, "added")


@blueprint.get("/admin/rules/new")
@allow(Access.ADMIN)
async def new() -> Response:
    async with app().db.read() as tx:
        kept = await severity_queries.select_kept(tx)
        like = next((each for each in kept if each.key == request.args.get("like")), None)
        return await _form(tx, draft_like(like.rule) if like else Draft())


@blueprint.get("/admin/rules/<rule_id>")
@allow(Access.ADMIN)
async def show(rule_id: str) -> Response:
    """One of an admin's own is its form; one that ships only says what it asks for."""
    async with app().db.read() as tx:
        about = await _about(tx, rule_id)
        if about is None:
            raise errors.NotFound("There is no such severity rule.")
        if about.kept.is_own:
            return await _form(tx, draft_of(about.kept))
        title = about.kept.rule.name
        text = await answers.page(tx, "rules/admin_show.html", title, active="admin", said=_said(), about=about)
        return Response(text)


@blueprint.post("/admin/rules/<rule_id>")
@allow(Access.ADMIN)
async def change(rule_id: str) -> Response:
    return await _saved(replace(await _typed(), id=rule_id), severity_actions.change, "changed")


@blueprint.post("/admin/rules/<rule_id>/switch")
@allow(Access.ADMIN)
async def switch(rule_id: str) -> Response:
    on = (await request.form).get("on", "") == "1"
    await severity_actions.switch(app().db, app().settings.data_key, guards.actor(), rule_id, on=on)
    return _back("on" if on else "off", f"/{quote(rule_id)}")


@blueprint.post("/admin/rules/<rule_id>/move")
@allow(Access.ADMIN)
async def move(rule_id: str) -> Response:
    form = await request.form
    above, below = form.get("above", ""), form.get("below", "")
    await severity_actions.move(
        app().db, app().settings.data_key, guards.actor(), rule_id, above=above, below="" if above else below
    )
    return _back("moved", f"/{quote(rule_id)}")


@blueprint.post("/admin/rules/<rule_id>/remove")
@allow(Access.ADMIN)
async def remove(rule_id: str) -> Response:
    await severity_actions.remove(app().db, app().settings.data_key, guards.actor(), rule_id)
    return _back("removed")


def _said() -> str:
    return _SAID.get(request.args.get("done", ""), "") if request.method == "GET" else ""


async def _about(tx: Tx, rule_id: str) -> severity_views.About | None:
    return severity_views.about(await severity_queries.select_kept(tx), await drifts.count_open_by_rule(tx), rule_id)


def _back(done: str, path: str = "", place: str = "") -> Response:
    """To the list, or behind it to `path`: the page of a rule."""
    return cast(Response, redirect(f"/admin/rules{path}?done={done}{place}", 303))


async def _typed() -> Draft:
    form = await request.form
    typed = {each.name: form.get(each.name, "") for each in fields(Draft)}
    return Draft(**typed | {"actions": "\n".join(form.getlist("actions"))})


async def _saved(draft: Draft, verb: Any, done: str) -> Response:
    """Tried or saved, as the button says. What is refused comes back with all that was typed."""
    is_trial = (await request.form).get("step") == "try"
    try:
        if is_trial:
            async with app().db.read() as tx:
                return await _form(tx, draft, trial=await severity_actions.attempt(tx, draft))
        await verb(app().db, app().settings.data_key, guards.actor(), draft)
    except (errors.Invalid, errors.Conflict) as refusal:
        async with app().db.read() as tx:
            return await _form(tx, draft, refusal=refusal)
    return _back(done, place=f"#rule-{quote(draft.id)}")


async def _form(tx: Tx, draft: Draft, *, refusal: errors.Failure | None = None, trial: Trial | None = None) -> Response:
    text = await answers.page(
        tx,
        "rules/admin_form.html",
        "Severity rule",
        active="admin",
        said=_said(),
        about=await _about(tx, draft.id) if draft.seen else None,
        draft=draft,
        wrong={problem.field: problem.message for problem in refusal.problems} if refusal else {},
        problem=refusal.message if refusal else "",
        trial=trial,
        severities=_SEVERITIES,
        actions=ACTIONS,
        chosen=draft.actions.split(),
        questions=[(name, question.words) for name, question in QUESTIONS.items()],
    )
    return Response(text, status=refusal.status if refusal else 200)
