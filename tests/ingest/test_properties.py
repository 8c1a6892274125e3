"""What holds for every report: no secret leaks, no order is a fact, and neither repetition nor delay matters."""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from driftsentry.ingest import changes_to_json, mask_document
from tests.ingest import samples
from tests.site import RECORDED, Site, running_site

ALWAYS_THE_SAME = settings(derandomize=True, deadline=None, database=None)
ON_ONE_MACHINE = settings(
    ALWAYS_THE_SAME, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NUMBERS = itertools.count(1)
NAMES = st.sampled_from(["name", "tags", "a.b", "", "rules", "policy", "text", "steps", "id", "é", "password"])


class Side(NamedTuple):
    """A value, its mask, and the texts that this mask marks."""

    value: Any
    mask: Any
    marked: frozenset[str]


class Counter:
    """Leaves that nothing else in a document contains."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def leaf(self, draw: st.DrawFn) -> tuple[Any, str]:
        """A value, and the text that may not appear when it is secret."""
        text = f"leaf-{next(self._numbers)}-of-many"
        kind = draw(st.sampled_from(["text", "number", "json", "lines"]))
        if kind == "number":
            number = 9_000_000_000_000_000_000_000 + next(self._numbers) * 7919
            return number, str(number)
        if kind == "json":
            return json.dumps({"Statement": [{"Resource": text}]}), text
        return (f"first\n{text}\nlast" if kind == "lines" else text), text


def sides(draw: st.DrawFn, leaves: Counter, depth: int = 0) -> tuple[Side, Side]:
    """A value before and after, which may differ everywhere, each with a mask of any shape."""
    shape = "leaf" if depth == 3 else draw(st.sampled_from(["leaf", "leaf", "object", "list", "swapped"]))
    if shape in ("leaf", "swapped"):
        before = _leaf(draw, leaves)
        after = before if draw(st.booleans()) else _leaf(draw, leaves)
        if shape == "swapped":  # something else altogether on the other side
            after = sides(draw, leaves, depth + 1)[1]
        return before, after
    names: list[Any] = draw(st.lists(NAMES, max_size=3, unique=True)) if shape == "object" else list(range(3))
    parts = {name: sides(draw, leaves, depth + 1) for name in names}
    before, after = (_whole(draw, shape, {name: part[i] for name, part in parts.items()}) for i in (0, 1))
    return before, after


def _leaf(draw: st.DrawFn, leaves: Counter) -> Side:
    value, text = leaves.leaf(draw)
    mask = draw(st.sampled_from([True, False, {}]))
    return Side(value, mask, frozenset({text} if mask is True else ()))


def _whole(draw: st.DrawFn, shape: str, parts: dict[Any, Side]) -> Side:
    """An object or a list of `parts`, of which some may be missing on this side: of a list its last ones."""
    if shape == "object":
        parts = {name: part for name, part in parts.items() if draw(st.integers(0, 4))}
        value: Any = {name: part.value for name, part in parts.items()}
        mask: Any = {name: part.mask for name, part in parts.items() if part.mask}
    else:
        parts = dict(list(parts.items())[: draw(st.integers(0, len(parts)))])
        value, mask = [part.value for part in parts.values()], [part.mask for part in parts.values()]
    if draw(st.integers(0, 4)) == 0:
        return Side(value, True, frozenset(_texts(value)))
    return Side(value, mask, frozenset().union(*[part.marked for part in parts.values()]))


def _texts(value: Any) -> list[str]:
    return re.findall(r"leaf-\d+-of-many|\d{22}", json.dumps(value))


@st.composite
def entries(draw: st.DrawFn) -> tuple[dict[str, Any], frozenset[str]]:
    """A drift entry, and the texts that one of its masks marks."""
    leaves = Counter()
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    parts = {name: sides(draw, leaves) for name in names}
    before, after = (_whole(draw, "object", {name: part[i] for name, part in parts.items()}) for i in (0, 1))
    change = {"before_sensitive": before.mask, "after_sensitive": after.mask}
    return samples.entry(before.value, after.value, change=change), before.marked | after.marked


@settings(ALWAYS_THE_SAME, max_examples=200)
@given(entries())
def test_masking_never_leaks(entry: tuple[dict[str, Any], frozenset[str]]) -> None:
    document, marked = samples.plan(entry[0]), entry[1]
    found = samples.read(document)
    kept = repr(found) + "".join(changes_to_json(each.changes) for each in found.findings)
    assert [text for text in marked if text in kept] == []
    sent = mask_document(document, stack=samples.STACK)
    assert [text for text in marked if text in sent.decode()] == []
    assert samples.read(sent) == found


def turned(value: Any, chance: random.Random) -> Any:
    """The same with the keys of every object in another order."""
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: turned(value[name], chance) for name in names}
    return [turned(item, chance) for item in value] if isinstance(value, list) else value


@settings(ALWAYS_THE_SAME, max_examples=80)
@given(st.lists(entries(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_no_order_of_entries_or_keys_is_a_fact(
    made: list[tuple[dict[str, Any], frozenset[str]]], chance: random.Random
) -> None:
    straight = [entry | {"address": f"demo.x[{number}]"} for number, (entry, _) in enumerate(made)]
    shuffled = [turned(entry, chance) for entry in straight]
    chance.shuffle(shuffled)
    one, other = (samples.by_address(samples.read(samples.plan(*each))) for each in (straight, shuffled))
    assert {key: (found.fingerprint, found.cause) for key, found in other.items()} == {
        key: (found.fingerprint, found.cause) for key, found in one.items()
    }


@settings(ON_ONE_MACHINE, max_examples=12)
@given(st.lists(entries(), max_size=3))
async def test_the_same_body_twice_is_once(
    sqlite_site: Site, made: list[tuple[dict[str, Any], frozenset[str]]]
) -> None:
    found = [entry | {"address": f"demo.x[{number}]"} for number, (entry, _) in enumerate(made)]
    body, stack = samples.plan(*found, timestamp="2026-11-20T10:00:00Z"), f"prod/{next(NUMBERS)}"
    assert (await sqlite_site.post_body(body, stack)).status_code == 201
    before = await sqlite_site.tables()
    again = await sqlite_site.post_body(body, stack)
    assert (again.status_code, (await again.get_json())["meta"]) == (200, {"duplicate": True})
    assert await sqlite_site.tables() == before


async def ended(path: Path, names: list[str]) -> list[tuple[Any, ...]]:
    """All facts of the drifts that are there after these reports. Not of resolved ones: how those came and went depends
    on what was heard of it."""
    sql = (
        "SELECT address, deposed, status, cause, cause_reason, action, severity, severity_reason, fingerprint, changes"
        " FROM drifts WHERE status <> 'resolved' ORDER BY address, deposed"
    )
    async with running_site(f"sqlite:///{path}") as site:
        for name in names:
            await site.post_plan(name)
        return [tuple(row) for row in await site.rows(sql)]


SEQUENCE = [f"tfplan-sequence/{path.name}" for path in sorted((RECORDED / "tfplan-sequence").iterdir())]
STORY = [f"story/{path.name}/refresh.json" for path in sorted((RECORDED / "story").iterdir())]


@pytest.mark.parametrize(
    "names",
    [SEQUENCE[:7], SEQUENCE[:8], SEQUENCE, STORY],
    ids=["until beta is deleted", "until a targeted one", "sequence", "story"],
)
@settings(ON_ONE_MACHINE, max_examples=6)
@given(chance=st.randoms(use_true_random=False))
async def test_any_order_of_arrival_ends_as_the_right_order(
    migrated_file: Path, tmp_path: Path, names: list[str], chance: random.Random
) -> None:
    arriving = chance.sample(names, len(names))
    one, other = (shutil.copy(migrated_file, tmp_path / f"{next(NUMBERS)}.db") for _ in range(2))
    assert await ended(one, arriving) == await ended(other, names), arriving
