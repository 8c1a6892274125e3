"""Idempotency-Key: a POST whose answer was lost can be sent again, and is carried out once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from driftsentry import clock
from driftsentry.api.idempotency import HEADER
from tests.api.program import Answer, Program, as_role, program_of
from tests.site import Site

USER = {"email": "new@example.com", "name": "New", "role": "viewer"}
TOKEN = {"name": "pipeline", "stacks": ["prod/*"]}
CASES = {"/users": (USER, {**USER, "name": "Newer"}), "/tokens": (TOKEN, {**TOKEN, "days": 30})}
COUNT = {
    "/users": "SELECT count(*) FROM users WHERE email LIKE 'new%'",
    "/tokens": "SELECT count(*) FROM tokens WHERE name = 'pipeline'",
}
DAY = timedelta(days=1)

pytestmark = pytest.mark.parametrize("path", CASES)


@pytest.fixture
async def ada(site: Site) -> Program:
    return await as_role(site, "admin")


async def send(program: Program, path: str, body: Any = None, key: str = "k-1") -> Answer:
    return await program.post(path, json=CASES[path][0] if body is None else body, headers={HEADER: key})


async def done(site: Site, path: str) -> int:
    return int(await site.value(COUNT[path]))


async def keys(site: Site) -> int:
    return int(await site.value("SELECT count(*) FROM idempotency_keys"))


def secret_of(answer: Answer) -> str:
    data: Mapping[str, Any] = answer.data
    return str(data.get("token") or data["link"].rsplit("/", 1)[1])


async def test_the_same_request_again_is_not_done_again_and_the_secret_is_not_shown_again(
    site: Site, ada: Program, path: str
) -> None:
    first = await send(ada, path)
    assert first.status == 201
    events = len(await site.events())
    for _ in range(2):
        again = await send(ada, path)
        assert (again.status, again.code) == (409, "CONFLICT")
        assert "already" in again.body["error"]["message"]
        assert secret_of(first) not in repr(again.body)
    assert (await done(site, path), len(await site.events())) == (1, events)


async def test_another_request_with_the_same_key_is_refused(site: Site, ada: Program, path: str) -> None:
    await send(ada, path)
    other = await send(ada, path, CASES[path][1])
    assert (other.status, [*other.refused]) == (422, [HEADER])
    assert await done(site, path) == 1


async def test_another_key_is_another_request(site: Site, ada: Program, path: str) -> None:
    await send(ada, path)
    other = await send(ada, path, {**CASES[path][0], "email": "new2@example.com"} if path == "/users" else None, "k-2")
    assert other.status == 201
    assert await done(site, path) == 2


async def test_ten_at_once_are_done_once(site: Site, ada: Program, path: str) -> None:
    answers = await asyncio.gather(*(send(ada, path) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 9
    assert await done(site, path) == 1


async def test_two_different_requests_at_once_with_one_key_are_one(site: Site, ada: Program, path: str) -> None:
    answers = await asyncio.gather(send(ada, path), send(ada, path, CASES[path][1]))
    assert sorted(answer.status for answer in answers) == [201, 422]
    assert await done(site, path) == 1


async def test_the_key_of_somebody_else_is_another_key(site: Site, ada: Program, path: str) -> None:
    other = await program_of(site, await site.person("Alan", "admin"))
    await send(ada, path)
    answer = await send(other, path)
    if path == "/users":  # done, and therefore in the way: but not for the key
        assert (answer.status, [*answer.refused]) == (409, ["email"])
    else:
        assert (answer.status, await done(site, path)) == (201, 2)


async def test_the_key_goes_with_the_person_and_not_with_the_session(site: Site, ada: Program, path: str) -> None:
    await send(ada, path)
    assert (await send(await program_of(site, site.people["Ada"]), path)).status == 409
    assert await done(site, path) == 1


async def test_the_key_of_another_address_is_another_key(site: Site, ada: Program, path: str) -> None:
    await send(ada, path)
    [other] = set(CASES) - {path}
    assert (await send(ada, other)).status == 201


async def test_a_request_that_failed_takes_no_key(site: Site, ada: Program, path: str) -> None:
    body, _ = CASES[path]
    assert (await send(ada, path, {**body, "name": ""})).status == 422
    viewer = await as_role(site, "viewer")
    assert (await send(viewer, path)).status == 403
    if path == "/users":
        assert (await send(ada, path, {**USER, "email": "ada@example.com"})).status == 409
    else:
        assert (await send(ada, path, {**TOKEN, "stacks": []})).status == 422  # found by the verb, not by the types
    assert await keys(site) == 0
    assert (await send(ada, path)).status == 201


async def test_who_lost_the_role_meanwhile_takes_no_key_and_learns_nothing(site: Site, ada: Program, path: str) -> None:
    await send(ada, path)
    await site.run("UPDATE users SET role = 'viewer' WHERE id = :id", id=site.people["Ada"].id)
    for key in ("k-1", "k-2"):
        assert (await send(ada, path, key=key)).status == 403
    assert await keys(site) == 1


async def test_keys_are_forgotten_after_a_day(site: Site, ada: Program, path: str) -> None:
    await send(ada, path)
    later = clock.now() + DAY
    with clock.pretend(later - timedelta(minutes=1)):
        again = await program_of(site, site.people["Ada"])
        assert (await send(again, path)).status == 409
    with clock.pretend(later + timedelta(minutes=1)):
        again = await program_of(site, site.people["Ada"])
        answer = await send(again, path, CASES[path][1] | ({"email": "new2@example.com"} if path == "/users" else {}))
        assert answer.status == 201
        assert (await done(site, path), await keys(site)) == (2, 1)


async def test_neither_the_key_nor_a_secret_is_kept(site: Site, ada: Program, path: str) -> None:
    answer = await send(ada, path, key="a-key-of-my-own")
    [kept] = await site.rows("SELECT * FROM idempotency_keys")
    assert kept["answer"] is None
    everything = repr([tuple(kept), await site.tables()])
    assert "a-key-of-my-own" not in everything
    assert secret_of(answer) not in everything


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "ü", "a\tb"])
async def test_a_key_that_is_none_is_refused(site: Site, ada: Program, path: str, key: str) -> None:
    answer = await send(ada, path, key=key)
    assert (answer.status, [*answer.refused]) == (400, [HEADER])
    assert await done(site, path) == 0


async def test_without_a_key_every_request_is_done(site: Site, ada: Program, path: str) -> None:
    statuses = [(await ada.post(path, json=CASES[path][0])).status for _ in range(2)]
    assert statuses == ([201, 409] if path == "/users" else [201, 201])
    assert await keys(site) == 0
