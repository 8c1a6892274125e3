"""What a list can be narrowed to: the number beside a choice is how many drifts its link leads to, whatever is on."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from driftsentry import clock
from driftsentry.drifts import filter, queries
from driftsentry.drifts.facets import Choice
from driftsentry.drifts.surroundings import surroundings_of
from tests.drifts.test_list import NOW, fill
from tests.site import Site

SEARCHES = [
    "",
    "log -policy",
    "type:aws_s3_*",
    "type:aws_s3_*,demo",
    "type:aws_s3_bucket",
    "type:demo,aws_s3_bucket -type:aws_*_bucket",
    "stack:prod/*",
    "stack:prod/*,dev/lab",
    "stack:prod/app,dev/lab",
    "stack:prod/app",
    "-stack:dev/lab stack:*",
    "env:prod",
    "env:p*",
    "env:prod,dev severity:medium",
    "env:prod,dev type:demo",
    "severity:>=high",
    "severity:>=high severity:<critical",
    "severity:>low severity:medium",
    "severity:high,critical",
    "severity:>=high cidr",
    "severity:medium",
    "action:d*",
    "action:update,delete",
    "by:me",
    "by:EMIL",
    "by:emil@example.com,eva*",
    "is:open is:snoozed env:prod",
    "is:reopened,snoozed",
]


async def offered(site: Site, query: str) -> dict[str, dict[str, Choice]]:
    """The choices of each facet."""
    async with site.db.read() as tx:
        pairs = dict(parse_qsl(query))
        wanted = filter.parse(pairs, [], site.people["Emil"].id)
        assert not wanted.problem
        around = await surroundings_of(site.db, tx, wanted, 0)
    return {facet.key: {choice.label: choice for choice in facet.choices} for facet in around.facets}


async def listed(site: Site, href: str) -> int:
    """How many drifts are behind that link."""
    wanted = filter.parse(dict(parse_qsl(urlsplit(href).query)), [], site.people["Emil"].id)
    assert not wanted.problem
    async with site.db.read() as tx:
        return len((await queries.select_page(tx, wanted, 50)).rows)


@pytest.mark.parametrize("tab", ["all", "open", "done"])
async def test_a_link_leads_to_as_many_as_stand_beside_it(sqlite_site: Site, tab: str) -> None:
    await fill(sqlite_site)
    followed = 0
    with clock.pretend(NOW):
        for text in SEARCHES:
            query = f"status={tab}&q={text}"
            now = await listed(sqlite_site, "/drifts?" + query)
            for key, choices in (await offered(sqlite_site, query)).items():
                for choice in choices.values():
                    if choice.count is None:
                        continue
                    expected = now if choice.is_on else await listed(sqlite_site, choice.href)
                    assert choice.count == expected, (query, key, choice)
                    followed += 1
    assert followed > 100


CHOSEN = [
    ("type:aws_s3_*", "type", "aws_s3_bucket", "type:aws_s3_bucket"),
    ("web type:aws_s3_*,demo", "type", "demo", "web type:demo"),
    ("type:aws_s3_*,demo", "type", "aws_s3_*", "type:demo"),
    ("type:aws_s3_*", "type", "aws_s3_*", ""),
    ("stack:prod/*", "stack", "prod/app", "stack:prod/app"),
    ("stack:prod/app", "stack", "dev/lab", "stack:dev/lab"),
    ("stack:prod/app", "stack", "prod/app", ""),
    ("-is:open env:prod,dev", "env", "dev", "-is:open env:dev"),
    ("-env:dev env:*", "env", "prod", "-env:dev env:prod"),
    ("severity:>=high -stack:x", "severity", "critical", "-stack:x severity:critical"),
    ("severity:>=high severity:critical", "severity", "critical", ""),
    ("severity:critical", "severity", "medium", "severity:medium"),
    ("by:me", "by", "Emil", "by:Emil"),
    ("by:me", "by", "me", ""),
]


async def test_a_choice_takes_the_place_of_what_it_was_a_part_of(sqlite_site: Site) -> None:
    await fill(sqlite_site)
    with clock.pretend(NOW + timedelta(minutes=1)):
        for text, key, name, expected in CHOSEN:
            choice = (await offered(sqlite_site, f"status=all&q={text}"))[key][name]
            assert dict(parse_qsl(urlsplit(choice.href).query)).get("q", "") == expected, (text, name)
            assert choice.is_on is not expected.endswith(f"{key}:{name}"), (text, name)
