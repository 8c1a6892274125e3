"""The list of drifts for programs: filters, orders, totals, and cursors that cover each drift once."""

import asyncio
from typing import Any

import pytest

from driftsentry.api.paging import cursor_of
from driftsentry.drifts import SORTS, listing_queries, walk_queries
from tests.api.program import Program, as_ci, as_nobody, as_role, program_of, refusal
from tests.ingest.samples import entry, plan
from tests.site import Site

MANY = 300
CHANGES: list[tuple[Any, Any, dict[str, Any]]] = [
    ({"size": 1}, {"size": 2}, {}),
    ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, {"type": "aws_instance"}),
    ({"cidr_blocks": ["10.0.0.0/8"]}, {"cidr_blocks": ["0.0.0.0/0"]}, {"type": "aws_security_group"}),
    ({"size": 1}, None, {"type": "aws_ebs_volume", "change": {"actions": ["delete"]}}),
    ({"name": None}, {"name": ""}, {"type": "aws_iam_role"}),
]


def part(first: int, last: int) -> bytes:
    """Drifts of every severity and cause."""
    entries = []
    for number in range(first, last):
        before, after, fields = CHANGES[number % len(CHANGES)]
        kind = fields.get("type", "demo")
        entries.append(entry(before, after, **fields | {"address": f"{kind}.n{number:04}", "name": f"n{number:04}"}))
    return plan(*entries, complete=False)


