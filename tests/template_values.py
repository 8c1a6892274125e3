"""Values for all templates, with hostile text wherever text comes from outside."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace as Thing

from driftsentry.drifts.comments import html_of
from driftsentry.drifts.lines import lines_of
from driftsentry.drifts.model import Row, Status
from driftsentry.drifts.neighbours import Neighbours
from driftsentry.drifts.since import Since
from driftsentry.drifts.views import SnoozeForm
from driftsentry.ingest import Change
from driftsentry.judging.ignoring import Ignore
from driftsentry.rules.ignore_model import Draft, Hidden, IgnoreRule
from driftsentry.rules.ignore_preview import Hit, Hits, Preview
from tests.admin.samples import values_of as admin_values
from tests.alerts import samples as alert_samples
from tests.api import samples as api_samples
from tests.audit import samples as audit_samples
from tests.drifts import list_samples, search_samples
from tests.overview import samples as overview_samples
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
LIKES = Thing(keys=True, diff="split", density="compact")
PERSON = Thing(name=EVIL, email=EVIL, role="engineer", can_decide=True, preferences=LIKES)
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
UNPLACED = tuple(replace(line, place=None) for line in LINES)
KINDS = (
    *("detected", "changed", "reopened", "resolved", "approved", "rejected", "lapsed", "commented", EVIL),
    *("snoozed", "woken"),
)
EVENTS = [
    Thing(
        event=Thing(
            seq=n,
            kind=f"drift.{kind}",
            at=NOW,
            actor_name=EVIL,
            data={"reason": EVIL, "until": EVIL, "decided_by": EVIL},
            actor=Thing(kind="token"),
        ),
        comment=html_of(EVIL) if kind == "commented" else None,
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

VALUES: dict[str, object] = {
    "seq": 42, "say": EVIL,
    "now": NOW, "waiting": 3, "critical": 1, "tone": "bad", "title": "Title", "message": EVIL, "status": 422,
    "request_id": "01JD",
    "problems": [Thing(field=EVIL, message=EVIL)], "problem": EVIL, "email": EVIL, "wait_seconds": 600, "next": EVIL,
    "demo": True, "tabs": search_samples.around(EVIL, NOW).tabs,
    "tab": Thing(key="open", label="Open", count=3, is_capped=True), "is_live": True, "unread": 3, "held": REPORT,
    "severities": ["high"], "stacks": [EVIL], "rows": [row("detected")], "can_decide": True,
    "filter": search_samples.wanted(EVIL), "around": search_samples.around(EVIL, NOW), "worries": {EVIL: "late"},
    "worry": "late", "facets": search_samples.around(EVIL, NOW).facets,
    "orders": search_samples.around(EVIL, NOW).orders,
    "is_cut": True, "looked_through": 5000, "all_url": "/drifts?q=" + EVIL, "what": "this list", "doubts": [],
    "next_url": "/drifts?q=" + EVIL, "first_url": "/drifts?q=" + EVIL, "shown": 1, "total": 2, "is_capped": True,
    "row": row("detected"), "drift": drift("detected"), "lines": LINES, "noise_lines": UNPLACED, "line": LINES[0],
    "since": [Since(kind, UNPLACED[place]) for kind, place in (("new", 0), ("gone", 2), ("moved", 1))],
    "timeline": EVENTS, "state": "open", "freshness": Thing(state="late", text=EVIL),
    "knowledge": Thing(freshness=Thing(state="late", text=EVIL), last_seen_at=NOW, times_seen=1000, is_seen_often=True),
    "command": Thing(approve=EVIL, reject=EVIL), "report": None,
    "form": Thing(reason=EVIL, fingerprint=FACTS, problem=EVIL, until=EVIL), "text": EVIL, "key": "next", "sign": "-",
    "side": LINES[-1].before, "done": [row("approved")], "left_out": [(row("approved"), EVIL), (9, EVIL)],
    "verdict": "approved", "reason": EVIL, "entry": ENTRY, "slug": EVIL, "reports": [REPORT],
    "frame": Thing(title=EVIL, active="drifts", person=PERSON, theme="auto", waiting=2, critical=1,
                   live="/live?q=" + EVIL, path="/drifts?q=" + EVIL, now=NOW, alerts=2, ping=30),
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
IGNORE = Ignore("r1", EVIL, EVIL, EVIL, (EVIL, None, 3), EVIL, NOW, EVIL, EVIL)
RULES = [IgnoreRule(IGNORE, "u1", NOW, ended_at, ended_by, 3, 4) for ended_at, ended_by in ((None, None), (NOW, EVIL))]
HITS = Hits(30, 40, (Hit(7, EVIL, EVIL, "approved", 2),))
DRAFT = Draft("r1", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL)
VALUES |= {
    "snooze": SnoozeForm(FACTS, EVIL, EVIL, EVIL), "choices": ["1 day"], "ignored_lines": UNPLACED,
    "ignored_by": [Hidden(IGNORE, 2)], "hits": HITS, "field": "path", "hint": "How.", "rule": RULES[1],
    "draft": DRAFT, "living": [(RULES[0], "/drifts?status=all&drift=7")],
    "ended": [replace(RULES[1], ignore=replace(IGNORE, id="r2"))],
    "earliest": "2026-11-21", "latest": "2027-11-21",
}  # fmt: skip
VALUES |= {"viewers": [EVIL, EVIL], "more": 3}
VALUES |= {
    "neighbours": Neighbours("Open", "/drifts?q=" + EVIL, "/drifts/7?from=" + EVIL, "/drifts/6?from=" + EVIL, None),
    "diff": "split", "address": "https://" + EVIL, "piece": LINES[1].pieces[0], "marks": LINES[1].pieces[0].after * 50,
    "names_side": "code", "names": ("Code", "Reality"), "is_listed": False,
    "groups": [LINES, UNPLACED[:1]], "group": LINES, "start": 0, "most_open": 50,
}  # fmt: skip


def values_for(name: str) -> dict[str, object]:
    """What the template `name` is rendered with."""
    values = VALUES | admin_values(name, EVIL) | alert_samples.values_of(name, EVIL) | api_samples.values_of(name)
    values |= stack_samples.values_of(name, EVIL) | report_samples.values_of(name, EVIL)
    if name.startswith("rules/ignore") or name.startswith("rules/_ignore"):
        preview = Preview(HITS, HITS, is_capped=True)
        values["form"] = Thing(draft=DRAFT, wrong={"path": EVIL}, problem=EVIL, preview=preview)
    values |= overview_samples.values_of(name, EVIL)
    if name == "stacks/index.html":
        values["stacks"] = [ENTRY]
    if name.startswith("audit/"):
        values |= next(audit_samples.values_with(EVIL, NOW))
    values |= rule_samples.values_of(name, EVIL) | list_samples.values_of(name, EVIL, row("approved"))
    return values
