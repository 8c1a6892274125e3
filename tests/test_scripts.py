"""What the scripts of pages promise, as far as reading them tells it; tests/browser runs them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
SCRIPTS = {name: (ROOT / "static" / name).read_text() for name in ("live.js", "keys.js")}


def test_scripts_are_short() -> None:
    lines = [line for text in SCRIPTS.values() for line in text.splitlines()]
    assert len(lines) < 200
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_evaluate_and_write_no_text(name: str) -> None:
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "Function(", "document.write", "setHTML"):
        assert word not in SCRIPTS[name]


def test_the_list_of_keys_is_what_they_do() -> None:
    listed = re.findall(r"<dt>(.*?)</dt>", (TEMPLATES / "_keys.html").read_text())
    shown = [tuple(re.findall(r"<kbd>(.*?)</kbd>", keys)) for keys in listed]
    single = {key for keys in shown if keys[0] not in ("g", "Ctrl") for key in keys} - {"Enter"}  # the browser's own
    table = re.search(r"const KEYS = \{(.*?)\n\};", SCRIPTS["keys.js"], re.DOTALL)
    assert table
    bound = {quoted or plain for quoted, plain in re.findall(r'^  (?:"(.)"|(\w)):', table[1], re.MULTILINE)}
    assert single == bound - {"g"}
    places = re.search(r"const PLACES = \{(.*?)\};", SCRIPTS["keys.js"])
    assert places
    assert {keys[1] for keys in shown if keys[0] == "g"} == set(re.findall(r"(\w): ", places[1]))
    assert ("Ctrl", "Enter") in shown


def test_the_sprite_holds_what_templates_show() -> None:
    drawn = re.findall(r'<symbol id="i-(\w+)"', (TEMPLATES / "_icons.html").read_text())
    texts = [path.read_text() for path in TEMPLATES.rglob("*.html")]
    named = {name for text in texts for name in re.findall(r'icon\("(\w+)"\)', text)}
    given = {"good"} | set(
        re.findall(r'\("\w+", "\w+", "(\w+)"\)', (TEMPLATES / "auth/_account_likes.html").read_text())
    )
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == named | given
