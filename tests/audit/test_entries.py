"""What an entry says: a sentence for each kind, and what was before and after."""

from typing import Any

import pytest

from driftsentry import clock
from driftsentry.audit import views
from driftsentry.audit.model import Entry
from driftsentry.audit.sentences import SENTENCES
from driftsentry.events import SYSTEM, Actor, Event
from tests.audit.conftest import EVIL

ADA = Actor("user", "u-ada", "Ada", "192.0.2.7", "r1")
CI = Actor("token", "t-1", "deploy", "192.0.2.8", "r2")
EMIL = {"user_id": "u-emil", "email": "emil@example.com"}
NAMES = {"u-emil": "Emil", "s-emil": "Emil", "u-ada": "Ada"}
COUNTS = {"changed": 0, "reopened": 0, "informational": 4, "is_late": False, "is_complete": True}


def entry(kind: str, actor: Actor = ADA, stack: str | None = "prod/network", **data: Any) -> Entry:
    event = Event(7, clock.now(), kind, actor, "s1", 3, None, data, "ab")
    return views.entry_of(event, "", stack, "aws_vpc.main", NAMES)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (entry("user.role_changed", old="viewer", new="engineer", **EMIL), "Ada made Emil an engineer (was viewer)"),
        (entry("user.role_changed", old="admin", new="viewer", **EMIL), "Ada made Emil a viewer (was admin)"),
        (entry("user.invited", role="admin", user_id="?", email="x@y.z"), "Ada invited x@y.z as an admin"),
        (entry("user.created", SYSTEM, role="viewer", **EMIL), "DriftSentry added Emil as a viewer"),
        (entry("user.disabled", **EMIL), "Ada disabled the account of Emil"),
        (entry("user.password_changed", user_id="u-ada"), "Ada changed the own password"),
        (entry("user.password_changed", by="invitation"), "Ada set a password with a link (invitation)"),
        (entry("user.password_reset", **EMIL), "Ada reset the password of Emil"),
        (entry("link.created", purpose="reset", **EMIL), "Ada made a link to set a new password for Emil"),
        (
            entry("report.received", CI, detected=2, resolved=1, **COUNTS),
            "CI job deploy reported prod/network: 2 new, 1 resolved",
        ),
        (
            entry("report.received", CI, detected=0, resolved=0, **COUNTS),
            "CI job deploy reported prod/network: nothing changed",
        ),
        (
            entry("report.received", CI, **{**COUNTS, "is_late": True, "is_complete": False}),
            "CI job deploy reported prod/network: older than the newest, so nothing changed (incomplete)",
        ),
        (
            entry("drift.approved", reason="because"),
            "Ada approved aws_vpc.main in prod/network: keep reality, change the code",
        ),
        (
            entry("drift.changed", CI, after="approved", decided_by="Emil"),
            "CI job deploy reported other facts about aws_vpc.main in prod/network than those that Emil approved",
        ),
        (entry("drift.snoozed", until=None), "Ada snoozed aws_vpc.main in prod/network until it changes"),
        (entry("drift.woken", SYSTEM), "DriftSentry woke aws_vpc.main in prod/network, as its time has come"),
        (entry("rule.ignore_ended", attribute="tags", stacks="*"), "Ada ended the ignore rule about tags in *"),
        (entry("session.started", of="api"), "Ada signed in with a program"),
        (entry("session.started", of="browser"), "Ada signed in"),
        (entry("session.revoked", why="signed out"), "Ada signed out"),
        (
            entry("session.revoked", why="ended by an admin", session_id="s-emil", user_id="u-emil"),
            "Ada ended a session of Emil: ended by an admin",
        ),
        (entry("session.revoked", SYSTEM, why="expired", session_id="s-emil"), "A session of Emil ended: expired"),
        (entry("session.revoked", why="password changed"), "Ada ended an own session: password changed"),
        (entry("token.created", name="ci", stacks=["prod/*", "dev/*"]), "Ada made the token ci for prod/*, dev/*"),
        (entry("token.revoked", name="ci", stacks=["prod/*"]), "Ada revoked the token ci"),
        (entry("alert.created", SYSTEM, drifts=12), "Everybody was alerted to 12 drifts in prod/network"),
        (entry("alert.created", SYSTEM, alert_kind="stale"), "Everybody was alerted: prod/network stopped reporting"),
        (entry("alert.read", alert_id=3), "Ada read an alert"),
        (entry("alert.read", alerts=3), "Ada read 3 alerts"),
        (entry("stack.stale", SYSTEM), "prod/network stopped reporting"),
        (entry("audit.verified", entries=10, problems=1), "Ada verified the chain of 10 entries: 1 problem found"),
        (entry("audit.exported", format="csv"), "Ada exported the audit log as csv"),
        (entry("comet.seen", tail=3), "Ada: comet.seen"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_an_entry_is_a_sentence(found: Entry, sentence: str) -> None:
    assert found.sentence == sentence


@pytest.mark.parametrize("kind", [*SENTENCES, "unknown.kind"])
def test_every_sentence_can_be_said_when_nothing_is_known(kind: str) -> None:
    found = views.entry_of(Event(1, clock.now(), kind, SYSTEM, None, None, None, {}, "ab"), "", None, None, {})
    assert found.sentence
    assert "{" not in found.sentence


@pytest.mark.parametrize("kind", list(SENTENCES))
def test_what_others_wrote_stays_apart_from_our_words(kind: str) -> None:
    braces = EVIL + "{actor}{x}"
    data: dict[str, Any] = dict.fromkeys(("name", "email", "why", "old", "new", "role", "decided_by", "after"), braces)
    data |= {"entries": braces, "purpose": braces, "detected": braces, "drifts": braces, "problems": braces}
    found = entry(kind, Actor("user", "x", braces), **data)
    ours = "".join(part.text for part in found.parts if not part.role)
    assert "img" not in ours
    assert "{" not in ours


@pytest.mark.parametrize(
    ("found", "changes"),
    [
        (
            entry("drift.approved", reason="because", until=None),
            [("status", "detected", "approved"), ("reason", None, "because")],
        ),
        (entry("user.role_changed", old="viewer", new="admin"), [("role", "viewer", "admin")]),
        (
            entry("drift.changed", after="approved", decided_by="Emil", severity="high"),
            [("status", "approved", "detected"), ("decided by", "Emil", "none"), ("severity", None, "high")],
        ),
        (entry("drift.changed"), []),
        (entry("drift.resolved", after="rejected"), [("status", "rejected", "resolved")]),
        (entry("user.created", role="admin"), [("role", "none", "admin")]),
        (entry("user.disabled"), [("account", "active", "disabled")]),
        (entry("token.revoked", stacks=["a", "b"]), [("token", "valid", "revoked"), ("stacks", None, "a, b")]),
        (entry("rule.edited", old_reason="a", new_reason="b", on=True), [("reason", "a", "b"), ("on", None, "yes")]),
        (
            entry("rule.edited", before={"x": 1}, after={"x": 2, "y_z": "n"}),
            [("x", "1", "2"), ("y z", "none", "n")],
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Entry) else "",
)  # fmt: skip
def test_an_entry_tells_before_and_after(found: Entry, changes: list[tuple[str, str | None, str]]) -> None:
    assert [(change.field, change.before, change.after) for change in found.changes] == changes


def test_a_huge_value_is_cut_with_its_length() -> None:
    [change] = entry("comet.seen", tail="x" * 1_000_000).changes
    assert len(change.after) < 3000
    assert "1,000,000 characters" in change.after
