"""Whole answers, kept for whoever asks for the same and would see the same."""

from collections.abc import Awaitable, Callable, Hashable

from quart import Response, g, request

from driftsentry import answers, clock
from driftsentry.kept import Kept, minute_of
from driftsentry.web import app

_HEADERS = ("Content-Type", "Vary")
_kept = Kept[tuple[bytes, dict[str, str]]](128)  # of 15 to 200 kB each


async def kept_answer(make: Callable[[], Awaitable[Response | str]], *beside: Hashable) -> Response:
    """What a GET route answers, kept until an event or the next minute. Not for who is not signed in.

    All that `make` shows must come from the address, from what events tell and from who asks; `beside`: the rest. The
    guards have let him in before, each time.
    """
    person = g.person
    if person is None:
        return await _made(make)
    # The number was read with the session: what is drawn after that is never older than it says.
    asked = request.host, request.full_path, answers.is_fragment(), beside
    key = asked, person.look, person.as_of, minute_of(clock.now())
    if found := _kept.find(app().db, key):
        body, headers = found
        return Response(body, headers=headers)
    response = await _made(make)
    if response.status_code == 200:
        headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
        _kept.keep(app().db, key, (await response.get_data(as_text=False), headers))
    return response


async def _made(make: Callable[[], Awaitable[Response | str]]) -> Response:
    made = await make()
    return Response(made) if isinstance(made, str) else made
