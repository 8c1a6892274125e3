"""What a list can be narrowed to, as links; beside each how many drifts it leads to. What is on is taken off again.

A choice takes the place of what its key was narrowed to. So one value alone can be exchanged for another, and counts
are made as if it were not there; several values, a glob or a span can be narrowed further.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from driftsentry.drifts.facet_queries import Sampled
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.model import Kind
from driftsentry.drifts.query import Query
from driftsentry.drifts.tabs import SHOWN, TABS
from driftsentry.judging import Severity
from driftsentry.stacks import Stack

MOST = 6  # choices of one facet; those that are on stay beyond it


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    count: int | None  # None: not counted
    href: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """`more`: choices that are not shown; `is_least`: the counts are of a part, and so the least that there are."""

    key: str
    label: str
    choices: list[Choice]
    more: int = 0
    is_least: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What facets are counted on. `counts`: of each kind within the wanted stacks, None where they say nothing."""

    stacks: Mapping[str, Stack]
    counts: Mapping[Kind, int] | None
    amounts: Mapping[str, int]  # of the wanted kinds, by the ids of all stacks
    sample: Sequence[Sampled] = field(default_factory=list)
    is_part: bool = False


def facets(wanted: Filter, ground: Ground) -> list[Facet]:
    """Those that offer a choice."""
    sample = ground.sample
    found = [
        _severity(wanted, ground),
        _status(wanted, ground),
        _of_stacks(wanted, ground, "env", "Environment", lambda stack: stack.environment),
        _of_stacks(wanted, ground, "stack", "Stack", lambda stack: stack.slug),
        _facet(wanted, "type", "Type", Counter(each.type for each in sample), is_least=ground.is_part),
        _facet(wanted, "action", "Action", Counter(each.action for each in sample), is_least=ground.is_part),
        _facet(
            wanted, "by", "Decided by", Counter(each.decided_by for each in sample if each.decided_by),
            is_least=ground.is_part,
        ),
    ]  # fmt: skip
    return [each for each in found if len(each.choices) > 1 or any(choice.is_on for choice in each.choices)]


def _severity(wanted: Filter, ground: Ground) -> Facet:
    others = replace(wanted, query=_exchangeable(wanted.query, "severity"))
    if ground.counts is None:
        counted = Counter(each.severity for each in ground.sample)
    else:
        counted = Counter()
        for kind, amount in ground.counts.items():
            if others.wanted.includes(kind):
                counted[kind.severity] += amount
    is_least = ground.is_part and ground.counts is None
    facet = _facet(wanted, "severity", "Severity", counted, is_least=is_least)
    order = [severity.value for severity in reversed(Severity)]
    return replace(facet, choices=sorted(facet.choices, key=lambda choice: order.index(choice.label)))


def _status(wanted: Filter, ground: Ground) -> Facet:
    """What is no tab. Each is a list of its own, so one is on at a time."""
    query, choices = wanted.query.without_state(), []
    for tab in TABS.values():
        if tab.key not in SHOWN:
            is_on = tab is wanted.tab and not wanted.query.says_state
            other = replace(wanted, tab=tab, query=query)
            count = None if ground.counts is None else _amount(other, ground.counts)
            off = TABS[tab.within or "open"]
            href = wanted.url(tab=off if is_on else tab, query=query, order="")
            choices.append(Choice(tab.label, count, href, is_on))
    return Facet("status", "Status", [each for each in choices if each.count != 0 or each.is_on])


def _amount(wanted: Filter, counts: Mapping[Kind, int]) -> int:
    includes = wanted.wanted.includes
    return sum(amount for kind, amount in counts.items() if includes(kind))


def _of_stacks(wanted: Filter, ground: Ground, key: str, label: str, name: Callable[[Stack], str]) -> Facet:
    counted: Counter[str] = Counter()
    if ground.counts is None:
        counted.update(name(ground.stacks[each.stack_id]) for each in ground.sample if each.stack_id in ground.stacks)
        return _facet(wanted, key, label, counted, is_least=ground.is_part)
    is_wanted = _exchangeable(wanted.query, key).stack_test()
    for stack_id, amount in ground.amounts.items():
        stack = ground.stacks.get(stack_id)
        if stack and is_wanted(stack.slug, stack.environment):
            counted[name(stack)] += amount
    return _facet(wanted, key, label, counted)


def _facet(wanted: Filter, key: str, label: str, counted: Mapping[str, int], *, is_least: bool = False) -> Facet:
    on = wanted.query.chosen(key)
    ranked = sorted((name for name in counted if name), key=lambda name: (-counted[name], name))
    shown = [*ranked[:MOST], *(name for name in on if name not in ranked[:MOST])]
    choices = []
    for name in shown:
        is_on = on == (name,) or "*" in name
        left = [each for each in on if each != name] if is_on else [name]
        # What is asked for may be said in other words than it is counted by: `by:me`, or a glob.
        choices.append(Choice(name, counted.get(name), wanted.url(query=wanted.query.choosing(key, left)), is_on))
    return Facet(key, label, choices, max(0, len(ranked) - MOST), is_least)


def _exchangeable(query: Query, key: str) -> Query:
    """The search without the one value of that key; as it is where there are several, or none."""
    return query.choosing(key, ()) if query.only(key) else query
