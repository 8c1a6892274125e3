"""Bodies and query strings: read strictly, and every problem is told at once, in the one shape."""

import base64
import json

import pytest

from tests.api.program import Program, as_role
from tests.api.test_envelope import UNSUPPORTED, check_failure
from tests.contract.test_access import NO_ID
from tests.site import Site


@pytest.fixture
async def admin(sqlite_site: Site) -> Program:
    return await as_role(sqlite_site, "admin")


# -- Bodies -------------------------------------------------------------------------------------------

GOOD = {"email": "new@example.com", "name": "New", "role": "viewer"}


def nested(depth: int) -> bytes:
    """An object, in it so many lists that there are `depth` levels."""
    return b'{"name": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


UNREADABLE: dict[str, bytes] = {
    "empty": b"",
    "blanks": b" \r\n\t ",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "a number": b"5",
    "no JSON": b"name=x",
    "cut": b'{"name": "x"',
    "more behind": b'{"name": "x"} {}',
    "a comma too many": b'{"name": "x",}',
    "a comment": b'{"name": "x"} // hello',
    "single quotes": b"{'name': 'x'}",
    "the same key twice": b'{"name": "a", "name": "b"}',
    "the same key twice, escaped": b'{"name": "a", "n\\u0061me": "b"}',
    "the same key twice, deep": b'{"name": {"a": [{"b": 1, "b": 1}]}}',
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": [Infinity]}',
    "-Infinity": b'{"name": -Infinity}',
    "5,000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "depth 65": nested(65),
    "depth 100,000": nested(100_000),
    "depth 100,000, not closed": b"[" * 100_000,
    "depth 100,000 of objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a lone surrogate": b'{"name": "\\ud800"}',
    "a lone surrogate as a key": b'{"\\udfff": 1}',
    "a lone surrogate, deep": b'{"name": [[{"a": "\\udc00"}]]}',
    "NUL": b'{"name": "a\\u0000b"}',
    "NUL as a key": b'{"a\\u0000": 1}',
    "a raw NUL": b'{"name": "a\x00b"}',
    "a raw line feed": b'{"name": "a\nb"}',
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "latin-1": b'{"name": "\xfc"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "CESU-8": b'{"name": "\xed\xa0\xbd\xed\xb8\x80"}',
    "an overlong slash": b'{"name": "\xc0\xaf"}',
}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/users"), ("POST", "/auth/login"), ("PATCH", f"/users/{NO_ID}")]
)
async def test_what_is_not_a_json_object_is_400(sqlite_site: Site, admin: Program, method: str, path: str) -> None:
    before = await sqlite_site.tables()
    found = {name: await admin.request(method, path, data=body) for name, body in UNREADABLE.items()}
    assert {name: answer.status for name, answer in found.items()} == dict.fromkeys(UNREADABLE, 400)
    for answer in found.values():
        check_failure(answer, 400, "VALIDATION_ERROR")
    assert await sqlite_site.tables() == before


async def test_depth_64_is_read_and_found_wrong(admin: Program) -> None:
    assert (await admin.post("/users", data=nested(64))).refused["name"].startswith("Expected")


async def test_a_body_of_one_megabyte_is_read_and_a_byte_more_is_not(admin: Program) -> None:
    filler = json.dumps(GOOD | {"name": ""}).encode()
    whole = filler.replace(b'"name": ""', b'"name": "' + b"x" * (1024 * 1024 - len(filler)) + b'"')
    assert len(whole) == 1024 * 1024
    check_failure(await admin.post("/users", data=whole), 422, "VALIDATION_ERROR")
    check_failure(await admin.post("/users", data=whole + b" "), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", "application/jsonp"],
)
async def test_another_kind_of_content_is_415(admin: Program, kind: str) -> None:
    answer = await admin.post("/users", data=json.dumps(GOOD).encode(), headers={"Content-Type": kind})
    check_failure(answer, 415, UNSUPPORTED)


async def test_json_with_a_character_set_is_json(admin: Program) -> None:
    for number, kind in enumerate(("application/json; charset=utf-8", "Application/JSON")):
        body = json.dumps(GOOD | {"email": f"new{number}@example.com"}).encode()
        assert (await admin.post("/users", data=body, headers={"Content-Type": kind})).status == 201


async def test_all_problems_of_a_body_are_told_at_once(sqlite_site: Site, admin: Program) -> None:
    before = await sqlite_site.tables()
    answer = await admin.post("/users", json={"email": "nobody", "role": "owner", "admin": True, "x" * 500: 1})
    check_failure(answer, 422, "VALIDATION_ERROR")
    assert set(answer.refused) == {"email", "name", "role", "admin", "x" * 100}
    assert answer.refused["name"] == "This field is required."
    assert answer.refused["admin"] == "There is no such field."
    assert await sqlite_site.tables() == before


