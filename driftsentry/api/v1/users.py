"""People: oneself, and for admins everybody."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType
from quart import Blueprint, Response

from driftsentry import auth, errors
from driftsentry.api.idempotency import Once, repeatable
from driftsentry.api.schema import Input, Output, answer, gives, takes
from driftsentry.auth import Account, Person, Role, User, guards
from driftsentry.clock import maybe_to_text, to_text
from driftsentry.db import Tx
from driftsentry.web import Access, allow, app

blueprint = Blueprint("api_users", __name__, url_prefix="/api/v1/users")
RoleName = Literal["viewer", "engineer", "admin"]


class UserOutput(Output, frozen=True):
    id: str
    email: str
    name: str
    role: RoleName


class AccountOutput(Output, frozen=True):
    id: str
    email: str
    name: str
    role: RoleName
    state: Literal["active", "invited", "disabled"]
    created_at: str
    signed_in_at: str | None
    sessions: int


class LinkOutput(Output, frozen=True):
    """`link`: shown once. Whoever opens it first chooses the password."""

    user: AccountOutput
    link: str


class InviteInput(Input, frozen=True):
    email: Annotated[str, Meta(min_length=3, max_length=320, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$")]
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: RoleName


class UserChangeInput(Input, frozen=True):
    role: RoleName | UnsetType = UNSET
    active: Annotated[bool, Meta(description="false: refused everywhere at once.")] | UnsetType = UNSET


def user_output(user: User | Person) -> UserOutput:
    return UserOutput(id=user.id, email=user.email, name=user.name, role=user.role.value)


@blueprint.get("/me")
@allow(Access.VIEWER)
@gives(UserOutput)
async def show_me() -> Response:
    """Who am I"""
    return answer(user_output(guards.person()))


@blueprint.get("")
@allow(Access.ADMIN)
@gives(list[AccountOutput])
async def list_users() -> Response:
    """All users, by e-mail address"""
    async with app().db.read() as tx:
        accounts = [_account(account) for account in await auth.select_accounts(tx)]
    return answer(accounts, meta={"total": len(accounts)})


@blueprint.post("")
@allow(Access.ADMIN)
@gives(LinkOutput, status=201, fails=(409,))
@repeatable(keeps_answer=False)
@takes(body=InviteInput)
async def invite_user(body: InviteInput, once: Once | None) -> Response:
    """Invite somebody

    Gives a link, valid for 7 days, that lets whoever opens it choose a password. It is not shown again.
    """
    made, secret = await auth.invite(app().db, guards.actor(), body.email, body.name, Role(body.role), once)
    return answer(await _link(made.id, secret), status=201)


@blueprint.patch("/<string(length=26):user_id>")
@allow(Access.ADMIN)
@gives(AccountOutput, fails=(409,))
@takes(body=UserChangeInput)
async def change_user(user_id: str, body: UserChangeInput) -> Response:
    """Change role or state

    Ends the user's sessions. The last active admin can be neither demoted nor disabled.
    """
    db, actor = app().db, guards.actor()
    role = None if body.role is UNSET else Role(body.role)
    is_active = None if body.active is UNSET else body.active
    await auth.change_user(db, actor, user_id, role=role, is_active=is_active)
    async with db.read() as tx:
        return answer(await _require(tx, user_id))


@blueprint.post("/<string(length=26):user_id>/reset-link")
@allow(Access.ADMIN)
@gives(LinkOutput, status=201, fails=(409,))
@repeatable(keeps_answer=False)
async def make_reset_link(user_id: str, once: Once | None) -> Response:
    """Make a link that lets somebody choose a new password

    Valid for 24 hours and shown once. Using it ends all sessions of the user.
    """
    secret = await auth.make_reset_link(app().db, guards.actor(), user_id, once)
    return answer(await _link(user_id, secret), status=201)


async def _link(user_id: str, secret: str) -> LinkOutput:
    async with app().db.read() as tx:
        account = await _require(tx, user_id)
    return LinkOutput(user=account, link=f"{app().settings.base_url}/welcome/{secret}")


async def _require(tx: Tx, user_id: str) -> AccountOutput:
    account = await auth.select_account(tx, user_id)
    if account is None:
        raise errors.NotFound("There is no such user.")
    return _account(account)


def _account(account: Account) -> AccountOutput:
    return AccountOutput(
        id=account.id,
        email=account.email,
        name=account.name,
        role=account.role.value,
        state=account.state,  # type: ignore[arg-type]
        created_at=to_text(account.created_at),
        signed_in_at=maybe_to_text(account.signed_in_at),
        sessions=account.sessions,
    )
