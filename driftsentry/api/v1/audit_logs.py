"""The log of everything that happened, for admins."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType
from quart import Blueprint, Response

from driftsentry import audit
from driftsentry.api.paging import CursorQuery, cursor_of, page_meta, start_of
from driftsentry.api.schema import Output, answer, gives, takes
from driftsentry.audit import Entry, Filter
from driftsentry.clock import to_text
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_audit_logs", __name__, url_prefix="/api/v1/audit-logs")
ENOUGH = 10_000
Text = Annotated[str, Meta(max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]


class AuditQuery(CursorQuery, frozen=True):
    actor: Annotated[Text, Meta(description="A name, an id or an e-mail address, whole.")] = ""
    kind: Annotated[Text, Meta(description="drift.approved, or only drift.")] = ""
    stack: Text = ""
    drift_id: Annotated[int, Meta(ge=1, le=2**31 - 1)] | UnsetType = UNSET
    address: Text = ""
    since: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET


class EntryActorOutput(Output, frozen=True):
    kind: str
    id: str
    name: str


class EntryChangeOutput(Output, frozen=True):
    field: str
    before: str | None
    after: str


class EntryOutput(Output, frozen=True):
    seq: int
    at: str
    kind: str
    sentence: str
    actor: EntryActorOutput
    address: str
    request_id: str
    stack: str | None
    drift_id: str | None
    report_id: str | None
    changes: list[EntryChangeOutput]
    data: dict[str, Any]
    previous_hash: str
    hash: str


@blueprint.get("")
@allow(Access.ADMIN)
@gives(list[EntryOutput])
@takes(query=AuditQuery)
async def list_audit_logs(query: AuditQuery) -> Response:
    """The audit log, the newest first"""
    wanted = Filter(
        actor=query.actor,
        kind=query.kind,
        stack=query.stack,
        drift_id=query.drift_id or None,
        address=query.address,
        since=query.since or None,
        until=query.until or None,
    )
    before = start_of(query, Annotated[int, Meta(ge=0, le=2**63 - 1)])
    async with app().db.read() as tx:
        found = await audit.select_entries(tx, wanted, before=before, limit=query.page_size + 1, offset=query.offset)
        total = await audit.count_entries(tx, wanted, ENOUGH)
    shown, has_more = found[: query.page_size], len(found) > query.page_size
    meta = page_meta(
        query,
        total=min(total, ENOUGH),
        has_more=has_more,
        next_cursor=cursor_of(shown[-1].seq) if has_more else None,
        is_capped=total > ENOUGH,
    )
    return answer([_entry(entry) for entry in shown], meta=meta)


def _entry(entry: Entry) -> EntryOutput:
    return EntryOutput(
        seq=entry.seq,
        at=to_text(entry.at),
        kind=entry.kind,
        sentence=entry.sentence,
        actor=EntryActorOutput(kind=entry.actor.kind, id=entry.actor.id, name=entry.actor.name),
        address=entry.address,
        request_id=entry.request_id,
        stack=entry.stack or None,
        drift_id=str(entry.drift_id) if entry.drift_id is not None else None,
        report_id=entry.report_id,
        changes=[EntryChangeOutput(field=each.field, before=each.before, after=each.after) for each in entry.changes],
        data=entry.data,
        previous_hash=entry.previous_hash,
        hash=entry.hash,
    )
