"""Every template renders, escapes what comes from outside, and holds nothing that a strict policy refuses."""

import gzip
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace as Thing

import pytest
from jinja2 import UndefinedError

from driftsentry.templating import content_of, render
from tests.audit import samples as audit_samples
from tests.overview import samples as overview_samples
from tests.template_values import EVIL, LINES, NOW, PERSON, STATUSES, VALUES, drift, row, values_for

ROOT = Path(__file__).resolve().parent.parent
ICON = "data:image/svg+xml,%3Csvg"
FOLDER = ROOT / "templates"
NAMES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))


def draw(name: str, **other: object) -> str:
    return render(name, **(values_for(name) | other))


def draw_all(name: str) -> list[str]:
    """The template in each status, for both audiences and with nothing to show."""
    if name.startswith("audit/"):
        return [draw(name, **values) for values in audit_samples.values_with(EVIL, NOW)]
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
        "table": overview_samples.EMPTY,
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
def test_whatever_comes_from_outside_a_template_draws_sound_html(name):
    for html in dict.fromkeys(draw_all(name)):  # where values make no difference, one look is enough
        page = Reader(html)
        assert_no_value_became_markup(html, page)
        assert_marks_that_turn_text_around_are_shown(html)
        assert all(link.startswith(("/", "#", ICON)) for link in page.links if link)  # "": to where the page is
        assert name == "drifts/bulk.html" or len(page.ids) == len(set(page.ids)), name


def assert_no_value_became_markup(html, page):
    assert "img" not in page.tags
    assert "hx-partial" not in page.tags
    assert not {each for each in page.names if each.startswith("on") or each in ("style", "hx-on", "srcdoc")}
    assert "&amp;lt;" not in html  # escaped twice
    assert "49<" not in html


def assert_marks_that_turn_text_around_are_shown(html):
    # A field that people edit and a value that is sent back keep the text as it is.
    shown = re.sub(
        r'(?:value|href|action|data-[a-z]+|hx-[a-z:]+)="[^"]*"|<textarea.*?</textarea>', "", html, flags=re.S
    )
    assert "\u202e" not in shown
    assert "\u200b" not in shown


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
    "alerts/_unread.html": "nav-alerts",
    "alerts/_row.html": "alert-3",
    "stacks/_held.html": "stack-held",
    "drifts/_tab_count.html": "drifts-tab-open",
    "drifts/_row.html": "drift-7",
    "drifts/_head.html": "drift-7-head",
    "drifts/_diff.html": "drift-7-diff",
    "drifts/_decision.html": "drift-7-decision",
    "drifts/_verdicts.html": "drift-7-verdicts",
    "drifts/_snooze.html": "drift-7-snooze",
    "drifts/_timeline.html": "drift-7-timeline",
    "drifts/_viewers.html": "drift-7-viewers",
    "stacks/_row.html": "stack-s1",
    "overview/_table.html": "overview-table",
    "overview/_freshness.html": "overview-freshness",
    "overview/_total.html": "overview-total",
    "overview/_calm.html": "overview-calm",
    "overview/_first.html": "overview-first",
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
    written = written.replace("drifts-tab-open", "drifts-tab-{{ tab.key }}").replace("alert-3", "alert-{{ alert.id }}")
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


def test_a_page_needs_seven_requests_at_most():
    for name in NAMES:
        if not name.rpartition("/")[2].startswith("_"):
            files = re.findall(r'(?:rel="stylesheet" href|<script src)="(/static/[^"]+)"', draw(name))
            assert len(files) <= 6, name


def test_style_sheets_ask_nobody_else():
    for path in (ROOT / "static").glob("*.css"):
        text = path.read_text()
        assert "@import" not in content_of(path.name).decode()
        assert "http" not in text
        assert len(text.splitlines()) <= 300


def test_the_script_evaluates_nothing():
    text = (ROOT / "static" / "live.js").read_text()
    for word in ("innerHTML", "insertAdjacentHTML", "eval(", "Function(", "document.write", "outerHTML"):
        assert word not in text
