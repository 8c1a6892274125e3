"""Texts that want to be more than text. What they would do or add is called `pwned`, so that it can be looked for.

`pwned(...)` is a function that complains (hostile.py), `/pwned` an address that nobody may ask for.
"""

_MARKUP = (
    "<script>pwned(1)</script>",
    "</script><script>pwned(2)</script>",
    "<script src=/pwned/3></script>",
    "<script type=module>pwned(4)</script>",
    "<ScRiPt>pwned(5)</sCrIpT >",
    "<scr<script>ipt>pwned(6)</scr</script>ipt>",
    "<img src=/pwned/7 onerror=pwned(7)>",
    "<img src=x onerror=alert(8)>",
    "<img/src='/pwned/9'/onerror=pwned(9)//",
    "<svg onload=pwned(10)>",
    "<svg><script>pwned(11)</script></svg>",
    "<svg><animate onbegin=pwned(12) attributeName=x dur=1s>",
    "<svg><use href='/pwned/13#x'></use></svg>",
    "<math><maction actiontype=toggle xlink:href=javascript:pwned(14)>",
    "<math><mtext><table><mglyph><style><img src=/pwned/15>",
    "<iframe src=/pwned/16></iframe>",
    "<iframe srcdoc='<script>parent.pwned(17)</script>'>",
    "<object data=/pwned/18></object><embed src=/pwned/18>",
    "<link rel=stylesheet href=/pwned/19>",
    "<style>@import '/pwned/20'; body { display: none }</style>",
    "<meta http-equiv=refresh content='0;url=/pwned/21'>",
    "<base href=/pwned/22/>",
    "<body onload=pwned(23)><frameset onload=pwned(23)>",
    "<video src=/pwned/24 onerror=pwned(24)><source onerror=pwned(24)>",
    "<details open ontoggle=pwned(25)><summary>pwned</summary>",
    "<input autofocus onfocus=pwned(26) class=pwned>",
    "<form action=/pwned/27><button class=pwned>Sign in</button></form>",
    "<a href=javascript:pwned(28) class=pwned>here</a>",
    "<a href='&#106;avascript&colon;pwned(29)'>here</a>",
    "<marquee onstart=pwned(30)>pwned</marquee>",
    "<pwned-x style='position:fixed;inset:0' data-pwned=31>",
    "<template shadowrootmode=open><b class=pwned></template>",
    "<textarea></textarea><b class=pwned>33</b>",
    "</textarea></title></style></option></select><b class=pwned>34",
    "</bdi></li></ul></main></body></html><b class=pwned>35",
    "<!--><b class=pwned>36</b><!-- -->",
    "<![CDATA[><b class=pwned>37</b>]]>",
    "<noscript><p title='</noscript><img src=/pwned/38>'>",
    "&lt;b class=pwned&gt;39 &#60;b class=pwned&#62;",
    "<img src=`/pwned/40` alt=``onerror=pwned(40)>",
)
_ATTRIBUTES = (
    '" onmouseover="pwned(41)" data-pwned="',
    "' onfocus='pwned(42)' autofocus tabindex='0",
    '" style="background:url(/pwned/43)" x="',
    '"><b class=pwned>44</b><i x="',
    "'><b class=pwned>45</b><i x='",
    '" srcdoc="<script>pwned(46)</script>" x="',
)
_HTMX = (
    "<b hx-get=/pwned/47 hx-trigger=load>",
    '" hx-get="/pwned/48" hx-trigger="load" x="',
    "' hx-post='/pwned/49' hx-trigger='every 1s' x='",
    "<b hx-on:click=pwned(50) hx-on::load='pwned(50)'>",
    "<b data-hx-get=/pwned/51 data-hx-trigger=revealed>",
    "<hx-partial hx-target=body hx-swap=innerHTML>pwned</hx-partial>",
    "<b hx-swap-oob=innerHTML:body class=pwned>53</b>",
    "<div id=live hx-ws:connect=/pwned/54></div>",
    "<b hx-action=/pwned/55 hx-method=get hx-trigger=intersect>",
)
_TEMPLATES = (
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "{{ frame.person.email }} {% include 'base.html' %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{attribute} {before.__class__} %s %(name)s %n",
    "javascript:pwned(60)",
    "data:text/html,<script>pwned(61)</script>",
    "//example.org/pwned/62",
    "../../pwned/63?%2e%2e%2f#pwned",
)
_FORMULAS = (
    "=HYPERLINK('http://example.org/pwned/64','pwned')",
    "+1+cmd|' /C calc'!A0",
    "-2+3+pwned",
    "@SUM(1+1)*pwned",
    "%0d%0aSet-Cookie:pwned=68",
    "'; DROP TABLE drifts; -- pwned",
    "\\u003cscript\\u003epwned(70)",
)
# What a person cannot see. Names may not have it; values and words may.
UNSEEN = (
    "safe\u202egnp.pwned",
    "ad\u200bm\u200din\ufeff pwned",
    "\u2066pwned\u2069 \u061c\u200f",
    "pwned\x00\x07\x1b[31m\x7f\x85",
    "pwned\ttab",
    "pwned\r\nX-Pwned: 76\u2028next\u2029last",
    "\u3164\u115f\u00a0\u00adpwned",
    "pwned\U000e0041\U000e0042",
    "Z\u0351\u0343\u0352\u035apwned" + "\u0351" * 40,
)
# For comments, which are Markdown. Alone there also an address may become a link, but never one that does something.
MARKDOWN = (
    "[here](javascript:pwned(80))",
    "[here](data:text/html;base64,cHduZWQ=)",
    "![](/pwned/82)",
    "<javascript:pwned(83)>",
    "[a]: javascript:pwned(84)\n\n[a]",
    "[here](https://example.org/' onclick='pwned(85))",
    '[here](https://example.org "x\\" onclick=pwned(86)")',
    "`<b class=pwned>87`",
    "```html\n<b class=pwned>88\n```",
    "[here](vbscript:pwned(89)) [there](  javascript:pwned(89))",
    "[a\u202eb](https://example.org/\u202epwned)",
    "# pwned\n\n---\n\n<h1 class=pwned>91</h1>",
    "> " * 60 + "pwned",
    "[" * 500 + "pwned" + "](" * 500,
)
VISIBLE = _MARKUP + _ATTRIBUTES + _HTMX + _TEMPLATES + _FORMULAS
PAYLOADS = VISIBLE + UNSEEN
