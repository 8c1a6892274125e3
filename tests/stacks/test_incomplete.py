"""A list says when it may be incomplete: what nobody has looked at is never called in order."""

from datetime import timedelta

from driftsentry import clock, events, stacks
from driftsentry.stacks.rhythm import DAY
from tests.alerts.plans import post, size
from tests.site import Site

MAYBE = "may be incomplete"


async def age(site: Site, slug: str, by: timedelta) -> None:
    at = clock.to_text(clock.now() - by)
    await site.run("UPDATE stacks SET last_report_at = :at WHERE slug = :slug", at=at, slug=slug)
    await stacks.note_silence(site.db)


async def test_lists_name_the_stacks_that_did_not_report_in_time(site: Site) -> None:
    for slug in ("prod/a", "prod/b", "prod/c", "prod/d", "dev/e"):
        await post(site, 1, size("a"), stack=slug)
    viewer = await site.as_viewer()
    for path in ("/drifts", "/", "/stacks/prod/a"):
        assert MAYBE not in await viewer.text(path)

    await age(site, "prod/a", 1.5 * DAY)
    text = await viewer.text("/drifts")
    assert "1 stack has not reported in time" in text
    for slug in ("prod/b", "prod/c", "prod/d"):
        await age(site, slug, 9 * DAY)
    text = await viewer.text("/drifts")
    assert "4 stacks have not reported in time" in text
    assert '<a href="/stacks/prod/b">' in text
    assert '<a href="/stacks">1 more</a>' in text
    assert "1 stack has not reported in time" in await viewer.text("/drifts?stack=prod/b")
    assert MAYBE not in await viewer.text("/drifts?stack=dev/e")
    assert MAYBE in await viewer.text("/stacks/prod/b")
    assert MAYBE not in await viewer.text("/stacks/dev/e")
    response = await viewer.get("/drifts?environment=dev", {"HX-Request": "true"})
    assert MAYBE not in await response.get_data(as_text=True)


async def test_each_stack_is_named_once_under_the_gravest_reason(sqlite_site: Site) -> None:
    site = sqlite_site
    await post(site, 1, errored=True, stack="prod/failed")
    await post(site, 1, size("a"), complete=False, stack="prod/targeted")
    await post(site, 1, size("a"), stack="prod/hcp")
    async with site.db.write() as tx:
        await stacks.ensure(tx, "prod/new", clock.now())
        hcp = await stacks.require(tx, "prod/hcp")
        await stacks.note_announced(tx, hcp, 12, clock.now())
        events.record(tx, "report.received", events.SYSTEM, at=clock.now(), stack_id=hcp.id, is_failing=False)
    text = " ".join((await (await site.as_viewer()).text("/drifts")).split())
    for sentence in (
        'the last run of 1 stack failed (<a href="/stacks/prod/failed">',
        'the last report of 1 stack was incomplete (<a href="/stacks/prod/targeted">',
        'HCP Terraform counted drift in 1 stack (<a href="/stacks/prod/hcp">',
        '1 stack has never reported (<a href="/stacks/prod/new">',
        ": this list may be incomplete.",
    ):
        assert sentence in text
    page = await (await site.as_viewer()).text("/stacks/prod/hcp")
    assert "HCP Terraform counted 12 drifts just now; its plan has not come yet" in page
    await post(site, 2, size("a"), stack="prod/hcp")
    assert "HCP Terraform counted" not in await (await site.as_viewer()).text("/stacks/prod/hcp")


async def test_a_learned_attribute_is_listed_and_forgotten_once(site: Site) -> None:
    await post(site, 1, size("a"))
    await site.run(
        "INSERT INTO learned_attributes SELECT id, 'aws_db_instance', :path, :at FROM stacks",
        path='["restore","a.b",null]',
        at=clock.to_text(clock.now()),
    )
    form = {"type": "aws_db_instance", "path": '["restore","a.b",null]'}
    viewer, engineer = await site.as_viewer(), await site.as_engineer()
    page = await viewer.text("/stacks/prod/app")
    assert "Attributes that change with every scan" in page
    assert "restore[&#34;a.b&#34;][*]" in page
    assert "/learned/forget" not in page
    assert "/learned/forget" in await engineer.text("/stacks/prod/app")

    assert (await viewer.post("/stacks/prod/app/learned/forget", form)).status_code == 403
    other = await engineer.post("/stacks/prod/app/learned/forget", form | {"path": "[]"})
    assert (other.status_code, await site.events("attribute.forgotten")) == (409, [])
    done = [(await engineer.post("/stacks/prod/app/learned/forget", form)).status_code for _twice in range(2)]
    assert done == [303, 409]
    [event] = await site.events("attribute.forgotten")
    assert (event.actor.name, event.data["path"]) == ("Emil", form["path"])
    assert "Attributes that change" not in await engineer.text("/stacks/prod/app")
