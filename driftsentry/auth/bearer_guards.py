"""Who calls the API: what stands in `Authorization: Bearer`, read from the database for every request."""

from contextlib import suppress

from quart import g, request

from driftsentry import errors
from driftsentry.auth import actions, api_sessions, ci_tokens
from driftsentry.auth.ci_tokens import TOKEN_PREFIX
from driftsentry.auth.model import Person, Role, Token
from driftsentry.web import Access, app

_SIGN_IN = "Sign in: POST /api/v1/auth/login, then send Authorization: Bearer and the access token."
_NOT_FOR_CI = "This is a CI token. It does nothing but post reports for its stacks."


async def admit(access: Access) -> None:
    """Let the caller of an API route in, as `g.person` or `g.token`, or raise why not."""
    g.person = None
    if access in (Access.ANYONE, Access.SIGNED):
        return
    caller = await _identify(access)
    if access is Access.PUBLIC and not isinstance(caller, Person):
        if not app().settings.public_read:  # a CI token reads as somebody who is not signed in
            raise errors.SignedOut(_SIGN_IN)
        return
    if caller is None:
        wanted = f"Send a token with the right {access.value}: Authorization: Bearer dsk_..."
        raise errors.SignedOut(wanted if access.is_for_ci else _SIGN_IN)
    if access.is_for_ci:
        _admit_token(caller, access)
    else:
        _admit_person(caller, access)


async def _identify(access: Access) -> Person | Token | None:
    """Whoever the header names; None without one. Raises `InvalidToken` for one that names nobody alive."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _space, secret = header.partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise errors.SignedOut(_SIGN_IN)
    is_jwt = secret.count(".") == 2
    if secret.startswith(TOKEN_PREFIX) or (access.is_for_ci and not is_jwt):
        async with app().db.read() as tx:
            return await ci_tokens.identify_token(tx, secret)
    person = await api_sessions.identify(app().db, app().settings, secret)
    with suppress(errors.Unavailable):  # an answer must not fail because somebody else is writing
        await actions.note_seen(app().db, person)
    g.person = person
    return person


def _admit_token(caller: Person | Token, access: Access) -> None:
    if isinstance(caller, Person):
        raise errors.Forbidden(f"This takes a CI token with the right {access.value}, not the one of a person.")
    if caller.scope != access.value:
        raise errors.Forbidden(f"This token has the right {caller.scope}. This needs {access.value}.")
    g.token = caller


def _admit_person(caller: Person | Token, access: Access) -> None:
    if isinstance(caller, Token):
        raise errors.Forbidden(_NOT_FOR_CI)
    require(caller, access)


def require(person: Person, access: Access) -> None:
    """Raises `Forbidden` unless the role of `person` is enough."""
    needed = Role.VIEWER if access is Access.PUBLIC else Role(access.value)
    if not person.role.includes(needed):
        raise errors.Forbidden(
            f"Your role is {person.role}. This needs the role {needed}; an admin can give it to you."
        )
