"""The badge and the rows of a person change in all his windows, and in nobody else's."""

import re
from typing import Any

import pytest

from driftsentry import alerts
from driftsentry.alerts import queries
from tests.alerts.plans import actor_of, door, post
from tests.live.test_live import address, connected, heard, hub
from tests.site import Browser, Site


async def until(socket: Any, text: str) -> str:
    while text not in (frame := await heard(socket)):
        pass
    return frame


def badge(frame: str) -> str | None:
    found = re.search(
        r'<span hx-swap-oob="outerMorph" id="nav-alerts" class="badge"( hidden)?>(.*?)</span></span>', frame
    )
    return found and re.sub("<.*?>", "", found[2])


async def two(site: Site) -> tuple[Browser, Browser]:
    return await site.as_viewer(), await site.as_engineer()


async def test_every_page_asks_for_the_room_of_the_badge(site: Site) -> None:
    viewer = await site.as_viewer()
    await post(site, 1, door("web"))
    for path in ("/", "/drifts", "/drifts/1", "/stacks", "/stacks/prod/app", "/alerts"):
        assert re.search(r'hx-ws:connect="/live\?after=\d+&amp;room=[^"]*room=alerts"', await viewer.text(path)), path


async def test_a_new_alert_raises_everybodys_badge_each_to_his_own_number(site: Site) -> None:
    vera, emil = await two(site)
    await post(site, 1, door("web"))
    await alerts.read_all(site.db, actor_of(site.people["Vera"]))
    await site.caught_up()
    where = await address(site, "alerts")
    async with vera.socket(where) as low, emil.socket(where) as high:
        await connected(site, 2)
        await post(site, 2, door("web"), door("more"))
        assert badge(await until(low, "nav-alerts")) == "1 unread alert"
        assert badge(await until(high, "nav-alerts")) == "2 unread alerts"


async def test_reading_changes_the_windows_of_that_person_only(site: Site) -> None:
    vera, emil = await two(site)
    await post(site, 1, door("web"))
    await site.caught_up()
    where = await address(site, "alerts", "alerts-list")
    async with vera.socket(where) as one, vera.socket(where) as two_, emil.socket(where) as other:
        await connected(site, 3)
        await alerts.read(site.db, actor_of(site.people["Vera"]), 1)
        for socket in (one, two_):
            frame = await until(socket, "nav-alerts")
            assert badge(frame) == "0 unread alerts"
            assert '<li hx-swap-oob="outerMorph" id="alert-1" class="alert" data-read="yes"' in frame
        assert "alert" not in re.sub('<i hx-swap-oob="outerMorph" id="live-cursor".*?</i>', "", await heard(other))


async def test_reading_all_changes_all_rows_in_another_window(site: Site) -> None:
    vera = await site.as_viewer()
    for number in range(3):
        await post(site, 1, door("web"), stack=f"prod/s{number}")
    await site.caught_up()
    async with (
        vera.socket(await address(site, "alerts-list")) as page,
        vera.socket(await address(site, "drifts")) as no,
    ):
        await connected(site, 2)
        await vera.post("/alerts/read-all")
        frame = await until(page, "alert-1")
        assert re.findall(r'id="alert-(\d)" class="alert" data-read="(\w+)"', frame) == [
            ("3", "yes"),
            ("2", "yes"),
            ("1", "yes"),
        ]
        assert "alert" not in await heard(no)


async def test_new_alerts_wait_as_news_on_their_page_and_bring_no_row(site: Site) -> None:
    vera = await site.as_viewer()
    async with vera.socket(await address(site, "alerts-list")) as socket:
        await connected(site)
        await post(site, 1, door("web"))
        frame = await until(socket, "alerts-news-items")
    assert '<i data-of="alert-1" data-stack="prod/app"></i>' in frame
    assert "<li" not in frame


@pytest.mark.parametrize("from_database", [False, True])
async def test_a_page_that_was_away_catches_up_with_its_own_badge(site: Site, from_database: bool) -> None:
    vera, emil = await two(site)
    where = await address(site, "alerts")
    await post(site, 1, door("web"))
    await alerts.read(site.db, actor_of(site.people["Vera"]), 1)
    await site.caught_up()
    if from_database:
        hub(site)._recent.clear()
    for browser, wanted in ((vera, "0 unread alerts"), (emil, "1 unread alert"), (vera, "0 unread alerts")):
        async with browser.socket(where) as socket:
            assert badge(await heard(socket)) == wanted


async def test_one_query_counts_for_everybody_who_is_connected(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    count = queries.count_unread_of

    async def counting(tx: Any, user_ids: Any) -> Any:
        asked.append(len(user_ids))
        return await count(tx, user_ids)

    vera, emil = await two(site)
    where = await address(site, "alerts")
    async with vera.socket(where) as one, vera.socket(where), emil.socket(where) as other:
        await connected(site, 3)
        monkeypatch.setattr(queries, "count_unread_of", counting)
        await post(site, 1, door("web"))
        await until(one, "nav-alerts")
        await until(other, "nav-alerts")
    assert asked == [2]


async def test_a_report_that_alerts_nobody_asks_for_no_badge(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_all: Any) -> Any:
        raise AssertionError

    vera = await site.as_viewer()
    await post(site, 1, door("web"))
    await site.caught_up()
    monkeypatch.setattr(queries, "count_unread_of", never)
    async with vera.socket(await address(site, "alerts")) as socket:
        await connected(site)
        await post(site, 2, door("web"))
        assert badge(await heard(socket)) is None


async def test_the_question_of_a_held_report_comes_and_goes_on_the_page_of_its_stack(site: Site) -> None:
    vera, emil = await two(site)
    machines = [door(f"m{number}") for number in range(30)]
    await post(site, 1, *machines)
    await site.caught_up()
    where = await address(site, "stack:prod/app")
    async with (
        vera.socket(where) as low,
        emil.socket(where) as high,
        vera.socket(await address(site, "stack:dev/x")) as no,
    ):
        await connected(site, 3)
        await post(site, 2)
        for_viewers, for_deciders = await until(low, "Are 30"), await until(high, "Are 30")
        assert "stack-held" not in await heard(no)
        assert "<form" not in for_viewers
        assert 'action="/stacks/prod/app/held"' in for_deciders
        await post(site, 3, *machines)
        assert re.search(r'id="stack-held"[^>]* hidden>', await until(low, "stack-held"))
