"""What no index knows is looked for a part at a time, for programs as on the page: an answer says so and goes on."""

import pytest

from driftsentry import drifts
from driftsentry.drifts import SORTS, walk_queries
from tests.api.program import as_role
from tests.api.test_drift_list import fill, walk
from tests.site import Site


async def test_one_answer_looks_only_so_far_for_what_no_index_knows(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(site)
    monkeypatch.setattr(walk_queries, "FEW", 0)
    for module in (walk_queries, drifts):
        monkeypatch.setattr(module, "FAR", 5)
    program = await as_role(site, "viewer")
    wanted = {str(row[0]) for row in await site.rows("SELECT id FROM drifts WHERE resource_type = 'aws_iam_role'")}
    for sort in SORTS:
        first = await program.get(f"/drifts?type=*_role&sort={sort}")
        assert first.meta["total"] == len(first.data) <= 5
        assert {"totalIsCapped": True, "lookedThrough": 5, "hasMore": True}.items() <= first.meta.items()
        found = await walk(program, f"type=*_role&pageSize=2&sort={sort}")
        assert (len(found), set(found)) == (len(wanted), wanted), sort
    assert (await walk(program, "q=type:nothing"), await walk(program, "q=attr:nothing&status=approved")) == ([], [])
    beyond = await program.get("/drifts?type=*&page=2&pageSize=5")
    assert (beyond.data, beyond.meta["hasMore"]) == ([], False), "by number only as far as one look goes"
    for known in ("q=severity:low", "environment=prod", "stack=prod/*&status=approved"):
        assert "lookedThrough" not in (await program.get(f"/drifts?{known}")).meta, known
