"""`/reports/<id>`: what one report said and did, alone or beside another one of its stack."""

from quart import Blueprint, request

from driftsentry import answers, events
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.reports import history, queries
from driftsentry.reports.history import Comparison
from driftsentry.reports.model import Report
from driftsentry.reports.words import time_of
from driftsentry.web import Access, allow, app

blueprint = Blueprint("reports", __name__)


@blueprint.get("/reports/<report_id>")
@allow(Access.VIEWER)
async def show(report_id: str) -> str:
    async with app().db.read() as tx:
        report = await history.require(tx, report_id)
        compared = await _compared(tx, report, request.args.get("with", ""))
        after = await events.latest_seq(tx)
        around = await queries.select_reports(tx, report.stack_id, history.CHOICES)
        previous = await queries.select_reports(tx, report.stack_id, 1, before=report.id)
        return await answers.page(
            tx,
            "reports/show.html",
            f"Report of {report.stack}",
            active="stacks",
            live=f"/live?after={after}&room=drifts&room=stack:{report.stack}",
            about=history.line_of(report),
            took=time_of(report.took_ms),
            compared=compared,
            parts=compared.parts if compared else await history.effects(tx, report),
            choices=[history.line_of(other) for other in around if other.id != report.id],
            previous_id=previous[0].id if previous else None,
            next_id=await queries.select_next(tx, report),
            can_decide=guards.person().can_decide,
        )


async def _compared(tx: Tx, report: Report, other_id: str) -> Comparison | None:
    return await history.compare(tx, report, await history.require(tx, other_id)) if other_id else None
