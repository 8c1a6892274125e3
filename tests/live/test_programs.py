"""`/api/v1/live` in this process: what programs are told of, in which room, and what they may say there."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from driftsentry import clock, drifts
from driftsentry.audit.sentences import SENTENCES
from driftsentry.live import resuming
from driftsentry.live.messages import _DRIFT_KINDS, Message, describe
from tests.api.program import Program, as_role
from tests.ingest.samples import entry, plan
from tests.live.feeds import Told, knocking, latest, opened
from tests.live.test_live import hub
from tests.site import Site

REASON = "the vendor asked us to keep it"
CALM: dict[str, Any] = {"snoozed": False, "after": None, "deposed": None, "environment": "prod", "cause": "out_of_band"}


def scan(minute: int, value: str | None = "2", address: str = "demo.x") -> bytes:
    """`value`: what is real, where 1 is in the code; None: nothing differs."""
    found = [] if value is None else [entry({"a": "1"}, {"a": value}, address=address)]
    return plan(*found, timestamp=f"2026-11-20T10:{minute:02}:00Z")


async def decide(program: Program, verdict: str = "approve", drift_id: int = 1, **more: Any) -> None:
    assert (await program.post(f"/drifts/{drift_id}/{verdict}", json={"reason": REASON} | more)).status == 200


def kinds(told: list[Told]) -> list[tuple[str, str]]:
    return [(each["type"], each["data"].get("reason", "")) for each in told]


def numbers(told: list[Told]) -> list[int]:
    return [each["seq"] for each in told]


# -- The beginning -----------------------------------------------------------------------------------------------------


async def test_a_token_in_the_header_opens_the_rooms_of_drifts_and_alerts(sqlite_site: Site) -> None:
    program = await as_role(sqlite_site, "viewer")
    await sqlite_site.caught_up()
    async with knocking(sqlite_site, Authorization=f"Bearer {program.token}") as feed:
        seq = await latest(sqlite_site)
        for room in ("drifts", "alerts"):
            assert await feed.hear() == {"type": "room:joined", "room": room, "data": {"members": 1, "seq": seq}}


async def test_a_token_as_the_first_message_opens_them_too(sqlite_site: Site) -> None:
    program = await as_role(sqlite_site, "viewer")
    async with knocking(sqlite_site) as feed:
        assert (await feed.ask("auth", token=program.token))["type"] == "room:joined"
        assert (await feed.hear())["room"] == "alerts"


async def test_what_happens_before_a_program_has_said_what_it_has_is_told_after_that(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "HELD_SECONDS", 60)
    site = sqlite_site
    await site.post_body(scan(1))
    await site.caught_up()
    before, program = await latest(site), await as_role(site, "engineer")
    async with knocking(site, Authorization=f"Bearer {program.token}") as feed:
        await feed.hear_of("room:joined")
        await decide(program)
        await site.caught_up()
        assert (await feed.hear())["room"] == "alerts"
        assert await feed.is_silent()
        await feed.say("resume", after=0)
        [created, approved] = await feed.until(before + 1)
        assert (created["type"], approved["type"]) == ("drift:created", "drift:approved")
        await site.post_body(scan(9, "9"))
        assert (await feed.hear())["type"] == "drift:changed"


async def test_who_says_nothing_hears_after_a_moment_what_happened_meanwhile(sqlite_site: Site) -> None:
    program = await as_role(sqlite_site, "viewer")
    async with knocking(sqlite_site, Authorization=f"Bearer {program.token}") as feed:
        await feed.hear_of("room:joined")
        await sqlite_site.post_body(scan(1))
        assert (await feed.hear_of("drift:created"))["data"]["id"] == "1"
        await sqlite_site.post_body(scan(2, "3"))
        assert (await feed.hear_of("drift:changed"))["data"]["id"] == "1"


# -- What is told ------------------------------------------------------------------------------------------------------


async def test_the_life_of_a_drift_is_told_in_the_order_of_the_log_and_without_values(site: Site) -> None:
    engineer = await as_role(site, "engineer")
    async with opened(site, await as_role(site, "viewer")) as feed:
        await site.post_body(scan(1, "kept-in-reality"))
        await decide(engineer)
        await site.post_body(scan(2, "other-in-reality"))
        assert (await engineer.post("/drifts/1/snooze", json={})).status == 200
        assert (await engineer.post("/drifts/1/wake")).status == 200
        await decide(engineer, "reject")
        await site.post_body(scan(3, None), complete="true")
        await site.post_body(scan(4, "kept-in-reality"))
        [*_, last] = await site.events(*_DRIFT_KINDS)
        told = await feed.until(last.seq)
    assert numbers(told) == sorted(set(numbers(told)))
    assert {each["room"] for each in told if each["type"].startswith("drift:")} == {"drifts"}
    of_drift = [each for each in told if each["type"].startswith("drift:")]
    assert kinds(of_drift) == [
        ("drift:created", "detected"),
        ("drift:approved", ""),
        ("drift:changed", "changed"),
        ("drift:changed", "snoozed"),
        ("drift:changed", "woken"),
        ("drift:rejected", ""),
        ("drift:resolved", "resolved"),
        ("drift:reopened", "reopened"),
    ]
    statuses = [each["data"]["status"] for each in of_drift]
    assert statuses == ["detected", "approved", *["detected"] * 3, "rejected", "resolved", "detected"]
    assert [each["data"].get("snoozed") for each in of_drift][2:5] == [False, True, False]
    assert "in-reality" not in json.dumps(told)
    assert REASON not in json.dumps(told)


async def test_messages_hold_what_the_api_calls_it(site: Site) -> None:
    engineer, emil = await as_role(site, "engineer"), await site.person("Emil")
    async with opened(site, await as_role(site, "viewer")) as feed:
        await site.post_body(scan(1))
        created = await feed.hear_of("drift:created")
        await decide(engineer)
        approved = await feed.hear_of("drift:approved")
    drift = (await engineer.get("/drifts/1")).data
    for name in ("id", "stack", "environment", "address", "deposed", "cause", "severity", "action", "snoozed"):
        assert created["data"][name] == drift[name], name
    [report] = await site.rows("SELECT id FROM reports")
    about = {"after": None, "reason": "detected", "reportId": report["id"], "status": "detected"}
    assert created["data"] == created["data"] | about | {"at": drift["detectedAt"]}
    assert created["data"]["by"]["kind"] == "token"
    assert approved["data"] == {
        "id": "1",
        "status": "approved",
        "approvedAt": drift["approvedAt"],
        "approvedBy": {"id": emil.id, "name": "Emil"},
    }


async def test_a_lapsed_approval_reopens_its_drift(sqlite_site: Site) -> None:
    site, engineer = sqlite_site, await as_role(sqlite_site, "engineer")
    await site.post_body(scan(1))
    soon = clock.now() + timedelta(hours=1)
    await decide(engineer, until=clock.to_text(soon))
    async with opened(site, engineer) as feed:
        with clock.pretend(soon + timedelta(minutes=1)):
            await drifts.lapse(site.db)
        told = await feed.hear_of("drift:reopened")
    assert (told["data"]["reason"], told["data"]["status"], told["data"]["by"]["kind"]) == (
        "lapsed",
        "detected",
        "system",
    )


def test_every_event_of_a_drift_has_its_message() -> None:
    assert set(_DRIFT_KINDS) == {kind for kind in SENTENCES if kind.startswith("drift.")}


async def test_a_batch_of_many_events_takes_one_query_for_their_facts(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite_site.post_body(scan(1))
    batch = await sqlite_site.events() * 20
    asked = []
    plain = drifts.select_rows

    async def counting(tx: Any, ids: list[int]) -> Any:
        asked.append(ids)
        return await plain(tx, ids)

    monkeypatch.setattr(drifts, "select_rows", counting)
    assert len(await describe(sqlite_site.db, batch)) >= 20
    assert asked == [[1]]


async def test_an_alert_is_told_to_all_and_that_somebody_read_it_only_to_him(site: Site) -> None:
    vera, emil = await as_role(site, "viewer"), await as_role(site, "engineer")
    async with opened(site, vera) as hers, opened(site, vera) as her_other, opened(site, emil) as his:
        await site.post_plan("story/3-first-drift/refresh.json")
        created = await hers.hear_of("alert:created")
        assert await his.hear_of("alert:created") == created == await her_other.hear_of("alert:created")
        [shown] = [each for each in (await vera.get("/alerts")).data if each["id"] == created["data"]["id"]]
        assert created["data"] == shown
        assert (await vera.post(f"/alerts/{shown['id']}/read")).status == 200
        read = await hers.hear_of("alert:read")
        assert (read["room"], read["data"]) == ("alerts", {"id": shown["id"], "upTo": None})
        assert await her_other.hear_of("alert:read") == read
        assert (await emil.post("/alerts/read-all")).status == 200
        assert (await his.hear_of("alert:read"))["data"] == {"id": None, "upTo": shown["id"]}
        assert await hers.is_silent()


# -- Rooms -------------------------------------------------------------------------------------------------------------


async def test_each_event_is_told_once_with_the_first_of_its_rooms(sqlite_site: Site) -> None:
    site, program = sqlite_site, await as_role(sqlite_site, "viewer")
    await site.post_body(scan(1))
    rooms = ["drift:1", "stack:prod/app"]
    async with opened(site, program, *rooms) as feed:
        for minute, room in enumerate(["drifts", *rooms], start=2):
            await site.post_body(scan(minute, str(minute * 10)))
            assert (await feed.hear_of("drift:changed"))["room"] == room
            left = await feed.ask("leave", room=room)
            assert (left["type"], left["room"], left["data"]["members"]) == ("room:left", room, 0)
        await site.post_body(scan(9, "90"))
        assert await feed.is_silent()
        assert (await feed.ask("leave", room="drifts"))["type"] == "room:left"
        assert hub(site).members.people.keys() == {"alerts"}


async def test_a_room_brings_only_what_is_about_it(sqlite_site: Site) -> None:
    site, program = sqlite_site, await as_role(sqlite_site, "viewer")
    await site.post_body(scan(1), "prod/other")
    async with opened(site, program, "stack:prod/other") as feed:
        await feed.ask("leave", room="drifts")
        await site.post_body(scan(1), "prod/app")
        await site.post_body(scan(2, "3"), "prod/other")
        told = await feed.hear_of("drift:created", "drift:changed")
        assert (told["type"], told["room"]) == ("drift:changed", "stack:prod/other")


async def test_members_are_people(sqlite_site: Site) -> None:
    site, vera, emil = sqlite_site, await as_role(sqlite_site, "viewer"), await as_role(sqlite_site, "engineer")
    await site.post_body(scan(1))
    async with opened(site, vera, "drift:1") as hers, opened(site, emil) as his, opened(site, vera):
        assert (await his.ask("join", room="drift:1"))["data"]["members"] == 2
        assert (await his.ask("join", room="drift:1"))["data"]["members"] == 2  # twice is once
        assert (await hers.ask("leave", room="drift:1"))["data"]["members"] == 1
        assert (await hers.ask("join", room="drifts"))["data"]["members"] == 2


# -- Comments ----------------------------------------------------------------------------------------------------------


async def test_a_message_is_stored_answered_and_told_to_the_room_without_its_sender(site: Site) -> None:
    await site.post_body(scan(1))
    emil, vera = await as_role(site, "engineer"), await as_role(site, "viewer")
    rooms = ["drift:1"]
    async with opened(site, emil, *rooms) as his, opened(site, emil, *rooms) as other, opened(site, vera) as outside:
        for number in (1, 2):  # the second before the first is told
            sent = await his.ask("message", room="drift:1", text=f" <b>{number}</b>\r\n", clientId=f"c{number}")
            [*_, event] = await site.events("drift.commented")
            about = {"messageId": str(event.seq), "clientId": f"c{number}", "timestamp": clock.to_text(event.at)}
            assert sent == {"type": "message_sent"} | about
            assert (event.data["text"], event.actor.name) == (f"<b>{number}</b>", "Emil")
        author = {"id": site.people["Emil"].id, "name": "Emil"}
        for number, event in enumerate(await site.events("drift.commented"), start=1):
            told = await other.hear_of("message")
            data = {"id": str(event.seq), "driftId": "1", "text": f"<b>{number}</b>", "author": author}
            assert told["data"] == data | {"at": clock.to_text(event.at)}
            assert (told["room"], told["seq"]) == ("drift:1", event.seq)
        await site.post_body(scan(2, "3"))
        assert (await his.hear())["type"] == "drift:changed"  # and none of its own before
        assert (await outside.hear())["type"] == "drift:changed"  # nor any for who is not in the room


async def test_what_people_write_on_the_page_is_told_in_the_room(sqlite_site: Site) -> None:
    site = sqlite_site
    await site.post_body(scan(1))
    async with opened(site, await as_role(site, "engineer"), "drift:1") as feed:
        await (await site.as_engineer()).post("/drifts/1/comments", {"text": "asked the vendor"})
        assert (await feed.hear())["data"]["text"] == "asked the vendor"


async def test_a_page_and_a_program_see_the_same_decision(sqlite_site: Site) -> None:
    site = sqlite_site
    await site.post_body(scan(1))
    viewer = await site.as_viewer()
    async with opened(site, await as_role(site, "viewer")) as feed:
        async with viewer.socket(f"/live?after={await latest(site)}&room=drifts") as page:
            await site.connected(2)
            await decide(await as_role(site, "engineer"))
            told, pushed = await feed.hear_of("drift:approved"), await asyncio.wait_for(page.receive(), 5)
    assert 'data-status="approved"' in pushed
    assert f'data-seq="{told["seq"]}"' in pushed
    assert told["data"]["id"] == "1"


def test_a_message_is_encoded_once_for_all_who_are_in_the_same_room() -> None:
    message = Message("drift:changed", 7, ("drifts", "drift:1"), {"id": "1"})
    first = message.frame(frozenset({"drifts", "drift:1"}))
    assert first is message.frame(frozenset({"drifts", "alerts"}))
    assert message.frame(frozenset({"drift:1"})) is not first
    assert message.frame(frozenset({"alerts"})) is None
