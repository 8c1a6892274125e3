"""Entries from events: the facts of a sentence, and what was before and after."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from driftsentry.audit.model import Change, Entry
from driftsentry.audit.sentences import SENTENCES, parts_of
from driftsentry.events import Event

LONGEST = 2000
# What an event changed, where its data does not say both sides: field, before, after. `{x}` is read from the data.
_STEPS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "drift.detected": (("status", "none", "detected"),),
    "drift.changed": (("status", "{after|detected}", "detected"), ("decided by", "{decided_by}", "none")),
    "drift.reopened": (("status", "resolved", "detected"),),
    "drift.resolved": (("status", "{after|detected}", "resolved"),),
    "drift.approved": (("status", "detected", "approved"),),
    "drift.rejected": (("status", "detected", "rejected"),),
    "drift.lapsed": (("status", "approved", "detected"),),
    "drift.snoozed": (("snoozed", "no", "yes"),),
    "drift.woken": (("snoozed", "yes", "no"),),
    "rule.ignore_added": (("rule", "none", "in force"),),
    "rule.ignore_ended": (("rule", "in force", "ended"),),
    "rule.added": (("rule", "none", "on"),),
    "rule.removed": (("rule", "kept", "removed"),),
    "rule.switched_off": (("rule", "on", "off"),),
    "rule.switched_on": (("rule", "off", "on"),),
    "report.confirmed": (("report", "held", "confirmed"),),
    "report.dismissed": (("report", "held", "dismissed"),),
    "alert.read": (("alert", "unread", "read"),),
    "session.started": (("session", "none", "open"),),
    "session.revoked": (("session", "open", "ended"),),
    "refresh_token.reused": (("session", "open", "ended"),),
    "user.created": (("role", "none", "{role}"),),
    "user.invited": (("role", "none", "{role}"),),
    "user.disabled": (("account", "active", "disabled"),),
    "user.enabled": (("account", "disabled", "active"),),
    "token.created": (("token", "none", "valid"),),
    "token.revoked": (("token", "valid", "revoked"),),
}
_NOUNS = {
    "drift": "Drifts",
    "report": "Reports",
    "stack": "Stacks",
    "rule": "Rules",
    "attribute": "Learned attributes",
    "alert": "Alerts",
    "session": "Sessions",
    "refresh_token": "Refresh tokens",
    "user": "People",
    "link": "Links",
    "token": "CI tokens",
    "setup": "Setup",
    "demo": "Demo data",
    "audit": "Audit log",
}


@dataclass(frozen=True, slots=True)
class Day:
    """Entries of one day in UTC, in the order of the log."""

    date: date
    label: str
    entries: list[Entry]


def entry_of(event: Event, previous_hash: str, stack: str | None, drift: str | None, names: Mapping[str, str]) -> Entry:
    """`names`: of people, by the ids of them and of their sessions."""
    data = event.data
    stack = stack or _text(data.get("stack", ""))
    return Entry(
        seq=event.seq,
        at=event.at,
        kind=event.kind,
        actor=event.actor,
        address=event.actor.address,
        request_id=event.actor.request_id,
        stack=stack,
        drift_id=event.drift_id,
        drift=drift or "",
        report_id=event.report_id,
        data=data,
        previous_hash=previous_hash,
        hash=event.hash,
        parts=parts_of(event.kind, _facts(event, stack, drift, names)),
        changes=tuple(_changes(event.kind, data)),
    )


def _facts(event: Event, stack: str, drift: str | None, names: Mapping[str, str]) -> dict[str, str]:
    data = {name: _text(value) for name, value in event.data.items()}
    known = names.get(data.get("user_id", "")) or names.get(data.get("session_id", ""))
    name = data.get("name") if event.kind.startswith("user.") else ""
    return data | {
        "actor": event.actor.name,
        "actor_kind": event.actor.kind,
        "actor_id": event.actor.id,
        "target": name or known or data.get("email") or data.get("user_id") or "",
        "stack": stack,
        "drift": drift or (f"drift {event.drift_id}" if event.drift_id else ""),
    }


def _changes(kind: str, data: Mapping[str, Any]) -> Iterator[Change]:
    """What was before and after first, then the rest of what the event says."""
    told: set[str] = set()
    for name, before, after in _STEPS.get(kind, ()):
        sides = [_side(text, data, told) for text in (before, after)]
        if all(sides) and sides[0] != sides[1]:
            yield Change(name, *sides)
    yield from _pairs(kind, data, told)
    for name, value in data.items():
        if name not in told and value not in (None, "", [], {}):
            yield Change(_label(name), None, _text(value))


def _pairs(kind: str, data: Mapping[str, Any], told: set[str]) -> Iterator[Change]:
    """`old` and `new`, `old_x` and `new_x`, or maps `before` and `after`."""
    for name in [name for name in data if name == "old" or name.startswith("old_")]:
        new = "new" + name[3:]
        if new in data:
            told |= {name, new}
            field = name[4:] or kind.partition(".")[2].removesuffix("_changed")
            yield Change(_label(field), _text(data[name]), _text(data[new]))
    before, after = data.get("before"), data.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        told |= {"before", "after"}
        for field in dict.fromkeys([*before, *after]):
            yield Change(_label(field), _text(before.get(field, "none")), _text(after.get(field, "none")))


def _side(text: str, data: Mapping[str, Any], told: set[str]) -> str:
    if not text.startswith("{"):
        return text
    name, _bar, default = text[1:-1].partition("|")
    told.add(name)
    return _text(data.get(name)) or default


def _text(value: object) -> str:
    """A value in one text: words for yes and no, lists with commas, all else that is not text as JSON."""
    if value is None or isinstance(value, str):
        text = value or ""
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        text = ", ".join(value)
    else:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"


def _label(name: str) -> str:
    return name.replace("_", " ")


def days_of(entries: Sequence[Entry], now: datetime) -> list[Day]:
    """The entries under a heading for each day. A clock that was set back makes a day come twice."""
    days: list[Day] = []
    for entry in entries:
        day = entry.at.date()
        if not days or days[-1].date != day:
            days.append(Day(day, _day_label(day, now.date()), []))
        days[-1].entries.append(entry)
    return days


def _day_label(day: date, today: date) -> str:
    near = {today: "Today, ", today - timedelta(days=1): "Yesterday, "}.get(day, "")
    return f"{near}{day:%A} {day.day} {day:%B %Y}"


def kinds_by_noun(recorded: Sequence[str]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """(noun, its heading, [(kind, its words)]) of all kinds known here or in the log."""
    groups: dict[str, list[tuple[str, str]]] = {noun: [] for noun in _NOUNS}
    for kind in dict.fromkeys([*SENTENCES, *recorded]):
        noun = kind.partition(".")[0]
        groups.setdefault(noun, []).append((kind, kind.replace(".", " ").replace("_", " ")))
    return [(noun, _NOUNS.get(noun, _label(noun).capitalize()), kinds) for noun, kinds in groups.items() if kinds]
