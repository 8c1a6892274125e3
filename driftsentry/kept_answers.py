"""Whole answers, kept for whoever asks for the same and would see the same."""

from collections.abc import Awaitable, Callable, Hashable
from typing import NamedTuple

from quart import Response, g, request
from werkzeug.datastructures import Headers

from driftsentry import answers, clock
from driftsentry.kept import Kept, minute_of
from driftsentry.templating import stamp
from driftsentry.web import app

LONGEST = 200_000  # bytes; a list of fifty has 70,000
# The page's clock, which live.js tells ages by: of each answer, not of the one that was kept. No value can look so, for
# in a value a quotation mark is escaped.
_CLOCK = b' data-now="'
_CLOCK_LENGTH = len("2026-11-22T12:00:00Z")


class _Answer(NamedTuple):
    """`clock_at`: where the page's clock stands in it, -1 in a fragment and in JSON."""

    body: bytes
    headers: list[tuple[str, str]]
    clock_at: int


_kept = Kept[_Answer](128)


async def kept_answer(make: Callable[[], Awaitable[Response | str]], *beside: Hashable) -> Response:
    """What a GET route answers, kept until an event or the next minute. Not for who is not signed in.

    All that `make` shows must come from the address, from what events tell and from who asks; `beside`: the rest. The
    guards have let him in before, each time.
    """
    person = g.person
    if person is None:
        return await _made(make)
    # The number was read with the session: what is drawn after that is never older than it says.
    asked = request.host_url, request.full_path, answers.is_fragment(), beside
    key = asked, person.look, person.as_of, minute_of(clock.now())
    if found := _kept.find(app().db, key):
        return Response(_with_clock(found), headers=Headers(found.headers))
    response = await _made(make)
    body: bytes = await response.get_data(as_text=False)
    if response.status_code == 200 and len(body) <= LONGEST and "Set-Cookie" not in response.headers:
        start = body.find(_CLOCK)
        _kept.keep(app().db, key, _Answer(body, list(response.headers), start + len(_CLOCK) if start >= 0 else -1))
    return response


def _with_clock(found: _Answer) -> bytes:
    body, start = found.body, found.clock_at
    if start < 0:
        return body
    return body[:start] + stamp(clock.now()).encode() + body[start + _CLOCK_LENGTH :]


async def _made(make: Callable[[], Awaitable[Response | str]]) -> Response:
    made = await make()
    return Response(made) if isinstance(made, str) else made
