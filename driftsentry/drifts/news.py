"""Which news belong into an open list, as a CSS selector: so that each page can tell without asking."""

import re

_REAL = ":not([data-cause=informational])"
_WAITS = f"[data-status=detected]:not([data-snoozed]){_REAL}"
# By tab, with what rows and `_news.html` tell of themselves.
_TABS = {
    "open": _WAITS,
    "critical": f"[data-severity=critical]{_WAITS}",
    "changed": f"[data-status=detected][data-changed]{_REAL}",
    "informational": "[data-cause=informational]:not([data-status=resolved])",
    "done": f":not([data-status=detected]){_REAL}",
    "snoozed": f"[data-status=detected][data-snoozed]{_REAL}",
    **{status: f"[data-status={status}]{_REAL}" for status in ("approved", "rejected", "resolved")},
    "all": "*",
}


def selector(tab: str, **exact: str) -> str:
    """Of items on `tab` whose data say each of `exact` that is not empty."""
    told = "".join(f'[data-{key}="{_quoted(value)}"]' for key, value in exact.items() if value)
    return _TABS[tab] + told


def _quoted(text: str) -> str:
    return re.sub(r"[^\w./-]", lambda found: f"\\{ord(found[0]):x} ", text)
