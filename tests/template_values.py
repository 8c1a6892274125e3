"""Values for all templates, with hostile text wherever text comes from outside."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace as Thing

from driftsentry.drifts.lines import lines_of
from driftsentry.drifts.model import Row, Status
from driftsentry.drifts.views import SnoozeForm
from driftsentry.ingest import Change
from driftsentry.judging.ignoring import Ignore
from driftsentry.rules.ignore_model import Draft, Hidden, IgnoreRule
from driftsentry.rules.ignore_preview import Hit, Hits, Preview
from tests.admin.samples import values_of as admin_values
from tests.alerts import samples as alert_samples
from tests.api import samples as api_samples
from tests.audit import samples as audit_samples
from tests.reports import samples as report_samples
from tests.rules import samples as rule_samples
from tests.stacks import samples as stack_samples

NOW = datetime(2026, 11, 21, 19, 6, tzinfo=UTC)
EVIL = '<img src=x onerror=alert(1)>" hx-get="/x" \' \u202e\u200b{{ 7 * 7 }}<hx-partial hx-target="#x">'
FACTS = "ab" * 32


def change(before: object, after: object, **other: object) -> Change:
    flags = {"is_sensitive": False, "is_member": False, "in_json": True, "noise": "", "forces_replacement": True}
    return Change(("tags", EVIL), "changed", before, after, **(flags | other))  # type: ignore[arg-type]


def row(status: str, cause: str = "out_of_band") -> Row:
    return Row(
        id=7, stack=EVIL, environment=EVIL, address=EVIL, deposed=EVIL, status=Status(status), cause=cause, action=EVIL,
        severity="high", severity_reason=EVIL, attributes=(EVIL,) * 5, version=1, detected_at=NOW, updated_at=NOW,
        reopened=0, decided_by=EVIL, decided_at=NOW, fingerprint=FACTS, has_other_facts=True,
    )  # fmt: skip


def drift(status: str) -> Thing:
    decision = Thing(
        user_name=EVIL, verdict="rejected" if status == "rejected" else "approved", reason=EVIL, decided_at=NOW,
        until=NOW, fingerprint=FACTS,
    )  # fmt: skip
    return Thing(
        id=7, stack=EVIL, environment=EVIL, address=EVIL, deposed=EVIL, resource_type=EVIL, status=status,
        cause="informational" if status == "detected" else "out_of_band", cause_reason=EVIL, action=EVIL,
        severity="critical", severity_rule=EVIL, severity_reason=EVIL, fingerprint=FACTS, hidden_changes=3,
        first_seen_at=NOW, reopened=2, decision=decision, is_open=status == "detected",
        is_changed_since_decision=status == "detected", ignored_changes=2, is_snoozed=status == "detected",
        snoozed_until=NOW,
    )  # fmt: skip


STATUSES = ("detected", "approved", "rejected", "resolved")
PERSON = Thing(name=EVIL, email=EVIL, role="engineer", can_decide=True)
LINES = lines_of(
    [
        change(EVIL, EVIL + "x"),
        change("a\n" + EVIL, "b\n" + EVIL),
        change(None, None, is_sensitive=True),
        change({EVIL: EVIL}, None, is_member=True),
        change(EVIL * 20, EVIL * 20 + "x"),
    ],
    may_hide=True,
)
KINDS = (
    *("detected", "changed", "reopened", "resolved", "approved", "rejected", "lapsed", "commented", EVIL),
    *("snoozed", "woken"),
)
EVENTS = [
    Thing(
        seq=n,
        kind=f"drift.{kind}",
        at=NOW,
        actor_name=EVIL,
        data={"reason": EVIL, "until": EVIL, "decided_by": EVIL},
        actor=Thing(kind="token"),
    )
    for n, kind in enumerate(KINDS)
]
ENTRY = Thing(
    stack=Thing(
        id="s1", slug=EVIL, environment=EVIL, last_report_at=NOW, incomplete_reason=EVIL, announced=9, announced_at=NOW
    ),
    tally=Thing(waiting=10, critical=1, high=2, medium=3, low=4, decided=5, informational=6, snoozed=7),
    freshness="late",
    freshness_text=EVIL,
)
REPORT = Thing(
    received_at=NOW, mode="refresh_only", tool="terraform", tool_version=EVIL, is_complete=False, is_late=True,
    incomplete_reason=EVIL, detected=1, changed=2, unchanged=3, reopened=4, resolved=5, informational=6,
    run_url="javascript:alert(1)//" + EVIL, commit_hash=EVIL, token_name=EVIL, id="r1", held=24, is_waiting=True,
)  # fmt: skip
RECENT = Thing(drift_id=7, address=EVIL, stack=EVIL, verdict="approved", user_name=EVIL, decided_at=NOW, reason=EVIL)

VALUES: dict[str, object] = {
    "seq": 42, "say": EVIL,
    "now": NOW, "waiting": 3, "tone": "bad", "title": "Title", "message": EVIL, "status": 422, "request_id": "01JD",
    "problems": [Thing(field=EVIL, message=EVIL)], "problem": EVIL, "email": EVIL, "wait_seconds": 600, "next": EVIL,
    "demo": True, "tabs": [Thing(key="open", label="Open", count=3, href="/drifts?q=" + EVIL, is_current=True)],
    "tab": Thing(key="open", label="Open", count=3), "is_live": True, "unread": 3, "held": REPORT,
    "severities": ["high"], "stacks": [EVIL], "rows": [row("detected")], "can_decide": True,
    "filter": Thing(tab=Thing(key="open"), severity="high", stack=EVIL, q=EVIL, environment=EVIL, only=(7,),
                    is_narrowed=True, problem=EVIL),
    "next_url": "/drifts?q=" + EVIL, "first_url": "/drifts?q=" + EVIL, "shown": 1, "total": 2, "is_capped": True,
    "row": row("detected"), "drift": drift("detected"), "lines": LINES, "noise_lines": LINES, "line": LINES[0],
    "since": [("+", LINES[0]), ("-", LINES[2])], "timeline": EVENTS, "last_seen_at": NOW, "state": "open",
    "freshness": Thing(state="late", text=EVIL), "command": Thing(approve=EVIL, reject=EVIL), "report": None,
    "form": Thing(reason=EVIL, fingerprint=FACTS, problem=EVIL, until=EVIL), "text": EVIL, "key": "next", "sign": "-",
    "side": LINES[-1].before, "done": [row("approved")], "left_out": [(row("approved"), EVIL), (9, EVIL)],
    "verdict": "approved", "reason": EVIL, "entry": ENTRY, "slug": EVIL, "reports": [REPORT],
    "table": [(EVIL, {"high": (3, "/drifts?q=" + EVIL)}, 3)], "recent": [RECENT],
    "frame": Thing(title=EVIL, active="drifts", person=PERSON, theme="auto", waiting=2, live="/live?q=" + EVIL,
                   path="/drifts?q=" + EVIL, now=NOW, alerts=2, ping=30),
}  # fmt: skip
ACCOUNTS = [
    Thing(id="u1", name=EVIL, email=EVIL, role="engineer", state=state, created_at=NOW, signed_in_at=seen, sessions=n)
    for state, seen, n in (("active", NOW, 2), ("invited", None, 0), ("disabled", NOW, 0))
]
VALUES |= {
    "accounts": ACCOUNTS, "account": ACCOUNTS[0], "section": "users", "chosen": "viewer", "is_self": True,
    "typed": {"email": EVIL, "name": EVIL, "role": EVIL, "code": EVIL}, "wrong": {"name": EVIL, "role": EVIL},
    "link": "/welcome/" + EVIL, "said": "Done.", "code": "x", "role": "viewer", "until": NOW, "is_invitation": True,
}  # fmt: skip
DOUBTS = [Thing(sentence="2 stacks have not reported in time", stacks=[ENTRY.stack], more=1)]
IGNORE = Ignore("r1", EVIL, EVIL, EVIL, (EVIL, None, 3), EVIL, NOW, EVIL, EVIL)
RULES = [IgnoreRule(IGNORE, "u1", NOW, ended_at, ended_by, 3, 4) for ended_at, ended_by in ((None, None), (NOW, EVIL))]
HITS = Hits(30, 40, (Hit(7, EVIL, EVIL, "approved", 2),))
DRAFT = Draft("r1", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL)
VALUES |= {
    "snooze": SnoozeForm(FACTS, EVIL, EVIL, EVIL), "choices": ["1 day"], "ignored_lines": LINES,
    "ignored_by": [Hidden(IGNORE, 2)], "hits": HITS, "field": "path", "hint": "How.", "rule": RULES[1],
    "draft": DRAFT, "living": [(RULES[0], "/drifts?status=all&drift=7")],
    "ended": [replace(RULES[1], ignore=replace(IGNORE, id="r2"))],
    "earliest": "2026-11-21", "latest": "2027-11-21",
}  # fmt: skip
VALUES |= {"viewers": [EVIL, EVIL], "more": 3}
STALE = Thing(total=9, fresh=5, late=1, stale=1, errored=1, never=1, doubts=DOUBTS)


def values_for(name: str) -> dict[str, object]:
    """What the template `name` is rendered with."""
    values = VALUES | admin_values(name, EVIL) | alert_samples.values_of(name, EVIL) | api_samples.values_of(name)
    values |= stack_samples.values_of(name, EVIL) | report_samples.values_of(name, EVIL)
    if name.startswith("rules/ignore") or name.startswith("rules/_ignore"):
        preview = Preview(HITS, HITS, is_capped=True)
        values["form"] = Thing(draft=DRAFT, wrong={"path": EVIL}, problem=EVIL, preview=preview)
    if name.startswith("overview/"):
        values["freshness"] = STALE
    if name == "stacks/index.html":
        values["stacks"] = [ENTRY]
    if name.startswith("audit/"):
        values |= next(audit_samples.values_with(EVIL, NOW))
    values |= rule_samples.values_of(name, EVIL)
    return values
