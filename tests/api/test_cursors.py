"""Places of pages: what one page gives out, the next one takes."""

import pytest

from tests.alerts.plans import post, size
from tests.api.program import Program, as_role
from tests.site import Site


@pytest.fixture
async def engineer(site: Site) -> Program:
    await post(site, 1, size("web"))
    return await as_role(site, "engineer")


async def test_a_timeline_is_walked_through_by_its_cursor(engineer: Program) -> None:
    for text in ("one", "two", "three", "four"):
        assert (await engineer.post("/drifts/1/comments", json={"text": text})).status == 201
    whole = (await engineer.get("/drifts/1/timeline")).data
    found, cursor = [], ""
    for _page in whole:
        answer = await engineer.get(f"/drifts/1/timeline?pageSize=2{cursor}")
        found += answer.data
        if not answer.meta["hasMore"]:
            break
        cursor = f"&cursor={answer.meta['nextCursor']}"
    assert found == whole
    assert len(whole) > 4


@pytest.mark.parametrize("path", ["/drifts", "/drifts/1/timeline", "/alerts", "/audit-logs"])
async def test_page_and_cursor_together_are_refused_everywhere(site: Site, engineer: Program, path: str) -> None:
    answer = await (await as_role(site, "admin")).get(f"{path}?page=1&cursor=MQ")
    assert (answer.status, list(answer.refused)) == (400, ["page"])


@pytest.mark.parametrize("path", ["/stacks", "/stacks/prod/app/reports", "/sessions"])
async def test_lists_without_cursors_do_not_take_one(engineer: Program, path: str) -> None:
    answer = await engineer.get(f"{path}?cursor=MQ")
    assert (answer.status, list(answer.refused)) == (400, ["cursor"])


async def test_an_empty_if_match_names_nothing(engineer: Program) -> None:
    answer = await engineer.post("/drifts/1/approve", json={"reason": "the vendor asked us"}, headers={"If-Match": ""})
    assert (answer.status, list(answer.refused)) == (400, ["If-Match"])


@pytest.mark.parametrize("value", ["0.5", "1767225600", "2026-01-01", "2026-01-01T00:00:00"])
async def test_a_number_and_a_time_without_offset_are_no_times(site: Site, engineer: Program, value: str) -> None:
    answer = await (await as_role(site, "admin")).get(f"/audit-logs?until={value}")
    assert (answer.status, list(answer.refused)) == (400, ["until"])
