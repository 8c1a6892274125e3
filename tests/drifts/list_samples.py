"""Values for the templates of what can be done with a list, with hostile text wherever text comes from outside."""

from types import SimpleNamespace as Thing

from markupsafe import Markup

from driftsentry.drifts.bulk_views import CHOICES, LeftOut, Result
from driftsentry.drifts.list_tools import AT_ONCE, Tools
from driftsentry.drifts.model import Row
from driftsentry.drifts.view_model import View


def values_of(name: str, evil: str, row: Row) -> dict[str, object]:
    """What the template `name` gets beside the values for all. `row`: any drift that was decided."""
    if not name.startswith("drifts/"):
        return {}
    views = [
        View(f"v{n}", "u1", evil, evil, "status=all&q=" + evil, is_shared=bool(n % 2), is_default=n == 0, is_own=n < 4)
        for n in range(AT_ONCE + 2)
    ]
    result = Result("3 drifts approved", "approved", "Keep reality.", evil, 3, [row], [LeftOut(evil, [row, 9], 4)])
    values: dict[str, object] = {
        "tools": Tools(views[0].query, 2, False, 42, views, ("stack", "age"), "compact", can_decide=True),
        "result": result, "back": "/drifts?q=" + evil, "own": views[:4], "shared": views[4:], "view": views[0],
        "can_share": True, "is_admin": True, "path": "/drifts?q=" + evil,
        "listed": Markup("<ul></ul>"),
    }  # fmt: skip
    if name == "drifts/_select_all.html":
        values["count"] = 2
    if name == "drifts/bulk_refused.html":
        values |= {"choices": CHOICES, "can_repeat": True, "form": _refused(evil)}
    if name == "drifts/views.html":
        values["form"] = Thing(name=evil, query=evil, is_shared=True, view_id="v0", problem=evil)
    return values


def _refused(evil: str) -> Thing:
    return Thing(
        verdict="approved", reason=evil, until=evil, picks=[f"7:{evil}"], is_all=True, query=evil, count=2, seq=42,
        back="/drifts?q=" + evil, amount=2,
    )  # fmt: skip
