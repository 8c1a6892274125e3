"""The page of one drift, and what people do there: decide and comment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, clock, errors, events, regions, rules
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.drifts import actions, neighbours, views
from driftsentry.drifts.actions import Contradicted, Wish
from driftsentry.drifts.comments import timeline_of
from driftsentry.drifts.lines import SHOWN_LINES, groups_of, lines_of, shown_groups
from driftsentry.drifts.model import Drift, Verdict
from driftsentry.drifts.since import changed_since
from driftsentry.drifts.snoozing import CHOICES
from driftsentry.drifts.views import SnoozeForm
from driftsentry.judging.ignoring import may_hide
from driftsentry.kept_answers import kept_answer
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

MOST_QUERY = 2000

blueprint = Blueprint("drift", __name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, so that a refusal does not lose it."""

    fingerprint: str
    reason: str = ""
    until: str = ""
    problem: str | None = None


@blueprint.get("/drifts/<int(max=2147483647):drift_id>")
@allow(Access.VIEWER)
async def show(drift_id: int) -> Response:
    return await kept_answer(partial(_page, drift_id), opened_from())


async def _page(drift_id: int) -> str:
    async with app().db.read() as tx:
        return await page_of(tx, await actions.require(tx, drift_id), start=request.args.get("line", 0, type=int))


@blueprint.post("/drifts/<int(max=2147483647):drift_id>/decision")
@allow(Access.ENGINEER)
async def decision(drift_id: int) -> Response:
    typed = await request.form
    form = Form(typed.get("fingerprint", "").replace("\0", ""), typed.get("reason", ""), typed.get("until", ""))
    try:
        wish = Wish(verdict_of(typed.get("verdict", "")), form.reason, form.fingerprint, _until(form.until))
        drift = await actions.decide(app().db, guards.actor(), drift_id, wish)
    except Contradicted as contradiction:
        form = Form(contradiction.drift.fingerprint, form.reason, form.until, contradiction.message)
        return await _refused(contradiction.drift.id, form, contradiction)
    except errors.Invalid as refusal:
        return await _refused(drift_id, Form(form.fingerprint, form.reason, form.until, refusal.message), refusal)
    if not answers.is_fragment():
        return back_to(drift_id)
    return Response(await _panel(drift, Form(drift.fingerprint)))


@blueprint.post("/drifts/<int(max=2147483647):drift_id>/comments")
@allow(Access.ENGINEER)
async def comments(drift_id: int) -> Response:
    stored = await actions.comment(app().db, guards.actor(), drift_id, (await request.form).get("text", ""))
    if not answers.is_fragment():
        return back_to(drift_id)
    async with app().db.read() as tx:
        timeline = await timeline_of(tx, drift_id)
    return Response(render("drifts/_timeline.html", drift=stored.drift, timeline=timeline, now=clock.now()))


def back_to(drift_id: int) -> Response:
    """To the page again where something was done, with the list that it was opened from."""
    return cast(Response, redirect(neighbours.href(drift_id, opened_from()), 303))


def opened_from() -> str:
    """The query string of the list that led here, "" where none did: as the address names it, or the page before."""
    if "from" in request.args:
        return request.args["from"][:MOST_QUERY]
    return neighbours.query_of(request.referrer or "", request.host)[:MOST_QUERY]


def verdict_of(text: str) -> Verdict:
    if text not in set(Verdict):
        raise errors.Invalid("Choose to approve or to reject.")
    return Verdict(text)


def _until(text: str) -> datetime | None:
    """The end of the day that was chosen, in UTC."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):  # the last day there is, 9999-12-31, has no end
        raise errors.Invalid("Give the end date as year-month-day, such as 2027-01-31.") from None


async def _refused(drift_id: int, form: Form, refusal: errors.Failure) -> Response:
    """The facts of now with what was typed: as the panel for htmx, as the whole page otherwise."""
    async with app().db.read() as tx:
        drift = await actions.require(tx, drift_id)
        page = None if answers.is_fragment() else await page_of(tx, drift, form)
    return Response(page or await _panel(drift, form), status=refusal.status)


async def _panel(drift: Drift, form: Form) -> str:
    """The decision panel, and beside it the regions that say the same: also where no socket brings them."""
    now = clock.now()
    async with app().db.read() as tx:
        values = await values_of(tx, drift, form, None, now)
    others = [render(f"drifts/{name}.html", now=now, **values) for name in ("_head", "_diff", "_snooze", "_timeline")]
    return render("drifts/_decision.html", now=now, **values) + "".join(regions.in_place(html) for html in others)


async def page_of(
    tx: Tx, drift: Drift, form: Form | None = None, snooze: SnoozeForm | None = None, start: int = 0
) -> str:
    """The whole page, with what was typed into either form. `start`: the first line whose values are shown."""
    live = f"/live?after={await events.latest_seq(tx)}&room=drifts&room=drift:{drift.id}"
    values = await values_of(tx, drift, form, snooze, clock.now(), start)
    beside = await neighbours.neighbours_of(tx, drift, opened_from(), guards.person().id)
    own = {"neighbours": beside, "diff": guards.person().preferences.diff, "address": request.host_url.rstrip("/")}
    return await answers.page(tx, "drifts/show.html", drift.address, active="drifts", live=live, **own, **values)


async def values_of(
    tx: Tx, drift: Drift, form: Form | None, snooze: SnoozeForm | None, now: datetime, start: int = 0
) -> dict[str, object]:
    """What the regions of the page are rendered with, but for `now`."""
    lines = lines_of(drift.changes, may_hide(drift.action), start)
    groups = groups_of([line for line in lines if not line.is_noise])
    made = drift.decision if drift.is_changed_since_decision else None
    return {
        "drift": drift,
        "start": start,
        "groups": groups,
        "shown": shown_groups(groups),
        "most_open": SHOWN_LINES,
        "noise_lines": [line for line in lines if line.is_noise and not line.is_ignored],
        "ignored_lines": [line for line in lines if line.is_ignored],
        "ignored_by": await rules.select_of_drift(tx, drift.id) if drift.ignored_changes else [],
        "since": changed_since(made.changes, drift.changes) if made else (),
        "timeline": await timeline_of(tx, drift.id),
        "can_decide": guards.person().can_decide,
        "knowledge": await views.knowledge_of(tx, drift, now),
        "form": form or Form(drift.fingerprint),
        "snooze": snooze or SnoozeForm(drift.fingerprint),
        "choices": [*CHOICES],
        "state": "open" if drift.is_open else "decided",
        "command": views.commands(drift),
    }
