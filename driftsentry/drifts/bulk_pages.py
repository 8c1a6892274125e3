"""The form under the list that does one thing to many drifts, and its answer: a page, or for htmx a few words."""

from dataclasses import dataclass

from quart import Blueprint, Response, request

from driftsentry import answers, clock, errors, events, regions
from driftsentry.auth import guards
from driftsentry.drifts import bulk, bulk_views, filter, queries
from driftsentry.drifts.actions import Wish
from driftsentry.drifts.bulk import Choice, Deed, Outcome, Outdated, Unclear
from driftsentry.drifts.bulk_deeds import deciding, putting_off
from driftsentry.drifts.detail_pages import verdict_of
from driftsentry.drifts.list_tools import list_of
from driftsentry.drifts.surroundings import worries_of
from driftsentry.templating import render
from driftsentry.web import Access, allow, app

blueprint = Blueprint("bulk", __name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent, so that a refusal does not lose it. `query` is the list's, `count` and `seq` are what it said."""

    verdict: str
    reason: str
    until: str
    picks: list[str]
    is_all: bool
    query: str
    count: int
    seq: int | None

    @property
    def back(self) -> str:
        """The list from which it came, in its own words."""
        return list_of(self.query, guards.person().id).url()

    @property
    def amount(self) -> int:
        """Of the drifts that are meant."""
        return self.count if self.is_all else len(self.picks)


@blueprint.post("/drifts/bulk")
@allow(Access.ENGINEER)
async def carry_out() -> Response:
    """`verdict`, `reason`; `drift` for each that is ticked, or `all` with `query`, `count` and `seq` of the list."""
    form = await _form()
    try:
        outcome = await bulk.carry_out(app().db, guards.actor(), _choice(form), _deed(form))
    except Outdated as refusal:
        return await _refused(_seen_again(form, refusal), refusal)
    except errors.Invalid as refusal:
        return await _refused(form, refusal)
    return await _done(form, outcome)


async def _form() -> Form:
    typed = await request.form
    words = {name: typed.get(name, "") for name in ("verdict", "reason", "until", "query")}
    numbers = {name: _number(typed.get(name, "")) for name in ("count", "seq")}
    return Form(
        **words,
        picks=typed.getlist("drift"),
        is_all="all" in typed,
        count=numbers["count"] or 0,
        seq=numbers["seq"],
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _choice(form: Form) -> Choice:
    if form.is_all and form.seq is None:
        raise errors.Invalid("The page is too old for that. Load the list again.")
    if form.is_all:
        return Choice(wanted=list_of(form.query, guards.person().id), count=form.count, seq=form.seq)
    return Choice(filter.picked(form.picks), seq=form.seq)


def _deed(form: Form) -> Deed:
    if form.verdict == "snoozed":
        return putting_off(form.until, form.reason)
    return deciding(Wish(verdict_of(form.verdict), form.reason, None))


def _seen_again(form: Form, refusal: Outdated) -> Form:
    words = (form.verdict, form.reason, form.until, form.picks)
    return Form(*words, True, form.query, refusal.count, refusal.seq)


async def _done(form: Form, outcome: Outcome) -> Response:
    shown = bulk_views.shown_of(outcome)
    async with app().db.read() as tx:
        rows = {row.id: row for row in await queries.select_rows(tx, shown)}
        result = bulk_views.result_of(outcome, rows, form.verdict, form.reason.strip())
        if not answers.is_fragment():
            return Response(
                await answers.page(tx, "drifts/bulk.html", result.title, active="drifts", result=result, back=form.back)
            )
        count = await bulk.count_matching(tx, list_of(form.query, guards.person().id))
        seq = await events.latest_seq(tx) if form.seq is None else form.seq
        now = clock.now()
        worries = await worries_of(tx, {row.stack for row in rows.values()}, now)
    # Where a socket is open it brings the rows too; the same twice changes nothing.
    drawn = [render("drifts/_rows.html", rows=[row], worries=worries, now=now) for row in rows.values()]
    drawn.append(render("drifts/_select_all.html", count=count, seq=seq))
    told = render("drifts/_bulk_answer.html", result=result, problem="")
    return Response(told + "".join(regions.in_place(html) for html in drawn))


async def _refused(form: Form, refusal: errors.Failure) -> Response:
    """What was typed stays: in the bar below the list, or on a page with the same form."""
    if answers.is_fragment():
        told = render("drifts/_bulk_answer.html", result=None, problem=refusal.message)
        if isinstance(refusal, Outdated):
            told += regions.in_place(render("drifts/_select_all.html", count=form.count, seq=form.seq))
        return Response(told, status=refusal.status)
    async with app().db.read() as tx:
        page = await answers.page(
            tx,
            "drifts/bulk_refused.html",
            "Nothing was done",
            active="drifts",
            form=form,
            can_repeat=form.amount > 0 and not isinstance(refusal, Unclear),
            problem=refusal.message,
            choices=bulk_views.CHOICES,
        )
    return Response(page, status=refusal.status)
