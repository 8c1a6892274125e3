"""To approve and reject as a program: wrong role, twice, lost race, stale facts."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from driftsentry import clock, drifts
from driftsentry.db import Row
from tests.api.program import as_ci, as_nobody, as_role, program_of, refusal
from tests.drifts.test_decision import form, recorded, scan
from tests.site import Site

REASON = "the vendor asked us to keep it"
TWENTY = 20
VERDICTS = [("approve", "approved"), ("reject", "rejected")]


# -- Who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["approve", "reject", "comments"])
async def test_nobody_but_engineers_decides_or_writes(site: Site, drift: Row, path: str) -> None:
    gone = await site.person("Gone")
    callers = {
        "anonymous": (as_nobody(site), (401, "AUTHENTICATION_REQUIRED")),
        "ci": (await as_ci(site), (403, "FORBIDDEN")),
        "viewer": (await as_role(site, "viewer"), (403, "FORBIDDEN")),
        "disabled": (await program_of(site, gone), (401, "INVALID_TOKEN")),
    }
    await site.disable(gone)
    before = await site.tables("sessions", "tokens")
    for who, (program, expected) in callers.items():
        answer = await program.post(f"/drifts/1/{path}", json={"reason": REASON, "text": "hello"})
        assert refusal(answer) == expected, who
    assert await site.tables("sessions", "tokens") == before


async def test_a_role_that_was_taken_away_a_moment_ago_decides_nothing(site: Site, drift: Row) -> None:
    engineer = await as_role(site, "engineer")
    await site.run("UPDATE users SET role = 'viewer' WHERE name = 'Emil'")
    assert refusal(await engineer.post("/drifts/1/approve", json={"reason": REASON})) == (403, "FORBIDDEN")
    assert await recorded(site) == (0, 0)


# -- It works ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "status"), VERDICTS)
@pytest.mark.parametrize("role", ["engineer", "admin"])
async def test_a_decision_is_made_recorded_and_answered_with_the_drift(
    site: Site, drift: Row, path: str, status: str, role: str
) -> None:
    program = await as_role(site, role)
    answer = await program.post(
        f"/drifts/1/{path}", json={"reason": f"  {REASON}\r\n", "fingerprint": drift["fingerprint"]}
    )
    found, name = answer.data, {"engineer": "Emil", "admin": "Ada"}[role]
    by = {"id": site.people[name].id, "name": name}
    assert (answer.status, found["status"], found["version"], answer.headers["ETag"]) == (200, status, 2, '"2-full"')
    assert (found["decision"]["verdict"], found["decision"]["by"], found["decision"]["reason"]) == (status, by, REASON)
    assert (found[f"{status}By"], found[f"{status}At"]) == (by, found["decision"]["at"])
    other = "rejected" if status == "approved" else "approved"
    assert (found[f"{other}By"], found[f"{other}At"], found["isChangedSinceDecision"]) == (None, None, False)
    [event] = await site.events(f"drift.{status}")
    assert (event.actor.name, event.data["reason"], event.data["fingerprint"]) == (name, REASON, drift["fingerprint"])
    assert event.actor.request_id == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "facts", [{}, {"If-Match": '"1-full"'}, {"If-Match": "*"}, {"If-Match": '"1-full"', "both": "1"}]
)
async def test_fingerprint_and_if_match_name_the_facts_and_so_does_neither(
    site: Site, drift: Row, facts: dict[str, str]
) -> None:
    body = {"reason": REASON} | ({"fingerprint": drift["fingerprint"]} if facts.pop("both", "") else {})
    answer = await (await as_role(site, "engineer")).post("/drifts/1/approve", json=body, headers=facts)
    assert answer.data["decision"]["fingerprint"] == drift["fingerprint"]
    [event] = await site.events("drift.approved")
    assert event.data["fingerprint"] == drift["fingerprint"]


async def test_an_approval_lapses_when_it_was_asked_to(site: Site, drift: Row) -> None:
    engineer = await as_role(site, "engineer")
    end = clock.now().replace(microsecond=123456) + timedelta(hours=1)
    local = end.astimezone(tz=None).isoformat()
    answer = await engineer.post("/drifts/1/approve", json={"reason": REASON, "until": local})
    assert answer.data["decision"]["until"] == clock.to_text(end)
    again = await engineer.post("/drifts/1/approve", json={"reason": REASON, "until": clock.to_text(end)})
    assert (again.status, await recorded(site)) == (200, (1, 1))
    with clock.pretend(end + timedelta(seconds=1)):
        assert await drifts.lapse(site.db) == 1
    found = (await engineer.get("/drifts/1")).data
    assert (found["status"], found["approvedAt"], found["decision"]["verdict"]) == ("detected", None, "approved")


# -- Twice, too late, at once --------------------------------------------------------------------------------------


async def test_the_same_wish_again_is_answered_as_the_first_time_whatever_version_it_saw(
    site: Site, drift: Row
) -> None:
    engineer = await as_role(site, "engineer")
    body = {"reason": REASON, "fingerprint": drift["fingerprint"]}
    answers = [
        await engineer.post("/drifts/1/approve", json=body, headers=headers)
        for headers in ({"If-Match": '"1-full"'}, {"If-Match": '"1-full"'}, {}, {"If-Match": '"2-full"'})
    ]
    assert {(answer.status, answer.headers["ETag"]) for answer in answers} == {(200, '"2-full"')}
    assert len({repr(answer.data) for answer in answers}) == 1
    assert await recorded(site) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        ("approve", {"reason": "another reason than before"}),
        ("reject", {"reason": REASON}),
        ("approve", {"reason": REASON, "until": "2199-01-01T00:00:00Z"}),
    ],
)
async def test_another_wish_of_the_same_person_is_no_repetition(site: Site, drift: Row, other: tuple[str, Any]) -> None:
    engineer = await as_role(site, "engineer")
    await engineer.post("/drifts/1/approve", json={"reason": REASON})
    answer = await engineer.post(f"/drifts/1/{other[0]}", json=other[1])
    assert refusal(answer) == (409, "ALREADY_DECIDED")
    assert await recorded(site) == (1, 1)


async def test_who_comes_second_learns_who_was_faster_and_how_it_stands(site: Site, drift: Row) -> None:
    await (await as_role(site, "admin")).post("/drifts/1/reject", json={"reason": REASON})
    engineer = await as_role(site, "engineer")
    for headers in ({}, {"If-Match": '"1-full"'}, {"If-Match": '"2-full"'}):
        answer = await engineer.post("/drifts/1/reject", json={"reason": REASON}, headers=headers)
        assert refusal(answer) == (409, "ALREADY_DECIDED")
        assert "Ada has rejected" in answer.body["error"]["message"]
        assert answer.refused == {"status": "rejected", "fingerprint": drift["fingerprint"], "version": "2"}
    assert await recorded(site) == (1, 1)


async def test_of_twenty_programs_at_once_one_decides_and_nineteen_learn_who(site: Site, drift: Row) -> None:
    crowd = [await program_of(site, await site.person(f"Engineer{number}")) for number in range(TWENTY)]
    posts = [
        who.post(f"/drifts/1/{('approve', 'reject')[n % 2]}", json={"reason": REASON}, headers={"If-Match": '"1-full"'})
        for n, who in enumerate(crowd)
    ]
    answers = await asyncio.gather(*posts)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: TWENTY - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"ALREADY_DECIDED"}
    assert await recorded(site) == (1, 1)
    [winner] = [answer.data for answer in answers if answer.status == 200]
    [row] = await site.rows("SELECT verdict, user_id FROM decisions")
    assert (winner["status"], winner["decision"]["by"]["id"]) == (row["verdict"], row["user_id"])


async def test_one_program_that_sends_twenty_times_at_once_decides_once(site: Site, drift: Row) -> None:
    engineer = await as_role(site, "engineer")
    seen = {"If-Match": '"1-full"'}
    posts = [engineer.post("/drifts/1/approve", json={"reason": REASON}, headers=seen) for _ in range(TWENTY)]
    answers = await asyncio.gather(*posts)
    assert Counter(answer.status for answer in answers) == {200: TWENTY}
    assert await recorded(site) == (1, 1)


# -- Other facts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", ["fingerprint", "version", "both"])
async def test_facts_that_changed_meanwhile_are_not_decided_on(site: Site, drift: Row, names: str) -> None:
    await site.post_body(scan("3", minute=1))
    now = await site.drift("demo.x")
    body = {"reason": REASON} | ({} if names == "version" else {"fingerprint": drift["fingerprint"]})
    headers = {} if names == "fingerprint" else {"If-Match": '"1-full"'}
    answer = await (await as_role(site, "engineer")).post("/drifts/1/approve", json=body, headers=headers)
    assert refusal(answer) == (409, "DRIFT_CHANGED")
    assert answer.refused == {"status": "detected", "fingerprint": now["fingerprint"], "version": "2"}
    assert await recorded(site) == (0, 0)


async def test_fingerprint_and_if_match_must_both_hold(site: Site, drift: Row) -> None:
    await site.post_body(scan("3", minute=1))
    now, engineer = await site.drift("demo.x"), await as_role(site, "engineer")
    for fingerprint, tag in ((now["fingerprint"], '"1-full"'), (drift["fingerprint"], '"2-full"')):
        body = {"reason": REASON, "fingerprint": fingerprint}
        answer = await engineer.post("/drifts/1/approve", json=body, headers={"If-Match": tag})
        assert refusal(answer) == (409, "DRIFT_CHANGED")
    assert await recorded(site) == (0, 0)


async def test_a_resolved_drift_is_a_conflict_and_an_unknown_one_is_not_found(site: Site, drift: Row) -> None:
    engineer = await as_role(site, "engineer")
    await site.run("UPDATE drifts SET status = 'resolved'")
    assert refusal(await engineer.post("/drifts/1/approve", json={"reason": REASON})) == (409, "CONFLICT")
    for number in (0, 2, 2147483647, 2147483648, "x", "-1"):
        for path, body in (("approve", {"reason": REASON}), ("comments", {"text": "hello"})):
            assert refusal(await engineer.post(f"/drifts/{number}/{path}", json=body)) == (404, "NOT_FOUND")
    assert await recorded(site) == (0, 0)


@pytest.mark.parametrize(
    "header", ["1-full", '"1-public"', 'W/"1-full"', '"1-full", "2-full"', '""', '"0-full"', '"99999999999-full"', "x"]
)
async def test_an_if_match_that_no_drift_has_given_is_refused(site: Site, drift: Row, header: str) -> None:
    answer = await (await as_role(site, "engineer")).post(
        "/drifts/1/approve", json={"reason": REASON}, headers={"If-Match": header}
    )
    assert (answer.status, list(answer.refused)) == (400, ["If-Match"])
    assert await recorded(site) == (0, 0)


# -- By page and by program ----------------------------------------------------------------------------------------


async def test_a_page_after_a_program_and_the_reverse_see_one_decision(site: Site) -> None:
    for number, first in enumerate(("program", "page"), 1):
        await site.post_body(scan("2"), stack=f"prod/app{number}")
        [drift] = await site.rows("SELECT * FROM drifts WHERE id = :id", id=number)
        engineer, program = await site.as_engineer(), await as_role(site, "engineer")
        admin, other = await site.as_admin(), await as_role(site, "admin")
        body = {"reason": REASON, "fingerprint": drift["fingerprint"]}
        path, page = f"/drifts/{number}/approve", f"/drifts/{number}/decision"
        if first == "program":
            assert (await program.post(path, json=body)).status == 200
            assert (await engineer.post(page, form(drift))).status_code == 303
        else:
            assert (await engineer.post(page, form(drift))).status_code == 303
            assert (await program.post(path, json=body)).status == 200
        assert (await admin.post(page, form(drift))).status_code == 409
        assert refusal(await other.post(path, json=body)) == (409, "ALREADY_DECIDED")
        assert await recorded(site) == (number, number)