WRONG_TYPES = [
    ("/tokens", {"name": "ci", "stacks": ["*"], "days": "1"}, "days"),
    ("/tokens", {"name": "ci", "stacks": ["*"], "days": True}, "days"),
    ("/tokens", {"name": "ci", "stacks": ["*"], "days": 1.5}, "days"),
    ("/tokens", {"name": "ci", "stacks": ["*"], "days": None}, "days"),
    ("/tokens", {"name": "ci", "stacks": ["*"], "days": 10**30}, "days"),
    ("/tokens", {"name": "ci", "stacks": ["*"], "days": 0}, "days"),
    ("/tokens", {"name": "ci", "stacks": "*"}, "stacks"),
    ("/tokens", {"name": "ci", "stacks": [1]}, "stacks"),
    ("/tokens", {"name": "ci", "stacks": {"*": 1}}, "stacks"),
    ("/tokens", {"name": "ci", "stacks": ["*"] * 51}, "stacks"),
    ("/tokens", {"name": "", "stacks": ["*"]}, "name"),
    ("/tokens", {"name": 5, "stacks": ["*"]}, "name"),
    ("/tokens", {"name": ["ci"], "stacks": ["*"]}, "name"),
    ("/tokens", {"name": "ci", "stacks": ["*"], "scope": "admin"}, "scope"),
    ("/tokens", {"name": "ci", "stacks": ["*"], "scope": "REPORT:WRITE"}, "scope"),
    ("/users", GOOD | {"role": "Viewer"}, "role"),
    ("/users", GOOD | {"email": {"$ne": ""}}, "email"),
    ("/users", GOOD | {"name": "x" * 101}, "name"),
    ("/users", GOOD | {"Role": "viewer"}, "Role"),
]


async def test_types_are_strict(sqlite_site: Site, admin: Program) -> None:
    before = await sqlite_site.tables()
    for path, body, field in WRONG_TYPES:
        answer = await admin.post(path, json=body)
        assert answer.status == 422, body
        check_failure(answer, 422, "VALIDATION_ERROR")
        assert [*answer.refused] == [field], body
        assert "`" not in answer.refused[field]
    assert await sqlite_site.tables() == before


async def test_true_is_a_boolean_and_1_and_true_as_text_are_none(admin: Program) -> None:
    for value in (1, 0, "true", "1", None, []):
        answer = await admin.patch(f"/users/{NO_ID}", json={"active": value})
        assert (answer.status, [*answer.refused]) == (422, ["active"]), value
    assert (await admin.patch(f"/users/{NO_ID}", json={"active": True})).status == 404


# -- Queries ------------------------------------------------------------------------------------------

LISTS = ("/sessions", "/alerts", "/stacks", "/audit-logs", "/drifts")
BAD_QUERIES = {
    "unknown=1": ["unknown"],
    "page=1&page=1": ["page"],
    "page=1&page=2&pageSize=1&pageSize=1": ["page", "pageSize"],
    "page=0": ["page"],
    "page=-1": ["page"],
    "page=": ["page"],
    "page=x": ["page"],
    "page=1.5": ["page"],
    "page=0x10": ["page"],
    "page=1_0": ["page"],
    "page=%D9%A1": ["page"],
    "page=+1": ["page"],
    "page=1e3": ["page"],
    "page=true": ["page"],
    "page=100001": ["page"],
    f"page={'9' * 30}": ["page"],
    f"page={'9' * 5000}": ["page"],
    "page=1%00": ["page"],
    "pageSize=0": ["pageSize"],
    "pageSize=201": ["pageSize"],
    "page_size=5": ["page_size"],
    "page=0&pageSize=0&nothing=1": ["nothing", "page", "pageSize"],
}


@pytest.mark.parametrize("path", LISTS)
async def test_every_problem_of_a_query_is_told(admin: Program, path: str) -> None:
    for query, fields in BAD_QUERIES.items():
        answer = await admin.get(f"{path}?{query}")
        assert answer.status == 400, query[:80]
        check_failure(answer, 400, "VALIDATION_ERROR")
        assert sorted(answer.refused) == sorted(fields), query[:80]


async def test_texts_of_queries_may_hold_anything_and_break_nothing(site: Site) -> None:
    """On both engines: what a database cannot store, nobody has looked for."""
    admin = await as_role(site, "admin")
    for value in (
        "%00",
        "a%00b",
        "%ff%fe",
        "%ED%A0%80",
        "'",
        "%25",
        "%5C",
        "%F0%9F%94%91",
        "x" * 200,
        "%E2%80%AE",
        "%0A",
    ):
        for path in ("/alerts?stack=", "/audit-logs?actor=", "/audit-logs?kind=", "/audit-logs?stack=",
                     "/audit-logs?address=", "/drifts?q=", "/drifts?stack=", "/stacks/"):  # fmt: skip
            answer = await admin.get(path + value)
            nothing = [422] if path == "/drifts?q=" else []  # no letter and no digit to search for
            assert answer.status in (200, 400, 404, *nothing), (path + value, answer.status)
            assert answer.status == 200 or answer.body["success"] is False


async def test_cursors_and_times_that_nobody_gave_out_are_refused(site: Site) -> None:
    admin = await as_role(site, "admin")
    places = ["0", "-1", str(2**31), str(2**63), str(2**64), "9" * 400, "null", "[]", '"x"', "1.5", "NaN", "true", ""]
    cursors = [base64.urlsafe_b64encode(place.encode()).decode().rstrip("=") for place in places]
    for path in ("/alerts", "/audit-logs", "/drifts"):
        for cursor in [*cursors, "x", "_-_-", "a" * 500]:
            answer = await admin.get(f"{path}?cursor={cursor}")
            assert answer.status in (200, 400), (path, cursor, answer.status)
        check_failure(await admin.get(f"{path}?cursor={'a' * 501}"), 400, "VALIDATION_ERROR")
        check_failure(await admin.get(f"{path}?cursor=%00"), 400, "VALIDATION_ERROR")
    for moment in (
        "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00", "2026-01-01", "yesterday",
        "1", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00Z",
    ):  # fmt: skip
        for name in ("since", "until"):
            assert (await admin.get(f"/audit-logs?{name}={moment}")).status in (200, 400), moment
