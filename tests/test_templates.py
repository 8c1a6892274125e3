"""Every template renders, escapes what comes from outside, and holds nothing that a strict policy refuses."""

import gzip
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace as Thing

import pytest
from jinja2 import UndefinedError

from driftsentry.drifts.lines import lines_of
from driftsentry.drifts.model import Row, Status
from driftsentry.ingest import Change
from driftsentry.templating import render

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "templates"
NAMES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
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
        is_changed_since_decision=status == "detected",
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
    ]
)
KINDS = ("detected", "changed", "reopened", "resolved", "approved", "rejected", "lapsed", "commented", EVIL)
EVENTS = [
    Thing(
        seq=n, kind=f"drift.{kind}", at=NOW, actor_name=EVIL, data={"reason": EVIL, "until": EVIL, "decided_by": EVIL}
    )
    for n, kind in enumerate(KINDS)
]
ENTRY = Thing(
    stack=Thing(id="s1", slug=EVIL, environment=EVIL, last_report_at=NOW, incomplete_reason=EVIL),
    tally=Thing(waiting=10, critical=1, high=2, medium=3, low=4, decided=5, informational=6),
    freshness="late",
    freshness_text=EVIL,
)
REPORT = Thing(
    received_at=NOW, mode="refresh_only", tool="terraform", tool_version=EVIL, is_complete=False, is_late=True,
    incomplete_reason=EVIL, detected=1, changed=2, unchanged=3, reopened=4, resolved=5, informational=6,
    run_url="javascript:alert(1)//" + EVIL, commit_hash=EVIL, token_name=EVIL,
)  # fmt: skip
RECENT = Thing(drift_id=7, address=EVIL, stack=EVIL, verdict="approved", user_name=EVIL, decided_at=NOW, reason=EVIL)

VALUES: dict[str, object] = {
    "seq": 42, "say": EVIL,
    "now": NOW, "waiting": 3, "tone": "bad", "title": "Title", "message": EVIL, "status": 422, "request_id": "01JD",
    "problems": [Thing(field=EVIL, message=EVIL)], "problem": EVIL, "email": EVIL, "wait_seconds": 600, "next": EVIL,
    "demo": True, "tabs": [Thing(key="open", label="Open", count=3, href="/drifts?q=" + EVIL, is_current=True)],
    "tab": Thing(key="open", label="Open", count=3), "is_live": True,
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
                   path="/drifts?q=" + EVIL, now=NOW),
}  # fmt: skip
STALE = Thing(total=9, fresh=5, late=1, stale=1, errored=1, never=1, named=[ENTRY.stack])


def draw(name: str, **other: object) -> str:
    values = dict(VALUES)
    if name.startswith("overview/"):
        values["freshness"] = STALE
    if name == "stacks/index.html":
        values["stacks"] = [ENTRY]
    return render(name, **(values | other))


def draw_all(name: str) -> list[str]:
    """The template in each status, for both audiences and with nothing to show."""
    drawn = [
        draw(name, row=row(status), drift=drift(status), can_decide=can_decide, state=state)
        for status in STATUSES
        for can_decide in (True, False)
        for state in ("open", "decided", "changed")
    ]
    empty: dict[str, object] = {
        "rows": [],
        "stacks": [],
        "reports": [],
        "timeline": [],
        "lines": (),
        "recent": [],
        "table": [],
    }
    drawn += [draw(name, line=line) for line in LINES] + [draw(name, **empty)]
    return [*drawn, draw(name, row=row("detected", "informational"), problem=None, problems=[], side=None)]


