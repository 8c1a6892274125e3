"""What programs send with a decision: every problem is named, and nothing that is no plain object gets in."""

from itertools import product
from typing import Any

from driftsentry.db import Row
from tests.api.program import as_nobody, as_role, refusal
from tests.drifts.test_decision import recorded
from tests.site import Site

REASON = "the vendor asked us to keep it"
TOO_MUCH = "x" * 1001
WRONG_FIELDS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"reason"}),
    ({"reason": "too short"}, {"reason"}),
    ({"reason": "short" + " " * 20}, {"reason"}),
    ({"reason": " " * 20}, {"reason"}),
    ({"reason": "\r\n\r\n\r\n\r\nx"}, {"reason"}),
    ({"reason": TOO_MUCH}, {"reason"}),
    ({"reason": None}, {"reason"}),
    ({"reason": 1234567890123}, {"reason"}),
    ({"reason": [REASON]}, {"reason"}),
    ({"reason": REASON, "surprise": 1, "verdict": "approved"}, {"surprise", "verdict"}),
    ({"reason": "short", "fingerprint": "", "until": "tomorrow", "x": 1}, {"reason", "fingerprint", "until", "x"}),
    ({"reason": REASON, "fingerprint": 1}, {"fingerprint"}),
    ({"reason": REASON, "until": "2020-01-01T00:00:00Z"}, {"until"}),
    ({"reason": REASON, "until": "2199-01-01T00:00:00"}, {"until"}),
    ({"reason": REASON, "until": "2199-01-01"}, {"until"}),
    ({"reason": REASON, "until": "9999-12-31T23:59:59-05:00"}, {"until"}),
    ({"reason": REASON, "until": "0001-01-01T00:00:00+05:00"}, {"until"}),
    ({"reason": REASON, "until": 4102444800}, {"until"}),
]


async def test_every_problem_of_a_body_is_named(site: Site, drift: Row) -> None:
    engineer = await as_role(site, "engineer")
    for body, fields in WRONG_FIELDS:
        answer = await engineer.post("/drifts/1/approve", json=body)
        assert (answer.status, answer.code, set(answer.refused)) == (422, "VALIDATION_ERROR", fields), body
    assert await recorded(site) == (0, 0)


async def test_only_an_approval_has_an_end(site: Site, drift: Row) -> None:
    answer = await (await as_role(site, "engineer")).post(
        "/drifts/1/reject", json={"reason": REASON, "until": "2199-01-01T00:00:00Z"}
    )
    assert (answer.status, set(answer.refused)) == (422, {"until"})


NO_OBJECTS = [
    (b'{"reason": "%s", "reason": "x"}' % REASON.encode(), "application/json", 400),
    (b'{"reason": NaN}', "application/json", 400),
    (b'{"reason": "half of a pair \\ud800 "}', "application/json", 400),
    (b'{"reason": "with a \\u0000 in it"}', "application/json", 400),
    (b'{"x": ' + b"[" * 100 + b"]" * 100 + b"}", "application/json", 400),
    (b"[" * 200_000, "application/json", 400),
    (b'["reason"]', "application/json", 400),
    (b"", "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b'{"reason": "%s"}' % REASON.encode(), "text/plain", 415),
    (b"reason=because+of+that", "application/x-www-form-urlencoded", 415),
    (b'{"reason": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
]


async def test_a_body_that_is_no_plain_object_is_refused(site: Site, drift: Row) -> None:
    engineer = await as_role(site, "engineer")
    for (raw, kind, status), path in product(NO_OBJECTS, ("approve", "comments")):
        answer = await engineer.post(f"/drifts/1/{path}", data=raw, headers={"Content-Type": kind})
        assert answer.status == status, (raw[:80], answer.body)
    assert await recorded(site) == (0, 0)


async def test_another_method_and_another_site_are_refused(site: Site, drift: Row) -> None:
    engineer = await as_role(site, "engineer")
    answer = await engineer.get("/drifts/1/approve")
    assert (*refusal(answer), answer.headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", "OPTIONS, POST")
    body, page = {"reason": REASON}, {"Origin": "https://evil.example"}
    assert refusal(await engineer.post("/drifts/1/approve", json=body, headers=page)) == (403, "FORBIDDEN")
    cookie = (await site.as_engineer()).headers()
    assert (await as_nobody(site).post("/drifts/1/approve", json=body, headers=cookie)).status == 401
    assert await recorded(site) == (0, 0)
