"""Tokens of CI jobs and monitors, for admins."""

from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta
from quart import Blueprint, Response

from driftsentry import auth, clock, errors, reports
from driftsentry.api.idempotency import Once, repeatable
from driftsentry.api.schema import Input, Output, answer, gives, takes
from driftsentry.auth import Scope, Token, guards
from driftsentry.clock import maybe_to_text, to_text
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_tokens", __name__, url_prefix="/api/v1/tokens")
ScopeName = Literal["report:write", "metrics:read"]
Glob = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._/*?\[\]-]+$")]


class TokenInput(Input, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    stacks: Annotated[list[Glob], Meta(max_length=50, description="Globs, such as prod/*; for report:write.")] = []
    scope: ScopeName = "report:write"
    days: Annotated[int, Meta(ge=1, le=365, description="How long it is valid.")] = 90


class TokenOutput(Output, frozen=True):
    id: str
    name: str
    scope: ScopeName
    stacks: list[str]
    state: Literal["active", "expired", "revoked"]
    created_by: str | None
    created_at: str
    expires_at: str
    last_used_at: str | None
    last_used_address: str | None
    revoked_at: str | None


class NotificationsOutput(Output, frozen=True):
    """What HCP Terraform is given for its notifications: `{stack}` in the address stands for one of the stacks."""

    url: str
    token: str


class NewTokenOutput(Output, frozen=True):
    """`token`: shown once. `notifications`: of a token that reports."""

    token: str
    about: TokenOutput
    notifications: NotificationsOutput | None


@blueprint.get("")
@allow(Access.ADMIN)
@gives(list[TokenOutput])
async def list_tokens() -> Response:
    """All tokens, without their secrets"""
    async with app().db.read() as tx:
        found = [_token(token) for token in await auth.select_tokens(tx)]
    return answer(found, meta={"total": len(found)})


@blueprint.post("")
@allow(Access.ADMIN)
@gives(NewTokenOutput, status=201, fails=(409,))
@repeatable(keeps_answer=False)
@takes(body=TokenInput)
async def create_token(body: TokenInput, once: Once | None) -> Response:
    """Make a token

    Its secret is in this answer and nowhere else. Sent again with the same Idempotency-Key: 409.
    """
    lifetime = timedelta(days=body.days)
    made, secret = await auth.create_token(app().db, guards.actor(), body.name, body.stacks, lifetime, body.scope, once)
    return answer(NewTokenOutput(token=secret, about=_token(made), notifications=_notifications(made)), status=201)


@blueprint.delete("/<string(length=26):token_id>")
@allow(Access.ADMIN)
@gives(TokenOutput)
async def revoke_token(token_id: str) -> Response:
    """Revoke a token

    It is refused from now on. Again: the same answer.
    """
    async with app().db.read() as tx:
        if await auth.select_token_by_id(tx, token_id) is None:
            raise errors.NotFound("There is no such token.")
    await auth.revoke_token(app().db, guards.actor(), token_id)
    async with app().db.read() as tx:
        token = await auth.select_token_by_id(tx, token_id)
    assert token is not None, "tokens are never deleted"
    return answer(_token(token))


def _notifications(token: Token) -> NotificationsOutput | None:
    if token.scope is not Scope.REPORT:
        return None
    settings = app().settings
    url = f"{settings.base_url}/api/v1/notifications/{token.id}/{{stack}}"
    return NotificationsOutput(url=url, token=reports.secret_of(settings.data_key, token.id))


def _token(token: Token) -> TokenOutput:
    return TokenOutput(
        id=token.id,
        name=token.name,
        scope=token.scope.value,
        stacks=list(token.stacks),
        state=token.state(clock.now()),  # type: ignore[arg-type]
        created_by=token.created_by_name or None,
        created_at=to_text(token.created_at),
        expires_at=to_text(token.expires_at),
        last_used_at=maybe_to_text(token.last_used_at),
        last_used_address=token.last_used_address or None,
        revoked_at=maybe_to_text(token.revoked_at),
    )