class Reader(HTMLParser):
    """What a browser would make of it: tags, attributes, ids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _value in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "action", "formaction", "src")]


@pytest.mark.parametrize("name", NAMES)
def test_no_value_from_outside_becomes_markup(name):
    for html in draw_all(name):
        page = Reader(html)
        assert "img" not in page.tags
        assert "hx-partial" not in page.tags
        assert not {each for each in page.names if each.startswith("on") or each in ("style", "hx-on", "srcdoc")}
        assert "&amp;lt;" not in html  # escaped twice
        assert "49<" not in html


@pytest.mark.parametrize("name", NAMES)
def test_marks_that_turn_text_around_are_shown(name):
    for html in draw_all(name):
        # A field that people edit and a value that is sent back keep the text as it is.
        shown = re.sub(
            r'(?:value|href|action|data-[a-z]+|hx-[a-z:]+)="[^"]*"|<textarea.*?</textarea>', "", html, flags=re.S
        )
        assert "\u202e" not in shown
        assert "\u200b" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_pages_only(name):
    for html in draw_all(name):
        assert all(link.startswith(("/", "#")) for link in Reader(html).links)


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique(name):
    for html in draw_all(name):
        if name == "drifts/bulk.html":
            continue
        ids = Reader(html).ids
        assert len(ids) == len(set(ids)), name


@pytest.mark.parametrize("name", [name for name in NAMES if name.rpartition("/")[2].startswith("_")])
def test_a_partial_is_no_page(name):
    html = draw(name)
    assert "<html" not in html
    assert "<body" not in html
    source = (FOLDER / name).read_text()
    assert "request." not in source
    assert "current_user" not in source
    if name != "_person.html" and not name.startswith("drifts/_list"):
        assert "frame." not in source, "a partial that is pushed knows no frame"


@pytest.mark.parametrize("name", NAMES)
def test_a_template_holds_nothing_inline(name):
    source = (FOLDER / name).read_text()
    for pattern in (
        r"\|\s*safe\b",
        r"\bautoescape\b",
        r"Markup",
        r"\sstyle=",
        r"\son[a-z]+=",
        r"hx-on",
        r"<style",
        r"js:",
    ):
        assert not re.search(pattern, source), pattern
    assert re.findall(r"<script(?! src=\")", source) == []
    assert re.findall(r"\s[a-z:-]+=\{\{", source) == [], "an attribute without quotes"


REGIONS = {
    "_waiting.html": "nav-waiting",
    "drifts/_tab_count.html": "drifts-tab-open",
    "drifts/_row.html": "drift-7",
    "drifts/_head.html": "drift-7-head",
    "drifts/_diff.html": "drift-7-diff",
    "drifts/_decision.html": "drift-7-decision",
    "drifts/_verdicts.html": "drift-7-verdicts",
    "drifts/_timeline.html": "drift-7-timeline",
    "stacks/_row.html": "stack-s1",
    "overview/_table.html": "overview-table",
    "overview/_freshness.html": "overview-freshness",
    "overview/_recent.html": "overview-recent",
}


@pytest.mark.parametrize(("name", "region"), REGIONS.items())
def test_a_pushed_partial_is_one_element_with_its_id(name, region):
    for html in draw_all(name):
        first = re.match(r"\s*<[a-z]+[^>]*", html)
        assert first, "the id goes on the first element, and nothing but blanks before it"
        assert f'id="{region}"' in first[0]


@pytest.mark.parametrize(("name", "region"), REGIONS.items())
def test_the_id_of_a_region_stands_only_in_its_partial(name, region):
    written = region.replace("drift-7", "drift-{{ drift.id }}").replace("stack-s1", "stack-{{ entry.stack.id }}")
    written = written.replace("drifts-tab-open", "drifts-tab-{{ tab.key }}")
    owners = [other for other in NAMES if f'id="{written}"' in (FOLDER / other).read_text()]
    assert owners == ([name] if name != "drifts/_row.html" else [])


def test_a_missing_value_is_an_error():
    with pytest.raises(UndefinedError):
        render("_waiting.html")


def test_a_viewer_gets_no_form_that_decides():
    for name in ("drifts/index.html", "drifts/show.html", "drifts/_decision.html"):
        viewer = Thing(**{**vars(PERSON), "role": "viewer", "can_decide": False})
        frame = Thing(**{**vars(VALUES["frame"]), "person": viewer})
        html = draw(name, can_decide=False, frame=frame)
        assert "/bulk" not in html
        assert "/decision" not in html
        assert "/comments" not in html
        assert 'name="verdict"' not in html


def test_a_page_of_fifty_rows_is_small():
    rows = [replace(row("detected"), id=n, address=f"module.a[{n}].aws_s3_bucket.b") for n in range(50)]
    assert len(gzip.compress(draw("drifts/index.html", rows=rows).encode())) < 40_000


def test_a_page_needs_at_most_seven_requests():
    for name in NAMES:
        if not name.rpartition("/")[2].startswith("_"):
            files = re.findall(r'(?:rel="stylesheet" href|<script src)="(/static/[^"]+)"', draw(name))
            assert len(files) <= 6, name


def test_style_sheets_ask_nobody_else():
    for path in (ROOT / "static").glob("*.css"):
        text = path.read_text()
        assert "@import" not in text
        assert "http" not in text
        assert len(text.splitlines()) <= 300


def test_the_script_evaluates_nothing():
    text = (ROOT / "static" / "live.js").read_text()
    for word in ("innerHTML", "insertAdjacentHTML", "eval(", "Function(", "document.write", "outerHTML"):
        assert word not in text
