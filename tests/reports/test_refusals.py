"""A body that is no report gets a clear 4xx within a second, and stores nothing."""

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from quart import Response

from tests.ingest.samples import entry, plan
from tests.site import RECORDED, Site

# The promise is one second; the rest is for machines that do other things meanwhile.
SECONDS = 3.0
MEGABYTE = 1024 * 1024
GOOD = plan(entry({"a": "OLD"}, {"a": "NEW"}))


def valued(text: bytes) -> bytes:
    return GOOD.replace(b'"NEW"', text)


WRONG = {
    "wrong/binary-planfile.tfplan": (422, "binary plan file", "terraform show -json"),
    "wrong/human-plan-output.txt": (415, "text for people", "terraform show -json"),
    "wrong/providers-schema.json.truncated-1MB": (422, "provider schemas", "terraform show -json"),
    "wrong/terraform-show-json-of-a-STATE.json": (422, "state as JSON", "terraform plan"),
    "tfplan-encoding/truncated.json": (400, "byte offset 6559", "Send the file again"),
}
HOSTILE: dict[str, tuple[int, Callable[[], bytes]]] = {
    "empty": (400, lambda: b""),
    "blank": (400, lambda: b" \n\t "),
    "zero bytes": (415, lambda: b"\0" * 1000),
    "null": (415, lambda: b"null"),
    "a number": (415, lambda: b"42"),
    "a list": (415, lambda: b"[]"),
    "an empty object": (422, lambda: b"{}"),
    "html": (415, lambda: b"<!doctype html><title>502</title>"),
    "deep lists": (422, lambda: valued(b"[" * 100_000 + b"]" * 100_000)),
    "deep objects": (422, lambda: valued(b'{"a":' * 50_000 + b"1" + b"}" * 50_000)),
    "unfinished depth": (400, lambda: b'{"format_version":"1.2","resource_drift":' + b"[" * 1_000_000),
    "NaN": (400, lambda: valued(b"NaN")),
    "Infinity": (400, lambda: valued(b"-Infinity")),
    "a huge number": (422, lambda: valued(b"9" * 100_000)),
    "duplicate keys": (422, lambda: GOOD.replace(b'"after":', b'"after":{"a":"NEW"},"after":')),
    "a lone surrogate": (400, lambda: valued(rb'"\ud800"')),
    "two documents": (400, lambda: GOOD + b"\n" + GOOD),
    "damaged gzip": (400, lambda: gzip.compress(GOOD)[:-9] + b"123456789"),
    "cut gzip": (400, lambda: gzip.compress(GOOD)[:-20]),
    "gzip twice": (422, lambda: gzip.compress(gzip.compress(GOOD))),
    "a gzip bomb": (413, lambda: gzip.compress(b" " * (65 * MEGABYTE), 9)),
    "a bomb of many members": (413, lambda: gzip.compress(b" " * MEGABYTE, 9) * 66),
}


async def refusal(site: Site, send: Callable[[], Any]) -> tuple[int, dict[str, Any]]:
    """Status and error of an answer that came soon and stored nothing."""
    await site.ci_token()
    before = await site.tables()
    started = time.perf_counter()
    response: Response = await send()
    assert time.perf_counter() - started < SECONDS
    answer = await response.get_json()
    assert answer["success"] is False
    assert answer["error"]["statusCode"] == response.status_code
    assert "Traceback" not in answer["error"]["message"]
    assert await site.tables() == before
    return response.status_code, answer["error"]


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_file_is_named_with_the_command_that_makes_the_right_one(site: Site, name: str) -> None:
    status, what, instead = WRONG[name]
    found, error = await refusal(site, lambda: site.post_body((RECORDED / name).read_bytes()))
    assert found == status
    assert what in error["message"]
    assert instead in error["message"]


def test_every_wrong_recording_has_its_sentence() -> None:
    assert {f"wrong/{path.name}" for path in (RECORDED / "wrong").iterdir()} <= set(WRONG)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_body_is_refused(sqlite_site: Site, name: str) -> None:
    status, make = HOSTILE[name]
    body = make()
    found, error = await refusal(sqlite_site, lambda: sqlite_site.post_body(body))
    assert 400 <= found < 500
    assert (found == status) or (found in (400, 415, 422) and status in (400, 415, 422)), error


async def test_text_around_the_plan_is_no_hindrance(sqlite_site: Site) -> None:
    for body in (b"+ terraform show -json\n" + GOOD, GOOD + b"\nDone."):
        assert (await sqlite_site.post_body(body)).status_code in (200, 201)


