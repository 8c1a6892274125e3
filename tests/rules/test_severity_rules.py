"""Severity rules that admins keep: added, changed, switched, moved, removed; and what drifts are judged by then."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from driftsentry import errors, ids
from driftsentry.events import Actor
from driftsentry.judging import SHIPPED, Severity
from driftsentry.rules import severity_actions, severity_queries
from driftsentry.rules.severity_draft import Draft, checked
from driftsentry.rules.severity_model import KeptRule, Stored, arrange, ruleset_of
from tests.ingest.samples import entry, plan
from tests.site import SETTINGS, Site

KEY = SETTINGS["DATA_KEY"].encode()
SIZE = Draft(
    id=ids.new(), name="bigger machine", severity="high", reason="{attribute} is {after} now", attributes="size"
)
OTHER = Draft(id=ids.new(), name="any machine", severity="high", reason="it differs", types="demo")


async def actor_of(site: Site, name: str = "Ada", role: str = "admin") -> Actor:
    user = await site.person(name, role)
    return Actor("user", user.id, user.name, "198.51.100.4")


async def resized(site: Site, stack: str = "prod/app") -> None:
    await site.post_body(plan(entry({"size": 1}, {"size": 2})), stack)


async def severity(site: Site) -> tuple[str, str, str]:
    [row] = await site.rows("SELECT severity, severity_rule, severity_reason FROM drifts")
    return row[0], row[1], row[2]


async def kept(site: Site) -> tuple[KeptRule, ...]:
    async with site.db.read() as tx:
        return await severity_queries.select_kept(tx)


async def names(site: Site, of: Severity = Severity.HIGH) -> list[str]:
    return [each.rule.name for each in await kept(site) if each.severity is of]


async def test_a_rule_judges_what_is_there_and_what_comes_and_leaves_with_its_removal(site: Site) -> None:
    ada = await actor_of(site)
    await resized(site)
    assert (await severity(site))[:2] == ("medium", "changed attribute")
    for _ in range(2):  # the second is a form that was sent twice
        await severity_actions.add(site.db, KEY, ada, SIZE)
    assert await severity(site) == ("high", "bigger machine", "size is 2 now")
    assert (await names(site))[0] == "bigger machine", "first among its severity"
    await severity_actions.change(site.db, KEY, ada, replace(SIZE, after="> 5", seen=await seen(site)))
    assert (await severity(site))[1] == "changed attribute"
    await site.post_body(plan(entry({"size": 1}, {"size": 9})))
    assert (await severity(site))[1] == "bigger machine"
    await severity_actions.remove(site.db, KEY, ada, SIZE.id)
    assert (await severity(site))[1] == "changed attribute"
    with pytest.raises(errors.NotFound):
        await severity_actions.remove(site.db, KEY, ada, SIZE.id)
    added, changed, removed = await site.events("rule.added", "rule.changed", "rule.removed")
    assert {event.actor.name for event in (added, changed, removed)} == {"Ada"}
    assert (added.data["attributes"], added.data["reason"]) == ("size", SIZE.reason)
    assert (changed.data["before"], changed.data["after"]) == ({"real_is": ""}, {"real_is": "> 5"})
    assert removed.data["real_is"] == "> 5", "the log keeps what nothing else does"


async def seen(site: Site) -> str:
    return str(await site.value("SELECT updated_at FROM severity_rules WHERE conditions <> ''"))


async def test_a_rule_is_switched_off_and_on_once_each(site: Site) -> None:
    ada = await actor_of(site)
    await site.post_body(plan(entry({"name": "x"}, None, change={"actions": ["delete"]})))
    for on, rule in ((False, "changed attribute"), (True, "deleted")):
        for _ in range(2):
            await severity_actions.switch(site.db, KEY, ada, "deleted", on=on)
        assert (await severity(site))[1] == rule
    events = await site.events("rule.switched_off", "rule.switched_on")
    assert [(event.kind, event.data["name"]) for event in events] == [
        ("rule.switched_off", "deleted"), ("rule.switched_on", "deleted"),
    ]  # fmt: skip
    async with site.db.read() as tx:
        assert (await severity_queries.select_ruleset(tx)).rules != ()
    with pytest.raises(errors.NotFound):
        await severity_actions.switch(site.db, KEY, ada, "nothing", on=False)


async def test_the_upper_of_two_that_match_wins_and_they_can_be_moved(site: Site) -> None:
    ada = await actor_of(site)
    await resized(site)
    for draft in (SIZE, OTHER):
        await severity_actions.add(site.db, KEY, ada, draft)
    assert (await names(site))[:2] == ["any machine", "bigger machine"], "the newest is the first"
    assert (await severity(site))[1] == "any machine"
    for _ in range(2):
        await severity_actions.move(site.db, KEY, ada, SIZE.id, above=OTHER.id)
    assert (await severity(site))[1] == "bigger machine"
    await severity_actions.move(site.db, KEY, ada, SIZE.id, below=OTHER.id)
    assert (await names(site))[:2] == ["any machine", "bigger machine"]
    assert [event.data["direction"] for event in await site.events("rule.moved")] == ["up", "down"]
    third = replace(OTHER, id=ids.new(), name="third")
    await severity_actions.add(site.db, KEY, ada, third)
    assert (await names(site))[:3] == ["third", "any machine", "bigger machine"]
    for wrong in ({"above": third.id}, {"above": SIZE.id}, {"below": "tags-only"}):
        with pytest.raises(errors.Conflict, match="another one by now"):
            await severity_actions.move(site.db, KEY, ada, SIZE.id, **wrong)
    with pytest.raises(errors.NotFound):
        await severity_actions.move(site.db, KEY, ada, SIZE.id, above="nothing")


async def test_two_admins_at_once_do_not_undo_each_other(site: Site) -> None:
    """Both saw one order, and each moves something past the same neighbour."""
    ada, alan = await actor_of(site), await actor_of(site, "Alan")
    before = await names(site)
    keys = [each.key for each in await kept(site) if each.severity is Severity.HIGH]
    moves: list[Callable[[], Awaitable[None]]] = [
        lambda: severity_actions.move(site.db, KEY, ada, keys[1], above=keys[0]),
        lambda: severity_actions.move(site.db, KEY, alan, keys[2], above=keys[1]),
    ]
    results = await asyncio.gather(*[move() for move in moves], return_exceptions=True)
    assert sum(isinstance(result, errors.Conflict) for result in results) == 1
    assert [result for result in results if not isinstance(result, errors.Conflict)] == [None]
    assert sorted(await names(site)) == sorted(before)
    assert len(await site.events("rule.moved")) == 1
    await severity_actions.add(site.db, KEY, ada, SIZE)
    draft, other = [replace(SIZE, name=name, seen=await seen(site)) for name in ("mine", "his")]
    results = await asyncio.gather(
        severity_actions.change(site.db, KEY, ada, draft),
        severity_actions.change(site.db, KEY, alan, other),
        return_exceptions=True,
    )
    assert sum(isinstance(result, errors.Conflict) for result in results) == 1
    assert len(await site.events("rule.changed")) == 1


async def test_nobody_else_keeps_rules(site: Site) -> None:
    people = [await actor_of(site, "Emil", "engineer"), await actor_of(site, "Vera", "viewer")]
    for actor in (*people, Actor("token", "t", "ci"), Actor("user", "nobody", "x")):
        verbs: list[Awaitable[Any]] = [
            severity_actions.add(site.db, KEY, actor, SIZE),
            severity_actions.change(site.db, KEY, actor, SIZE),
            severity_actions.remove(site.db, KEY, actor, "deleted"),
            severity_actions.switch(site.db, KEY, actor, "deleted", on=False),
            severity_actions.move(site.db, KEY, actor, "deleted", above="replaced"),
        ]
        for verb in verbs:
            with pytest.raises(errors.Forbidden):
                await verb
    assert await site.value("SELECT count(*) FROM severity_rules") == 0


async def test_rules_that_ship_stay_as_they_are_and_keep_their_names(sqlite_site: Site) -> None:
    ada = await actor_of(sqlite_site)
    for verb in (
        severity_actions.change(sqlite_site.db, KEY, ada, replace(SIZE, id="deleted")),
        severity_actions.remove(sqlite_site.db, KEY, ada, "deleted"),
    ):
        with pytest.raises(errors.Conflict, match="ships"):
            await verb
    for name in ("deleted", "informational", "changed attribute"):
        with pytest.raises(errors.Invalid, match="this name already"):
            await severity_actions.add(sqlite_site.db, KEY, ada, replace(SIZE, name=name))
    with pytest.raises(errors.Conflict, match="with this id"):
        await severity_actions.add(sqlite_site.db, KEY, ada, replace(SIZE, id="deleted"))
        await severity_actions.switch(sqlite_site.db, KEY, ada, "deleted", on=False)
        await severity_actions.add(sqlite_site.db, KEY, ada, replace(SIZE, id="deleted", name="another"))


def stored(**other: Any) -> Stored:
    row = Stored("r1", "mine", "high", '{"types":["demo"]}', "a reason", True, None, "Ada", "2026-01-01", "2026-01-01")
    return replace(row, **other)


@pytest.mark.parametrize(
    "broken",
    [
        {"conditions": "{"}, {"conditions": '{"types":7}'}, {"conditions": "[]"}, {"conditions": '{"types":[]}'},
        {"severity": "fatal"}, {"reason": "{nonsense}"}, {"name": ""}, {"conditions": '{"asks":"nothing"}'},
        {"conditions": '{"lines":[{"before":"< x"}]}'},
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_left_out_and_told(
    broken: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        rules = ruleset_of([stored(id=f"bad {broken}", **broken), stored(name="good")]).rules
    assert [rule.name for rule in rules if rule not in SHIPPED.rules] == ["good"]
    assert "rule.unreadable" in caplog.text


def test_what_is_stored_of_a_rule_that_no_longer_ships_is_nothing() -> None:
    rows = [
        stored(id="was-there-once", conditions="", is_active=False),
        stored(id="deleted", conditions="", position=0),
    ]
    assert {each.key for each in arrange(rows)} == {rule.key for rule in SHIPPED.rules}


def test_nothing_stored_is_what_ships_and_the_same_rows_are_the_same_object() -> None:
    assert ruleset_of([]) is SHIPPED
    assert ruleset_of([stored()]) is ruleset_of([stored()])
    assert ruleset_of([stored()]) is not ruleset_of([stored(is_active=False)])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 81}, "name"), ({"name": "a\u202eb"}, "name"),
        ({"severity": "fatal"}, "severity"), ({"reason": ""}, "reason"), ({"reason": "{x}"}, "reason"),
        ({"reason": "{answer}"}, "reason"), ({"attributes": "", "types": "a"}, "reason"), ({"attributes": ""}, "types"),
        ({"attributes": "a" * 201}, "attributes"), ({"attributes": "\n".join("a" * 101)}, "attributes"),
        ({"types": "a\x07"}, "types"), ({"before": "< x"}, "before"), ({"after": ">"}, "after"),
        ({"after": "x" * 201}, "after"), ({"asks": "nothing"}, "asks"), ({"types": "\0"}, "types"),
        ({"addresses": "x" * 5001}, "addresses"),
        ({"attributes": "", "types": "a", "every": "on", "reason": "r"}, "every"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_rule_is_said_beside_its_field(wrong: dict[str, str], field: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        checked(replace(SIZE, **wrong))
    assert field in [problem.field for problem in refused.value.problems]
