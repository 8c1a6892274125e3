"""Sessions, of browsers and of programs: one's own, and for admins everybody's."""

from typing import Annotated, Literal

from msgspec import Meta
from quart import Blueprint, Response

from driftsentry import auth, clock
from driftsentry.api.paging import PageQuery, page_meta
from driftsentry.api.schema import Output, answer, gives, takes
from driftsentry.auth import Person, Role, Session, guards
from driftsentry.clock import to_text
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_sessions", __name__, url_prefix="/api/v1/sessions")


class SessionQuery(PageQuery, frozen=True):
    own: Annotated[bool, Meta(description="true: an admin, too, sees only his own.")] = False


class SessionOutput(Output, frozen=True):
    id: str
    user_id: str
    email: str
    kind: Literal["browser", "api"]
    device: str
    address: str
    created_at: str
    last_seen_at: str
    expires_at: str
    current: Annotated[bool, Meta(description="Whether this very request is of that session.")]


@blueprint.get("")
@allow(Access.VIEWER)
@gives(list[SessionOutput])
@takes(query=SessionQuery)
async def list_sessions(query: SessionQuery) -> Response:
    """Living sessions, the last used first

    One's own; of everybody for admins.
    """
    person, now, idle = guards.person(), clock.now(), app().settings.session_idle
    whose = None if person.role is Role.ADMIN and not query.own else person.id
    async with app().db.read() as tx:
        found = await auth.select_sessions(tx, now, idle, user_id=whose, limit=query.page_size + 1, offset=query.offset)
        total = await auth.count_sessions(tx, now, idle, user_id=whose)
    shown = [_session(session, person) for session in found[: query.page_size]]
    return answer(shown, meta=page_meta(query, total=total, has_more=len(found) > query.page_size))


@blueprint.delete("/<string(length=26):session_id>")
@allow(Access.VIEWER)
@gives(None)
async def end_session(session_id: str) -> Response:
    """End a session

    One's own, or anybody's for admins. Its cookie or tokens are refused from now on, and its sockets close.
    """
    await auth.end_session(app().db, guards.actor(), session_id)
    return answer(None)


def _session(session: Session, person: Person) -> SessionOutput:
    return SessionOutput(
        id=session.id,
        user_id=session.user_id,
        email=session.user_email,
        kind=session.kind,  # type: ignore[arg-type]
        device=session.device,
        address=session.address,
        created_at=to_text(session.created_at),
        last_seen_at=to_text(session.last_seen_at),
        expires_at=to_text(session.expires_at),
        current=session.id == person.session_id,
    )