async def test_a_body_of_65_megabytes_is_refused(site: Site) -> None:
    body = b'{"format_version":"1.2","x":"' + b"x" * (65 * MEGABYTE) + b'"}'
    status, error = await refusal(site, lambda: site.post_body(body))
    assert (status, error["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_without_a_length_is_cut_off_at_64_megabytes(sqlite_site: Site) -> None:
    token = await sqlite_site.ci_token()
    client = sqlite_site.app.test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {token}"}
    connection = client.request("/api/v1/stacks/prod/app/reports", method="POST", headers=headers)
    async with connection:
        for _ in range(66):
            await connection.send(b"x" * MEGABYTE)
        await connection.send_complete()
    response = await connection.as_response()
    assert response.status_code == 413
    assert await sqlite_site.value("SELECT count(*) FROM reports") == 0


async def test_another_encoding_is_refused(sqlite_site: Site) -> None:
    for encoding in ("br", "zstd", "deflate", "gzip, gzip"):
        headers = {"Content-Encoding": encoding}
        status, error = await refusal(sqlite_site, lambda headers=headers: sqlite_site.post_body(GOOD, headers=headers))
        assert (status, error["code"]) == (415, "UNSUPPORTED_FORMAT")
    announced = {"Content-Encoding": "gzip"}
    status, _error = await refusal(sqlite_site, lambda: sqlite_site.post_body(GOOD, headers=announced))
    assert status == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("exitCode", "three"), ("exitCode", "-1"), ("exitCode", "1000"), ("exitCode", ""), ("exitCode", "\u0663"),
        ("exitCode", "²"), ("complete", "perhaps"), ("complete", ""),
        ("runUrl", "javascript:alert(1)"), ("runUrl", "//evil.example"),
        ("runUrl", "https://x/" + "y" * 2000), ("runId", "x" * 201), ("runId", "a\nb"), ("commit", "c" * 101),
        ("commit", "\x00"), ("colour", "blue"), ("format", "\u202e"),
    ],
)  # fmt: skip
async def test_a_bad_parameter_is_named(sqlite_site: Site, field: str, value: str) -> None:
    query = {field: value}
    status, error = await refusal(sqlite_site, lambda: sqlite_site.post_body(GOOD, **query))
    assert (status, error["code"]) == (400, "VALIDATION_ERROR")
    assert [problem["field"] for problem in error["details"]] == [field]


async def test_all_bad_parameters_are_told_at_once(sqlite_site: Site) -> None:
    query = {"exitCode": "x", "complete": "x", "runUrl": "x", "colour": "x"}
    _status, error = await refusal(sqlite_site, lambda: sqlite_site.post_body(GOOD, **query))
    assert {problem["field"] for problem in error["details"]} == set(query)


async def test_a_format_that_is_not_read_is_refused(sqlite_site: Site) -> None:
    status, error = await refusal(sqlite_site, lambda: sqlite_site.post_body(GOOD, format="chef"))
    assert (status, error["code"]) == (415, "UNSUPPORTED_FORMAT")
    assert "terraform_plan" in error["message"]
    assert "driftctl" in error["message"]
    assert (await sqlite_site.post_body(GOOD, format="terraform_plan")).status_code == 201


@pytest.mark.parametrize(
    "slug",
    ["-prod", "prod//app", "prod/", "prod app", "prod/../x", ".", "x" * 201, "prod%", "pröd", "a\nb", "<b>"],
)
async def test_what_cannot_name_a_stack_is_refused(sqlite_site: Site, slug: str) -> None:
    await sqlite_site.ci_token()
    before = await sqlite_site.tables()
    response = await sqlite_site.post_body(GOOD, slug)
    assert response.status_code in (404, 405)
    assert await sqlite_site.tables() == before


@pytest.mark.parametrize("slug", ["a", "prod", "prod/network", "Prod/eu-west-1/a.b_c", "1/2/3", "x" * 200])
async def test_a_slug_may_hold_slashes(sqlite_site: Site, slug: str) -> None:
    response = await sqlite_site.post_body(GOOD, slug)
    assert response.status_code == 201
    assert (await response.get_json())["data"]["report"]["stack"] == slug
    viewer = await sqlite_site.as_viewer()
    assert slug in await viewer.text(f"/stacks/{slug}")
    environment = slug.partition("/")[0] if "/" in slug else "default"
    assert await sqlite_site.value("SELECT environment FROM stacks") == environment


async def test_values_from_a_refused_body_are_not_in_the_answer(sqlite_site: Site) -> None:
    for body in (b"TOP-HIDDEN-VALUE", b'{"TOP-HIDDEN-VALUE": 1}', json.dumps({"values": "TOP-HIDDEN-VALUE"}).encode()):
        _status, error = await refusal(sqlite_site, lambda body=body: sqlite_site.post_body(body))
        assert "HIDDEN" not in json.dumps(error)
