"""The list of drifts, the page of one, and what people do there."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from quart import Blueprint, Response, redirect, request

from driftsentry import answers, clock, errors, events, regions, rules, stacks
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.drifts import actions, filter, queries, views
from driftsentry.drifts.actions import Contradicted, Wish
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.lines import differences_since, lines_of
from driftsentry.drifts.model import Drift, Verdict
from driftsentry.drifts.snoozing import CHOICES
from driftsentry.drifts.views import SnoozeForm
from driftsentry.judging import Severity
from driftsentry.judging.ignoring import may_hide
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

PAGE = 50
COUNT_LIMIT = 10_000

blueprint = Blueprint("drifts", __name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, so that a refusal does not lose it."""

    fingerprint: str
    reason: str = ""
    until: str = ""
    problem: str | None = None


@blueprint.get("/drifts")
@allow(Access.VIEWER)
async def index() -> Response:
    wanted = filter.parse(request.args, request.args.getlist("drift"))
    async with app().db.read() as tx:
        values = await _list(tx, wanted)
        if answers.is_fragment():
            text = render("drifts/_list.html", frame=answers.frame("Drifts"), now=clock.now(), **values)
        else:
            live = f"/live?after={await events.latest_seq(tx)}&room=drifts"
            text = await answers.page(tx, "drifts/index.html", "Drifts", active="drifts", live=live, **values)
    return Response(text, headers={"Vary": "HX-Request"})


async def _list(tx: Tx, wanted: Filter) -> dict[str, object]:
    found = await queries.select_page(tx, wanted, PAGE)
    listed = await stacks.select_stacks(tx)
    counts = await queries.select_counts(tx, wanted.stack, wanted.environment)
    shown = views.tabs(wanted, counts)
    total = next(tab.count for tab in shown if tab.is_current)
    if wanted.words or wanted.only:
        total = await queries.count_matches(tx, wanted, COUNT_LIMIT)
    return {
        "tabs": shown,
        "filter": wanted,
        "severities": [severity.value for severity in reversed(Severity)],
        "stacks": [stack.slug for stack in listed],
        "doubts": stacks.doubts(listed, clock.now(), slug=wanted.stack, environment=wanted.environment),
        "rows": found.rows,
        "can_decide": guards.person().can_decide,
        "next_url": wanted.url(after=found.after) if found.after else None,
        "first_url": wanted.url() if wanted.after else None,
        "shown": len(found.rows),
        "total": min(total, COUNT_LIMIT) if wanted.words else total,
        "is_capped": bool(wanted.words) and total > COUNT_LIMIT,
    }


@blueprint.get("/drifts/<int(max=2147483647):drift_id>")
@allow(Access.VIEWER)
async def show(drift_id: int) -> str:
    async with app().db.read() as tx:
        return await page_of(tx, await actions.require(tx, drift_id))


@blueprint.post("/drifts/<int(max=2147483647):drift_id>/decision")
@allow(Access.ENGINEER)
async def decision(drift_id: int) -> Response:
    typed = await request.form
    form = Form(typed.get("fingerprint", ""), typed.get("reason", ""), typed.get("until", ""))
    try:
        wish = Wish(_verdict(typed.get("verdict", "")), form.reason, form.fingerprint, _until(form.until))
        drift = await actions.decide(app().db, guards.actor(), drift_id, wish)
    except Contradicted as contradiction:
        form = Form(contradiction.drift.fingerprint, form.reason, form.until, contradiction.message)
        return await _refused(contradiction.drift.id, form, contradiction)
    except errors.Invalid as refusal:
        return await _refused(drift_id, Form(form.fingerprint, form.reason, form.until, refusal.message), refusal)
    if not answers.is_fragment():
        return cast(Response, redirect(f"/drifts/{drift_id}", 303))
    return Response(await _panel(drift, Form(drift.fingerprint)))


@blueprint.post("/drifts/bulk")
@allow(Access.ENGINEER)
async def bulk() -> Response:
    typed = await request.form
    seen = filter.picked(typed.getlist("drift"))
    verdict, reason = _verdict(typed.get("verdict", "")), typed.get("reason", "")
    done, left_out = await actions.decide_many(app().db, guards.actor(), seen, verdict, reason)
    async with app().db.read() as tx:
        rows = {
            row.id: row for row in await queries.select_rows(tx, [*done, *[drift_id for drift_id, _why in left_out]])
        }
        text = await answers.page(
            tx,
            "drifts/bulk.html",
            "Several at once",
            active="drifts",
            done=[rows[drift_id] for drift_id in done],
            left_out=[(rows.get(drift_id, drift_id), why) for drift_id, why in left_out],
            verdict=verdict,
            reason=reason,
            problem=None,
        )
    return Response(text)


@blueprint.post("/drifts/<int(max=2147483647):drift_id>/comments")
@allow(Access.ENGINEER)
async def comments(drift_id: int) -> Response:
    stored = await actions.comment(app().db, guards.actor(), drift_id, (await request.form).get("text", ""))
    if not answers.is_fragment():
        return cast(Response, redirect(f"/drifts/{drift_id}", 303))
    async with app().db.read() as tx:
        timeline = await events.select_of_drift(tx, drift_id)
    return Response(render("drifts/_timeline.html", drift=stored.drift, timeline=timeline, now=clock.now()))


def _verdict(text: str) -> Verdict:
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


async def page_of(tx: Tx, drift: Drift, form: Form | None = None, snooze: SnoozeForm | None = None) -> str:
    """The whole page, with what was typed into either form."""
    live = f"/live?after={await events.latest_seq(tx)}&room=drifts&room=drift:{drift.id}"
    values = await values_of(tx, drift, form, snooze, clock.now())
    return await answers.page(tx, "drifts/show.html", drift.address, active="drifts", live=live, **values)


async def values_of(
    tx: Tx, drift: Drift, form: Form | None, snooze: SnoozeForm | None, now: datetime
) -> dict[str, object]:
    """What the regions of the page are rendered with, but for `now`."""
    lines = lines_of(drift.changes, may_hide(drift.action))
    knowledge = await views.knowledge_of(tx, drift, now)
    has_history = drift.is_changed_since_decision and drift.decision is not None
    return {
        "drift": drift,
        "lines": [line for line in lines if not line.is_noise],
        "noise_lines": [line for line in lines if line.is_noise and not line.is_ignored],
        "ignored_lines": [line for line in lines if line.is_ignored],
        "ignored_by": await rules.select_of_drift(tx, drift.id) if drift.ignored_changes else [],
        "since": differences_since(drift.decision.changes, drift.changes) if has_history and drift.decision else (),
        "timeline": await events.select_of_drift(tx, drift.id),
        "can_decide": guards.person().can_decide,
        "freshness": knowledge.freshness,
        "last_seen_at": knowledge.last_seen_at,
        "form": form or Form(drift.fingerprint),
        "snooze": snooze or SnoozeForm(drift.fingerprint),
        "choices": [*CHOICES],
        "state": "open" if drift.is_open else "decided",
        "command": views.commands(drift),
    }
