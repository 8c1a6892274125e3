"""Where HCP Terraform says that an assessment of a workspace found drift."""

from typing import Annotated

from msgspec import Meta
from quart import Blueprint, Response, g, request

from driftsentry import reports
from driftsentry.api import bodies
from driftsentry.api.schema import Output, answer, gives, takes
from driftsentry.auth import guards
from driftsentry.events import Actor
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_notifications", __name__, url_prefix="/api/v1/notifications")
SIGNATURE = "X-TFE-Notification-Signature"
_BODY = {
    "required": True,
    "description": "What HCP Terraform sends, byte for byte. Up to 256 kB.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}
_HEADERS = [
    {
        "name": SIGNATURE,
        "in": "header",
        "required": True,
        "description": "HMAC-SHA512 of the body, keyed with the notification's token, in hexadecimal digits.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{128}$"},
    }
]


class NotificationOutput(Output, frozen=True):
    recorded: Annotated[bool, Meta(description="Whether it was about an assessment and had not come before.")]


@blueprint.post("/<string:token_id>/<path:slug>")
@allow(Access.SIGNED)
@gives(NotificationOutput)
@takes(raw=_BODY)
async def post_notification(token_id: str, slug: str) -> Response:
    """Take a notification of HCP Terraform

    Of assessments only; whatever else it tells, also that it tries this address, is answered 200 and changes nothing.
    """
    body = await request.get_data(cache=False, as_text=False)
    assert isinstance(body, bytes), "as_text=False"
    key = app().settings.data_key
    token = await reports.verify(app().db, key, slug, token_id, request.headers.get(SIGNATURE, ""), body)
    notice = reports.notice_of(bodies.read_object(body))
    if notice is None:
        return answer(NotificationOutput(recorded=False))
    actor = Actor("token", token.id, token.name, guards.client_address(), g.get("request_id", ""))
    recorded = await reports.note(app().db, key, token, actor, slug, notice)
    return answer(NotificationOutput(recorded=recorded), meta={"duplicate": not recorded})


post_notification.headers = _HEADERS  # type: ignore[attr-defined]
