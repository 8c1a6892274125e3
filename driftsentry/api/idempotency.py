"""Idempotency-Key: a POST that is sent again, because its answer was lost, is carried out once.

The key is claimed in the transaction of the work itself, so that there is never one without the other. An answer
that holds a secret is not kept: the repetition is told that the work was done, and that the secret is gone.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

from quart import Response, request

from driftsentry import clock, errors
from driftsentry.api import queries
from driftsentry.api.schema import JSON, Handler
from driftsentry.auth import guards
from driftsentry.db import Tx
from driftsentry.errors import Problem
from driftsentry.web import app

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "description": "Any text of your own. The same request with the same key again, within a day, is done once.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}
Once = Callable[[Tx], Awaitable[None]]


class _Claimed(Exception):
    """Somebody else had the key first, by a moment."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """One key of one caller for one address, and what was sent with it."""

    key_hash: str
    request_hash: str

    async def __call__(self, tx: Tx) -> None:
        """Take the key within `tx`."""
        now = clock.now()
        await queries.delete_keys_before(tx, now - KEPT_FOR)
        if not await queries.insert_key(tx, self.key_hash, self.request_hash, now):
            raise _Claimed


def repeatable(*, keeps_answer: bool = True) -> Callable[[Handler], Handler]:
    """Hands the handler `once`, to be awaited first in the transaction of its work; None without a key."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def wrapped(*args: Any, **values: Any) -> Response:
            claim = await _claim()
            if claim is None:
                return await handler(*args, once=None, **values)
            try:
                return await _earlier(claim) or await _first(claim, handler, args, values, keeps_answer)
            except _Claimed:
                repeated = await _earlier(claim)
                assert repeated is not None, "who had the key has committed"
                return repeated

        wrapped.headers = [*getattr(handler, "headers", []), _PARAMETER]  # type: ignore[attr-defined]
        return wrapped

    return decorate


async def _claim() -> _Claim | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        sentence = f"{HEADER} has 1 to 200 printable ASCII characters."
        raise errors.Invalid(sentence, status=400, problems=[Problem(HEADER, sentence)])
    body = await request.get_data(cache=True, as_text=False)
    assert isinstance(body, bytes), "as_text=False"
    whose = "|".join((guards.actor().id, request.method, request.path, key))
    return _Claim(hashlib.sha256(whose.encode()).hexdigest(), hashlib.sha256(body).hexdigest())


async def _first(claim: _Claim, handler: Handler, args: Any, values: Any, keeps_answer: bool) -> Response:
    response = await handler(*args, once=claim, **values)
    text = await response.get_data(as_text=True) if keeps_answer else None
    async with app().db.write() as tx:
        await queries.update_answer(tx, claim.key_hash, response.status_code, text)
    return response


async def _earlier(claim: _Claim) -> Response | None:
    """The answer to the same request before. Raises `Invalid` for another request with the same key."""
    async with app().db.read() as tx:
        kept = await queries.select_kept(tx, claim.key_hash, clock.now() - KEPT_FOR)
    if kept is None:
        return None
    if kept.request_hash != claim.request_hash:
        sentence = f"This {HEADER} was used for another request. Take a new one."
        raise errors.Invalid(sentence, problems=[Problem(HEADER, sentence)])
    if kept.status is None or kept.answer is None:
        raise errors.Conflict(
            "This request was carried out already; nothing was done again. Its answer is not kept: look at the list, "
            "and where a secret was lost, end what it is for and make another one."
        )
    return Response(kept.answer, kept.status, content_type=JSON, headers={"Idempotency-Replayed": "true"})