async def fill(site: Site, amount: int = 40) -> None:
    """Four stacks, of which the third is in another environment; some drifts are decided."""
    for number, stack in enumerate(("prod/app", "prod/app_2", "staging/net/eu", "prod/x")):
        await site.post_body(part(number * amount // 4, (number + 1) * amount // 4), stack=stack)
    emil = await site.person("Emil")
    await site.run(
        "INSERT INTO decisions (id, drift_id, user_id, verdict, reason, fingerprint, changes, decided_at)"
        " SELECT 'd' || id, id, :user, CASE WHEN id % 3 = 0 THEN 'approved' ELSE 'rejected' END, 'because of this',"
        " fingerprint, changes, updated_at FROM drifts WHERE id % 3 = 0 OR id % 7 = 0",
        user=emil.id,
    )
    await site.run(
        "UPDATE drifts SET decision_id = 'd' || id, status = CASE WHEN id % 3 = 0 THEN 'approved' ELSE 'rejected' END"
        " WHERE id % 3 = 0 OR id % 7 = 0"
    )
    await site.run("UPDATE drifts SET status = 'resolved', resolved_at = updated_at WHERE id % 11 = 0")
    await site.run("UPDATE drifts SET is_snoozed = 1 WHERE status = 'detected' AND id % 4 = 1")


@pytest.fixture(params=["sorted", "merged"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Few drifts are sorted, many are merged from walks along indexes: both must give the same."""
    if request.param == "merged":
        monkeypatch.setattr(walk_queries, "FEW", 0)
    return str(request.param)


async def walk(program: Program, query: str, more: Any = None) -> list[str]:
    """The ids of all pages, by cursor."""
    found, cursor = [], ""
    while True:
        answer = await program.get(f"/drifts?{query}{cursor}")
        found += [drift["id"] for drift in answer.data]
        if not answer.meta["hasMore"]:
            assert "nextCursor" not in answer.meta
            return found
        cursor = f"&cursor={answer.meta['nextCursor']}"
        if more:
            await more()


# -- Who -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/drifts", "/drifts/1", "/drifts/1/timeline"])
async def test_everybody_who_is_signed_in_reads_and_nobody_else(site: Site, path: str) -> None:
    await fill(site, 4)
    for role in ("viewer", "engineer", "admin"):
        assert (await (await as_role(site, role)).get(path)).status == 200
    gone = await site.person("Gone")
    disabled = await program_of(site, gone)
    await site.disable(gone)
    assert refusal(await as_nobody(site).get(path)) == (401, "AUTHENTICATION_REQUIRED")
    assert refusal(await (await as_ci(site)).get(path)) == (401, "AUTHENTICATION_REQUIRED")
    assert refusal(await disabled.get(path)) == (401, "INVALID_TOKEN")
    assert refusal(await Program(site.app, "forged.token.x").get(path)) == (401, "INVALID_TOKEN")


# -- Orders and pages ----------------------------------------------------------------------------------------------


async def test_a_cursor_covers_every_drift_once_while_new_ones_arrive(site: Site, how: str) -> None:
    await fill(site, MANY)
    viewer, arriving = await as_role(site, "viewer"), iter(range(MANY, MANY + 1000))

    async def arrive() -> None:
        number = next(arriving)
        await site.post_body(part(number, number + 1), stack="prod/new")

    for sort in SORTS:
        old = {str(row["id"]) for row in await site.rows("SELECT id FROM drifts")}
        found = await walk(viewer, f"sort={sort}&pageSize=61", arrive)
        assert len(old) >= MANY
        assert len(found) == len(set(found)), sort
        assert old <= set(found), sort


async def test_each_order_is_what_it_says_and_pages_by_number_agree(site: Site, how: str) -> None:
    await fill(site, 60)
    for sort in SORTS:
        await check_order(site, sort)


async def check_order(site: Site, sort: str) -> None:
    program, ranks = await as_role(site, "viewer"), ["low", "medium", "high", "critical"]
    whole = (await program.get(f"/drifts?sort={sort}&pageSize=200")).data
    keys = {
        "detectedAt": lambda drift: (drift["detectedAt"], int(drift["id"])),
        "updatedAt": lambda drift: (drift["updatedAt"], int(drift["id"])),
        "severity": lambda drift: (ranks.index(drift["severity"]), drift["detectedAt"], int(drift["id"])),
        "address": lambda drift: (drift["address"], int(drift["id"])),
        "id": lambda drift: int(drift["id"]),
    }
    if site.db.engine == "sqlite" or "address" not in sort:  # PostgreSQL orders words by its own collation
        assert whole == sorted(whole, key=keys[sort.lstrip("-")], reverse=sort.startswith("-")), sort
    pages = [(await program.get(f"/drifts?sort={sort}&pageSize=17&page={page}")) for page in (1, 2, 3, 4, 5)]
    assert [drift for page in pages for drift in page.data] == whole, sort
    assert [page.meta["hasMore"] for page in pages] == [True, True, True, False, False]
    assert {page.meta["total"] for page in pages} == {60}


async def test_the_latest_come_first_without_a_sort(site: Site) -> None:
    await fill(site, 20)
    program = await as_role(site, "viewer")
    answer = await program.get("/drifts")
    assert answer.data == (await program.get("/drifts?sort=-detectedAt")).data
    assert answer.meta == {"page": 1, "pageSize": 20, "total": 20, "hasMore": False}


async def test_a_very_deep_page_is_empty(site: Site, how: str) -> None:
    await fill(site, 20)
    answer = await (await as_role(site, "viewer")).get("/drifts?page=100000&pageSize=200&type=*")
    assert (answer.data, answer.meta["hasMore"]) == ([], False)


async def test_no_drift_at_all_is_an_empty_list(site: Site) -> None:
    answer = await (await as_role(site, "viewer")).get("/drifts?q=anything&severity=low")
    assert (answer.data, answer.meta["total"], answer.meta["hasMore"]) == ([], 0, False)


# -- Filters -------------------------------------------------------------------------------------------------------


FILTERS = [
    ("status=approved", "status = 'approved'"),
    ("status=approved&status=resolved", "status IN ('approved', 'resolved')"),
    ("severity=critical&severity=high&severity=high", "severity IN ('critical', 'high')"),
    ("status=detected&severity=low&cause=informational", "status = 'detected' AND cause = 'informational'"),
    ("cause=out_of_band", "cause = 'out_of_band'"),
    ("cause=", "1 = 1"),
    ("snoozed=true", "is_snoozed = 1"),
    ("snoozed=false&status=detected&severity=low", "is_snoozed = 0 AND status = 'detected' AND severity = 'low'"),
    ("snoozed=true&q=demo&stack=prod/*", "is_snoozed = 1 AND resource_type = 'demo' AND slug LIKE 'prod/%'"),
    ("stack=prod/app", "slug = 'prod/app'"),
    ("stack=prod/app_2&status=rejected", "slug = 'prod/app_2' AND status = 'rejected'"),
    ("stack=prod/*", "slug LIKE 'prod/%'"),
    ("stack=*app_*", "slug = 'prod/app_2'"),
    ("stack=prod_app*", "1 = 0"),
    ("stack=*e*&severity=critical", "slug = 'staging/net/eu' AND severity = 'critical'"),
    ("environment=staging", "environment = 'staging'"),
    ("environment=prod&stack=*eu", "1 = 0"),
    ("type=aws_instance", "resource_type = 'aws_instance'"),
    ("type=aws*", "resource_type <> 'demo'"),
    ("type=*_i*_role", "resource_type = 'aws_iam_role'"),
    ("type=aws%25", "1 = 0"),
    ("type=aws_____tance", "1 = 0"),
    ("action=delete&stack=prod*", "action = 'delete' AND environment = 'prod'"),
    ("q=ebs%20prod", "resource_type = 'aws_ebs_volume' AND environment = 'prod'"),
    ("q=ebs&status=detected&type=aws*", "resource_type = 'aws_ebs_volume' AND status = 'detected'"),
    ("stack=nowhere", "1 = 0"),
    ("environment=prod'--", "1 = 0"),
]


async def test_filters_narrow_together_and_the_total_says_how_many(site: Site, how: str) -> None:
    await fill(site)
    program = await as_role(site, "viewer")
    for query, condition in FILTERS:
        sql = f"SELECT d.id FROM drifts d JOIN stacks s ON s.id = d.stack_id WHERE {condition}"
        expected = {str(row["id"]) for row in await site.rows(sql)}
        for sort in ("-detectedAt", "updatedAt", "severity", "-address"):
            asked = f"{query}&sort={sort}&pageSize=7"
            meta = (await program.get(f"/drifts?{asked}")).meta
            assert (meta["total"], "totalIsCapped" in meta) == (len(expected), False), asked
            found = await walk(program, asked)
            assert (len(found), set(found)) == (len(expected), expected), asked


async def test_counting_what_no_table_counts_stops_somewhere(
    site: Site, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_queries, "ENOUGH", 25)
    await fill(site)
    program = await as_role(site, "viewer")
    capped = (await program.get("/drifts?type=*")).meta
    assert (capped["total"], capped["totalIsCapped"], capped["hasMore"]) == (25, True, True)
    assert len(await walk(program, "type=*&pageSize=7")) == 40
    assert len((await program.get("/drifts?type=*&page=2&pageSize=30")).data) == 10
    known = (await program.get("/drifts?environment=prod")).meta
    assert (known["total"], "totalIsCapped" in known) == (30, False)


# -- What is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("page=0", {"page"}),
        ("page=100001", {"page"}),
        ("page=99999999999999999999999", {"page"}),
        ("page=x&pageSize=0&sort=size", {"page", "pageSize", "sort"}),
        ("pageSize=201", {"pageSize"}),
        ("page=1&page=2", {"page"}),
        ("sort=id;DROP", {"sort"}),
        ("sort=detected_at", {"sort"}),
        ("sort=id&sort=-id", {"sort"}),
        ("status=open", {"status"}),
        ("status=", {"status"}),
        ("status=approved&status=x&severity=worst", {"status", "severity"}),
        ("cause=x", {"cause"}),
        ("stack=%00", {"stack"}),
        ("stack=prod%25", {"stack"}),
        ("environment=%00&type=%00&action=%00", {"environment", "type", "action"}),
        (f"q={'x' * 501}", {"q"}),
        ("q=%00", {"q"}),
        ("surprise=1&Status=approved", {"surprise", "Status"}),
        ("cursor=x&page=2", {"page"}),
        ("cursor=%21", {"cursor"}),
        ("cursor=AAAA", {"cursor"}),
    ],
)
async def test_every_problem_of_a_query_is_named(sqlite_site: Site, query: str, fields: set[str]) -> None:
    answer = await (await as_role(sqlite_site, "viewer")).get(f"/drifts?{query}")
    assert (answer.status, answer.code, set(answer.refused)) == (400, "VALIDATION_ERROR", fields)


@pytest.mark.parametrize(
    "place",
    [
        ["-id", 5],
        ["id"],
        ["id", "5"],
        ["id", 5, 5],
        ["id", -1],
        ["id", 2**31],
        ["id", 2**70],
        ["id", True],
        ["id", 1.5],
        [],
        {"id": 5},
        "id",
        5,
        None,
    ],
)
async def test_a_cursor_of_another_order_or_of_ones_own_making_is_refused(sqlite_site: Site, place: Any) -> None:
    answer = await (await as_role(sqlite_site, "viewer")).get(f"/drifts?sort=id&cursor={cursor_of(place)}")
    assert (answer.status, set(answer.refused)) == (400, {"cursor"})


async def test_a_cursor_with_a_zero_byte_is_refused_too(site: Site) -> None:
    cursor = cursor_of(["-detectedAt", "2026\0", 5])
    assert (await (await as_role(site, "viewer")).get(f"/drifts?cursor={cursor}")).status == 400


async def test_a_strange_search_is_answered(site: Site) -> None:
    await fill(site, 8)
    program = await as_role(site, "viewer")
    searches = ["%01", "%F0%9F%98%80", "%C3%A4", "a" * 200, "a+" * 90, "AND+OR+NOT", "%22x%3A*%22", "%E2%82%83", "%FF"]
    answers = await asyncio.gather(*[program.get(f"/drifts?q={search}") for search in searches])
    assert [answer.status for answer in answers] == [422, 422, 200, 200, 200, 200, 200, 200, 200]
    beside = await program.get("/drifts?q=web+-+***")
    assert beside.data == (await program.get("/drifts?q=web")).data
    nothing = await program.get("/drifts?q=%22%27*%25();--")
    assert "There is nothing to search for in" in nothing.refused["q"]
