"""Many people at once: one decision, and nobody gets an error that is ours."""

import asyncio
from collections import Counter

from driftsentry import audit
from driftsentry.events import Log
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site

DRIFTED = plan(entry({"a": "1"}, {"a": "2"}))
TWENTY = 20


async def engineers(site: Site) -> list[Browser]:
    return [await site.browser_of(await site.person(f"Engineer{number}")) for number in range(TWENTY)]


async def test_of_twenty_engineers_at_once_one_wins_and_nineteen_learn_who(site: Site) -> None:
    await site.post_body(DRIFTED)
    drift = await site.drift("demo.x")
    crowd = await engineers(site)
    forms = [
        {
            "verdict": ("approved", "rejected")[number % 2],
            "reason": f"as I, number {number}, see it",
            "fingerprint": drift["fingerprint"],
        }
        for number in range(TWENTY)
    ]
    posts = [who.post(f"/drifts/{drift['id']}/decision", typed) for who, typed in zip(crowd, forms, strict=True)]
    answers = await asyncio.gather(*posts)
    assert Counter(answer.status_code for answer in answers) == {303: 1, 409: TWENTY - 1}
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 303)
    [decision] = await site.rows("SELECT * FROM decisions")
    [event] = await site.events("drift.approved", "drift.rejected")
    assert event.actor.name == f"Engineer{winner}"
    assert (decision["reason"], event.data["reason"]) == (forms[winner]["reason"],) * 2
    after = await site.drift("demo.x")
    assert (after["status"], after["decision_id"]) == (forms[winner]["verdict"], decision["id"])
    assert after["version"] == drift["version"] + 1
    for number, answer in enumerate(answers):
        if number != winner:
            text = await answer.get_data(as_text=True)
            assert f"Engineer{winner} has {after['status']} this drift already" in text
            assert forms[number]["reason"] in text


async def test_one_engineer_who_clicks_twenty_times_decides_once(site: Site) -> None:
    await site.post_body(DRIFTED)
    drift = await site.drift("demo.x")
    engineer = await site.as_engineer()
    typed = {"verdict": "approved", "reason": "clicked in a hurry", "fingerprint": drift["fingerprint"]}
    answers = await asyncio.gather(*[engineer.post(f"/drifts/{drift['id']}/decision", typed) for _ in range(TWENTY)])
    assert Counter(answer.status_code for answer in answers) == {303: TWENTY}
    assert await site.value("SELECT count(*) FROM decisions") == 1
    assert len(await site.events("drift.approved")) == 1


async def test_decisions_and_reports_at_once_leave_one_consistent_story(site: Site) -> None:
    """Whoever comes first: a decision stands on the facts that it names, and the counts add up."""
    addresses = [f"demo.n{number}" for number in range(10)]

    def scan(minute: int) -> bytes:
        entries = [entry({"a": "1"}, {"a": f"{minute}"}, address=each, name=each[5:]) for each in addresses]
        return plan(*entries, timestamp=f"2026-11-20T10:{minute:02}:00Z")

    await site.post_body(scan(2))
    engineer = await site.as_engineer()
    seen = {row["id"]: row["fingerprint"] for row in await site.rows("SELECT id, fingerprint FROM drifts")}
    posts = [
        engineer.post(f"/drifts/{drift_id}/decision", {"verdict": "approved", "reason": "x" * 10, "fingerprint": seen_})
        for drift_id, seen_ in seen.items()
    ]
    answers = await asyncio.gather(*posts[:5], site.post_body(scan(3)), *posts[5:])
    assert {answer.status_code for answer in answers} <= {303, 409, 201}
    made = sum(answer.status_code == 303 for answer in answers)
    assert await site.value("SELECT count(*) FROM decisions") == made == len(await site.events("drift.approved"))
    # All facts changed behind or before the decisions, so everything waits again.
    assert await site.value("SELECT count(*) FROM drifts WHERE status = 'detected'") == 10
    assert await site.value("SELECT sum(amount) FROM drift_counts WHERE status = 'detected'") == 10
    stale = "SELECT count(*) FROM drifts d JOIN decisions x ON x.id = d.decision_id WHERE x.fingerprint = d.fingerprint"
    assert await site.value(stale) == 0
    assert (await audit.verify(site.db, Log(site.app.settings.data_key))).problems == []


async def test_twenty_comments_at_once_are_all_kept(site: Site) -> None:
    await site.post_body(DRIFTED)
    crowd = await engineers(site)
    answers = await asyncio.gather(
        *[who.post("/drifts/1/comments", {"text": f"number {number}"}) for number, who in enumerate(crowd)]
    )
    assert Counter(answer.status_code for answer in answers) == {303: TWENTY}
    told = await site.events("drift.commented")
    assert {event.data["text"] for event in told} == {f"number {number}" for number in range(TWENTY)}
