"""One token sends 600 reports an hour at most: counted in the database, for all processes together."""

import asyncio
from datetime import timedelta

from driftsentry import clock, ids
from tests.ingest.samples import entry, plan
from tests.site import Site


async def reports_before(site: Site, number: int, ago: timedelta) -> None:
    """As if the CI token had sent `number` reports that long ago, and one just now."""
    await site.post_body(plan(entry({"a": 1}, {"a": 2})), "prod/app")
    [row] = await site.rows("SELECT * FROM reports LIMIT 1")
    names = list(row.keys())
    at = clock.to_text(clock.now() - ago)
    async with site.db.write() as tx:
        rows = [dict(zip(names, row, strict=True)) | {"id": ids.new(), "received_at": at} for _ in range(number)]
        await tx.run_many(
            f"INSERT INTO reports ({', '.join(names)}) VALUES ({', '.join(f':{n}' for n in names)})", rows
        )


async def test_a_token_sends_600_reports_an_hour_at_most(site: Site) -> None:
    await reports_before(site, 598, timedelta(minutes=50))
    other = await site.token("*")
    answers = [await site.post_body(plan(entry({"a": n}, {"a": -n})), "prod/app") for n in (3, 4, 5)]
    assert [answer.status_code for answer in answers] == [201, 429, 429]
    wait = int(answers[-1].headers["Retry-After"])
    assert 590 <= wait <= 600
    assert (await answers[-1].get_json())["error"]["code"] == "RATE_LIMITED"
    assert (await site.post_body(plan(entry({"a": 6}, {"a": -6})), "prod/app", token=other)).status_code == 201
    with clock.pretend(clock.now() + timedelta(seconds=wait)):
        assert (await site.post_body(plan(entry({"a": 7}, {"a": -7})), "prod/app")).status_code == 201


async def test_the_limit_holds_for_reports_that_come_side_by_side(site: Site) -> None:
    await reports_before(site, 597, timedelta(minutes=5))
    bodies = [plan(entry({"a": n}, {"a": -n})) for n in range(10, 18)]
    answers = await asyncio.gather(*[site.post_body(body, "prod/app") for body in bodies])
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [429] * 6
