"""Those of the 32 cases that show in what is kept and shown: see test_the_32_cases.py."""

import re

from tests.ingest import samples
from tests.reports.test_lasting_drifts import decided, named, scan
from tests.site import Site

DEMO = "tfplan/gen-tf1.11-demo-refresh-only.json"
SEQ = "tfplan-sequence/seqa-{}.json"


async def test_case_08_the_open_drift_follows_with_its_decision_and_its_comments(sqlite_site: Site) -> None:
    await sqlite_site.post_body(scan(1, named("demo.old")))
    before = await decided(sqlite_site, address="demo.old")
    engineer = await sqlite_site.as_engineer()
    await engineer.post(f"/drifts/{before['id']}/comments", {"text": "seen by the team"})
    await sqlite_site.post_body(scan(2, named("demo.new", previous_address="demo.old")))
    after = await sqlite_site.drift("demo.new")
    assert (after["id"], after["status"], after["decision_id"]) == (before["id"], "approved", before["decision_id"])
    assert "seen by the team" in await engineer.text(f"/drifts/{after['id']}")


async def test_case_14_and_reaches_the_page(sqlite_site: Site) -> None:
    await sqlite_site.post_plan(DEMO)
    viewer = await sqlite_site.as_viewer()
    for address, numbers in (
        ("demo_thing.kitchen", ("9007199254740993", "9007199254740992")),
        ('demo_thing.numbers["huge"]', ("123456789012345678901234567890", "123456789012345678901234567891")),
        ('demo_thing.numbers["float"]', ("0.1", "0.30000000000000004")),
    ):
        page = await viewer.text(f"/drifts/{(await sqlite_site.drift(address))['id']}")
        shown = re.sub("<[^>]+>", "", page)  # marks stand around what differs
        assert all(number in shown for number in numbers), address


async def test_case_17_values_that_look_like_something_else_are_shown_as_text(sqlite_site: Site) -> None:
    for name in ("story/3-first-drift/refresh.json", DEMO):
        await sqlite_site.post_plan(name, stack=f"prod/{name[:5]}")
    viewer = await sqlite_site.as_viewer()
    page = await viewer.text(f"/drifts/{(await sqlite_site.drift('aws_vpc.main'))['id']}")
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    page = await viewer.text(f"/drifts/{(await sqlite_site.drift('demo_thing.kitchen'))['id']}")
    assert "<script>alert(1)" not in page
    turned = named("demo.x", "safe \u202egnp.exe")
    await sqlite_site.post_body(scan(1, turned), "prod/turned")
    page = await viewer.text(f"/drifts/{(await sqlite_site.drift('demo.x'))['id']}")
    assert "\u202e" not in page
    assert "\\u202e" in page


async def test_case_18_what_is_new_on_every_scan_opens_nothing_again(sqlite_site: Site) -> None:
    def restored(minute: int, size: str = "large") -> bytes:
        before = {"size": "small", "latest_restorable_time": "x", "custom_stamp": "0"}
        after = {"size": size, "latest_restorable_time": f"10:{minute:02}", "custom_stamp": str(minute)}
        return scan(minute, samples.entry(before, after, address="demo.x"))

    for minute in (1, 2, 3):  # the first name is known; the second one is learned from three scans
        await sqlite_site.post_body(restored(minute))
    approved = await decided(sqlite_site)
    for minute in (4, 5, 6):
        await sqlite_site.post_body(restored(minute))
    after = await sqlite_site.drift("demo.x")
    assert (after["status"], after["decision_id"]) == ("approved", approved["decision_id"])
    await sqlite_site.post_body(restored(7, "huge"))
    assert (await sqlite_site.drift("demo.x"))["status"] == "detected"


async def test_case_20_again_reverted_other_value_deleted_remediated(sqlite_site: Site) -> None:
    names = ("t1-alpha", "t2-alpha-again", "t3-alpha-beta-pw", "t4-alpha-reverted", "t5-alpha-new-value")
    names += ("t6-beta-deleted", "t7-target-only-gamma", "t8-after-remediation")
    counts = [tuple((await sqlite_site.post_plan(SEQ.format(name))).values()) for name in names]
    # Detected, changed, unchanged, reopened, resolved, informational.
    assert counts == [
        (1, 0, 0, 0, 0, 0),
        (0, 0, 1, 0, 0, 0),
        (2, 0, 1, 0, 0, 0),
        (0, 0, 2, 0, 1, 0),
        (0, 1, 1, 1, 0, 0),
        (0, 1, 2, 0, 0, 0),
        (0, 0, 0, 0, 0, 0),
        (0, 0, 0, 0, 3, 0),
    ]


async def test_case_21_an_older_plan_that_arrives_late_moves_nothing(sqlite_site: Site) -> None:
    await sqlite_site.post_plan(SEQ.format("t5-alpha-new-value"))
    look = "SELECT address, status, fingerprint, changes, version FROM drifts ORDER BY id"
    before = [tuple(row) for row in await sqlite_site.rows(look)]
    response = await sqlite_site.post_body(samples.body(SEQ.format("t3-alpha-beta-pw")))
    assert (response.status_code, await sqlite_site.value("SELECT count(*) FROM reports")) == (201, 2)
    assert [tuple(row) for row in await sqlite_site.rows(look)] == before
