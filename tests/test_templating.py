"""The filters say the same everywhere: what cannot be seen is shown, times and numbers have one form."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from driftsentry.templating import absolute, age, asset, plural, stamp, visible, visible_lines

NOW = datetime(2026, 11, 21, 19, 6, tzinfo=UTC)


def test_visible_shows_what_cannot_be_seen():
    assert visible("a\u202eb\u200bc\u2028d\ufeff\xad\u061c") == "a\\u202eb\\u200bc\\u2028d\\ufeff\\u00ad\\u061c"
    assert visible("a\tb\nc\r\x00\x1b\x7f\x85") == "a\\tb\\nc\\r\\u0000\\u001b\\u007f\\u0085"
    assert visible("\ud800\U000e0041\xa0") == "\\ud800\\U000e0041\\u00a0"
    assert visible("näher, 漢字 😀 <b>") == "näher, 漢字 😀 <b>"
    assert visible(12) == "12"


def test_visible_lines_keeps_line_ends():
    assert visible_lines("a\n\tb\u202e\r\n") == "a\n\tb\\u202e\\r\n"


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=120), "4 months ago"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_an_age_has_one_unit(ago, words):
    assert age(NOW - ago, NOW) == words


def test_times_are_told_in_utc():
    assert stamp(NOW) == "2026-11-21T19:06:00Z"
    assert absolute(NOW.astimezone()) == "2026-11-21 19:06 UTC"


def test_numbers_have_their_noun():
    assert plural(1, "drift") == "1 drift"
    assert plural(12431, "entry", "entries") == "12,431 entries"


def test_the_address_of_a_file_changes_with_its_content():
    assert re.fullmatch(r"/static/base\.css\?v=[0-9a-f]{8}", asset("base.css"))
    with pytest.raises(FileNotFoundError):
        asset("nothing.css")
