"""`/live/changes`: what `/live` would push, for pages whose sockets something on the way blocks."""

from quart import Blueprint, Response, request

from driftsentry.auth import guards
from driftsentry.live.pages import cursor_in, hub, rooms_in
from driftsentry.live.socket import Member
from driftsentry.web import Access, allow, unattended

blueprint = Blueprint("live_changes", __name__)


@blueprint.get("/live/changes")
@allow(Access.VIEWER)
@unattended
async def changes() -> Response:
    """What happened after event `after`: nothing (204), regions of HTML in place, or, where it is too much, the same
    JSON that a socket gets."""
    person = guards.person()
    member = Member(person.id, person.name, person.session_id, person.can_decide)
    frames = await hub().missed(cursor_in(request.args), await rooms_in(request.args), member)
    if not frames:
        return Response(status=204)
    text = "".join(frame.text for frame in frames)
    return Response(text, content_type="application/json" if text.startswith("{") else "text/html; charset=utf-8")
