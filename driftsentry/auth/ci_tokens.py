"""Tokens of CI jobs and monitors: made, revoked, and recognised."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from driftsentry import clock, errors, events, ids
from driftsentry.auth import token_queries
from driftsentry.auth.actions import require_role
from driftsentry.auth.model import Role, Scope, Token
from driftsentry.db import Database, Tx
from driftsentry.errors import Problem
from driftsentry.events import SYSTEM, Actor

TOKEN_PREFIX = "dsk_"  # noqa: S105
DEFAULT_DAYS, MOST_DAYS = 90, 365
NAME_LENGTH, GLOB_LENGTH, MOST_GLOBS = 100, 200, 50
_GLOB = re.compile(r"[A-Za-z0-9._/*?\[\]-]+")
Once = Callable[[Tx], Awaitable[None]]


async def create_token(
    db: Database,
    actor: Actor,
    name: str,
    stacks: Sequence[str],
    lifetime: timedelta,
    scope: str = Scope.REPORT,
    once: Once | None = None,
    token_id: str = "",
) -> tuple[Token, str]:
    """The token and its secret, which is shown once and not kept.

    `once` comes first inside the transaction, and may refuse. Raises `Invalid` with every problem, `Forbidden`
    for anybody but admins and the command line, `Conflict` when there is a token `token_id`.
    """
    name, secret, now = name.strip(), ids.secret(TOKEN_PREFIX), clock.now()
    # The command line makes tokens of minutes, too: whoever has it needs no limits.
    _check(name, stacks, scope, None if actor == SYSTEM else lifetime)
    token = Token(
        token_id or ids.new(), name, tuple(stacks), now, now + lifetime, None, None, Scope(scope), actor.id, actor.name
    )
    async with db.write() as tx:
        if once:
            await once(tx)
        await _require_admin(tx, actor)
        if token_id and await token_queries.select_token_by_id(tx, token_id):
            raise errors.Conflict("This token was made already. Its secret was shown then, and is not kept.")
        await token_queries.insert_token(tx, token, ids.fingerprint_of(secret))
        _tell(tx, "token.created", actor, token)
    return token, secret


def _check(name: str, stacks: Sequence[str], scope: str, lifetime: timedelta | None) -> None:
    problems = []
    if not name.isprintable() or not 1 <= len(name) <= NAME_LENGTH:
        problems.append(Problem("name", f"Give it a name of 1 to {NAME_LENGTH} printable characters."))
    if scope not in set(Scope):
        problems.append(Problem("scope", f"Choose {' or '.join(Scope)}."))
    if sentence := _wrong_with(stacks, scope):
        problems.append(Problem("stacks", sentence))
    if lifetime is not None and not timedelta(days=1) <= lifetime <= timedelta(days=MOST_DAYS):
        problems.append(Problem("days", f"From 1 to {MOST_DAYS} days."))
    if problems:
        raise errors.Invalid(" ".join(problem.message for problem in problems), problems=problems)


def _wrong_with(stacks: Sequence[str], scope: str) -> str | None:
    if scope == Scope.METRICS:
        return "A token that reads metrics is for no stack: leave this empty." if stacks else None
    if not stacks:
        return "Say which stacks it reports for, such as prod/*. For all of them: *"
    if len(stacks) > MOST_GLOBS:
        return f"{MOST_GLOBS} globs at most. A glob such as prod/* covers many stacks."
    if any(len(glob) > GLOB_LENGTH or not _GLOB.fullmatch(glob) for glob in stacks):
        return f"Letters, digits, . _ - / and the signs * ? [ ], and {GLOB_LENGTH} characters at most in each glob."
    return None


async def _require_admin(tx: Tx, actor: Actor) -> None:
    if actor != SYSTEM:
        await require_role(tx, actor, Role.ADMIN)


def _tell(tx: Tx, kind: str, actor: Actor, token: Token) -> None:
    events.record(
        tx,
        kind,
        actor,
        at=clock.now(),
        token_id=token.id,
        name=token.name,
        scope=token.scope.value,
        stacks=list(token.stacks),
        expires_at=clock.to_text(token.expires_at),
    )


async def revoke_token(db: Database, actor: Actor, name_or_id: str) -> int:
    """How many tokens of that name or id were not revoked until now."""
    async with db.write() as tx:
        await _require_admin(tx, actor)
        revoked = await token_queries.update_token_revoked(tx, name_or_id, clock.now())
        for token in revoked:
            _tell(tx, "token.revoked", actor, token)
    return len(revoked)


async def identify_token(tx: Tx, secret: str) -> Token:
    """Raises `InvalidToken` for one that is unknown, revoked or expired, each in its own words.

    What it is for, its scope and its stacks, is for the caller to ask.
    """
    token = (
        await token_queries.select_token(tx, ids.fingerprint_of(secret)) if secret.startswith(TOKEN_PREFIX) else None
    )
    if token is None:
        raise errors.InvalidToken("This token is unknown. Make one with: python -m driftsentry token create")
    if token.revoked_at is not None:
        raise errors.InvalidToken("This token was revoked. Ask an admin for another one.")
    if token.expires_at <= clock.now():
        raise errors.InvalidToken("This token has expired. Ask an admin for another one.", code="TOKEN_EXPIRED")
    return token
