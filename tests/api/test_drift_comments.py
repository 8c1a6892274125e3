"""To comment as a program: once for each key, and not without words."""

import asyncio
from typing import Any

import pytest

from driftsentry.db import Row
from tests.api.program import as_role, refusal
from tests.site import Site


async def test_a_comment_is_answered_as_the_timeline_has_it(site: Site, drift: Row) -> None:
    engineer = await as_role(site, "engineer")
    answer = await engineer.post("/drifts/1/comments", json={"text": " <b>look</b>\r\nat this "})
    assert (answer.status, answer.data["kind"], answer.data["text"]) == (201, "drift.commented", "<b>look</b>\nat this")
    assert answer.data["actor"] == {"kind": "user", "id": site.people["Emil"].id, "name": "Emil"}
    assert (await engineer.get("/drifts/1/timeline")).data[-1] == answer.data
    assert (await engineer.get("/drifts/1")).headers["ETag"] == '"1-full"'


@pytest.mark.parametrize("text", ["", "   \n", "x" * 4001, None, 1, ["x"]])
async def test_a_comment_has_words(site: Site, drift: Row, text: Any) -> None:
    answer = await (await as_role(site, "engineer")).post("/drifts/1/comments", json={"text": text})
    assert (answer.status, set(answer.refused)) == (422, {"text"})
    assert await site.events("drift.commented") == []


async def test_a_comment_with_a_key_is_written_once_however_often_it_is_sent(site: Site, drift: Row) -> None:
    engineer, key = await as_role(site, "engineer"), {"Idempotency-Key": "comment-1"}
    first = await engineer.post("/drifts/1/comments", json={"text": "once"}, headers=key)
    again = await engineer.post("/drifts/1/comments", json={"text": "once"}, headers=key)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert "Idempotency-Replayed" in again.headers
    other = await engineer.post("/drifts/1/comments", json={"text": "another"}, headers=key)
    assert refusal(other) == (422, "VALIDATION_ERROR")
    assert [event.data["text"] for event in await site.events("drift.commented")] == ["once"]
    admin = await as_role(site, "admin")
    assert (await admin.post("/drifts/1/comments", json={"text": "another"}, headers=key)).status == 201
    assert (await engineer.post("/drifts/1/comments", json={"text": "once"})).status == 201
    assert len(await site.events("drift.commented")) == 3


async def test_a_key_sent_ten_times_at_once_writes_one_comment(site: Site, drift: Row) -> None:
    engineer, key = await as_role(site, "engineer"), {"Idempotency-Key": "comment-2"}
    posts = [engineer.post("/drifts/1/comments", json={"text": "once"}, headers=key) for _ in range(10)]
    answers = await asyncio.gather(*posts)
    # 409: carried out already, but the answer of the first is not kept yet.
    assert {answer.status for answer in answers} <= {201, 409}
    assert len(await site.events("drift.commented")) == 1
    later = await engineer.post("/drifts/1/comments", json={"text": "once"}, headers=key)
    assert (later.status, later.data["text"]) == (201, "once")


async def test_a_key_of_a_refused_comment_is_free_again(site: Site, drift: Row) -> None:
    engineer, key = await as_role(site, "engineer"), {"Idempotency-Key": "comment-3"}
    assert (await engineer.post("/drifts/9/comments", json={"text": "hello"}, headers=key)).status == 404
    await site.run("UPDATE users SET role = 'viewer' WHERE name = 'Emil'")
    assert (await engineer.post("/drifts/1/comments", json={"text": "hello"}, headers=key)).status == 403
    await site.run("UPDATE users SET role = 'engineer' WHERE name = 'Emil'")
    assert (await engineer.post("/drifts/1/comments", json={"text": "hello"}, headers=key)).status == 201
