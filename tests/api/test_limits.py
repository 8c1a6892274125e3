"""How often the API may be called: of each token and of each address, and nobody is hit by what another does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from quart_rate_limiter import RateLimiter

from driftsentry import limits
from tests.api.program import Answer, Program, as_nobody, as_role, program_of
from tests.api.test_envelope import check_failure
from tests.site import Site, running_site

LIMIT = 5


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(f"sqlite:///{tmp_path / 'test.db'}", API_REQUESTS_A_MINUTE=str(LIMIT)) as site:
        yield site


def at(program: Program, address: str) -> Program:
    return Program(program.app, program.token, address)


async def ask(program: Program, times: int, path: str = "/users/me") -> list[Answer]:
    return [await program.get(path) for _ in range(times)]


def statuses(answers: list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


async def test_the_request_after_the_last_is_refused_and_told_when_to_come_back(narrow: Site) -> None:
    emil = await as_role(narrow, "engineer")
    *taken, refused = await ask(emil, LIMIT + 1)
    assert statuses(taken) == [200] * LIMIT
    check_failure(refused, 429, "RATE_LIMITED")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60 / LIMIT + 1
    assert (refused.headers["RateLimit-Limit"], refused.headers["RateLimit-Remaining"]) == (str(LIMIT), "0")


async def test_every_answer_tells_how_many_are_left(narrow: Site) -> None:
    answers = await ask(await as_role(narrow, "engineer"), LIMIT)
    left = [int(answer.headers["RateLimit-Remaining"]) for answer in answers]
    assert left == sorted(left, reverse=True)
    assert (left[0], left[-1]) == (LIMIT - 1, 0)
    assert all(0 < int(answer.headers["RateLimit-Reset"]) <= 60 for answer in answers)


async def test_all_addresses_of_the_api_count_together_and_refusals_too(narrow: Site) -> None:
    viewer = await as_role(narrow, "viewer")
    for path in ("/users/me", "/users", "/alerts?page=0", "/stacks/nothing", "/sessions"):
        assert (await viewer.get(path)).status in (200, 400, 403, 404)
    assert (await viewer.post("/alerts/read-all")).status == 429


async def test_the_limit_is_of_the_token_wherever_it_is_used(narrow: Site) -> None:
    emil = await as_role(narrow, "engineer")
    answers = [await at(emil, f"203.0.113.{number}").get("/users/me") for number in range(LIMIT + 1)]
    assert statuses(answers) == [200] * LIMIT + [429]


async def test_another_token_is_not_hit(narrow: Site) -> None:
    emil = await as_role(narrow, "engineer")
    assert statuses(await ask(emil, LIMIT + 1))[-1] == 429
    other = await program_of(narrow, narrow.people["Emil"])  # another session of the same person
    for free in (other, await as_role(narrow, "viewer")):
        assert (await at(free, "203.0.113.9").get("/users/me")).status == 200


async def test_an_address_may_ask_twice_as_often_whatever_tokens_it_makes_up(narrow: Site) -> None:
    answers = [await Program(narrow.app, f"made-up-{number}").get("/users/me") for number in range(2 * LIMIT + 1)]
    assert statuses(answers) == [401] * 2 * LIMIT + [429]
    check_failure(await (await as_role(narrow, "viewer")).get("/users/me"), 429, "RATE_LIMITED")
    assert (await at(await as_role(narrow, "viewer"), "203.0.113.9").get("/users/me")).status == 200


async def test_without_a_token_the_address_is_counted(narrow: Site) -> None:
    nobody = as_nobody(narrow)
    assert statuses(await ask(nobody, LIMIT + 1)) == [401] * LIMIT + [429]
    assert (await at(nobody, "203.0.113.9").get("/users/me")).status == 401


@pytest.mark.parametrize(
    ("one", "another", "is_alike"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.1", "203.0.113.2", False),
        ("<local>", "<local>", True),
    ],
)
async def test_an_address_of_ipv6_is_its_network(narrow: Site, one: str, another: str, is_alike: bool) -> None:
    await ask(at(as_nobody(narrow), one), LIMIT)
    assert (await at(as_nobody(narrow), another).get("/users/me")).status == (429 if is_alike else 401)


async def test_requests_side_by_side_do_not_slip_through(narrow: Site) -> None:
    emil = await as_role(narrow, "engineer")
    answers = await asyncio.gather(*(emil.get("/users/me") for _ in range(30)))
    assert sorted(statuses(answers)) == [200] * LIMIT + [429] * (30 - LIMIT)


async def test_ci_jobs_are_counted_and_told_so_before_their_body_is_read(narrow: Site) -> None:
    secret = await narrow.token()
    job = Program(narrow.app, secret)
    answers = [await job.post("/stacks/prod/app/reports", data=b"{}") for _ in range(LIMIT + 1)]
    assert statuses(answers) == [422] * LIMIT + [429]
    check_failure(await job.post("/stacks/prod/app/reports", data=b"x" * (65 << 20)), 429, "RATE_LIMITED")


async def test_pages_and_health_have_no_such_limit_and_no_such_headers(narrow: Site) -> None:
    viewer = await narrow.as_viewer()
    for _ in range(3 * LIMIT):
        for path in ("/drifts", "/healthz", "/login", "/static/base.css"):
            response = await viewer.get(path)
            assert response.status_code in (200, 303), path
            assert "RateLimit-Limit" not in response.headers


async def test_after_the_wait_it_goes_on(tmp_path: Path) -> None:
    async with running_site(f"sqlite:///{tmp_path / 'test.db'}", API_REQUESTS_A_MINUTE="120") as site:
        emil = await as_role(site, "engineer")
        answers = await asyncio.gather(*(emil.get("/users/me") for _ in range(130)))
        assert 429 in statuses([*answers])
        await asyncio.sleep(1.1)  # two more have become free
        assert (await emil.get("/users/me")).status == 200


def store_of(site: Site) -> Any:
    owners = [getattr(function, "__self__", None) for function in site.app.before_request_funcs[None]]
    [limiter] = [owner for owner in owners if isinstance(owner, RateLimiter)]
    return limiter.store


async def test_what_is_kept_of_callers_is_bounded_and_the_newest_stay(
    narrow: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 10)
    store = store_of(narrow)
    for number in range(30):
        await Program(narrow.app, f"made-up-{number}", f"203.0.113.{number}").get("/users/me")
    assert len(store._arrivals) == 10
    assert "from 203.0.113.29" in store._arrivals
    assert "from 203.0.113.0" not in store._arrivals


async def test_what_is_kept_is_no_token(narrow: Site) -> None:
    emil = await as_role(narrow, "engineer")
    await emil.get("/users/me")
    assert len(store_of(narrow)._arrivals) == 2
    assert emil.token not in repr(store_of(narrow)._arrivals)
