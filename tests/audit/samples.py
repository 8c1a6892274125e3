"""What the templates of the audit log are given in tests of templates: all of it from outside and evil."""

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from driftsentry.audit import filter, views
from driftsentry.audit.model import Filter
from driftsentry.audit.sentences import SENTENCES
from driftsentry.events import Actor, Event

TYPED = dict.fromkeys(filter.FIELDS, "")


def values_with(evil: str, now: datetime) -> Iterator[dict[str, Any]]:
    """Once full, once empty, once while a verification runs, once after it failed."""
    data = dict.fromkeys(
        ("reason", "email", "name", "why", "old", "new", "role", "decided_by", "after", "problems", evil), evil
    )
    actors = [Actor(kind, evil, evil, evil, evil) for kind in ("user", "token", "system")]
    entries = [
        views.entry_of(Event(seq, now, kind, actors[seq % 3], "s1", 7, evil, data, evil), evil, evil, evil, {})
        for seq, kind in enumerate([*SENTENCES, evil], 150)  # no 49: that is what 7 * 7 would become
    ]
    problems = tuple((name, evil) for name in filter.FIELDS)
    verified = SimpleNamespace(
        seq=3, at=now, actor=actors[0], data={"entries": 5, "problems": 2, "found": [evil], "head": evil}
    )
    full = {
        "asked": filter.Asked(Filter(kind=evil, stack=evil), dict.fromkeys(filter.FIELDS, evil), problems, 9),
        "days": views.days_of(entries, now), "entry": entries[0], "total": 3, "is_capped": True,
        "next_url": "/audit?q=" + evil, "first_url": "/audit", "groups": views.kinds_by_noun([evil]), "names": [evil],
        "stacks": [evil], "round": None, "failure": "", "verified": verified, "latest": 9,
    }  # fmt: skip
    yield full
    empty = {"asked": filter.Asked(Filter(), TYPED), "days": [], "verified": None, "next_url": None, "first_url": None}
    yield full | empty
    running = SimpleNamespace(actor=actors[0], started_at=now, found=SimpleNamespace(entries=3, problems=[evil]))
    yield full | {"round": running}
    yield full | {"failure": "It could not be finished."}
