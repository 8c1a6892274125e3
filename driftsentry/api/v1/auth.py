"""Signing in as a program: a short access token, and a refresh token that is used once."""

from typing import Annotated

from msgspec import Meta
from quart import Blueprint, Response, g, request

from driftsentry.api.schema import Input, Output, answer, gives, takes
from driftsentry.api.v1.users import UserOutput, user_output
from driftsentry.auth import Caller, Grant, access_lifetime, guards, log_in, log_out, refresh
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_auth", __name__, url_prefix="/api/v1/auth")


class LoginInput(Input, frozen=True):
    email: Annotated[str, Meta(min_length=1, max_length=320)]
    password: Annotated[str, Meta(min_length=1, max_length=72)]


class RefreshInput(Input, frozen=True):
    refresh_token: Annotated[str, Meta(min_length=1, max_length=1000)]


class GrantOutput(Output, frozen=True):
    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
    user: UserOutput


@blueprint.post("/login")
@allow(Access.ANYONE)
@gives(GrantOutput, fails=(401,))
@takes(body=LoginInput)
async def login(body: LoginInput) -> Response:
    """Sign in

    Opens a session. After 5 wrong passwords within 15 minutes, for an account or from an address, 429.
    """
    return _granted(await log_in(app().db, app().settings, body.email, body.password, _caller()))


@blueprint.post("/refresh")
@allow(Access.ANYONE)
@gives(GrantOutput, fails=(401,))
@takes(body=RefreshInput)
async def refresh_tokens(body: RefreshInput) -> Response:
    """Get a new pair of tokens

    The old refresh token is spent; within 10 s it gives the same new one. Used again later, it ends the session.
    """
    return _granted(await refresh(app().db, app().settings, body.refresh_token, _caller()))


@blueprint.post("/logout")
@allow(Access.ANYONE)
@gives(None, fails=(401,))
@takes(body=RefreshInput)
async def logout(body: RefreshInput) -> Response:
    """End the session

    Its refresh token and its access token are refused from now on.
    """
    await log_out(app().db, app().settings, body.refresh_token, _caller())
    return answer(None)


def _caller() -> Caller:
    return Caller(guards.client_address(), request.user_agent.string, g.request_id)


def _granted(grant: Grant) -> Response:
    seconds = int(access_lifetime.total_seconds())
    user = user_output(grant.user)
    return answer(
        GrantOutput(
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            token_type="Bearer",  # noqa: S106
            expires_in=seconds,
            user=user,
        )
    )
