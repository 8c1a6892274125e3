"""A large report that says what the newest one said is not read, and does what it would have done."""

import re
from collections.abc import Callable

import pytest

from driftsentry.reports import actions, repeating
from driftsentry.reports.body import PAGE, Body
from driftsentry.reports.model import Upload
from tests.alerts.plans import post, size
from tests.site import RECORDED, Site

SEQUENCE = sorted((RECORDED / "tfplan-sequence").iterdir())
THREE = SEQUENCE[3].read_bytes()  # alpha, beta and a password
TARGETED = SEQUENCE[7].read_bytes()
TIME = re.compile(rb'("timestamp":")[^"]*"')


def at(body: bytes, time: str) -> bytes:
    """The same scan at another time of the same day."""
    return TIME.sub(rf'\g<1>2026-11-21T{time}Z"'.encode(), body)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the reports that were read. All count as large."""
    sizes: list[int] = []
    judging = actions.judging

    def counted(body: Body, *args: object) -> object:
        sizes.append(body.size)
        return judging(body, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "judging", counted)
    monkeypatch.setattr(repeating, "LARGE", 0)
    return sizes


async def counts(site: Site, body: bytes, **query: str) -> tuple[int, ...]:
    answer = await (await site.post_body(body, **query)).get_json()
    assert answer["meta"] == {"duplicate": False}
    return tuple(answer["data"]["drifts"].values())


async def test_a_repeated_report_finds_all_as_it_was_without_being_read(site: Site, read: list[int]) -> None:
    assert await counts(site, at(THREE, "20:00:00")) == (3, 0, 0, 0, 0, 0)
    before = await site.tables("reports", "events", "event_head", "tokens", "stacks", "expectations")
    for minute in range(1, 4):
        assert await counts(site, at(THREE, f"20:0{minute}:00"), runId=str(minute)) == (0, 0, 3, 0, 0, 0)
    assert len(read) == 1
    assert await site.tables("reports", "events", "event_head", "tokens", "stacks", "expectations") == before
    rows = await site.rows(
        "SELECT scanned_at, run_id, format, tool, tool_version, mode, is_complete, is_late, incomplete_reason,"
        " unchanged FROM reports ORDER BY received_at"
    )
    assert [(row["scanned_at"][11:16], row["run_id"], row["unchanged"]) for row in rows] == [
        ("20:00", "", 0), ("20:01", "1", 3), ("20:02", "2", 3), ("20:03", "3", 3),
    ]  # fmt: skip
    assert len({tuple(row)[2:-1] for row in rows}) == 1
    stack = await site.rows("SELECT newest_scan_at, newest_whole_at FROM stacks")
    assert [value[11:16] for value in tuple(stack[0])] == ["20:03", "20:03"]


async def test_a_repeated_report_that_is_sent_again_is_a_duplicate(site: Site, read: list[int]) -> None:
    for minute in (0, 1):
        await site.post_body(at(THREE, f"20:0{minute}:00"))
    again = await site.post_body(at(THREE, "20:01:00"))
    assert (again.status_code, len(read)) == (200, 1)


async def test_reports_that_repeat_do_what_they_do_when_they_are_read(
    site: Site, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for large in (0, 10**9):
        monkeypatch.setattr(repeating, "LARGE", large)
        stack, answers = f"prod/{large}", []
        for hour, path in enumerate(SEQUENCE):
            for minute in range(3):
                response = await site.post_body(at(path.read_bytes(), f"{hour + 10}:0{minute}:00"), stack)
                answers.append((await response.get_json())["data"]["drifts"])
        rows = await site.rows(
            "SELECT d.address, d.status, d.attributes, d.version, d.reopened FROM drifts d JOIN stacks s"
            " ON s.id = d.stack_id WHERE s.slug = :stack ORDER BY d.address",
            stack=stack,
        )
        found.append((answers, [tuple(row) for row in rows]))
    assert found[0] == found[1]
    assert len(read) == 10 + 27  # eight different scans once, the targeted one each time; and all of them


def add_another_time(body: bytes) -> bytes:
    return body.replace(b"{", b'{"checks":[{"timestamp":"2026-11-21T00:00:00Z"}],', 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b"alpha", b"omega", 1),
        lambda body: at(body, "19:00:00"),
        lambda body: body.replace(b'"timestamp":"', b'"timestamp": "'),
        lambda body: body.replace(b'Z"', b'+00:00"'),
        add_another_time,
    ],
    ids=["another byte", "an older time", "a space", "another writing of the time", "two times"],
)
async def test_what_is_not_the_same_is_read(site: Site, read: list[int], change: Callable[[bytes], bytes]) -> None:
    await site.post_body(at(THREE, "20:00:00"))
    other = change(at(THREE, "21:00:00"))
    assert other != at(THREE, "21:00:00")
    await site.post_body(other)
    assert len(read) == 2


async def test_two_times_in_a_report_are_never_told_apart(site: Site, read: list[int]) -> None:
    for hour in (20, 21):
        await site.post_body(add_another_time(at(THREE, f"{hour}:00:00")))
    assert len(read) == 2


async def test_a_report_of_which_the_caller_says_something_else_is_read(site: Site, read: list[int]) -> None:
    for hour, complete in ((20, "true"), (21, "false"), (22, "false"), (23, "true")):
        await site.post_body(at(THREE, f"{hour}:00:00"), complete=complete)
    assert len(read) == 4  # an incomplete one does not stand for the next either


async def test_a_scan_of_a_part_in_between_counts(site: Site, read: list[int]) -> None:
    await site.post_body(at(THREE, "20:00:00"))
    await site.post_body(at(TARGETED, "20:30:00"))
    assert await counts(site, at(THREE, "21:00:00")) == (0, 0, 3, 0, 0, 0)
    assert len(read) == 3


async def test_a_held_report_does_not_stand_for_the_next(site: Site, read: list[int]) -> None:
    machines = [size(f"m{number:02}") for number in range(40)]
    await post(site, 1, *machines)
    for hour in (2, 3):
        answered = await post(site, hour, *machines[:5])
        assert (answered["report"]["held"], answered["drifts"]["unchanged"]) == (35, 5)
    assert len(read) == 3


async def test_values_that_changed_in_a_row_did_not_when_a_report_repeats(site: Site, read: list[int]) -> None:
    await post(site, 1, size("m1", "a"))
    await post(site, 2, size("m1", "b"))
    assert await site.value("SELECT count(*) FROM value_streaks") == 1
    await post(site, 3, size("m1", "b"))
    assert await site.value("SELECT count(*) FROM value_streaks") == 0
    assert len(read) == 2


def test_the_time_is_found_wherever_pages_end() -> None:
    for position in (0, PAGE - 20, PAGE - 3, PAGE, 2 * PAGE - 11):
        bodies = [
            Body(b"." * position + f'"timestamp":"2026-11-21T{hour}:00:00Z"'.encode() + b"." * PAGE)
            for hour in (10, 11)
        ]
        one, other = (repeating.digests_of(b"k" * 32, body, Upload()) for body in bodies)
        assert (one.repeat, one.whole) != ("", other.whole)
        assert (one.repeat, one.time and one.time.hour, other.time and other.time.hour) == (other.repeat, 10, 11)


def test_a_small_report_is_read_each_time() -> None:
    assert repeating.digests_of(b"k" * 32, Body(b"{}"), Upload()).repeat == ""
