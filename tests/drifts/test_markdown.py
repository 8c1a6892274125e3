"""Comments in Markdown become HTML that can do nothing: few tags, links that say nothing, no pictures."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftsentry.drifts.comments import html_of

TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
REL = "nofollow noopener noreferrer"


class Reader(HTMLParser):
    """The tags that a browser would see, and the links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def links(text: str) -> list[str | None]:
    return [attributes.get("href") for tag, attributes in Reader(html_of(text)).found if tag == "a"]


def assert_harmless(html: str) -> None:
    for tag, attributes in Reader(html).found:
        assert tag in TAGS
        if tag == "a":
            assert set(attributes) <= {"href", "rel"}
            assert attributes["rel"] == REL
            assert re.match("(https?|mailto):", attributes.get("href") or "https:", re.IGNORECASE)
        else:
            assert not attributes
    assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069\u00a0\x00]", html)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "<p>plain</p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("**bold** *italic* ~~gone~~ `code`",
         "<p><strong>bold</strong> <em>italic</em> <s>gone</s> <code>code</code></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("```tf\na = \"<b>\"\n```", '<pre><code>a = "&lt;b&gt;"\n</code></pre>'),
        ("# no heading", "<p># no heading</p>"),
        ("[INFRA-1](https://a.example/1)", f'<p><a href="https://a.example/1" rel="{REL}">INFRA-1</a></p>'),
        ("see https://a.example/x?a=1&b=2.",
         f'<p>see <a href="https://a.example/x?a=1&amp;b=2" rel="{REL}">https://a.example/x?a=1&amp;b=2</a>.</p>'),
        ("a.example and me@a.example", "<p>a.example and me@a.example</p>"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_markdown_makes_of_it(text, html):
    assert html_of(text) == html


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "&#106;avascript:alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=", "vbscript:x", "file:///etc/passwd", "//evil.example",
        "/drifts/1", "#main", "\x01javascript:alert(1)", "ftp://a.example", "blob:x", "view-source:x",
    ],
)  # fmt: skip
def test_only_web_addresses_and_mail_become_links(address):
    for text in (f"[x]({address})", f"[x](<{address}>)", f"<{address}>", f"[x][1]\n\n[1]: {address}"):
        assert links(text) == [], text
    assert links("[x](mailto:me@a.example) <https://a.example>") == ["mailto:me@a.example", "https://a.example"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://a.example/track.png)",
        "![x](javascript:alert(1))", '<a href="https://a.example" onclick=alert(1)>x</a>', "<svg onload=alert(1)>",
        "[x](https://a.example \"' onmouseover=alert(1) '\")", "[x](https://a.example/\"onmouseover=alert(1))",
        "```\"><script>alert(1)</script>\nx\n```", "`<img src=x onerror=alert(1)>`", "<!-- --!><img src=x>",
        "[<img src=x onerror=alert(1)>](https://a.example)", "<div hx-get=/drifts hx-trigger=load>x</div>",
        "<style>@import 'https://a.example'</style>", "<iframe src=https://a.example>",
        "<form action=/logout><button>x", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "a\u202eb &#x202e;c &rlm; \u200b &nbsp; \x00", "https://a.example/%E2%80%AEgnp.exe",
        "[\u202ex](https://a.example)",
        "<base href=https://evil.example>", "<meta http-equiv=refresh content=0>", "<hx-partial hx-target=body>x",
        "[x](https://a.example){onclick=alert(1)}", "|a|b|\n|-|-|\n|<b>|c|", "<https://a.example/<script>>",
        "[a]: https://evil.example\n[a]", "<details open ontoggle=alert(1)>", "</div></section><h1>Fake</h1>",
    ],
)  # fmt: skip
def test_hostile_text_stays_text(text):
    assert_harmless(html_of(text))


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("<>[]()!*_`~#>&;:/\"'\\\n\t =-abjsx:\u202e\u00a0"), max_size=80))
def test_nothing_that_can_be_typed_does_harm(text):
    assert_harmless(html_of(text))


@pytest.mark.parametrize(
    "part", ["[", "![", "> ", "*a ", "_", "`", "<", "- ", "[a](", "**a", "&", "https://a", "\\", "1. "]
)
def test_four_thousand_characters_of_anything_cost_no_time(part):
    text = (part * 4000)[:4000]
    start = time.process_time()
    assert_harmless(html_of(text))
    assert time.process_time() - start < 0.5
