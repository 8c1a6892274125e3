"""Putting a drift off, and waking it: what the form on its page does."""

from quart import Blueprint, Response, request

from driftsentry import answers, clock, errors, regions
from driftsentry.auth import guards
from driftsentry.drifts import actions, snoozing
from driftsentry.drifts.actions import Contradicted
from driftsentry.drifts.detail_pages import back_to, page_of, values_of
from driftsentry.drifts.model import Drift
from driftsentry.drifts.snoozing import Snooze
from driftsentry.drifts.views import SnoozeForm
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

blueprint = Blueprint("snooze", __name__)


@blueprint.post("/drifts/<int(max=2147483647):drift_id>/snooze")
@allow(Access.ENGINEER)
async def snooze(drift_id: int) -> Response:
    typed = await request.form
    chosen = [until for until in typed.getlist("until") if until.strip()]  # a day goes before a choice
    seen = typed.get("fingerprint", "").replace("\0", "")
    form = SnoozeForm(seen, chosen[-1] if chosen else "", typed.get("reason", ""))
    try:
        wish = Snooze(form.until, form.fingerprint, form.reason)
        drift = await snoozing.snooze(app().db, guards.actor(), drift_id, wish)
    except (Contradicted, errors.Invalid) as refusal:
        return await _refused(drift_id, form, refusal)
    return await _done(drift)


@blueprint.post("/drifts/<int(max=2147483647):drift_id>/wake")
@allow(Access.ENGINEER)
async def wake(drift_id: int) -> Response:
    return await _done(await snoozing.wake(app().db, guards.actor(), drift_id))


async def _done(drift: Drift) -> Response:
    if not answers.is_fragment():
        return back_to(drift.id)
    return Response(await _panel(drift, SnoozeForm()))


async def _refused(drift_id: int, form: SnoozeForm, refusal: errors.Failure) -> Response:
    """What was typed with the facts of now; on a page that stays open only whether they are others."""
    is_other = refusal.code == "DRIFT_CHANGED"
    async with app().db.read() as tx:
        drift = await actions.require(tx, drift_id)
        seen = drift.fingerprint if is_other else form.fingerprint
        again = SnoozeForm(seen, form.until, form.reason, refusal.message)
        page = None if answers.is_fragment() else await page_of(tx, drift, None, again)
    return Response(page or await _panel(drift, again, "changed" if is_other else ""), status=refusal.status)


async def _panel(drift: Drift, form: SnoozeForm, state: str = "") -> str:
    """The form, and beside it the regions that say the same: also where no socket brings them."""
    now = clock.now()
    async with app().db.read() as tx:
        values = await values_of(tx, drift, None, form, now)
    values |= {"state": state or values["state"]}
    others = [render(f"drifts/{name}.html", now=now, **values) for name in ("_head", "_timeline")]
    return render("drifts/_snooze.html", **values) + "".join(regions.in_place(html) for html in others)
